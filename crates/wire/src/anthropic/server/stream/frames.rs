//! The events of a stream, written out.

use std::fmt::Write;

use bytes::{BufMut, BytesMut};
use llm::Usage;
use serde::Serialize;
use serde_json::{Value, json};

use super::super::super::usage;
use crate::quoted;

/// Writes an event.
pub(super) fn put(out: &mut BytesMut, name: &str, event: &impl Serialize) {
    put_name(out, name);
    // Writing into a buffer that grows cannot fail.
    let _ = serde_json::to_writer((&mut *out).writer(), event);
    out.extend_from_slice(b"\n\n");
}

/// Writes an event that is JSON already.
pub(super) fn put_raw(out: &mut BytesMut, name: &str, json: &[u8]) {
    out.reserve(name.len() + json.len() + 17);
    put_name(out, name);
    if memchr::memchr2(b'\n', b'\r', json).is_none() {
        out.extend_from_slice(json);
    } else {
        // A line end would end the data; in JSON it can only stand between tokens.
        out.extend(json.iter().filter(|byte| !matches!(byte, b'\n' | b'\r')));
    }
    out.extend_from_slice(b"\n\n");
}

fn put_name(out: &mut BytesMut, name: &str) {
    out.extend_from_slice(b"event: ");
    // A name comes from the upstream; it must not be able to write lines of its own.
    if name.bytes().any(|byte| byte.is_ascii_control()) {
        out.extend(name.bytes().filter(|byte| !byte.is_ascii_control()));
    } else {
        out.extend_from_slice(name.as_bytes());
    }
    out.extend_from_slice(b"\ndata: ");
}

#[derive(Serialize)]
pub(super) struct Start<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    message: StartMessage<'a>,
}

#[derive(Serialize)]
struct StartMessage<'a> {
    id: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    role: &'static str,
    model: &'a str,
    content: [u8; 0],
    stop_reason: Option<&'a str>,
    stop_sequence: Option<&'a str>,
    usage: usage::Written,
}

impl<'a> Start<'a> {
    pub(super) fn new(id: &'a str, model: &'a str, usage: &Usage) -> Self {
        let message = StartMessage {
            id,
            kind: "message",
            role: "assistant",
            model,
            content: [],
            stop_reason: None,
            stop_sequence: None,
            usage: usage.into(),
        };
        Self { kind: "message_start", message }
    }
}

/// A block as it opens: empty, for everything comes as deltas.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Opened<'a> {
    Text { text: &'a str },
    Thinking { thinking: &'a str, signature: &'a str },
    RedactedThinking { data: &'a str },
    ToolUse { id: &'a str, name: &'a str, input: Value },
}

#[derive(Serialize)]
pub(super) struct BlockStart<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    index: u32,
    content_block: Opened<'a>,
}

impl<'a> Opened<'a> {
    pub(super) const fn at(self, index: u32) -> BlockStart<'a> {
        BlockStart { kind: "content_block_start", index, content_block: self }
    }
}

/// A piece of a block's content.
pub(super) enum Delta<'a> {
    Text(&'a str),
    Thinking(&'a str),
    Signature(&'a str),
    InputJson(&'a str),
    Citation(&'a Value),
}

/// Writes a `content_block_delta`, straight into the buffer: a stream is hundreds of these.
pub(super) fn delta(out: &mut BytesMut, index: u32, delta: &Delta<'_>) {
    let (opening, text): (&[u8], _) = match delta {
        Delta::Text(text) => (br#"{"type":"text_delta","text":"#, text),
        Delta::Thinking(text) => (br#"{"type":"thinking_delta","thinking":"#, text),
        Delta::Signature(text) => (br#"{"type":"signature_delta","signature":"#, text),
        Delta::InputJson(text) => (br#"{"type":"input_json_delta","partial_json":"#, text),
        Delta::Citation(citation) => {
            let event = json!({"type": "content_block_delta", "index": index,
                "delta": {"type": "citations_delta", "citation": citation}});
            return put(out, "content_block_delta", &event);
        }
    };
    const BEFORE: &[u8] = b"event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":";
    out.reserve(BEFORE.len() + opening.len() + text.len() + 64);
    out.extend_from_slice(BEFORE);
    let _ = write!(out, "{index}");
    out.extend_from_slice(b",\"delta\":");
    out.extend_from_slice(opening);
    quoted::push(out, text);
    out.extend_from_slice(b"}}\n\n");
}

#[derive(Serialize)]
pub(super) struct MessageDelta<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    delta: Ending<'a>,
    usage: usage::Written,
}

#[derive(Serialize)]
struct Ending<'a> {
    stop_reason: &'a str,
    stop_sequence: Option<&'a str>,
}

impl<'a> MessageDelta<'a> {
    pub(super) fn new(stop_reason: &'a str, stop_sequence: Option<&'a str>, usage: &Usage) -> Self {
        let usage = usage::Written::at_the_end(usage);
        Self { kind: "message_delta", delta: Ending { stop_reason, stop_sequence }, usage }
    }
}
