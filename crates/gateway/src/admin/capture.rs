//! `GET /api/logs/capture/{request_id}`: the wire of a request, when it was kept.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::StatusCode;

use super::json::Id;
use super::{Desk, Refusal};
use crate::Gateway;
use crate::capture::{self, Capture};

pub(super) async fn show(State(desk): State<Arc<Desk>>, Id(id): Id) -> Result<Json<Capture>, Refusal> {
    let missing = || {
        let message = "The wire of this request was not kept, or is gone by now";
        Refusal::new(StatusCode::NOT_FOUND, "capture_not_kept", message)
    };
    find(&desk.gateway, &id).await?.map(Json).ok_or_else(missing)
}

/// Forgets all captures on disk.
pub(super) async fn clear(State(desk): State<Arc<Desk>>) -> Result<StatusCode, Refusal> {
    desk.gateway.logs.forget_captures().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The wire of a request: of one of the last that the window asked to see, or from disk.
pub(super) async fn find(gateway: &Gateway, request_id: &str) -> Result<Option<Capture>, Refusal> {
    if let Some(tape) = gateway.office.captures.find(request_id) {
        return Ok(Some(tape.developed(request_id)));
    }
    let stored = gateway.logs.capture(request_id).await?;
    Ok(stored.and_then(|document| capture::read(&document)))
}
