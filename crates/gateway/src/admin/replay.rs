//! A logged request once more: sent again by us, or as a command to send it by hand.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, USER_AGENT};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use llm::Secret;
use serde::Serialize;
use serde_json::json;
use store::LogRow;

use super::json::Id;
use super::{Desk, Refusal, capture, keys, logs};
use crate::capture::Capture;
use crate::dialect::{CHAT, COMPLETIONS, MESSAGES};
use crate::pipeline;
use crate::proxy::{Route, route};
use crate::reply::ReplyBody;

/// An answer that takes longer is left.
const PATIENCE: Duration = Duration::from_secs(600);

/// Headers of a client that change what its request means.
const MEANT: [&str; 2] = ["anthropic-version", "anthropic-beta"];

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub(super) struct Replayed {
    /// Of the new request, whose wire is kept.
    request_id: String,
    status: u16,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub(super) struct Command {
    /// For a shell; the key is filled in by `switchboard key`.
    command: String,
    /// The body is an example, for the real one was not kept.
    example: bool,
}

/// Sends the request again, as it was, and answers when its answer is complete.
pub(super) async fn run(State(desk): State<Arc<Desk>>, Id(id): Id) -> Result<Json<Replayed>, Refusal> {
    let row = logs::find(&desk, &id).await?;
    let captured = capture::find(&desk.gateway, &row.request_id).await?;
    let captured = captured.filter(|captured| !captured.client.body_truncated);
    let (Some(body), Some(captured)) =
        (captured.as_ref().and_then(|captured| captured.client.body.clone()), captured.as_ref())
    else {
        let message = "The body of this request was not kept, so it cannot be sent again";
        return Err(Refusal::new(StatusCode::CONFLICT, "body_not_captured", message));
    };
    let key = keys::stored(&desk).await?;
    let answer = Box::pin(send(&desk, captured, body, &key)).await?;
    let status = answer.status().as_u16();
    let request_id = answer.headers().get("request-id").and_then(|id| id.to_str().ok());
    let request_id = request_id.unwrap_or_default().to_owned();
    let mut body = answer.into_body();
    let read = async { while let Some(Ok(_)) = body.frame().await {} };
    // What has come until then is in the row.
    let _ = tokio::time::timeout(PATIENCE, read).await;
    Ok(Json(Replayed { request_id, status }))
}

async fn send(
    desk: &Desk,
    captured: &Capture,
    body: String,
    key: &Secret,
) -> Result<Response<ReplyBody>, Refusal> {
    let unsent = || Refusal::new(StatusCode::CONFLICT, "not_replayable", "Such a request is not sent again");
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(&captured.client.path)
        .header(CONTENT_TYPE, "application/json")
        .header(USER_AGENT, concat!("switchboard/", env!("CARGO_PKG_VERSION"), " (replay)"))
        .header("x-api-key", key.expose())
        .header("x-switchboard-capture", "1");
    for (name, value) in captured.client.headers.iter().filter(|(name, _)| MEANT.contains(&name.as_str())) {
        request = request.header(name, value);
    }
    let (head, ()) = request.body(()).map_err(|_| unsent())?.into_parts();
    let body = Full::new(Bytes::from(body));
    let home = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let gateway = &desk.gateway;
    Ok(match route(&head.method, head.uri.path()) {
        Some(Route::Messages) => pipeline::handle(gateway, &MESSAGES, home, head, body).await,
        Some(Route::Chat) => pipeline::handle(gateway, &CHAT, home, head, body).await,
        Some(Route::Completions) => pipeline::handle(gateway, &COMPLETIONS, home, head, body).await,
        _ => return Err(unsent()),
    })
}

/// The request as a command for curl.
pub(super) async fn curl(State(desk): State<Arc<Desk>>, Id(id): Id) -> Result<Json<Command>, Refusal> {
    let row = logs::find(&desk, &id).await?;
    let captured = capture::find(&desk.gateway, &row.request_id).await?;
    let captured = captured.filter(|captured| !captured.client.body_truncated);
    let body = captured.as_ref().and_then(|captured| captured.client.body.clone());
    let mut command = format!(
        "curl {} -H 'content-type: application/json' -H \"x-api-key: $(switchboard key)\"",
        quoted(&format!("{}{}", desk.gateway.base_url(), row.path))
    );
    let headers = captured.iter().flat_map(|captured| &captured.client.headers);
    let mut meant: Vec<_> = headers.filter(|(name, _)| MEANT.contains(&name.as_str())).cloned().collect();
    if meant.is_empty() && row.dialect == "anthropic_messages" {
        meant.push(("anthropic-version".to_owned(), "2023-06-01".to_owned()));
    }
    for (name, value) in meant {
        command.push_str(" -H ");
        command.push_str(&quoted(&format!("{name}: {value}")));
    }
    let example = body.is_none();
    command.push_str(" -d ");
    command.push_str(&quoted(&body.unwrap_or_else(|| sample(&row))));
    Ok(Json(Command { command, example }))
}

fn sample(row: &LogRow) -> String {
    let body = if row.dialect == "openai_completions" {
        json!({"model": row.model_asked, "prompt": "hello"})
    } else {
        json!({"model": row.model_asked, "max_tokens": 256, "messages": [{"role": "user", "content": "hello"}]})
    };
    body.to_string()
}

/// One word of a POSIX shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
