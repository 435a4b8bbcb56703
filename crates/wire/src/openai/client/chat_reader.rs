//! The stream of an upstream that speaks Chat Completions: chunks in server-sent events, up to `[DONE]`.

use std::borrow::Cow;

use bytes::Bytes;
use llm::{Category, Chunk, Error, Event, Frame, StopReason, Usage, Wire};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::Manner;
use super::counters::{Counters, tier};
use super::events::{Blocks, own_id};
use super::failure::{self, unreadable};
use super::tags::{Tags, Told};
use crate::openai::text::Text;
use crate::sse::SseParser;
use crate::{Detail, FrameReader};

/// The largest chunk, in bytes: the arguments of a call may come in one.
const LARGEST: usize = 16 * 1024 * 1024;

/// Reads one answer.
#[derive(Debug)]
pub struct ChatReader {
    sse: SseParser,
    detail: Detail,
    manner: Manner,
    tags: Tags,
    blocks: Blocks,
    /// Tells this answer from others, once something does.
    seed: Option<String>,
    started: bool,
    /// A finish reason came.
    finished: bool,
    done: bool,
}

#[derive(Deserialize)]
struct Piece<'a> {
    #[serde(borrow, default)]
    id: Option<Text<'a>>,
    #[serde(borrow, default)]
    model: Option<Text<'a>>,
    #[serde(borrow, default)]
    choices: Option<Vec<Choice<'a>>>,
    #[serde(default)]
    usage: Option<Counters>,
    #[serde(borrow, default)]
    service_tier: Option<Text<'a>>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(borrow, default)]
    delta: Option<Spoken<'a>>,
    #[serde(borrow, default)]
    finish_reason: Option<Text<'a>>,
}

/// A message or a piece of one.
#[derive(Default, Deserialize)]
pub(super) struct Spoken<'a> {
    #[serde(borrow, default)]
    content: Option<Text<'a>>,
    #[serde(borrow, default)]
    refusal: Option<Text<'a>>,
    #[serde(borrow, default)]
    reasoning_content: Option<Text<'a>>,
    #[serde(borrow, default)]
    reasoning: Option<Text<'a>>,
    #[serde(borrow, default)]
    tool_calls: Option<Vec<Call<'a>>>,
}

#[derive(Deserialize)]
struct Call<'a> {
    #[serde(default)]
    index: Option<u32>,
    #[serde(borrow, default)]
    id: Option<Text<'a>>,
    #[serde(borrow, default)]
    function: Option<Function<'a>>,
}

#[derive(Deserialize)]
struct Function<'a> {
    #[serde(borrow, default)]
    name: Option<Text<'a>>,
    #[serde(borrow, default)]
    arguments: Option<Text<'a>>,
}

impl Spoken<'_> {
    /// True for what a person or a tool would see.
    fn says(&self) -> bool {
        let full = |text: &Option<Text<'_>>| text.as_ref().is_some_and(|text| !text.as_str().is_empty());
        full(&self.content)
            || full(&self.refusal)
            || full(&self.reasoning_content)
            || full(&self.reasoning)
            || self.tool_calls.as_ref().is_some_and(|calls| !calls.is_empty())
    }

    /// What it means, in order. `seed` tells this answer from others.
    pub(super) fn events(
        self,
        seed: &str,
        manner: Manner,
        tags: &mut Tags,
        blocks: &mut Blocks,
        out: &mut Vec<Event>,
    ) {
        let owned = |text: Option<Text<'_>>| text.map(Text::into_owned).unwrap_or_default();
        blocks.think(owned(self.reasoning_content.or(self.reasoning)), out);
        let content = owned(self.content);
        let Told { thought, said } = match manner.tagged {
            true => tags.push(&content),
            false => Told { thought: String::new(), said: content },
        };
        blocks.think(thought, out);
        blocks.say(said, out);
        blocks.say(owned(self.refusal), out);
        for (at, call) in self.tool_calls.into_iter().flatten().enumerate() {
            let number = call.index.unwrap_or(u32::try_from(at).unwrap_or(u32::MAX));
            let function = call.function;
            let name = function.as_ref().and_then(|function| function.name.as_ref()).map(Text::as_str);
            if !blocks.calls(number) {
                let Some(name) = name else { continue };
                if manner.tagged {
                    let told = tags.finish();
                    blocks.think(told.thought, out);
                    blocks.say(told.said, out);
                }
                let id = call.id.as_ref().map_or("", Text::as_str);
                let id = own_id(id, seed, blocks.called());
                blocks.call(number, id, name.to_owned(), out);
            }
            blocks.input(number, owned(function.and_then(|function| function.arguments)), out);
        }
    }
}

