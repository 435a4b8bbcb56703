//! `/api/settings`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde_json::{Map, Value};

use super::json::Given;
use super::{Desk, Refusal};
use crate::{Gateway, SETTINGS_KEY, Settings, SettingsError};

pub(super) async fn show(State(desk): State<Arc<Desk>>) -> Json<Settings> {
    Json(current(&desk.gateway))
}

/// Changes the members that are named; the others stay.
pub(super) async fn change(
    State(desk): State<Arc<Desk>>,
    Given(changes): Given<Map<String, Value>>,
) -> Result<Json<Settings>, Refusal> {
    let gateway = &desk.gateway;
    let _changing = desk.changing.lock().await;
    let before = current(gateway);
    let after = before.changed(&changes)?;
    gateway.core.put_settings(vec![(SETTINGS_KEY.to_owned(), Some(after.storable()))]).await?;
    if after.failover != before.failover {
        gateway.accounts.set_failover(after.failover.clone()).await?;
    }
    gateway.apply(after.clone());
    Ok(Json(after))
}

fn current(gateway: &Gateway) -> Settings {
    Settings { failover: gateway.accounts.failover(), ..Settings::clone(&gateway.settings.load()) }
}

impl From<SettingsError> for Refusal {
    fn from(error: SettingsError) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "setting_invalid", error.to_string()).with("field", error.field)
    }
}
