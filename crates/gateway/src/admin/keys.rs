//! `/api/keys`: the local keys, what each may and what it has spent; and what editors must send, and where to.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use llm::{Sealed, Secret};
use secrets::{Keyring, Place};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::LocalKeyRow;

use super::json::{Given, Id};
use super::{Desk, Refusal};
use crate::keys::Unfit;
use crate::{Gateway, KeyRules, LOCAL, LocalKey as Accepted, Meter, fingerprint};

/// Begins every local key, so that people and secret scanners recognise one.
const PREFIX: &str = "sk-switchboard-";

/// Keys of one instance.
const MOST: usize = 200;

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

/// A key for people: never its text.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub(super) struct KeyView {
    id: String,
    name: String,
    /// How it ends.
    hint: String,
    /// The person's own: it administrates on this machine, never expires and is replaced instead of removed.
    owner: bool,
    /// Brought by the environment, so it cannot be changed here.
    ephemeral: bool,
    rules: KeyRules,
    /// Milliseconds since 1970; 0 for the environment's.
    created_ms: i64,
    /// Milliseconds since 1970.
    last_used_ms: Option<i64>,
    /// Of the day of UTC, as its limit counts them.
    tokens_today: u64,
    /// Of the month of UTC, an estimate.
    usd_this_month: f64,
}

#[derive(Debug, Serialize)]
pub(super) struct List {
    keys: Vec<KeyView>,
}

/// A key that has just been made. Its text is not shown again.
#[derive(Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub(super) struct Made {
    key: String,
    #[serde(flatten)]
    view: KeyView,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct New {
    name: String,
    #[serde(default)]
    rules: KeyRules,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    name: Option<String>,
    /// Rules that change; null lifts one, and what is not named stays.
    #[serde(default)]
    rules: Map<String, Value>,
}

/// A new key of the person, and the row to store.
///
/// # Errors
/// When the system has no randomness, or secrets are locked.
pub fn new_local_key(keyring: &Keyring, now_ms: i64) -> Result<(LocalKeyRow, Secret), secrets::Error> {
    let (mut row, key) = drawn(now_ms)?;
    (row.id, row.name) = (LOCAL.to_owned(), LOCAL.to_owned());
    row.key = keyring.seal(Place::local_key(LOCAL), &key)?;
    Ok((row, key))
}

/// A new key without a name, that cannot be read again.
pub(super) fn drawn(now_ms: i64) -> Result<(LocalKeyRow, Secret), secrets::Error> {
    let key = Secret::new(format!("{PREFIX}{}", secrets::token()?.expose()));
    let row = LocalKeyRow {
        id: uuid::Uuid::new_v4().simple().to_string(),
        name: String::new(),
        hash: fingerprint(key.expose()),
        hint: hint(key.expose()),
        key: Sealed::default(),
        rules: Value::Object(Map::new()),
        created_ms: now_ms,
    };
    Ok((row, key))
}

/// The last letters of a key: sixteen of its 256 bits.
fn hint(key: &str) -> String {
    format!("…{}", key.get(key.len().saturating_sub(4)..).unwrap_or_default())
}

pub(super) async fn show(State(desk): State<Arc<Desk>>) -> Result<Json<LocalKey>, Refusal> {
    let key = stored(&desk).await?;
    let base = desk.gateway.base_url();
    let base_urls = BaseUrls { openai: format!("{base}/v1"), anthropic: base };
    Ok(Json(LocalKey { key: key.expose().to_owned(), base_urls }))
}

/// The stored key of the person.
pub(super) async fn stored(desk: &Desk) -> Result<Secret, Refusal> {
    let keys = desk.gateway.core.local_keys().await?;
    let missing = || Refusal::new(StatusCode::NOT_FOUND, "no_local_key", "There is no local key");
    let row = keys.into_iter().find(|row| row.id == LOCAL).ok_or_else(missing)?;
    Ok(desk.gateway.safe.keyring().open(Place::local_key(LOCAL), &row.key)?)
}