/// Why the model stopped, of OpenAI's words.
pub(super) fn stop(word: &str) -> StopReason {
    match word {
        "stop" => StopReason::EndTurn,
        "length" => StopReason::MaxTokens,
        "tool_calls" | "function_call" => StopReason::ToolUse,
        "content_filter" => StopReason::Filtered,
        other => StopReason::Other(other.to_owned()),
    }
}

impl ChatReader {
    /// Answers in a manner of their own are read in full whatever `detail` says. `request_id` is the upstream's.
    #[must_use]
    pub fn new(detail: Detail, manner: Manner, request_id: Option<&str>) -> Self {
        Self {
            sse: SseParser::new(LARGEST),
            detail: if manner == Manner::default() { detail } else { Detail::Full },
            manner,
            tags: Tags::default(),
            blocks: Blocks::default(),
            seed: request_id.map(str::to_owned),
            started: false,
            finished: false,
            done: false,
        }
    }

    fn read(&mut self, json: Bytes) -> Result<Option<Chunk>, Error> {
        let piece: Piece<'_> = serde_json::from_slice(&json).map_err(unreadable)?;
        if piece.error.is_some_and(|error| error.get() != "null") {
            return Err(failure::read(&json));
        }
        let mut events = Vec::new();
        let mut content = false;
        let full = self.detail == Detail::Full;
        if full && !self.started {
            self.started = true;
            let text = |text: &Option<Text<'_>>| text.as_ref().map(|text| text.as_str().to_owned());
            if self.seed.is_none() {
                self.seed = text(&piece.id);
            }
            events.push(Event::Start { id: text(&piece.id), model: text(&piece.model) });
        }
        let mut stopped = None;
        for choice in piece.choices.into_iter().flatten().take(1) {
            let delta = choice.delta.unwrap_or_default();
            content |= delta.says();
            if full {
                let seed = self.seed.as_deref().unwrap_or_default();
                delta.events(seed, self.manner, &mut self.tags, &mut self.blocks, &mut events);
            }
            stopped = choice.finish_reason.map(|word| stop(word.as_str()));
        }
        if let Some(reason) = stopped {
            self.finished = true;
            if full {
                self.close(&mut events);
            }
            events.push(Event::Stop { reason, sequence: None });
        }
        if let Some(counters) = piece.usage {
            let mut usage = Usage::from(counters);
            usage.tier = piece.service_tier.as_ref().and_then(|word| tier(word.as_str()));
            events.push(Event::Usage(usage));
        }
        if full && events.is_empty() {
            return Ok(None);
        }
        let frame = (!full).then(|| Frame { name: Cow::Borrowed(""), json });
        Ok(Some(Chunk { wire: Wire::OpenAiChat, events, frame, content }))
    }

    fn close(&mut self, out: &mut Vec<Event>) {
        let Told { thought, said } = self.tags.finish();
        self.blocks.think(thought, out);
        self.blocks.say(said, out);
        self.blocks.close(out);
    }
}

impl FrameReader for ChatReader {
    fn push(&mut self, data: Bytes) {
        self.sse.push(&data);
    }

    fn next(&mut self) -> Result<Option<Chunk>, Error> {
        while !self.done {
            let Some(event) = self.sse.next()? else { return Ok(None) };
            if event.data.as_ref() == b"[DONE]" {
                self.done = true;
            } else if event.name == "error" {
                return Err(failure::read(&event.data));
            } else if let Some(chunk) = self.read(event.data)? {
                return Ok(Some(chunk));
            }
        }
        Ok(None)
    }

    fn is_done(&self) -> bool {
        self.done
    }

    fn finish(&mut self) -> Result<Option<Chunk>, Error> {
        // Some servers leave the mark out; an answer that said why it stopped is whole without it.
        if self.done || (self.finished && self.sse.is_idle()) {
            return Ok(None);
        }
        Err(Error::new(Category::Truncated, "Bedrock closed the stream before the answer was complete."))
    }
}
