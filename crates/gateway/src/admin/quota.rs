//! `GET /api/accounts/{id}/quota`: how much of an account's allowance is used.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use providers::Quota;
use serde::Serialize;

use super::json::Id;
use super::{Desk, Refusal};
use crate::quotas::Quotas;

#[derive(Debug, Serialize)]
pub(super) struct Answer {
    /// Null when the vendor sells no allowance, or tells nothing of it.
    quota: Option<Quota>,
}

pub(super) async fn show(State(desk): State<Arc<Desk>>, Id(id): Id) -> Result<Json<Answer>, Refusal> {
    let gateway = &desk.gateway;
    let entry = gateway.accounts.entry(&id).ok_or(accounts::Error::NotFound)?;
    Ok(Json(Answer { quota: Quotas::ask(gateway, &entry).await? }))
}
