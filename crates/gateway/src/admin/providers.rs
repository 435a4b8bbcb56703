//! `GET /api/providers`: what kinds of account there are, and what each needs.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use providers::Description;
use serde::Serialize;

use super::Desk;

#[derive(Debug, Serialize)]
pub(super) struct List {
    providers: Vec<Description>,
}

pub(super) async fn list(State(desk): State<Arc<Desk>>) -> Json<List> {
    Json(List { providers: desk.gateway.registry.iter().map(|provider| provider.describe()).collect() })
}
