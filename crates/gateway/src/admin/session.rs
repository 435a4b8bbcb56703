//! `/api/session`: who is in front of the window.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Extension, State};
use axum::response::{IntoResponse, Response};
use http::header::SET_COOKIE;
use http::{HeaderMap, HeaderValue, StatusCode};
use llm::Secret;
use serde::{Deserialize, Serialize};

use super::json::Given;
use super::{Desk, Peer, Refusal};
use crate::sessions::{Opened, Proof, Refused};
use crate::shell::Capabilities;
use crate::{Gateway, admission};

/// Proof of being the person: the token of an address that was printed or opened, or the admin password.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Shown {
    token: Option<String>,
    password: Option<String>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub(super) struct Session {
    authenticated: bool,
    /// To be sent as `x-switchboard-csrf` with everything that changes something.
    csrf: Option<String>,
    host: Host,
    capabilities: Capabilities,
    /// What would open a session.
    needs: Option<Needs>,
    version: &'static str,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
enum Host {
    Desktop,
    Headless,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
enum Needs {
    Token,
    /// Or a token.
    Password,
}

pub(super) fn session(gateway: &Gateway, authenticated: bool, csrf: Option<String>) -> Session {
    let needs = if gateway.office.passwords.is_set() { Needs::Password } else { Needs::Token };
    let capabilities = gateway.office.shell.capabilities();
    Session {
        authenticated,
        csrf,
        host: if capabilities == Capabilities::default() { Host::Headless } else { Host::Desktop },
        capabilities,
        needs: (!authenticated).then_some(needs),
        version: gateway.version,
    }
}

pub(super) async fn show(
    State(desk): State<Arc<Desk>>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
) -> Json<Session> {
    let gateway = &desk.gateway;
    let known = gateway.office.sessions.find(&headers, gateway.now_ms());
    let peer = peer.map(|Extension(Peer(peer))| peer);
    let with_key = admission::may_administrate(gateway, &headers, peer);
    let csrf = known.map(|known| known.csrf);
    Json(session(gateway, csrf.is_some() || with_key, csrf))
}

pub(super) async fn open(
    State(desk): State<Arc<Desk>>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    Given(shown): Given<Shown>,
) -> Result<Response, Refusal> {
    let gateway = &desk.gateway;
    let sessions = &gateway.office.sessions;
    let peer = peer.map(|Extension(Peer(peer))| peer);
    let opened = match shown {
        Shown { token: None, password: Some(password) } => {
            sessions.begin_try(peer, gateway.now_ms())?;
            if !gateway.office.passwords.is(Secret::new(password)).await {
                return Err(Refused::Wrong.into());
            }
            sessions.admit(Proof::Password, &headers, peer, gateway.now_ms())?
        }
        Shown { token, .. } => sessions.open(&token.unwrap_or_default(), &headers, peer, gateway.now_ms())?,
    };
    Ok(entered(gateway, opened))
}

/// What who has just come in is told.
pub(super) fn entered(gateway: &Gateway, opened: Opened) -> Response {
    let mut answer = Json(session(gateway, true, Some(opened.csrf))).into_response();
    put_cookie(&mut answer, &opened.cookie);
    answer
}

pub(super) async fn close(State(desk): State<Arc<Desk>>, headers: HeaderMap) -> Response {
    let mut answer = StatusCode::NO_CONTENT.into_response();
    put_cookie(&mut answer, &desk.gateway.office.sessions.close(&headers));
    answer
}

fn put_cookie(answer: &mut Response, cookie: &str) {
    if let Ok(cookie) = HeaderValue::from_str(cookie) {
        answer.headers_mut().insert(SET_COOKIE, cookie);
    }
}

/// Where the window opens with a session of its own: the token stands behind `#`, which no server and no log sees.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub(super) struct Invitation {
    url: String,
}

/// A new address, for whoever has the local key: the token of the start works once.
pub(super) async fn invite(State(desk): State<Arc<Desk>>) -> Result<Json<Invitation>, Refusal> {
    let url = desk.gateway.invitation().ok_or(Refused::NoRandomness)?;
    Ok(Json(Invitation { url }))
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Wrong => Self::new(
                StatusCode::UNAUTHORIZED,
                "session_refused",
                "This does not open a session. A token works once; `switchboard window` prints a new address",
            ),
            Refused::TooMany { retry_after } => Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "session_too_many_tries",
                "Too many wrong tries. Wait before the next one",
            )
            .after(retry_after.max(Duration::from_secs(1))),
            Refused::NoRandomness => {
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "The system has no randomness")
            }
        }
    }
}
