//! The stream of ConverseStream, read into events.
//!
//! Blocks are re-numbered: upstream indexes may have gaps, text and thoughts come without a start, and a stop may be
//! missing. The end is `metadata`, which brings the usage, and not `messageStop`.

use bytes::Bytes;
use llm::{Category, Chunk, Error, Event, Opening, StopReason, Usage, Wire};
use serde::Deserialize;
use serde_json::{Value, json};

use super::citation::Citation;
use super::usage::{Counters, ServiceTier};
use crate::FrameReader;
use crate::answer_id::answer_id;
use crate::bedrock::read_exception;
use crate::eventstream::{Decoder, Message};
use crate::undo::{Restorer, Undo};

/// Reads one ConverseStream answer.
#[derive(Debug)]
pub struct ConverseReader {
    decoder: Decoder,
    restorer: Restorer,
    id: Option<String>,
    started: bool,
    blocks: Blocks,
    stop: Option<Stop>,
    done: bool,
}

#[derive(Debug)]
struct Stop {
    reason: StopReason,
    sequence: Option<String>,
}

impl ConverseReader {
    /// `request_id` is the upstream's; the answer's id is made of it, because Converse gives none.
    #[must_use]
    pub fn new(request_id: Option<&str>, undo: Undo) -> Self {
        Self {
            decoder: Decoder::new(),
            restorer: Restorer::new(undo),
            id: request_id.map(answer_id),
            started: false,
            blocks: Blocks::default(),
            stop: None,
            done: false,
        }
    }

    fn read(&mut self, message: &Message) -> Result<Vec<Event>, Error> {
        if let Some(error) = read_exception(message) {
            return Err(error);
        }
        let mut events = Vec::new();
        if !self.started {
            self.started = true;
            events.push(Event::Start { id: self.id.take(), model: None });
        }
        let json = &message.payload;
        match message.event_type() {
            Some("contentBlockStart") => self.blocks.start(parse(json)?, &mut events),
            Some("contentBlockDelta") => self.blocks.delta(parse(json)?, &mut events),
            Some("contentBlockStop") => self.blocks.stop(parse(json)?, &mut events),
            Some("messageStop") => {
                let stop: MessageStop = parse(json)?;
                self.blocks.close(&mut events);
                self.stop = Some(Stop {
                    reason: self.blocks.stop_reason(&stop.stop_reason)?,
                    sequence: stop.stop_sequence(),
                });
            }
            Some("metadata") => {
                let metadata: Metadata = parse(json)?;
                let tier = metadata.service_tier.as_ref().and_then(ServiceTier::tier);
                events.push(Event::Usage(Usage { tier, ..metadata.usage.into() }));
                if let Some(Stop { reason, sequence }) = self.stop.take() {
                    self.done = true;
                    events.push(Event::Stop { reason, sequence });
                }
            }
            _ => {}
        }
        Ok(events)
    }
}

impl FrameReader for ConverseReader {
    fn push(&mut self, data: Bytes) {
        self.decoder.push(data);
    }

    fn next(&mut self) -> Result<Option<Chunk>, Error> {
        loop {
            let message =
                self.decoder.next().map_err(|error| Error::new(Category::Upstream, error.to_string()))?;
            let Some(message) = message else { return Ok(None) };
            let mut events = Vec::new();
            for event in self.read(&message)? {
                self.restorer.event(event, &mut events);
            }
            if !events.is_empty() {
                let content = events.iter().any(|event| {
                    !matches!(event, Event::Start { .. } | Event::Usage(_) | Event::Stop { .. })
                });
                return Ok(Some(Chunk { wire: Wire::BedrockConverse, events, frame: None, content }));
            }
        }
    }

    fn finish(&mut self) -> Result<Option<Chunk>, Error> {
        if self.done && self.decoder.is_empty() {
            Ok(None)
        } else {
            Err(Error::new(Category::Truncated, "Bedrock closed the stream before the answer was complete."))
        }
    }
}