pub(super) async fn list(State(desk): State<Arc<Desk>>) -> Result<Json<List>, Refusal> {
    let gateway = &desk.gateway;
    let rows = gateway.core.local_keys().await?;
    let keys = gateway.keys.load();
    let view = |key: &Arc<Accepted>| view(gateway, key, rows.iter().find(|row| row.id == key.id));
    Ok(Json(List { keys: keys.iter().map(view).collect() }))
}

fn view(gateway: &Gateway, key: &Accepted, row: Option<&LocalKeyRow>) -> KeyView {
    let now = gateway.now_ms();
    // Keys of earlier versions have no hint of their own.
    let of_key = |row: &LocalKeyRow| {
        let read = || gateway.safe.keyring().open(Place::local_key(&row.id), &row.key).ok();
        if row.hint.is_empty() { read().map(|key| hint(key.expose())) } else { Some(row.hint.clone()) }
    };
    KeyView {
        id: key.id.clone(),
        name: key.name.clone(),
        hint: row.and_then(of_key).unwrap_or_default(),
        owner: key.owner,
        ephemeral: row.is_none(),
        rules: key.rules.clone(),
        created_ms: row.map_or(0, |row| row.created_ms),
        last_used_ms: key.meter.last_ms(),
        tokens_today: key.meter.tokens_today(now),
        usd_this_month: key.meter.usd_this_month(now),
    }
}

/// Makes a key. This is the only answer that holds its text.
pub(super) async fn add(
    State(desk): State<Arc<Desk>>,
    Given(new): Given<New>,
) -> Result<(StatusCode, Json<Made>), Refusal> {
    let gateway = &desk.gateway;
    let _changing = desk.changing.lock().await;
    if gateway.keys.load().iter().count() >= MOST {
        let message = format!("There are {MOST} keys already. Remove one first");
        return Err(Refusal::new(StatusCode::CONFLICT, "too_many_keys", message));
    }
    new.rules.check()?;
    let (mut row, key) = drawn(gateway.now_ms())?;
    row.name = name(&new.name)?;
    row.rules = written(&new.rules)?;
    gateway.core.add_local_key(row.clone()).await.map_err(taken)?;
    let accepted = accept(gateway, &row);
    let made = Made { key: key.expose().to_owned(), view: view(gateway, &accepted, Some(&row)) };
    Ok((StatusCode::CREATED, Json(made)))
}

/// Changes name and rules, from the next request on. What was spent stays spent.
pub(super) async fn change(
    State(desk): State<Arc<Desk>>,
    Id(id): Id,
    Given(change): Given<Change>,
) -> Result<Json<KeyView>, Refusal> {
    changed(&desk, &id, change).await
}

/// The same for the person's own key.
pub(super) async fn change_local(
    State(desk): State<Arc<Desk>>,
    Given(change): Given<Change>,
) -> Result<Json<KeyView>, Refusal> {
    changed(&desk, LOCAL, change).await
}

async fn changed(desk: &Desk, id: &str, change: Change) -> Result<Json<KeyView>, Refusal> {
    let gateway = &desk.gateway;
    let _changing = desk.changing.lock().await;
    let mut row = row(gateway, id).await?;
    if let Some(fresh) = change.name {
        row.name = name(&fresh)?;
    }
    let Value::Object(mut rules) = written(&rules_of(gateway, id))? else {
        return Err(Refusal::invalid("The rules of this key cannot be changed"));
    };
    rules.extend(change.rules);
    let rules: KeyRules = serde_json::from_value(Value::Object(
        rules.into_iter().filter(|(_, rule)| !rule.is_null()).collect(),
    ))
    .map_err(|error| invalid("rules", error.to_string()))?;
    rules.check()?;
    if id == LOCAL && rules.expires_ms.is_some() {
        return Err(invalid(
            "expires_ms",
            "the person's own key does not expire; make another for somebody else",
        ));
    }
    row.rules = written(&rules)?;
    store(gateway, &row).await?;
    let accepted = accept(gateway, &row);
    Ok(Json(view(gateway, &accepted, Some(&row))))
}

