//! `/api/proxy/…`: the proxy as a whole.

use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;

use super::Desk;

/// Refuses clients with 503 until it is resumed; answers under way go on.
pub(super) async fn pause(State(desk): State<Arc<Desk>>) -> StatusCode {
    desk.gateway.office.pause(true);
    StatusCode::NO_CONTENT
}

pub(super) async fn resume(State(desk): State<Arc<Desk>>) -> StatusCode {
    desk.gateway.office.pause(false);
    StatusCode::NO_CONTENT
}
