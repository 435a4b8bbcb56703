//! `/api/accounts`.

use std::sync::Arc;

use accounts::{AccountView, NewAccount, Patch, Removed};
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::json::{Given, Id};
use super::{Desk, Refusal};

#[derive(Debug, Serialize)]
pub(super) struct List {
    accounts: Vec<AccountView>,
}

#[derive(Debug, Serialize)]
pub(super) struct RemovedList {
    accounts: Vec<Removed>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Order {
    /// Account ids; those not named follow in their old order.
    ids: Vec<String>,
}

pub(super) async fn list(State(desk): State<Arc<Desk>>) -> Json<List> {
    Json(List { accounts: desk.gateway.accounts.list() })
}

pub(super) async fn add(
    State(desk): State<Arc<Desk>>,
    Given(new): Given<NewAccount>,
) -> Result<(StatusCode, Json<AccountView>), Refusal> {
    let account = desk.gateway.accounts.add(new).await?;
    Ok((StatusCode::CREATED, Json(account)))
}

pub(super) async fn change(
    State(desk): State<Arc<Desk>>,
    Id(id): Id,
    Given(patch): Given<Patch>,
) -> Result<Json<AccountView>, Refusal> {
    Ok(Json(desk.gateway.accounts.update(&id, patch).await?))
}

pub(super) async fn remove(State(desk): State<Arc<Desk>>, Id(id): Id) -> Result<StatusCode, Refusal> {
    desk.gateway.accounts.remove(&id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What can be restored, for thirty days after it was removed.
pub(super) async fn removed(State(desk): State<Arc<Desk>>) -> Result<Json<RemovedList>, Refusal> {
    Ok(Json(RemovedList { accounts: desk.gateway.accounts.removed().await? }))
}

pub(super) async fn restore(State(desk): State<Arc<Desk>>, Id(id): Id) -> Result<Json<AccountView>, Refusal> {
    Ok(Json(desk.gateway.accounts.restore(&id).await?))
}

/// Forgets a removed account at once, its credential with it.
pub(super) async fn forget(State(desk): State<Arc<Desk>>, Id(id): Id) -> Result<StatusCode, Refusal> {
    desk.gateway.accounts.forget(&id).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn activate(
    State(desk): State<Arc<Desk>>,
    Id(id): Id,
) -> Result<Json<AccountView>, Refusal> {
    Ok(Json(desk.gateway.accounts.activate(&id).await?))
}

pub(super) async fn order(
    State(desk): State<Arc<Desk>>,
    Given(order): Given<Order>,
) -> Result<Json<List>, Refusal> {
    desk.gateway.accounts.set_order(order.ids).await?;
    Ok(list(State(desk)).await)
}