/// Removes a key: who sends it is refused from now on.
pub(super) async fn remove(State(desk): State<Arc<Desk>>, Id(id): Id) -> Result<StatusCode, Refusal> {
    let gateway = &desk.gateway;
    let _changing = desk.changing.lock().await;
    row(gateway, &id).await?;
    gateway.core.remove_local_key(&id).await?;
    gateway.keys.rcu(|keys| keys.without(&id));
    Ok(StatusCode::NO_CONTENT)
}

/// The person's own key is what the commands come in by.
pub(super) async fn keep_local() -> Refusal {
    let message = "The person's own key is not removed. Replace it, and the old one is worth nothing";
    Refusal::new(StatusCode::CONFLICT, "key_kept", message)
}

/// Replaces a key's text: from now on editors that send the old one are refused. Name, rules and sums stay.
pub(super) async fn rotate(State(desk): State<Arc<Desk>>, Id(id): Id) -> Result<Json<Rotated>, Refusal> {
    rotated(&desk, &id).await
}

/// The same for the person's own key.
pub(super) async fn rotate_local(State(desk): State<Arc<Desk>>) -> Result<Json<Rotated>, Refusal> {
    rotated(&desk, LOCAL).await
}

async fn rotated(desk: &Desk, id: &str) -> Result<Json<Rotated>, Refusal> {
    let gateway = &desk.gateway;
    let _changing = desk.changing.lock().await;
    let mut row = row(gateway, id).await?;
    let (fresh, key) = drawn(gateway.now_ms())?;
    (row.hash, row.hint) = (fresh.hash, fresh.hint);
    // Only the person's own and those of clients can be read again.
    row.key = if id == LOCAL || super::clients::is_own_key(id) {
        gateway.safe.keyring().seal(Place::local_key(id), &key)?
    } else {
        Sealed::default()
    };
    store(gateway, &row).await?;
    accept(gateway, &row);
    Ok(Json(Rotated { key: key.expose().to_owned() }))
}

/// Puts a key into effect, with the meter that it has or a new one.
pub(super) fn accept(gateway: &Gateway, row: &LocalKeyRow) -> Accepted {
    let meter = gateway.keys.load().get(&row.id).map(|key| Arc::clone(&key.meter));
    let meter = meter.unwrap_or_else(|| Arc::new(Meter::new(gateway.clock.instant())));
    let accepted = Accepted::of_row(row, meter);
    gateway.keys.rcu(|keys| keys.with(accepted.clone()));
    accepted
}

async fn row(gateway: &Gateway, id: &str) -> Result<LocalKeyRow, Refusal> {
    let rows = gateway.core.local_keys().await?;
    rows.into_iter().find(|row| row.id == id).ok_or_else(not_found)
}

pub(super) async fn store(gateway: &Gateway, row: &LocalKeyRow) -> Result<(), Refusal> {
    let found = gateway.core.update_local_key(row.clone()).await.map_err(taken)?;
    if found { Ok(()) } else { Err(not_found()) }
}

fn rules_of(gateway: &Gateway, id: &str) -> KeyRules {
    gateway.keys.load().get(id).map(|key| key.rules.clone()).unwrap_or_default()
}

fn written(rules: &KeyRules) -> Result<Value, Refusal> {
    serde_json::to_value(rules).map_err(|error| invalid("rules", error.to_string()))
}

fn name(given: &str) -> Result<String, Refusal> {
    let name = given.trim();
    if name.is_empty() || name.chars().count() > 64 || name.chars().any(char::is_control) {
        return Err(invalid("name", "has 1 to 64 letters"));
    }
    Ok(name.to_owned())
}

fn invalid(field: &str, message: impl std::fmt::Display) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, "key_invalid", format!("{field}: {message}")).with("field", field)
}

fn not_found() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "key_not_found", "There is no such key")
}

pub(super) fn taken(error: store::Error) -> Refusal {
    match error {
        store::Error::Conflict => {
            Refusal::new(StatusCode::CONFLICT, "key_name_taken", "Another key has this name")
        }
        other => other.into(),
    }
}

impl From<Unfit> for Refusal {
    fn from(unfit: Unfit) -> Self {
        invalid(unfit.field, unfit.message)
    }
}
