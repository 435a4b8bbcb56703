//! `/api/password`: the admin password.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use llm::Secret;
use serde::{Deserialize, Serialize};

use super::json::Given;
use super::{Desk, Peer, Refusal, Visitor, session};
use crate::Passwords;
use crate::passwords::{self, LEAST, Unfit};
use crate::sessions::Proof;

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub(super) struct Password {
    set: bool,
    /// Milliseconds since 1970.
    changed_ms: Option<i64>,
    /// Who asks must show it before it is changed.
    asks_current: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    /// The new one; null removes it.
    password: Option<String>,
    /// The one until now: asked of those who came in with it.
    current: Option<String>,
}

pub(super) async fn show(
    State(desk): State<Arc<Desk>>,
    Extension(visitor): Extension<Visitor>,
) -> Json<Password> {
    let passwords = &desk.gateway.office.passwords;
    Json(Password {
        set: passwords.is_set(),
        changed_ms: passwords.changed_ms(),
        asks_current: passwords.is_set() && visitor.came_with_password(),
    })
}

/// Sets, changes or removes the password. All sessions end; who asks in one gets another.
pub(super) async fn change(
    State(desk): State<Arc<Desk>>,
    Extension(visitor): Extension<Visitor>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    Given(change): Given<Change>,
) -> Result<Response, Refusal> {
    let gateway = &desk.gateway;
    let (sessions, passwords) = (&gateway.office.sessions, &gateway.office.passwords);
    let _changing = desk.changing.lock().await;
    let peer = peer.map(|Extension(Peer(peer))| peer);
    if passwords.is_set() && visitor.came_with_password() {
        sessions.begin_try(peer, gateway.now_ms())?;
        if !passwords.is(Secret::new(change.current.unwrap_or_default())).await {
            let message = "This is not the password until now";
            return Err(Refusal::new(StatusCode::FORBIDDEN, "password_wrong", message));
        }
        sessions.forgive(peer);
    }
    match change.password.map(Secret::new) {
        Some(new) => {
            Passwords::check(&new)?;
            passwords.set(&gateway.core, new, gateway.now_ms()).await?;
        }
        None if gateway.is_wide() || !gateway.settings.load().bind.is_loopback() => {
            let message =
                "Other machines are let in, and then there must be a password. Listen on 127.0.0.1 first";
            return Err(Refusal::new(StatusCode::CONFLICT, "password_needed", message));
        }
        None => passwords.clear(&gateway.core).await?,
    }
    tracing::info!(set = passwords.is_set(), "the admin password was changed; all sessions are over");
    sessions.end_all();
    gateway.office.changed();
    match visitor.0 {
        Some(known) => {
            let proof = if passwords.is_set() { known.proof } else { Proof::Token };
            Ok(session::entered(gateway, sessions.admit(proof, &headers, peer, gateway.now_ms())?))
        }
        None => Ok(Json(session::session(gateway, true, None)).into_response()),
    }
}

impl Visitor {
    fn came_with_password(&self) -> bool {
        self.0.as_ref().is_some_and(|known| known.proof == Proof::Password)
    }
}

impl From<Unfit> for Refusal {
    fn from(unfit: Unfit) -> Self {
        match unfit {
            Unfit::Short => Self::new(
                StatusCode::BAD_REQUEST,
                "password_short",
                format!("A password has {LEAST} characters at least"),
            )
            .with("least", LEAST),
            Unfit::Long => Self::new(StatusCode::BAD_REQUEST, "password_long", "This password is too long"),
        }
    }
}

impl From<passwords::Error> for Refusal {
    fn from(error: passwords::Error) -> Self {
        match error {
            passwords::Error::Store(error) => error.into(),
            other => Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", other.to_string()),
        }
    }
}
