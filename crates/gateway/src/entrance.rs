//! Every request that passed the boundary enters here: the proxy's routes first, then the admin API.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use bytes::Bytes;
use http::header::{ALLOW, HeaderValue, UPGRADE};
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use http_body::Body;
use llm::{Category, Error};
use tower::ServiceExt;

use crate::admin::Peer;
use crate::dialect::{CHAT, COMPACT, COMPLETIONS, COUNT_TOKENS, MESSAGES, RESPONSES, refuse};
use crate::proxy::{Route, route};
use crate::reply::{ReplyBody, plain};
use crate::state::Gateway;
use crate::{assets, counting, embeddings, kept, models, pipeline};

/// What a door is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Clients, and programs that administer us.
    Proxy,
    /// The window, where it has a door of its own.
    Admin,
    /// Both.
    Shared,
}

/// Who asks, and at which door.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asker {
    pub(crate) role: Role,
    /// From the socket, or from a proxy that the person trusts.
    pub(crate) peer: IpAddr,
}

/// Serves one request.
pub(crate) async fn serve<B>(
    gateway: &Arc<Gateway>,
    admin: &Router,
    asker: Asker,
    request: Request<B>,
) -> Response<ReplyBody>
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let found = route(request.method(), request.uri().path());
    let found = found.filter(|route| asker.role != Role::Admin || *route == Route::Health);
    let Some(route) = found else {
        return other(gateway, admin, asker, request).await;
    };
    let (head, body) = request.into_parts();
    match route {
        Route::Messages => pipeline::handle(gateway, &MESSAGES, asker.peer, head, body).await,
        Route::Chat => pipeline::handle(gateway, &CHAT, asker.peer, head, body).await,
        Route::Completions => pipeline::handle(gateway, &COMPLETIONS, asker.peer, head, body).await,
        Route::CountTokens => counting::count(gateway, &COUNT_TOKENS, head, body).await,
        Route::InputTokens => counting::count(gateway, &RESPONSES, head, body).await,
        Route::Models => models::list(gateway, &head),
        Route::Model(id) => models::single(gateway, &head, &id),
        Route::Responses => pipeline::handle(gateway, &RESPONSES, asker.peer, head, body).await,
        Route::Embeddings => embeddings::handle(gateway, asker.peer, head, body).await,
        Route::Compact => pipeline::handle(gateway, &COMPACT, asker.peer, head, body).await,
        Route::Response(id) => kept::show(gateway, &head, &id).await,
        Route::RemoveResponse(id) => kept::remove(gateway, &head, &id).await,
        Route::InputItems(id) => kept::input_items(gateway, &head, &id).await,
        Route::ResponsesSocket => socket(gateway, &head),
        Route::Hello if asker.role == Role::Shared && assets::is_navigation(&head.headers) => {
            assets::serve(gateway, &head).unwrap_or_else(|| plain(StatusCode::OK, &b"{}"[..]))
        }
        Route::Hello | Route::Telemetry => plain(StatusCode::OK, &b"{}"[..]),
        Route::Health => health(gateway),
        Route::WrongMethod(allowed) => wrong_method(gateway, &head, allowed),
    }
}

/// The admin API, a file of the window, or nothing.
async fn other<B>(gateway: &Gateway, admin: &Router, asker: Asker, request: Request<B>) -> Response<ReplyBody>
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    if matches!(request.uri().path(), path if path.starts_with("/api/") || path == "/metrics") {
        let mut request = request;
        request.extensions_mut().insert(Peer(asker.peer));
        let Ok(response) = admin.clone().oneshot(request.map(axum::body::Body::new)).await;
        return response.map(ReplyBody::from);
    }
    let (head, _) = request.into_parts();
    if asker.role != Role::Proxy
        && matches!(head.method, Method::GET | Method::HEAD)
        && let Some(page) = assets::serve(gateway, &head)
    {
        return page;
    }
    let message = format!("Unknown request URL: {} {}", head.method, head.uri.path());
    refuse(gateway, &head, &Error::new(Category::UnknownRoute, message))
}

fn wrong_method(gateway: &Gateway, head: &Parts, allowed: &'static str) -> Response<ReplyBody> {
    let path = head.uri.path();
    let error =
        Error::new(Category::MethodNotAllowed, format!("{path} takes {allowed}, not {}.", head.method));
    let mut response = refuse(gateway, head, &error);
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    response
}

/// Codex opens a WebSocket first and takes 426, and nothing else, as "use HTTP".
fn socket(gateway: &Gateway, head: &Parts) -> Response<ReplyBody> {
    if head.headers.contains_key(UPGRADE) {
        let mut response = plain(
            StatusCode::UPGRADE_REQUIRED,
            &br#"{"error":{"message":"WebSocket is not supported; use HTTP.","type":"invalid_request_error","param":null,"code":"upgrade_required"}}"#[..],
        );
        response.headers_mut().insert(UPGRADE, HeaderValue::from_static("HTTP/1.1"));
        return response;
    }
    wrong_method(gateway, head, "POST")
}

fn health(gateway: &Gateway) -> Response<ReplyBody> {
    let body = serde_json::json!({"status": "ok", "service": "switchboard", "version": gateway.version});
    plain(StatusCode::OK, body.to_string())
}
