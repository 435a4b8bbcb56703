//! `/metrics`: figures for Prometheus, where the person wants that.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use llm::Category;

use super::{Desk, Refusal};

pub(super) async fn show(State(desk): State<Arc<Desk>>) -> Result<Response, Refusal> {
    let gateway = &desk.gateway;
    if !gateway.settings.load().metrics {
        let message = "Metrics are off. Turn them on with the setting metrics";
        return Err(Refusal::new(StatusCode::NOT_FOUND, Category::UnknownRoute.name(), message));
    }
    let kind = [(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")];
    Ok((kind, gateway.office.metrics.text(gateway)).into_response())
}
