//! The admin API, `/api/...`: what the window, the command line and scripts use. One file a noun.
//!
//! Every route needs a session of the window and for changes its CSRF header; on this machine the local key will do. Requests and answers
//! are JSON; a request with a member that the route does not know is refused, because a misspelt setting that is
//! silently dropped is worse than an error. No answer holds a secret, but for those that are asked for one: a local key, an export. The snapshot beside the tests is what callers rely on: a change there is a change for every caller.

mod accounts;
mod backups;
mod capture;
mod clients;
mod conversations;
mod diagnostics;
mod events;
mod export;
mod found;
mod ips;
mod json;
pub(crate) mod keys;
mod logs;
mod meaning;
mod metrics;
mod models;
mod password;
mod providers;
mod proxy;
mod quota;
mod refusal;
mod replay;
mod secrets;
mod session;
mod settings;
mod shell;
mod signins;
mod status;
#[cfg(test)]
mod tests;
mod transfer;
mod trial;
#[cfg(all(test, feature = "types"))]
mod types;
mod usage;

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, patch, post, put};
use http::header::{CACHE_CONTROL, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use llm::{Category, Error};
use store::Chats;
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;

pub use refusal::Refusal;

use crate::sessions::Known;
use crate::{Gateway, admission};

/// Proves that a change comes from our own page.
const CSRF: HeaderName = HeaderName::from_static("x-switchboard-csrf");

/// What the handlers share.
#[derive(Debug)]
struct Desk {
    gateway: Arc<Gateway>,
    /// Held while the settings are read, changed and stored, so that two changes cannot undo each other.
    changing: tokio::sync::Mutex<()>,
    /// Streams of events that may still be opened.
    streams: Arc<Semaphore>,
}

/// All routes of the admin API.
pub fn router(gateway: &Arc<Gateway>) -> Router {
    let desk = Arc::new(Desk {
        gateway: Arc::clone(gateway),
        changing: tokio::sync::Mutex::new(()),
        streams: Arc::new(Semaphore::new(events::STREAMS)),
    });
    let open = Router::new().route("/api/session", get(session::show).post(session::open));
    Router::new()
        .route("/api/accounts", get(accounts::list).post(accounts::add))
        .route("/api/accounts/order", put(accounts::order))
        .route("/api/accounts/import", post(transfer::import))
        .route("/api/accounts/feed", post(transfer::feed))
        .route("/api/accounts/export", post(transfer::export))
        .route("/api/accounts/removed", get(accounts::removed))
        .route("/api/accounts/removed/{id}", delete(accounts::forget))
        .route("/api/accounts/{id}/restore", post(accounts::restore))
        .route("/api/accounts/{id}", patch(accounts::change).delete(accounts::remove))
        .route("/api/accounts/{id}/activate", post(accounts::activate))
        .route("/api/accounts/{id}/test", post(trial::run))
        .route("/api/accounts/{id}/quota", get(quota::show))
        .route("/api/backups", get(backups::list).post(backups::make))
        .route("/api/backups/{name}", delete(backups::remove))
        .route("/api/backups/{name}/restore", post(backups::restore))
        .route("/api/clients", get(clients::list))
        .route("/api/clients/restore", post(clients::restore))
        .route("/api/clients/{id}/connect", get(clients::preview_connect).post(clients::connect))
        .route("/api/clients/{id}/undo", get(clients::preview_undo).post(clients::undo))
        .route("/api/clients/{id}/key", post(clients::key))
        .route("/api/conversations", get(conversations::list).post(conversations::add))
        .route(
            "/api/conversations/{id}",
            get(conversations::show).put(conversations::change).delete(conversations::remove),
        )
        .route("/api/diagnostics", get(diagnostics::checks))
        .route("/api/diagnostics/fix", post(diagnostics::fix))
        .route("/api/diagnostics/bundle", get(diagnostics::bundle))
        .route("/api/events", get(events::stream))
        .route("/api/found", get(found::list))
        .route("/api/found/import", post(found::import))
        .route("/api/ips/blocked", get(ips::blocked))
        .route("/api/ips/block", post(ips::block))
        .route("/api/ips/unblock", post(ips::unblock))
        .route("/metrics", get(metrics::show))
        .route("/api/models", get(models::list))
        .route("/api/models/meaning", post(meaning::show))
        .route("/api/password", get(password::show).put(password::change))
        .route("/api/providers", get(providers::list))
        .route("/api/logs", get(logs::page))
        .route("/api/logs/{id}", get(logs::row))
        .route("/api/logs/{id}/replay", post(replay::run))
        .route("/api/logs/{id}/curl", get(replay::curl))
        .route("/api/logs/capture", delete(capture::clear))
        .route("/api/logs/capture/{id}", get(capture::show))
        .route("/api/logs/export", get(export::file))
        .route("/api/logs/stats", get(logs::stats))
        .route("/api/logs/cleanup", post(logs::cleanup))
        .route("/api/settings", get(settings::show).put(settings::change))
        .route("/api/signins", get(signins::list).post(signins::begin))
        .route("/api/signins/{id}", get(signins::show).delete(signins::cancel))
        .route("/api/signins/{id}/choice", post(signins::choose))
        .route("/api/status", get(status::show))
        .route("/api/usage", get(usage::show))
        .route("/api/keys", get(keys::list).post(keys::add))
        .route("/api/keys/local", get(keys::show).patch(keys::change_local).delete(keys::keep_local))
        .route("/api/keys/local/rotate", post(keys::rotate_local))
        .route("/api/keys/{id}", patch(keys::change).delete(keys::remove))
        .route("/api/keys/{id}/rotate", post(keys::rotate))
        .route("/api/proxy/pause", post(proxy::pause))
        .route("/api/proxy/resume", post(proxy::resume))
        .route("/api/secrets", get(secrets::show))
        .route("/api/secrets/unlock", post(secrets::unlock))
        .route("/api/secrets/retry", post(secrets::retry))
        .route("/api/secrets/protection", put(secrets::protect))
        .route(
            "/api/secrets/recovery-key",
            post(secrets::new_recovery_key).delete(secrets::forget_recovery_key),
        )
        .route("/api/secrets/start-over", post(secrets::start_over))
        .route("/api/session", delete(session::close))
        .route("/api/session/invite", post(session::invite))
        .route("/api/shell/autostart", get(shell::autostart).post(shell::set_autostart))
        .route("/api/shell/reveal", post(shell::reveal))
        .route("/api/shell/quit", post(shell::quit))
        .fallback(unknown_route)
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn_with_state(Arc::clone(&desk), with_proof))
        .merge(open)
        .layer(middleware::from_fn(unkept))
        .with_state(desk)
}

