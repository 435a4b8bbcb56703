//! `/api/keys/local`: what editors must send, and where to.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use llm::Secret;
use secrets::{Keyring, Place};
use serde::Serialize;
use store::LocalKeyRow;

use super::{Desk, Refusal};
use crate::{LocalKey as Accepted, LocalKeys, fingerprint};

/// Begins every local key, so that people and secret scanners recognise one.
const PREFIX: &str = "sk-switchboard-";

/// Id and name of the one key.
pub(crate) const LOCAL: &str = "local";

#[derive(Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub(super) struct LocalKey {
    key: String,
    base_urls: BaseUrls,
}

#[derive(Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub(super) struct BaseUrls {
    anthropic: String,
    openai: String,
}

#[derive(Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub(super) struct Rotated {
    key: String,
}

/// A new local key, and the row to store.
///
/// # Errors
/// When the system has no randomness, or secrets are locked.
pub fn new_local_key(keyring: &Keyring, now_ms: i64) -> Result<(LocalKeyRow, Secret), secrets::Error> {
    let key = Secret::new(format!("{PREFIX}{}", secrets::token()?.expose()));
    let row = LocalKeyRow {
        id: LOCAL.to_owned(),
        name: LOCAL.to_owned(),
        hash: fingerprint(key.expose()),
        key: keyring.seal(Place::local_key(LOCAL), &key)?,
        created_ms: now_ms,
    };
    Ok((row, key))
}

pub(super) async fn show(State(desk): State<Arc<Desk>>) -> Result<Json<LocalKey>, Refusal> {
    let key = stored(&desk).await?;
    let base = desk.gateway.base_url();
    let base_urls = BaseUrls { openai: format!("{base}/v1"), anthropic: base };
    Ok(Json(LocalKey { key: key.expose().to_owned(), base_urls }))
}

/// The stored key.
pub(super) async fn stored(desk: &Desk) -> Result<Secret, Refusal> {
    let keys = desk.gateway.core.local_keys().await?;
    let missing = || Refusal::new(StatusCode::NOT_FOUND, "no_local_key", "There is no local key");
    let row = keys.into_iter().next().ok_or_else(missing)?;
    Ok(desk.gateway.safe.keyring().open(Place::local_key(&row.id), &row.key)?)
}

/// Replaces the key: from now on editors that send the old one are refused.
pub(super) async fn rotate(State(desk): State<Arc<Desk>>) -> Result<Json<Rotated>, Refusal> {
    let gateway = &desk.gateway;
    let _changing = desk.changing.lock().await;
    let (row, key) = new_local_key(gateway.safe.keyring(), gateway.now_ms())?;
    let accepted = Accepted { name: row.name.clone(), hash: row.hash };
    gateway.core.replace_local_key(row).await?;
    gateway.keys.rcu(|keys| LocalKeys::clone(keys).replaced(accepted.clone()));
    Ok(Json(Rotated { key: key.expose().to_owned() }))
}
