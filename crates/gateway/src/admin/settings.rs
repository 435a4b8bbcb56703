//! `/api/settings`.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde_json::{Map, Value};

use super::json::Given;
use super::{Desk, Refusal};
use crate::{Gateway, SETTINGS_KEY, Settings, SettingsError, Taken, TooWide};

pub(super) async fn show(State(desk): State<Arc<Desk>>) -> Json<Settings> {
    Json(current(&desk.gateway))
}

/// Changes the members that are named; the others stay. What cannot be had, such as a taken port, changes nothing.
pub(super) async fn change(
    State(desk): State<Arc<Desk>>,
    Given(changes): Given<Map<String, Value>>,
) -> Result<Json<Settings>, Refusal> {
    let gateway = &desk.gateway;
    let _changing = desk.changing.lock().await;
    let before = current(gateway);
    let after = before.changed(&changes)?;
    // A flag at the start may have decided otherwise than the settings; naming the member decides anew.
    let bind = (after.bind != before.bind || changes.contains_key("bind")).then_some(after.bind);
    if let Some(bind) = bind {
        gateway.may_listen(bind, after.allow_lan)?;
    }
    gateway.go_out_by(&after)?;
    let stored = put(gateway, &before, &after, bind).await;
    if stored.is_err() {
        // They worked a moment ago.
        let _ = gateway.go_out_by(&before);
    }
    stored?;
    gateway.apply(after.clone());
    Ok(Json(after))
}

async fn put(
    gateway: &Gateway,
    before: &Settings,
    after: &Settings,
    bind: Option<IpAddr>,
) -> Result<(), Refusal> {
    let old = gateway.addresses.load_full();
    let now = old.first();
    let decided = bind.is_some() || after.port != before.port;
    // What is not decided here stays as it is, whatever the settings said until now.
    let bind = bind.or(now.map(SocketAddr::ip)).unwrap_or(after.bind);
    let port = now.filter(|_| after.port == before.port).map_or(after.port, SocketAddr::port);
    let stays = now.is_some_and(|now| now.port() == port && same(now.ip(), bind));
    let doors = gateway.office.doors().filter(|_| decided && !stays);
    if let Some(doors) = &doors {
        doors.open_proxy(bind, port).await?;
    }
    let stored = gateway.core.put_settings(vec![(SETTINGS_KEY.to_owned(), Some(after.storable()))]).await;
    if let (Err(_), Some(doors), Some(old)) = (&stored, &doors, old.first()) {
        // Back to where the settings say that we are.
        doors.open_proxy(old.ip(), old.port()).await?;
    }
    stored?;
    if after.failover != before.failover {
        gateway.accounts.set_failover(after.failover.clone()).await?;
    }
    Ok(())
}

/// Whether two addresses to listen on mean the same: every loopback address means all of them.
fn same(one: IpAddr, other: IpAddr) -> bool {
    one == other || one.is_loopback() && other.is_loopback()
}

pub(super) fn current(gateway: &Gateway) -> Settings {
    Settings { failover: gateway.accounts.failover(), ..Settings::clone(&gateway.settings.load()) }
}

impl From<SettingsError> for Refusal {
    fn from(error: SettingsError) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "setting_invalid", error.to_string()).with("field", error.field)
    }
}

impl From<TooWide> for Refusal {
    fn from(missing: TooWide) -> Self {
        let code = match missing {
            TooWide::Unconfirmed => "setting_invalid",
            TooWide::NoPassword => "password_needed",
        };
        Self::new(StatusCode::CONFLICT, code, missing.to_string()).with("field", "bind")
    }
}

impl From<Taken> for Refusal {
    fn from(taken: Taken) -> Self {
        let code = if taken.is_taken() { "port_taken" } else { "port_refused" };
        let said = match &taken.owner {
            Some(owner) => format!("{taken}: {owner} has it"),
            None => format!("{taken}: {}", taken.error),
        };
        let refusal = Self::new(StatusCode::CONFLICT, code, said).with("port", taken.port);
        match taken.owner {
            Some(owner) => refusal.with("owner", owner),
            None => refusal,
        }
    }
}