/// Lets through who shows a session, or on this machine the local key, whatever the proxy itself demands: without them, any user of this
/// machine could hand the accounts to somebody else. A browser sends a session's cookie by itself, so a change also
/// needs what only our own page knows.
async fn with_proof(State(desk): State<Arc<Desk>>, request: Request, next: Next) -> Response {
    let peer = request.extensions().get().map(|Peer(peer)| *peer);
    match desk.admit(request.method(), request.headers(), peer) {
        Ok(known) => {
            let mut request = request;
            request.extensions_mut().insert(Visitor(known));
            next.run(request).await
        }
        Err(refusal) => {
            let mut answer = refusal.into_response();
            if answer.status() == StatusCode::UNAUTHORIZED {
                answer.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            answer
        }
    }
}

/// Nothing of the API is kept by a browser.
async fn unkept(request: Request, next: Next) -> Response {
    let mut answer = next.run(request).await;
    let headers = answer.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer
}

/// The other end: of the connection, or of the one to a proxy that the person trusts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// The session that a request came with; `None` when it came with the local key.
#[derive(Clone, Debug)]
struct Visitor(Option<Known>);

impl Desk {
    fn chats(&self) -> &Chats {
        &self.gateway.office.chats
    }

    fn admit(
        &self,
        method: &Method,
        headers: &HeaderMap,
        peer: Option<IpAddr>,
    ) -> Result<Option<Known>, Refusal> {
        let gateway = &self.gateway;
        if admission::may_administrate(gateway, headers, peer) {
            return Ok(None);
        }
        let Some(known) = gateway.office.sessions.find(headers, gateway.now_ms()) else {
            let message = "The admin API needs a session of the window, or, from this machine, the local key as \
                           Authorization: Bearer";
            return Err(Error::new(Category::LocalKey, message).into());
        };
        let shown = headers.get(CSRF).map_or(&b""[..], HeaderValue::as_bytes);
        if !method.is_safe() && !bool::from(shown.ct_eq(known.csrf.as_bytes())) {
            let message = "A change needs the session's x-switchboard-csrf header";
            return Err(Refusal::new(StatusCode::FORBIDDEN, "csrf", message));
        }
        Ok(Some(known))
    }
}

async fn unknown_route() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, Category::UnknownRoute.name(), "There is no such route")
}

async fn wrong_method() -> Refusal {
    Refusal::from(Error::new(Category::MethodNotAllowed, "This route does not take this method"))
}
