//! `/api/found`: what other programs of this machine keep, and taking it into use. Only what the person names is taken.

use std::sync::Arc;

use accounts::{Accepted, ConsentBy, FoundView, FoundWish, Imported};
use axum::Json;
use axum::extract::State;
use llm::Error;
use serde::{Deserialize, Serialize};

use super::json::Given;
use super::{Desk, Refusal};

/// More than a list has.
const MOST: usize = 500;

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[cfg_attr(feature = "types", ts(rename = "FoundList"))]
pub(super) struct List {
    found: Vec<FoundView>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[cfg_attr(feature = "types", ts(rename = "FoundImport"))]
pub(super) struct Done {
    /// In the order of the wishes.
    imported: Vec<Imported>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Import {
    items: Vec<FoundWish>,
    /// The person read the policy notes of the providers and agrees.
    #[serde(default)]
    policy_accepted: bool,
    #[serde(default)]
    policy_accepted_by: ConsentBy,
}

pub(super) async fn list(State(desk): State<Arc<Desk>>) -> Json<List> {
    Json(List { found: desk.gateway.accounts.found().await })
}

pub(super) async fn import(
    State(desk): State<Arc<Desk>>,
    Given(import): Given<Import>,
) -> Result<Json<Done>, Refusal> {
    if import.items.len() > MOST {
        return Err(Error::invalid(format!("items has more than {MOST} entries."))
            .with_param("items")
            .into());
    }
    let policy = Accepted { accepted: import.policy_accepted, by: import.policy_accepted_by };
    Ok(Json(Done { imported: desk.gateway.accounts.import_found(import.items, policy).await? }))
}
