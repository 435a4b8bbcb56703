//! `/api/backups`: copies of accounts, settings and keys, made now or by the clock, and one of them in their place. No route
//! takes a path: what lies elsewhere is brought here by the command line.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use store::Backup;

use super::json::{Given, Id};
use super::{Desk, Refusal};

/// What there is.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub(super) struct Backups {
    /// Newest first.
    backups: Vec<Backup>,
    /// When the next one is made by the clock, milliseconds since 1970.
    next_ms: Option<i64>,
    folder: String,
}

pub(super) async fn list(State(desk): State<Arc<Desk>>) -> Result<Json<Backups>, Refusal> {
    let gateway = Arc::clone(&desk.gateway);
    let listed = tokio::task::spawn_blocking(move || Backups {
        backups: gateway.core.backups(),
        next_ms: gateway.backup_due_ms(),
        folder: gateway.office.folder.join("backups").display().to_string(),
    });
    listed.await.map(Json).map_err(|_| broken_off())
}

/// What to copy.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Wish {
    /// The log too, which may be large.
    logs: bool,
    /// Accounts, settings and keys.
    accounts: bool,
}

impl Default for Wish {
    fn default() -> Self {
        Self { logs: false, accounts: true }
    }
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS), ts(rename = "MadeBackups"))]
pub(super) struct Made {
    made: Vec<Backup>,
}

pub(super) async fn make(
    State(desk): State<Arc<Desk>>,
    Given(wish): Given<Wish>,
) -> Result<(StatusCode, Json<Made>), Refusal> {
    let gateway = &desk.gateway;
    let mut made = Vec::new();
    if wish.accounts {
        made.push(gateway.core.back_up(gateway.now_ms()).await?);
    }
    if wish.logs {
        made.push(gateway.logs.back_up(gateway.now_ms()).await?);
    }
    Ok((StatusCode::CREATED, Json(Made { made })))
}

pub(super) async fn remove(State(desk): State<Arc<Desk>>, Id(name): Id) -> Result<StatusCode, Refusal> {
    let gateway = Arc::clone(&desk.gateway);
    let removed = tokio::task::spawn_blocking(move || gateway.core.remove_backup(&name)).await;
    removed.map_err(|_| broken_off())?.map_err(refused)?;
    Ok(StatusCode::NO_CONTENT)
}

/// The person means it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Confirmed {
    confirm: bool,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS), ts(rename = "RestoredBackup"))]
pub(super) struct Restored {
    /// Where the data from before is kept.
    kept_at: Option<String>,
    /// Credentials that were renewed since the backup and stay.
    carried: usize,
    /// The backup's secrets were encrypted with a key that is not at hand.
    locked: bool,
    /// The proxy listens elsewhere from the next start on.
    moves: bool,
}

/// Puts a backup in the place of accounts, settings and keys. What is there is kept in a file beside.
pub(super) async fn restore(
    State(desk): State<Arc<Desk>>,
    Id(name): Id,
    Given(Confirmed { confirm }): Given<Confirmed>,
) -> Result<Json<Restored>, Refusal> {
    if !confirm {
        return Err(Refusal::invalid("confirm must be true").with("field", "confirm"));
    }
    let gateway = &desk.gateway;
    let _changing = desk.changing.lock().await;
    let before = gateway.settings.load_full();
    let restored = gateway.restore(&name).await.map_err(refused)?;
    let after = gateway.settings.load();
    Ok(Json(Restored {
        kept_at: restored.aside.map(|aside| aside.display().to_string()),
        carried: restored.carried,
        locked: !gateway.safe.is_open(),
        moves: (after.port, after.bind) != (before.port, before.bind),
    }))
}

/// A backup that cannot be had.
fn refused(error: store::Error) -> Refusal {
    let said = error.to_string();
    let (status, code) = match &error {
        store::Error::NoBackup => (StatusCode::NOT_FOUND, "backup_not_found"),
        store::Error::TooNew { .. } => (StatusCode::CONFLICT, "backup_newer"),
        store::Error::NotOurs => (StatusCode::CONFLICT, "backup_not_ours"),
        error if error.is_damage() => (StatusCode::CONFLICT, "backup_damaged"),
        _ => return error.into(),
    };
    Refusal::new(status, code, said)
}

fn broken_off() -> Refusal {
    Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "storage", "The folder of backups could not be read")
}
