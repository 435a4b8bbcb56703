//! `GET /api/status`: how the instance is, at a glance.

use std::net::SocketAddr;
use std::sync::Arc;

use accounts::StateView;
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use store::{Backup, Condition, Totals};

use super::json::Asked;
use super::{Desk, Refusal};
use crate::{Door, Gateway, PortProblem};
use accounts::milliseconds;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Question {
    /// When the caller's day began, milliseconds since 1970; the UTC day when left out.
    today_ms: Option<i64>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub(super) struct Status {
    service: &'static str,
    version: &'static str,
    pid: u32,
    /// Milliseconds since 1970.
    started_ms: i64,
    uptime_s: i64,
    /// The proxy's port; `None` while it does not listen.
    port: Option<u16>,
    /// The person paused the proxy: clients get 503.
    paused: bool,
    /// Whether stored secrets can be read: else clients get 503.
    safe: Door,
    /// The data was damaged or gone at the start.
    recovered: Option<Recovered>,
    /// The port that the proxy should have and does not get.
    port_problem: Option<PortProblem>,
    addresses: Vec<SocketAddr>,
    /// Other machines can reach the proxy.
    wide: bool,
    require_key: bool,
    /// There is an admin password.
    password_set: bool,
    active_account: Option<Active>,
    accounts: usize,
    accounts_ready: usize,
    today: Totals,
    /// Something could not be written because the disk is full: requests are answered, renewed credentials wait in memory.
    disk_full: bool,
    /// Log rows lost since the start because the writer could not keep up.
    dropped_log_rows: u64,
}

/// What became of damaged data.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
struct Recovered {
    /// What took its place; `None` when there was no good backup.
    backup: Option<Backup>,
    /// Where the damaged file is kept.
    kept_at: Option<String>,
}

impl Recovered {
    fn of(condition: &Condition) -> Option<Self> {
        let Condition::Restored { aside, backup } = condition else { return None };
        let kept_at = aside.as_ref().map(|aside| aside.display().to_string());
        Some(Self { backup: backup.clone(), kept_at })
    }
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
struct Active {
    id: String,
    name: String,
    provider: String,
    state: StateView,
}

pub(super) async fn show(
    State(desk): State<Arc<Desk>>,
    Asked(question): Asked<Question>,
) -> Result<Json<Status>, Refusal> {
    Ok(Json(of(&desk.gateway, question.today_ms).await?))
}

/// How it is now; `today_ms` is when the caller's day began.
pub(super) async fn of(gateway: &Gateway, today_ms: Option<i64>) -> Result<Status, store::Error> {
    let now = gateway.now_ms();
    let today = today_ms.unwrap_or(now - now.rem_euclid(DAY_MS));
    let stats = gateway.logs.stats(today.min(now), now.saturating_add(1)).await?;
    let accounts = gateway.accounts.list();
    let started = milliseconds(gateway.started);
    let addresses = Vec::clone(&gateway.addresses.load());
    Ok(Status {
        service: "switchboard",
        version: gateway.version,
        pid: std::process::id(),
        started_ms: started,
        uptime_s: (now - started).max(0) / 1000,
        port: addresses.first().map(SocketAddr::port),
        paused: gateway.office.is_paused(),
        safe: gateway.safe.door(),
        recovered: Recovered::of(gateway.core.condition()),
        port_problem: gateway.office.port_problem(),
        addresses,
        wide: gateway.is_wide(),
        require_key: gateway.demands_key(),
        password_set: gateway.office.passwords.is_set(),
        accounts: accounts.len(),
        accounts_ready: accounts.iter().filter(|account| account.state == StateView::Ready).count(),
        active_account: accounts.into_iter().find(|account| account.active).map(|account| Active {
            id: account.id,
            name: account.name,
            provider: account.provider,
            state: account.state,
        }),
        today: stats.totals,
        disk_full: gateway.disk_full(),
        dropped_log_rows: gateway.sink.dropped(),
    })
}
