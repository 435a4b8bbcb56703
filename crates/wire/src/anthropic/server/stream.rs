//! A streamed answer: `event: NAME`, `data: JSON`, blank line.
//!
//! Frames of this very wire go out as they came. Events of other wires become a sequence that every client
//! accepts: blocks one after the other, numbered from 0 without gaps, tool arguments only as deltas, usage in
//! numbers at both ends.

mod frames;

use std::collections::VecDeque;

use bytes::BytesMut;
use llm::{Category, Chunk, Error, Event, Opening, StopReason, Usage, Wire};
use serde_json::{Value, json};

use super::super::{UNSIGNED, surgery};
use super::error;
use crate::{ChunkWriter, Stamp};
use frames::{Delta, MessageDelta, Opened, Start, delta, put, put_raw};

/// Our id of an answer, unless the upstream gave one in Anthropic's form.
pub(super) fn answer_id(given: Option<&str>, stamp: Stamp) -> String {
    match given {
        Some(id) if id.starts_with("msg_") => id.to_owned(),
        _ => format!("msg_{:032x}", stamp.id),
    }
}

/// The word for why the answer ended. Small models say "end of turn" after a tool call, or nothing; clients run
/// tools only on `tool_use`.
pub(super) fn stop_word(reason: Option<&StopReason>, tools: bool) -> &str {
    match reason {
        None | Some(StopReason::EndTurn) if tools => StopReason::ToolUse.anthropic(),
        None => StopReason::EndTurn.anthropic(),
        Some(reason) => reason.anthropic(),
    }
}

/// The block that is being written.
struct Current {
    /// Its index in the events.
    theirs: u32,
    kind: Kind,
}

enum Kind {
    Text,
    Thinking {
        signed: bool,
    },
    Tool {
        input: bool,
    },
    /// Written as it opened; takes only this wire's own deltas.
    Other,
    /// The same of a call that is not the client's to run, with its arguments.
    Call,
    /// Another wire's own: nothing of it is written.
    Skipped,
}

/// Writes one answer.
pub(super) struct Writer {
    model: String,
    stamp: Stamp,
    started: bool,
    /// An end or an error was written: nothing may follow.
    ended: bool,
    /// `message_start` went out as a frame and no ping since.
    ping_due: bool,
    /// Frames went out, so the upstream's own end goes out too.
    framed: bool,
    current: Option<Current>,
    next_index: u32,
    /// Events of blocks that opened while another was open.
    waiting: VecDeque<Event>,
    tools: bool,
    usage: Usage,
    stop: Option<StopReason>,
    stop_sequence: Option<String>,
}

impl Writer {
    pub(super) fn new(model: String, stamp: Stamp) -> Self {
        Self {
            model,
            stamp,
            started: false,
            ended: false,
            ping_due: false,
            framed: false,
            current: None,
            next_index: 0,
            waiting: VecDeque::new(),
            tools: false,
            usage: Usage::default(),
            stop: None,
            stop_sequence: None,
        }
    }

    fn frame(&mut self, frame: &llm::Frame, out: &mut BytesMut) {
        self.framed = true;
        match &*frame.name {
            "ping" => self.ping_due = false,
            _ => self.ping_if_due(out),
        }
        match &*frame.name {
            "message_start" => {
                self.started = true;
                self.ping_due = true;
                put_raw(out, &frame.name, &surgery::name_started(&frame.json, &self.model));
            }
            name => {
                self.ended |= name == "message_stop";
                put_raw(out, name, &frame.json);
            }
        }
    }

    fn ping_if_due(&mut self, out: &mut BytesMut) {
        if self.ping_due {
            self.ping(out);
        }
    }

    fn start(&mut self, id: Option<&str>, out: &mut BytesMut) {
        if self.started {
            return;
        }
        self.started = true;
        let id = answer_id(id, self.stamp);
        put(out, "message_start", &Start::new(&id, &self.model, &self.usage));
        self.ping(out);
    }

