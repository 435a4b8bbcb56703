//! Streams that went wrong, to be played instead of an answer.

use bytes::Bytes;
use serde_json::Value;
use wire::eventstream;

/// What the service was seen to stream before it failed, by names of our own.
const CANNED: &[(&str, &str)] = &[
    ("throttled_midstream", include_str!("../../fixtures/amazon_q/throttled-midstream.events.jsonl")),
    ("internal_midstream", include_str!("../../fixtures/amazon_q/internal-midstream.events.jsonl")),
    ("truncated_tool_call", include_str!("../../fixtures/amazon_q/truncated-tool-call.events.jsonl")),
    ("max_tokens", include_str!("../../fixtures/amazon_q/max-tokens.events.jsonl")),
    ("empty_stream", include_str!("../../fixtures/amazon_q/empty-stream.events.jsonl")),
    ("context_exceeded", include_str!("../../fixtures/amazon_q/context-exceeded.events.jsonl")),
];

/// The frames of the stream of that name.
pub(crate) fn canned(name: &str) -> Option<Vec<Bytes>> {
    let (_, lines) = CANNED.iter().find(|(own, _)| *own == name)?;
    frames(lines).ok()
}

/// Frames from lines of `{"headers": {...}, "payload": {...}}`.
pub(crate) fn frames(lines: &str) -> Result<Vec<Bytes>, serde_json::Error> {
    let lines = lines.lines().filter(|line| !line.trim().is_empty());
    let frame = |line| {
        let line: Value = serde_json::from_str(line)?;
        let headers: Vec<(&str, &str)> = line["headers"]
            .as_object()
            .into_iter()
            .flatten()
            .filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)))
            .collect();
        Ok(eventstream::encode(&headers, line["payload"].to_string().as_bytes()).into())
    };
    lines.map(frame).collect()
}
