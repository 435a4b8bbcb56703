//! `/api/signins`: people who sign in with the help of a browser. Each is a small story: begun here, followed here or
//! in the stream of events, told a choice, cancelled.

use std::sync::Arc;
use std::time::Duration;

use accounts::{NewSignIn, SignInView};
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::json::{Asked, Given, Id};
use super::{Desk, Refusal};

/// Longest that a follower is kept waiting: what stands between us may be less patient.
const LONGEST: Duration = Duration::from_secs(25);

#[derive(Debug, Serialize)]
pub(super) struct List {
    sign_ins: Vec<SignInView>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Follow {
    /// Answer once the sign-in is another one than at this version, or after 25 s.
    version: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Chosen {
    choice: String,
}

pub(super) async fn list(State(desk): State<Arc<Desk>>) -> Json<List> {
    Json(List { sign_ins: desk.gateway.accounts.sign_ins() })
}

pub(super) async fn begin(
    State(desk): State<Arc<Desk>>,
    Given(new): Given<NewSignIn>,
) -> Result<(StatusCode, Json<SignInView>), Refusal> {
    Ok((StatusCode::CREATED, Json(desk.gateway.accounts.begin_sign_in(new)?)))
}

pub(super) async fn show(
    State(desk): State<Arc<Desk>>,
    Id(id): Id,
    Asked(follow): Asked<Follow>,
) -> Result<Json<SignInView>, Refusal> {
    let accounts = &desk.gateway.accounts;
    let changed = accounts.sign_in(&id, follow.version);
    let view = match tokio::time::timeout(LONGEST, changed).await {
        Ok(view) => view?,
        Err(_) => accounts.sign_in(&id, None).await?,
    };
    Ok(Json(view))
}

pub(super) async fn choose(
    State(desk): State<Arc<Desk>>,
    Id(id): Id,
    Given(chosen): Given<Chosen>,
) -> Result<Json<SignInView>, Refusal> {
    Ok(Json(desk.gateway.accounts.choose_in_sign_in(&id, chosen.choice).await?))
}

pub(super) async fn cancel(State(desk): State<Arc<Desk>>, Id(id): Id) -> Result<StatusCode, Refusal> {
    desk.gateway.accounts.cancel_sign_in(&id)?;
    Ok(StatusCode::NO_CONTENT)
}
