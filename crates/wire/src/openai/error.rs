//! Errors in OpenAI's words: what its API would say about a bad request, and the one table from category to
//! status, `type` and `code`.

use std::borrow::Cow;

use bytes::{BufMut, Bytes, BytesMut};
use llm::{Category, Error};
use serde::Serialize;

use super::line::push_json;
use crate::ErrorReply;

/// The body every OpenAI client reads: `error.message` is what people see, `code` is what programs act on.
#[derive(Serialize)]
struct Body<'a> {
    error: Words<'a>,
}

#[derive(Serialize)]
struct Words<'a> {
    message: &'a str,
    r#type: &'static str,
    param: Option<&'a str>,
    code: Option<&'static str>,
}

struct Row(u16, &'static str, Option<&'static str>);

fn row(error: &Error) -> Row {
    const INVALID: &str = "invalid_request_error";
    const SERVER: &str = "server_error";
    const AUTHENTICATION: &str = "authentication_error";
    const PERMISSION: &str = "permission_error";
    let upstream = error.upstream.as_deref();
    let status = upstream.map_or(0, |said| said.status);
    let upstream_code = upstream.map_or("", |said| said.code.as_str());
    match error.category {
        Category::InvalidRequest => Row(400, INVALID, None),
        Category::ContextLength => Row(400, INVALID, Some("context_length_exceeded")),
        Category::Unsupported => Row(400, INVALID, Some("unsupported_value")),
        Category::LocalKey => Row(401, INVALID, Some("invalid_api_key")),
        Category::Forbidden => Row(403, PERMISSION, Some("forbidden")),
        Category::UnknownRoute => Row(404, INVALID, Some("unknown_url")),
        Category::MethodNotAllowed => Row(405, INVALID, Some("method_not_allowed")),
        Category::ModelNotFound => Row(404, INVALID, Some("model_not_found")),
        Category::NeedsProfile => Row(400, INVALID, Some("model_not_found")),
        Category::SlowRequest => Row(408, INVALID, Some("request_timeout")),
        Category::TooLarge => Row(413, INVALID, Some("request_too_large")),
        Category::UnsupportedMedia => Row(415, INVALID, Some("unsupported_media_type")),
        // Nobody is left to read it; the status is for the log.
        Category::Cancelled => Row(499, INVALID, Some("client_closed_request")),
        Category::NoCredentials => Row(401, AUTHENTICATION, Some("no_credentials")),
        Category::Expired => {
            let expired = upstream_code.is_empty() || upstream_code.contains("Expired");
            Row(401, AUTHENTICATION, Some(if expired { "credentials_expired" } else { "invalid_api_key" }))
        }
        Category::Signature => {
            // Upstreams allow five minutes; a smaller difference means that the secret is wrong.
            let skewed =
                upstream.and_then(|said| said.clock_offset).is_some_and(|offset| offset.abs() >= 240);
            Row(401, AUTHENTICATION, Some(if skewed { "clock_skew" } else { "invalid_signature" }))
        }
        Category::PermissionDenied => Row(403, PERMISSION, Some("model_access_denied")),
        Category::Suspended => Row(403, PERMISSION, Some("account_suspended")),
        Category::Quota => Row(429, "insufficient_quota", Some("insufficient_quota")),
        Category::RateLimited | Category::AllCooling => {
            Row(429, "rate_limit_error", Some("rate_limit_exceeded"))
        }
        Category::Overloaded if upstream_code.starts_with("ModelNotReady") => {
            Row(503, SERVER, Some("model_not_ready"))
        }
        Category::Overloaded => Row(503, SERVER, Some("overloaded")),
        Category::Timeout => Row(504, SERVER, Some("timeout")),
        // A plain 500 has no better word than its status.
        Category::Upstream if status == 500 => Row(500, SERVER, None),
        Category::Upstream | Category::Truncated => Row(502, SERVER, Some("upstream_error")),
        Category::Unreachable => Row(502, SERVER, Some("connection_error")),
        Category::Unavailable => Row(503, SERVER, Some("unavailable")),
        Category::Internal => Row(500, SERVER, Some("internal_error")),
    }
}

fn push_body(error: &Error, out: &mut BytesMut) -> u16 {
    let Row(status, r#type, code) = row(error);
    let code = error.code.or(code);
    let words = Words { message: &error.message, r#type, param: error.param.as_deref(), code };
    push_json(out, &Body { error: words });
    status
}

/// The answer for an error before the first byte.
pub(super) fn reply(error: &Error) -> ErrorReply {
    let mut body = BytesMut::with_capacity(128 + error.message.len());
    let status = push_body(error, &mut body);
    ErrorReply { status, body: body.freeze() }
}

/// The line for an error inside a stream. No `[DONE]` may follow: clients would take the text so far as whole.
pub(super) fn push_event(error: &Error, out: &mut BytesMut) {
    out.put_slice(b"data: ");
    push_body(error, out);
    out.put_slice(b"\n\n");
}

pub(super) fn missing(param: impl Into<String>) -> Error {
    let param = param.into();
    Error::invalid(format!("Missing required parameter: '{param}'.")).with_param(param)
}

/// `expected` with its article: "a string".
pub(super) fn invalid_type(param: impl Into<String>, expected: &str, got: Option<&Bytes>) -> Error {
    let param = param.into();
    let got = got.map_or("nothing", kind_of);
    Error::invalid(format!("Invalid type for '{param}': expected {expected}, but got {got} instead."))
        .with_param(param)
}

/// `supported` is a list for people: "'low' and 'high'".
pub(super) fn invalid_value(param: impl Into<String>, got: &str, supported: &str) -> Error {
    let got: String = got.chars().take(64).collect();
    Error::invalid(format!("Invalid value: '{got}'. Supported values are: {supported}.")).with_param(param)
}

/// A parameter we know and cannot serve.
pub(super) fn unsupported(param: impl Into<String>, message: impl Into<String>) -> Error {
    Error::new(Category::Unsupported, message).with_param(param)
}

fn kind_of(json: &Bytes) -> &'static str {
    match json.first() {
        Some(b'"') => "a string",
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ if memchr::memchr3(b'.', b'e', b'E', json).is_some() => "a decimal number",
        _ => "an integer",
    }
}

/// The code of an answer that fails after it began. Programs end at some of them and ask again at all others.
pub(super) fn failure_code(error: &Error) -> &'static str {
    let Row(status, _, code) = row(error);
    match error.code.or(code) {
        Some(code) => code,
        None if status < 500 => "invalid_prompt",
        None => "server_error",
    }
}

/// The message of an answer that fails after it began. There is no header any more that could say when to come back;
/// clients read it out of the words.
pub(super) fn told(error: &Error) -> Cow<'_, str> {
    match (error.category, error.retry_after) {
        (Category::RateLimited | Category::AllCooling, Some(wait)) => {
            format!("{} Please try again in {}s.", error.message, wait.as_secs_f64().ceil().max(1.0)).into()
        }
        _ => error.message.as_str().into(),
    }
}
