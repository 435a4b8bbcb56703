//! The admin API without a socket, for commands that find no running instance.

use anyhow::Result;
use gateway::axum::Router;
use gateway::axum::body::{Body, to_bytes};
use gateway::axum::http::Request;
use llm::Secret;
use serde_json::Value;
use tower::ServiceExt;

/// The largest answer a command reads, in bytes.
const LARGEST: usize = 64 * 1024 * 1024;

/// Sends one request through the router.
pub(crate) async fn oneshot(
    router: &Router,
    key: &Secret,
    method: &str,
    path: &str,
    body: Option<&Value>,
) -> Result<(u16, Value)> {
    let text = body.map(Value::to_string).unwrap_or_default();
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", format!("Bearer {}", key.expose()))
        .header("content-type", "application/json")
        .body(Body::from(text))?;
    let response = router.clone().oneshot(request).await?;
    let status = response.status().as_u16();
    let bytes = to_bytes(response.into_body(), LARGEST).await?;
    Ok((status, serde_json::from_slice(&bytes).unwrap_or(Value::Null)))
}
