//! The `response` object: what was asked, and what became of it.

use bytes::{BufMut, Bytes, BytesMut};
use llm::{Error, Request, Usage};
use serde::Serialize;
use serde_json::Value;

use super::event::{member, raw_member};
use crate::Stamp;
use crate::openai::error;
use crate::openai::line::push_json;
use crate::openai::usage::tier;

/// How the answer stands.
#[derive(Clone, Copy, Debug)]
pub(super) enum State<'a> {
    InProgress,
    Completed,
    /// With the reason.
    Incomplete(&'static str),
    Failed(&'a Error),
}

impl State<'_> {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::InProgress => "in_progress",
            Self::Completed => "completed",
            Self::Incomplete(_) => "incomplete",
            Self::Failed(_) => "failed",
        }
    }
}

#[derive(Serialize)]
struct Incomplete {
    reason: &'static str,
}

#[derive(Serialize)]
struct Failure<'a> {
    code: &'static str,
    message: &'a str,
}

/// `usage` in this dialect's names. Cached tokens count as input, thoughts as output.
#[derive(Serialize)]
pub(super) struct Report {
    input_tokens: u64,
    input_tokens_details: InputDetails,
    output_tokens: u64,
    output_tokens_details: OutputDetails,
    total_tokens: u64,
}

#[derive(Serialize)]
struct InputDetails {
    cached_tokens: u64,
    cache_write_tokens: u64,
}

#[derive(Serialize)]
struct OutputDetails {
    reasoning_tokens: u64,
}

impl From<&Usage> for Report {
    fn from(usage: &Usage) -> Self {
        Self {
            input_tokens: usage.prompt(),
            input_tokens_details: InputDetails {
                cached_tokens: usage.cache_read.unwrap_or(0),
                cache_write_tokens: usage.cache_write.unwrap_or(0),
            },
            output_tokens: usage.output.unwrap_or(0),
            output_tokens_details: OutputDetails { reasoning_tokens: usage.thinking.unwrap_or(0) },
            total_tokens: usage.total(),
        }
    }
}

/// What stays the same in all states of one answer.
#[derive(Debug)]
pub(super) struct Frame {
    /// From the opening brace to the time it was made.
    head: Vec<u8>,
    /// What was asked.
    echo: Vec<u8>,
    tier_asked: bool,
}

/// Members that are given back as they were asked, or as the API would have taken them.
const ECHOED: &[(&str, &str)] = &[
    ("instructions", "null"),
    ("max_output_tokens", "null"),
    ("metadata", "{}"),
    ("parallel_tool_calls", "true"),
    ("previous_response_id", "null"),
    ("prompt_cache_key", "null"),
    ("safety_identifier", "null"),
    ("store", "false"),
    ("temperature", "null"),
    ("text", r#"{"format":{"type":"text"}}"#),
    ("tool_choice", "\"auto\""),
    ("top_p", "null"),
    ("truncation", "\"disabled\""),
    ("user", "null"),
];

impl Frame {
    pub(super) fn new(asked: &Request, stamp: Stamp) -> Self {
        let mut head = BytesMut::with_capacity(192);
        head.put_slice(b"{\"id\":");
        push_json(&mut head, &super::answer_id(stamp));
        head.put_slice(b",\"object\":\"response\"");
        member(&mut head, "created_at", &stamp.created);
        let mut echo = BytesMut::with_capacity(512);
        // Tools may be long, and nobody reads them back.
        echo.put_slice(b",\"background\":false,\"max_tool_calls\":null");
        member(&mut echo, "model", &asked.model);
        for (name, usual) in ECHOED {
            let given = asked.raw.get(name).filter(|json| json.as_ref() != b"null");
            match given {
                Some(json) => raw_member(&mut echo, name, &one_line(json)),
                None => raw_member(&mut echo, name, usual.as_bytes()),
            }
        }
        let reasoning: Value = asked.raw.read("reasoning").ok().flatten().unwrap_or_default();
        let word = |name: &str| reasoning.get(name).and_then(Value::as_str);
        let reasoning = serde_json::json!({"effort": word("effort"), "summary": word("summary")});
        member(&mut echo, "reasoning", &reasoning);
        echo.put_slice(b",\"tools\":[]");
        let tier_asked = asked.raw.get("service_tier").is_some_and(|json| json.as_ref() != b"null");
        Self { head: head.to_vec(), echo: echo.to_vec(), tier_asked }
    }

    /// Writes the object. `usage` only where the answer is over: a null there sends clients in circles.
    pub(super) fn push(&self, out: &mut BytesMut, state: State<'_>, output: &[Bytes], usage: &Usage) {
        let size: usize = output.iter().map(Bytes::len).sum();
        out.reserve(self.head.len() + self.echo.len() + size + output.len() + 512);
        out.put_slice(&self.head);
        member(out, "status", state.word());
        match state {
            State::Failed(error) => {
                let message = error::told(error);
                member(out, "error", &Failure { code: error::failure_code(error), message: &message });
            }
            _ => raw_member(out, "error", b"null"),
        }
        match state {
            State::Incomplete(reason) => member(out, "incomplete_details", &Incomplete { reason }),
            _ => raw_member(out, "incomplete_details", b"null"),
        }
        out.put_slice(&self.echo);
        out.put_slice(b",\"output\":[");
        for (at, item) in output.iter().enumerate() {
            if at > 0 {
                out.put_u8(b',');
            }
            out.put_slice(item);
        }
        out.put_u8(b']');
        if let Some(tier) = tier(usage, self.tier_asked) {
            member(out, "service_tier", tier);
        }
        match state {
            State::InProgress => raw_member(out, "usage", b"null"),
            _ => member(out, "usage", &Report::from(usage)),
        }
        out.put_u8(b'}');
    }
}

/// JSON without line breaks between its tokens, which would end an event.
pub(super) fn one_line(json: &Bytes) -> Bytes {
    if memchr::memchr2(b'\n', b'\r', json).is_none() {
        return json.clone();
    }
    let value: Value = serde_json::from_slice(json).unwrap_or_default();
    Bytes::from(value.to_string())
}
