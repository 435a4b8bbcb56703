//! `GET /api/providers`: what kinds of account there are, and what each needs.

use std::sync::Arc;

use accounts::ConsentBy;
use axum::Json;
use axum::extract::State;
use providers::Description;
use serde::Serialize;

use super::Desk;

#[derive(Debug, Serialize)]
pub(super) struct List {
    providers: Vec<Offer>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub(super) struct Offer {
    #[serde(flatten)]
    description: Description,
    /// When the person agreed to the policy note, milliseconds since 1970; null when they did not or need not.
    consented_ms: Option<i64>,
    /// How they did.
    consented_by: Option<ConsentBy>,
}

pub(super) async fn list(State(desk): State<Arc<Desk>>) -> Json<List> {
    let offer = |description: Description| {
        let consent = desk.gateway.accounts.consent(description.id);
        Offer {
            description,
            consented_ms: consent.map(|consent| consent.time_ms),
            consented_by: consent.map(|consent| consent.by),
        }
    };
    Json(List {
        providers: desk.gateway.registry.iter().map(|provider| offer(provider.describe())).collect(),
    })
}
