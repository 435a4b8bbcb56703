//! What comes in: JSON bodies and query strings, strictly.

use axum::extract::{FromRequest, FromRequestParts, Request};
use http::request::Parts;
use llm::{MAX_DEPTH, check_depth};
use serde::de::DeserializeOwned;

use super::Refusal;
use crate::body;

/// Largest body of the admin API in bytes: an account or the settings, with room to spare.
const LIMIT: usize = 1024 * 1024;

/// A JSON body. No body at all is an empty object.
pub(super) struct Given<T>(pub(super) T);

impl<T: DeserializeOwned, S: Sync> FromRequest<S> for Given<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        let (head, body) = request.into_parts();
        let bytes = body::read_at_most(LIMIT, &head.headers, body).await?;
        if !check_depth(&bytes, MAX_DEPTH) {
            return Err(Refusal::invalid(format!("The JSON nests deeper than {MAX_DEPTH} levels")));
        }
        let text = if bytes.is_empty() { &b"{}"[..] } else { &bytes };
        serde_json::from_slice(text).map(Self).map_err(|error| Refusal::invalid(error.to_string()))
    }
}

/// A query string.
pub(super) struct Asked<T>(pub(super) T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Refusal;

    async fn from_request_parts(head: &mut Parts, _: &S) -> Result<Self, Refusal> {
        axum::extract::Query::try_from_uri(&head.uri)
            .map(|axum::extract::Query(asked)| Self(asked))
            .map_err(|error| Refusal::invalid(error.body_text()))
    }
}
