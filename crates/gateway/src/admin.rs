//! The admin API, `/api/...`: what the window, the command line and scripts use. One file a noun.
//!
//! Every route needs the local key. Requests and answers are JSON; a request with a member that the route does not
//! know is refused, because a misspelt setting that is silently dropped is worse than an error. No answer ever holds a
//! secret. The snapshot beside the tests is what callers rely on: a change there is a change for every caller.

mod accounts;
mod json;
mod logs;
mod models;
mod providers;
mod quota;
mod refusal;
mod settings;
mod status;
#[cfg(test)]
mod tests;
mod trial;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch, post, put};
use http::header::{CACHE_CONTROL, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, StatusCode};
use llm::{Category, Error};

pub use refusal::Refusal;

use crate::{Gateway, admission};

/// What the handlers share.
#[derive(Debug)]
struct Desk {
    gateway: Arc<Gateway>,
    /// Held while the settings are read, changed and stored, so that two changes cannot undo each other.
    changing: tokio::sync::Mutex<()>,
    /// What accounts told of their allowance.
    told: quota::Told,
}

/// All routes of the admin API.
pub fn router(gateway: &Arc<Gateway>) -> Router {
    let desk = Arc::new(Desk {
        gateway: Arc::clone(gateway),
        changing: tokio::sync::Mutex::new(()),
        told: quota::Told::default(),
    });
    Router::new()
        .route("/api/accounts", get(accounts::list).post(accounts::add))
        .route("/api/accounts/order", put(accounts::order))
        .route("/api/accounts/{id}", patch(accounts::change).delete(accounts::remove))
        .route("/api/accounts/{id}/activate", post(accounts::activate))
        .route("/api/accounts/{id}/test", post(trial::run))
        .route("/api/accounts/{id}/quota", get(quota::show))
        .route("/api/models", get(models::list))
        .route("/api/providers", get(providers::list))
        .route("/api/logs", get(logs::page))
        .route("/api/logs/{id}", get(logs::row))
        .route("/api/logs/stats", get(logs::stats))
        .route("/api/logs/cleanup", post(logs::cleanup))
        .route("/api/settings", get(settings::show).put(settings::change))
        .route("/api/status", get(status::show))
        .fallback(unknown_route)
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn_with_state(Arc::clone(&desk), with_key))
        .with_state(desk)
}

/// Lets through who shows the local key, whatever the proxy itself demands: without it, any user of this machine
/// could hand the accounts to somebody else.
async fn with_key(State(desk): State<Arc<Desk>>, request: Request, next: Next) -> Response {
    let keys = desk.gateway.keys.load();
    let known = admission::presented(request.headers()).any(|shown| keys.find(shown).is_some());
    drop(keys);
    let mut answer = if known {
        next.run(request).await
    } else {
        let message = "The admin API needs the local key as Authorization: Bearer";
        let mut answer = Refusal::from(Error::new(Category::LocalKey, message)).into_response();
        answer.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        answer
    };
    let headers = answer.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(HeaderName::from_static("x-content-type-options"), HeaderValue::from_static("nosniff"));
    answer
}

async fn unknown_route() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, Category::UnknownRoute.name(), "There is no such route")
}

async fn wrong_method() -> Refusal {
    Refusal::from(Error::new(Category::MethodNotAllowed, "This route does not take this method"))
}
