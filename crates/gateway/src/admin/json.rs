//! What comes in: JSON bodies and query strings, strictly.

use axum::extract::{FromRequest, FromRequestParts, Request};
use http::request::Parts;
use llm::{MAX_DEPTH, check_depth};
use serde::de::DeserializeOwned;

use super::Refusal;
use crate::body;

/// Largest body of the admin API in bytes: an account or the settings, with room to spare.
const LIMIT: usize = 1024 * 1024;

/// Largest conversation in bytes.
const LARGE: usize = 8 * 1024 * 1024;

/// Largest list of accounts in bytes.
const LISTED: usize = 5 * 1024 * 1024;

/// A JSON body. No body at all is an empty object.
pub(super) struct Given<T>(pub(super) T);

/// A JSON body of up to 5 MiB.
pub(super) struct List<T>(pub(super) T);

/// A JSON body of up to 8 MiB.
pub(super) struct Large<T>(pub(super) T);

impl<T: DeserializeOwned, S: Sync> FromRequest<S> for Given<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        read(request, LIMIT).await.map(Self)
    }
}

impl<T: DeserializeOwned, S: Sync> FromRequest<S> for Large<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        read(request, LARGE).await.map(Self)
    }
}

impl<T: DeserializeOwned, S: Sync> FromRequest<S> for List<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        read(request, LISTED).await.map(Self)
    }
}

async fn read<T: DeserializeOwned>(request: Request, limit: usize) -> Result<T, Refusal> {
    let (head, body) = request.into_parts();
    let bytes = body::read_at_most(limit, &head.headers, body).await?;
    if !check_depth(&bytes, MAX_DEPTH) {
        return Err(Refusal::invalid(format!("The JSON nests deeper than {MAX_DEPTH} levels")));
    }
    let text = if bytes.is_empty() { &b"{}"[..] } else { &bytes };
    serde_json::from_slice(text).map_err(|error| Refusal::invalid(without_values(&error.to_string())))
}

/// A parser's complaint without the text that it complains about: that may be a key in the wrong place.
fn without_values(complaint: &str) -> String {
    const OPENING: &str = "string \"";
    match (complaint.find(OPENING), complaint.rfind("\", expected ")) {
        (Some(start), Some(end)) if start + OPENING.len() <= end => {
            format!("{}string{}", &complaint[..start], &complaint[end + 1..])
        }
        _ => complaint.to_owned(),
    }
}

/// The `{id}` of a path.
pub(super) struct Id(pub(super) String);

impl<S: Sync + Send> FromRequestParts<S> for Id {
    type Rejection = Refusal;

    async fn from_request_parts(head: &mut Parts, state: &S) -> Result<Self, Refusal> {
        axum::extract::Path::from_request_parts(head, state)
            .await
            .map(|axum::extract::Path(id)| Self(id))
            .map_err(|error| Refusal::invalid(error.body_text()))
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

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Form {
        #[serde(rename = "count")]
        _count: u32,
    }

    #[test]
    fn complaints_do_not_repeat_what_was_sent() {
        for text in [r#"{"count":"se\", expected \ncret"}"#, r#""secret""#, r#"{"count":"secret"}"#] {
            let error = serde_json::from_str::<Form>(text).expect_err("no form").to_string();
            let said = without_values(&error);
            assert!(error.contains("cret") && !said.contains("cret"), "{said}");
            assert!(said.starts_with("invalid type: string, expected ") && said.contains("line 1"), "{said}");
        }
        let error = serde_json::from_str::<Form>(r#"{"colour":1}"#).expect_err("no form").to_string();
        assert_eq!(without_values(&error), error);
    }
}
