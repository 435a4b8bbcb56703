//! Errors as Anthropic's API writes them.

use bytes::Bytes;
use llm::{Category, Error};
use serde::Serialize;
use serde_json::Value;

use crate::ErrorReply;

/// An error body, the same in an HTTP answer and in a stream.
#[derive(Serialize)]
pub(super) struct Body<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    error: Inner<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
}

#[derive(Serialize)]
struct Inner<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    message: &'a str,
    /// Anthropic's SDKs act on `error_code` in here.
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<&'a Value>,
}

impl<'a> Body<'a> {
    pub(super) fn new(error: &'a Error, request_id: Option<&'a str>) -> Self {
        let inner = Inner {
            kind: status_and_type(error).1,
            message: &error.message,
            details: error.details.as_deref(),
        };
        Self { kind: "error", error: inner, request_id }
    }
}

pub(super) fn write(error: &Error, request_id: &str) -> ErrorReply {
    let body = Body::new(error, Some(request_id).filter(|id| !id.is_empty()));
    ErrorReply {
        status: status_and_type(error).0,
        body: Bytes::from(serde_json::to_vec(&body).unwrap_or_default()),
    }
}

/// The table. Clients decide by the status whether they try again: 404 reads as "unknown model" in editors and
/// stands for nothing else, 529 and 5xx are tried again, 400 and 413 are not.
fn status_and_type(error: &Error) -> (u16, &'static str) {
    match error.category {
        Category::InvalidRequest
        | Category::ContextLength
        | Category::Unsupported
        | Category::NeedsProfile => (400, "invalid_request_error"),
        Category::LocalKey | Category::NoCredentials | Category::Expired | Category::Signature => {
            (401, "authentication_error")
        }
        Category::Forbidden | Category::PermissionDenied | Category::Suspended => (403, "permission_error"),
        Category::UnknownRoute | Category::ModelNotFound => (404, "not_found_error"),
        Category::MethodNotAllowed => (405, "invalid_request_error"),
        Category::SlowRequest => (408, "timeout_error"),
        Category::TooLarge => (413, "request_too_large"),
        Category::UnsupportedMedia => (415, "invalid_request_error"),
        Category::Quota if error.code == Some(Error::SPENT) => (402, "billing_error"),
        Category::Quota | Category::RateLimited | Category::AllCooling => (429, "rate_limit_error"),
        // Nobody reads it: the client is gone.
        Category::Cancelled => (499, "api_error"),
        Category::Internal => (500, "api_error"),
        // A plain 500 of the upstream stays one; everything else that it did wrong is a bad gateway.
        Category::Upstream if error.upstream.as_ref().is_some_and(|said| said.status == 500) => {
            (500, "api_error")
        }
        Category::Upstream | Category::Unreachable | Category::Truncated => (502, "api_error"),
        Category::Unavailable => (503, "api_error"),
        Category::Timeout => (504, "timeout_error"),
        Category::Overloaded => (529, "overloaded_error"),
    }
}