    fn event(&mut self, event: &Event, out: &mut BytesMut) {
        match event {
            Event::Start { id, .. } => self.start(id.as_deref(), out),
            // Taken before, so that a start in the same chunk shows them.
            Event::Usage(_) => {}
            Event::Stop { reason, sequence } => {
                self.stop = Some(reason.clone());
                self.stop_sequence.clone_from(sequence);
            }
            Event::Opaque { wire, value } => {
                if *wire == Wire::AnthropicMessages {
                    self.start(None, out);
                    match index_of(event) {
                        Some(index) => self.block(index, event, out),
                        None => put(out, value.get("type").and_then(Value::as_str).unwrap_or(""), value),
                    }
                }
            }
            _ => {
                self.start(None, out);
                if let Some(index) = index_of(event) {
                    self.block(index, event, out);
                }
            }
        }
    }

    /// Writes a block's event, or keeps it until the open block is complete: clients that hold one block at a
    /// time would mix them up.
    fn block(&mut self, index: u32, event: &Event, out: &mut BytesMut) {
        if self.current.as_ref().is_some_and(|current| current.theirs != index) {
            self.waiting.push_back(event.clone());
            return;
        }
        match event {
            Event::BlockStart { block, .. } => {
                self.close(out);
                self.open(index, block, out);
            }
            Event::BlockEnd { .. } => self.close(out),
            _ => self.piece(index, event, out),
        }
        if self.current.is_none() && !self.waiting.is_empty() {
            for event in std::mem::take(&mut self.waiting) {
                if let Some(index) = index_of(&event) {
                    self.block(index, &event, out);
                }
            }
        }
    }

    fn open(&mut self, theirs: u32, block: &Opening, out: &mut BytesMut) {
        let (kind, content) = match block {
            Opening::Text => (Kind::Text, Opened::Text { text: "" }),
            Opening::Thinking => {
                (Kind::Thinking { signed: false }, Opened::Thinking { thinking: "", signature: "" })
            }
            Opening::RedactedThinking { data } => (Kind::Other, Opened::RedactedThinking { data }),
            Opening::ToolUse { id, name } => {
                self.tools = true;
                (Kind::Tool { input: false }, Opened::ToolUse { id, name, input: json!({}) })
            }
            Opening::Opaque { wire: Wire::AnthropicMessages, value } => {
                let event =
                    json!({"type": "content_block_start", "index": self.next_index, "content_block": value});
                put(out, "content_block_start", &event);
                let kind = if value.get("input").is_some() { Kind::Call } else { Kind::Other };
                self.current = Some(Current { theirs, kind });
                return;
            }
            Opening::Opaque { .. } => {
                self.current = Some(Current { theirs, kind: Kind::Skipped });
                return;
            }
        };
        put(out, "content_block_start", &content.at(self.next_index));
        self.current = Some(Current { theirs, kind });
    }

    fn piece(&mut self, theirs: u32, event: &Event, out: &mut BytesMut) {
        if self.current.is_none() {
            // Text and thinking that nobody announced are shown all the same.
            match event {
                Event::TextDelta { text, .. } if !text.is_empty() => self.open(theirs, &Opening::Text, out),
                Event::ThinkingDelta { text, .. } if !text.is_empty() => {
                    self.open(theirs, &Opening::Thinking, out)
                }
                _ => return,
            }
        }
        let index = self.next_index;
        let Some(current) = &mut self.current else { return };
        match (&mut current.kind, event) {
            (Kind::Text, Event::TextDelta { text, .. }) if !text.is_empty() => {
                delta(out, index, &Delta::Text(text));
            }
            (Kind::Text, Event::Citation { citation, .. }) => delta(out, index, &Delta::Citation(citation)),
            (Kind::Thinking { .. }, Event::ThinkingDelta { text, .. }) if !text.is_empty() => {
                delta(out, index, &Delta::Thinking(text));
            }
            (Kind::Thinking { signed }, Event::SignatureDelta { signature, .. }) if !signature.is_empty() => {
                *signed = true;
                delta(out, index, &Delta::Signature(signature));
            }
            (Kind::Tool { input }, Event::ToolInputDelta { json, .. }) if !json.is_empty() => {
                *input |= !json.trim().is_empty();
                delta(out, index, &Delta::InputJson(json));
            }
            (Kind::Call, Event::ToolInputDelta { json, .. }) => delta(out, index, &Delta::InputJson(json)),
            (
                Kind::Other | Kind::Call | Kind::Text | Kind::Tool { .. } | Kind::Thinking { .. },
                Event::Opaque { value, .. },
            ) => {
                let mut event = value.clone();
                event["index"] = index.into();
                put(out, value.get("type").and_then(Value::as_str).unwrap_or(""), &event);
            }
            _ => {}
        }
    }