fn parse<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Result<T, Error> {
    let unreadable = |error: &dyn std::fmt::Display| {
        Error::new(Category::Upstream, format!("Bedrock sent an event we cannot read: {error}"))
    };
    // Looked through once, and not string by string.
    let json = std::str::from_utf8(json).map_err(|error| unreadable(&error))?;
    serde_json::from_str(json).map_err(|error| unreadable(&error))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BlockStart {
    content_block_index: u64,
    #[serde(default)]
    start: Start,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Start {
    tool_use: Option<ToolStart>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ToolStart {
    tool_use_id: String,
    name: String,
    #[serde(rename = "type")]
    kind: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BlockDelta {
    content_block_index: u64,
    delta: Delta,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Delta {
    text: Option<String>,
    reasoning_content: Option<ReasoningDelta>,
    tool_use: Option<ToolDelta>,
    citation: Option<Citation>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ReasoningDelta {
    text: Option<String>,
    signature: Option<String>,
    redacted_content: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ToolDelta {
    input: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BlockStop {
    content_block_index: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MessageStop {
    stop_reason: String,
    #[serde(default)]
    additional_model_response_fields: Value,
}

impl MessageStop {
    fn stop_sequence(&self) -> Option<String> {
        self.additional_model_response_fields.get("stop_sequence")?.as_str().map(str::to_owned)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    #[serde(default)]
    usage: Counters,
    #[serde(default)]
    service_tier: Option<ServiceTier>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    Text,
    Thinking,
    Tool,
}

/// The one block that is open. `theirs` is the upstream's index, `index` ours.
#[derive(Clone, Copy, Debug)]
struct Open {
    theirs: u64,
    index: u32,
    sort: Sort,
}

/// Numbers blocks as they open.
#[derive(Debug, Default)]
struct Blocks {
    next: u32,
    open: Option<Open>,
    said_text: bool,
    called_tool: bool,
}

impl Blocks {
    fn open(&mut self, theirs: u64, sort: Sort, block: Opening, events: &mut Vec<Event>) -> u32 {
        self.close(events);
        let index = self.next;
        self.next += 1;
        self.open = Some(Open { theirs, index, sort });
        events.push(Event::BlockStart { index, block });
        index
    }

    fn close(&mut self, events: &mut Vec<Event>) {
        if let Some(Open { index, .. }) = self.open.take() {
            events.push(Event::BlockEnd { index });
        }
    }

    /// The open block of that index and sort, opened if need be. `None` when a tool's block is open there: words do
    /// not belong into arguments.
    fn block(&mut self, theirs: u64, sort: Sort, events: &mut Vec<Event>) -> Option<u32> {
        match self.open {
            Some(open) if open.theirs == theirs && open.sort == sort => Some(open.index),
            Some(open) if open.theirs == theirs && open.sort == Sort::Tool => None,
            _ => {
                let block = if sort == Sort::Thinking { Opening::Thinking } else { Opening::Text };
                Some(self.open(theirs, sort, block, events))
            }
        }
    }

    fn start(&mut self, start: BlockStart, events: &mut Vec<Event>) {
        // Other starts name a kind whose deltas say all there is to know.
        let Some(ToolStart { tool_use_id: id, name, kind }) = start.start.tool_use else { return };
        let block = if kind.as_deref() == Some("server_tool_use") {
            let value = json!({"type": "server_tool_use", "id": id, "name": name, "input": {}});
            Opening::Opaque { wire: Wire::AnthropicMessages, value }
        } else {
            self.called_tool = true;
            Opening::ToolUse { id, name }
        };
        self.open(start.content_block_index, Sort::Tool, block, events);
    }

    fn delta(&mut self, delta: BlockDelta, events: &mut Vec<Event>) {
        let BlockDelta { content_block_index: theirs, delta } = delta;
        if let Some(text) = delta.text {
            self.text(theirs, text, events);
        }
        if let Some(reasoning) = delta.reasoning_content {
            self.reasoning(theirs, reasoning, events);
        }
        if let Some(ToolDelta { input }) = delta.tool_use
            && let Some(open) = self.open
            && (open.theirs, open.sort) == (theirs, Sort::Tool)
            && !input.is_empty()
        {
            events.push(Event::ToolInputDelta { index: open.index, json: input });
        }
        if let Some(citation) = delta.citation.and_then(Citation::into_anthropic)
            && let Some(index) = self.block(theirs, Sort::Text, events)
        {
            events.push(Event::Citation { index, citation });
        }
    }

    fn text(&mut self, theirs: u64, text: String, events: &mut Vec<Event>) {
        if text.is_empty() {
            // Says no more than that the block before is over.
            if self.open.is_some_and(|open| open.theirs != theirs) {
                self.close(events);
            }
        } else if let Some(index) = self.block(theirs, Sort::Text, events) {
            self.said_text = true;
            events.push(Event::TextDelta { index, text });
        }
    }

    fn reasoning(&mut self, theirs: u64, reasoning: ReasoningDelta, events: &mut Vec<Event>) {
        if let Some(text) = reasoning.text.filter(|text| !text.is_empty())
            && let Some(index) = self.block(theirs, Sort::Thinking, events)
        {
            events.push(Event::ThinkingDelta { index, text });
        }
        if let Some(signature) = reasoning.signature.filter(|signature| !signature.is_empty())
            && let Some(index) = self.block(theirs, Sort::Thinking, events)
        {
            events.push(Event::SignatureDelta { index, signature });
        }
        if let Some(data) = reasoning.redacted_content {
            self.open(theirs, Sort::Thinking, Opening::RedactedThinking { data }, events);
            self.close(events);
        }
    }

    fn stop(&mut self, stop: BlockStop, events: &mut Vec<Event>) {
        if self.open.is_some_and(|open| open.theirs == stop.content_block_index) {
            self.close(events);
        }
    }

    fn stop_reason(&self, word: &str) -> Result<StopReason, Error> {
        stop_reason(word, self.said_text, self.called_tool)
    }
}

/// The stop reason with what Bedrock gets wrong put right: small open models call a tool and say `end_turn`; a
/// malformed answer is an error when there is nothing to show for it.
pub(super) fn stop_reason(word: &str, said_text: bool, called_tool: bool) -> Result<StopReason, Error> {
    match StopReason::parse(word) {
        StopReason::EndTurn if called_tool => Ok(StopReason::ToolUse),
        StopReason::Malformed if !said_text => Err(Error::new(
            Category::Upstream,
            format!("The model produced an answer that Bedrock could not read ({word})."),
        )),
        reason => Ok(reason),
    }
}
