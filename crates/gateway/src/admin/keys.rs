//! `/api/keys/local`: what editors must send, and where to.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use llm::Secret;
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

/// A new local key.
///
/// # Errors
/// When the system has no randomness.
pub fn new_local_key(now_ms: i64) -> Result<LocalKeyRow, getrandom::Error> {
    let mut random = [0_u8; 32];
    getrandom::fill(&mut random)?;
    let key = format!("{PREFIX}{}", hex::encode(random));
    Ok(LocalKeyRow {
        id: LOCAL.to_owned(),
        name: LOCAL.to_owned(),
        hash: fingerprint(&key),
        key: Secret::new(key),
        created_ms: now_ms,
    })
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
    keys.into_iter().next().map(|row| row.key).ok_or_else(missing)
}

/// Replaces the key: from now on editors that send the old one are refused.
pub(super) async fn rotate(State(desk): State<Arc<Desk>>) -> Result<Json<Rotated>, Refusal> {
    let gateway = &desk.gateway;
    let _changing = desk.changing.lock().await;
    let row = new_local_key(gateway.now_ms()).map_err(|_| crate::sessions::Refused::NoRandomness)?;
    let key = row.key.expose().to_owned();
    let accepted = Accepted { name: row.name.clone(), hash: row.hash };
    gateway.core.replace_local_key(row).await?;
    gateway.keys.rcu(|keys| LocalKeys::clone(keys).replaced(accepted.clone()));
    Ok(Json(Rotated { key }))
}
