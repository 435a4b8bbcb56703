//! Errors in Anthropic's own shape: `{"type":"error","error":{"type","message"}}`.

use llm::{Category, Error, Upstream};
use serde::Deserialize;

/// Longest text of an upstream that is kept, in bytes.
const LONGEST: usize = 2048;

#[derive(Deserialize)]
struct Body {
    error: Inner,
    request_id: Option<String>,
}

#[derive(Deserialize)]
struct Inner {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    message: String,
}

/// Reads the body of an answer whose status was not good. A body of another shape is kept as text and classified by
/// the status alone.
#[must_use]
pub fn read_error(status: u16, body: &[u8]) -> Error {
    match serde_json::from_slice::<Body>(body) {
        Ok(body) => from_body(status, body),
        Err(_) => {
            let text = cut(String::from_utf8_lossy(body).trim());
            let message =
                if text.is_empty() { format!("The upstream answered {status}.") } else { text.clone() };
            Error::new(by_status(status), message).with_upstream(Upstream {
                status,
                message: text,
                ..Upstream::default()
            })
        }
    }
}

/// Reads an `error` event of a stream whose status was 200.
pub(super) fn read_event(json: &[u8]) -> Error {
    match serde_json::from_slice::<Body>(json) {
        Ok(body) => from_body(200, body),
        Err(_) => Error::new(Category::Upstream, "The upstream reported an error that cannot be read."),
    }
}

fn from_body(status: u16, body: Body) -> Error {
    let message = cut(&body.error.message);
    let category = match body.error.kind.as_str() {
        "invalid_request_error" if too_long(&message) => Category::ContextLength,
        "invalid_request_error" => Category::InvalidRequest,
        "authentication_error" => Category::Expired,
        "permission_error" => Category::PermissionDenied,
        "billing_error" => Category::Quota,
        "not_found_error" => Category::ModelNotFound,
        "request_too_large" => Category::TooLarge,
        "rate_limit_error" => Category::RateLimited,
        "timeout_error" => Category::Timeout,
        "overloaded_error" => Category::Overloaded,
        "api_error" => Category::Upstream,
        _ => by_status(status),
    };
    let shown = if message.is_empty() {
        "The upstream failed without saying why.".to_owned()
    } else {
        message.clone()
    };
    Error::new(category, shown).with_upstream(Upstream {
        status,
        code: body.error.kind,
        message,
        request_id: body.request_id,
        clock_offset: None,
    })
}

/// The two sentences the API says when a prompt does not fit its window.
fn too_long(message: &str) -> bool {
    message.contains("prompt is too long") || message.contains("exceed context limit")
}

fn by_status(status: u16) -> Category {
    match status {
        400 | 422 => Category::InvalidRequest,
        401 => Category::Expired,
        402 => Category::Quota,
        403 => Category::PermissionDenied,
        404 => Category::ModelNotFound,
        408 | 504 => Category::Timeout,
        413 => Category::TooLarge,
        429 => Category::RateLimited,
        503 | 529 => Category::Overloaded,
        _ => Category::Upstream,
    }
}

fn cut(text: &str) -> String {
    text[..text.floor_char_boundary(LONGEST)].to_owned()
}
