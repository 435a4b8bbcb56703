//! Exceptions that Bedrock puts into a stream, after it has already answered 200.

use llm::{Category, Error, Upstream};
use serde::Deserialize;

use super::error::{classify, unwrapped};
use crate::eventstream::Message;

/// What an exception's payload may hold.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Payload {
    #[serde(alias = "Message")]
    message: Option<String>,
    original_message: Option<String>,
    original_status_code: Option<u16>,
}

/// Reads a message of type `exception` (modelled) or `error` (anything else). `None` for an ordinary event.
#[must_use]
pub fn read_exception(message: &Message) -> Option<Error> {
    let code = match message.message_type() {
        Some("exception") => message.exception_type().unwrap_or("exception"),
        Some("error") => message.error_code().unwrap_or("error"),
        _ => return None,
    };
    let payload: Payload = serde_json::from_slice(&message.payload).unwrap_or_default();
    let words = payload
        .message
        .filter(|words| !words.is_empty())
        .or(payload.original_message)
        .or_else(|| message.error_message().map(str::to_owned))
        .unwrap_or_else(|| format!("Bedrock ended the stream with {code}."));
    let status = payload.original_status_code;
    let category = classify(code, 500, &words, status);
    let upstream = Upstream {
        status: status_of(category),
        code: code.to_owned(),
        message: words.clone(),
        ..Upstream::default()
    };
    Some(Error::new(category, unwrapped(&words)).with_upstream(upstream))
}

/// The status the same failure has when it comes before the stream.
const fn status_of(category: Category) -> u16 {
    match category {
        Category::InvalidRequest | Category::ContextLength => 400,
        Category::Timeout => 408,
        Category::RateLimited | Category::Quota => 429,
        Category::Overloaded => 503,
        _ => 500,
    }
}
