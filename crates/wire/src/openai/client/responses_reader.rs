//! The stream of an upstream that speaks Responses, up to the event that ends the answer.

use std::borrow::Cow;

use bytes::Bytes;
use llm::{Category, Chunk, Error, Event, Frame, StopReason, Usage, Whole, Wire};
use serde::Deserialize;

use super::counters::{Counters, tier};
use super::failure::{self, Words, unreadable};
use crate::FrameReader;
use crate::anthropic::peek;
use crate::openai::text::Text;
use crate::sse::SseParser;

/// The largest event, in bytes: the last one repeats the whole answer.
const LARGEST: usize = 64 * 1024 * 1024;

/// Events that nobody sees.
const QUIET: [&str; 4] = ["response.created", "response.in_progress", "response.queued", "keepalive"];

/// Names that need no copy.
const FREQUENT: [&str; 5] = [
    "response.output_text.delta",
    "response.function_call_arguments.delta",
    "response.custom_tool_call_input.delta",
    "response.reasoning_summary_text.delta",
    "response.reasoning_text.delta",
];

/// Reads one answer. Its frames are for clients of the same wire.
#[derive(Debug)]
pub struct ResponsesReader {
    sse: SseParser,
    /// Tools were called.
    called: bool,
    done: bool,
}

#[derive(Deserialize)]
struct Ended<'a> {
    #[serde(borrow)]
    response: Object<'a>,
}

/// The `response` object, as far as every request needs it.
#[derive(Deserialize)]
struct Object<'a> {
    #[serde(borrow, default)]
    status: Option<Text<'a>>,
    #[serde(default)]
    usage: Option<Counters>,
    #[serde(borrow, default)]
    incomplete_details: Option<Incomplete<'a>>,
    #[serde(borrow, default)]
    service_tier: Option<Text<'a>>,
    #[serde(default)]
    error: Option<Words>,
    #[serde(borrow, default)]
    output: Option<Vec<Item<'a>>>,
}

#[derive(Deserialize)]
struct Incomplete<'a> {
    #[serde(borrow, default)]
    reason: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct Item<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Option<Text<'a>>,
}

impl Object<'_> {
    fn failure(&mut self) -> Option<Error> {
        let failed = self.status.as_ref().is_some_and(|status| status.as_str() == "failed");
        failed.then(|| self.error.take().unwrap_or_default().into_error())
    }

    fn usage(&mut self) -> Usage {
        let usage = self.usage.take().map_or_else(Usage::default, Usage::from);
        Usage { tier: self.service_tier.as_ref().and_then(|word| tier(word.as_str())), ..usage }
    }

    fn stop(&self, called: bool) -> StopReason {
        let incomplete = self.status.as_ref().is_some_and(|status| status.as_str() == "incomplete");
        let reason = self.incomplete_details.as_ref().and_then(|details| details.reason.as_ref());
        match reason.map(Text::as_str) {
            Some("content_filter") => StopReason::Filtered,
            Some(_) => StopReason::MaxTokens,
            None if incomplete => StopReason::MaxTokens,
            None if called || self.calls() => StopReason::ToolUse,
            None => StopReason::EndTurn,
        }
    }

    fn calls(&self) -> bool {
        let mut kinds = self.output.iter().flatten().filter_map(|item| item.kind.as_ref());
        kinds.any(|kind| kind.as_str().ends_with("_call"))
    }
}

impl ResponsesReader {
    #[must_use]
    pub fn new() -> Self {
        Self { sse: SseParser::new(LARGEST), called: false, done: false }
    }

    fn read(&mut self, name: &str, json: Bytes) -> Result<Option<Chunk>, Error> {
        let kind = peek::kind(&json).unwrap_or(name);
        let mut events = Vec::new();
        let mut content = !QUIET.contains(&kind);
        match kind {
            "" => return Ok(None),
            "error" => return Err(failure::read(&json)),
            "response.failed" => {
                let mut ended: Ended<'_> = serde_json::from_slice(&json).map_err(unreadable)?;
                return Err(ended.response.error.take().unwrap_or_default().into_error());
            }
            "response.completed" | "response.incomplete" => {
                let mut ended: Ended<'_> = serde_json::from_slice(&json).map_err(unreadable)?;
                self.done = true;
                content = false;
                events.push(Event::Usage(ended.response.usage()));
                events.push(Event::Stop { reason: ended.response.stop(self.called), sequence: None });
            }
            "response.output_item.added" => {
                let item = peek::member(&json, b"item").and_then(peek::kind);
                self.called |= item.is_some_and(|kind| kind.ends_with("_call"));
            }
            // What cannot be read is not for clients to stumble over.
            kind if kind.ends_with(".delta") => {
                serde_json::from_slice::<serde::de::IgnoredAny>(&json).map_err(unreadable)?;
            }
            _ => {}
        }
        let name = match FREQUENT.iter().find(|known| **known == kind) {
            Some(known) => Cow::Borrowed(*known),
            None => Cow::Owned(kind.to_owned()),
        };
        Ok(Some(Chunk { wire: Wire::OpenAiResponses, events, frame: Some(Frame { name, json }), content }))
    }
}

impl Default for ResponsesReader {
    fn default() -> Self {
        Self::new()
    }
}

impl FrameReader for ResponsesReader {
    fn push(&mut self, data: Bytes) {
        self.sse.push(&data);
    }

    fn next(&mut self) -> Result<Option<Chunk>, Error> {
        while !self.done {
            let Some(event) = self.sse.next()? else { return Ok(None) };
            if event.data.as_ref() == b"[DONE]" {
                continue;
            }
            if let Some(chunk) = self.read(&event.name, event.data)? {
                return Ok(Some(chunk));
            }
        }
        Ok(None)
    }

    fn is_done(&self) -> bool {
        self.done
    }

    fn finish(&mut self) -> Result<Option<Chunk>, Error> {
        if self.done {
            return Ok(None);
        }
        Err(Error::new(Category::Truncated, "Bedrock closed the stream before the answer was complete."))
    }
}

/// Reads what every request needs of an answer in one piece, and keeps its words.
pub(super) fn read_whole(json: Bytes) -> Result<Whole, Error> {
    let mut object: Object<'_> = serde_json::from_slice(&json).map_err(unreadable)?;
    if let Some(error) = object.failure() {
        return Err(error);
    }
    if object.status.is_none() && object.error.is_some() {
        return Err(failure::read(&json));
    }
    let (usage, stop) = (object.usage(), object.stop(false));
    Ok(Whole { wire: Wire::OpenAiResponses, json, usage, stop: Some(stop) })
}