    fn close(&mut self, out: &mut BytesMut) {
        let Some(current) = self.current.take() else { return };
        let index = self.next_index;
        match current.kind {
            Kind::Skipped => return,
            Kind::Thinking { signed: false } => delta(out, index, &Delta::Signature(UNSIGNED)),
            Kind::Tool { input: false } => delta(out, index, &Delta::InputJson("{}")),
            _ => {}
        }
        put(out, "content_block_stop", &json!({"type": "content_block_stop", "index": index}));
        self.next_index += 1;
    }
}

/// The block an event belongs to.
fn index_of(event: &Event) -> Option<u32> {
    match event {
        Event::BlockStart { index, .. }
        | Event::TextDelta { index, .. }
        | Event::ThinkingDelta { index, .. }
        | Event::SignatureDelta { index, .. }
        | Event::ToolInputDelta { index, .. }
        | Event::Citation { index, .. }
        | Event::BlockEnd { index } => Some(*index),
        Event::Opaque { value, .. } => value.get("index").and_then(Value::as_u64)?.try_into().ok(),
        Event::Start { .. } | Event::Usage(_) | Event::Stop { .. } => None,
    }
}

impl ChunkWriter for Writer {
    fn write(&mut self, chunk: &Chunk, out: &mut BytesMut) {
        if self.ended {
            return;
        }
        match &chunk.frame {
            Some(frame) if chunk.wire == Wire::AnthropicMessages => self.frame(frame, out),
            _ => {
                for event in &chunk.events {
                    if let Event::Usage(usage) = event {
                        self.usage.merge(usage);
                    }
                }
                for event in &chunk.events {
                    self.event(event, out);
                }
            }
        }
    }

    fn ping(&mut self, out: &mut BytesMut) {
        self.ping_due = false;
        out.extend_from_slice(b"event: ping\ndata: {\"type\":\"ping\"}\n\n");
    }

    fn finish(&mut self, out: &mut BytesMut) {
        if self.ended || self.framed {
            return;
        }
        self.start(None, out);
        while self.current.is_some() {
            self.close(out);
            for event in std::mem::take(&mut self.waiting) {
                if let Some(index) = index_of(&event) {
                    self.block(index, &event, out);
                }
            }
        }
        if self.stop == Some(StopReason::Malformed) && self.next_index == 0 {
            let failed = Error::new(Category::Upstream, "The model produced output that cannot be read.");
            self.error(&failed, out);
            return;
        }
        self.ended = true;
        let word = stop_word(self.stop.as_ref(), self.tools);
        let sequence = self.stop_sequence.as_deref().filter(|_| self.stop == Some(StopReason::StopSequence));
        put(out, "message_delta", &MessageDelta::new(word, sequence, &self.usage));
        put(out, "message_stop", &json!({"type": "message_stop"}));
    }

    fn error(&mut self, error: &Error, out: &mut BytesMut) {
        if self.ended {
            return;
        }
        self.ended = true;
        let request_id = error.upstream.as_ref().and_then(|said| said.request_id.as_deref());
        put(out, "error", &error::Body::new(error, request_id));
    }
}

#[cfg(test)]
mod tests;
