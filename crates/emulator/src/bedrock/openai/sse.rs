//! Server-sent events.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::refusal::openai_words;

/// An event without a name.
pub(super) fn data(json: &Value) -> Bytes {
    format!("data: {json}\n\n").into()
}

/// A failure within a stream of chunks.
pub(super) fn failure(exception: &str, message: &str) -> Bytes {
    let (kind, code) = openai_words(exception, message);
    data(&json!({"error": {"message": message, "type": kind, "param": null, "code": code}}))
}

/// An event with its type for a name.
pub(super) fn event(json: &Value) -> Bytes {
    format!("event: {}\ndata: {json}\n\n", json["type"].as_str().unwrap_or_default()).into()
}

/// A failure within a stream of events.
pub(super) fn event_failure(exception: &str, message: &str) -> Bytes {
    let (kind, code) = openai_words(exception, message);
    event(&json!({
        "type": "error", "code": code.unwrap_or(kind), "message": message, "param": null, "sequence_number": 0,
    }))
}
