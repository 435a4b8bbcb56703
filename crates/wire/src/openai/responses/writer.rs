//! Answers, streamed and in one piece.

use bytes::{BufMut, Bytes, BytesMut};
use llm::{Answer, Category, Chunk, Error, Event, Frame as Said, Opening, Request, StopReason, Wire};

use super::compaction;
use super::conversation::ends_in_trigger;
use super::directory::Directory;
use super::frames::Own;
use super::object::{Frame, State};
use super::output::{Begin, Output};
use crate::openai::line::PING;
use crate::{ChunkWriter, Stamp};

/// Writes the events of one answer. The end waits for the upstream's own, because counters may follow the stop reason and
/// an error may follow both.
#[derive(Debug)]
pub(super) struct ResponseWriter {
    output: Output,
    stop: Option<StopReason>,
    /// The text so far, where the answer is a summary of the conversation and is given as one item.
    summary: Option<String>,
    own: Own,
    /// The event that ends an answer of an upstream with this wire. It waits for the upstream's own end.
    last: Option<Said>,
    started: bool,
    over: bool,
}

impl ResponseWriter {
    pub(super) fn new(asked: &Request, stamp: Stamp) -> Self {
        let compact = asked.raw.get("input").is_some_and(|input| ends_in_trigger(input));
        let frame = Frame::new(asked, stamp);
        Self {
            output: Output::new(frame, Directory::of(&asked.raw), asked.model.clone(), stamp),
            stop: None,
            summary: compact.then(String::new),
            own: Own::new(asked, stamp),
            last: None,
            started: false,
            over: false,
        }
    }

    /// An answer in one piece: a stream that nobody hears.
    pub(super) fn answered(mut self, answer: &Answer) -> Bytes {
        match self.hear(answer) {
            Ok(state) => self.output.object(state),
            Err(error) => self.output.object(State::Failed(&error)),
        }
    }

    /// A conversation in short, with the words of its user. A summary that came to nothing is told as a failed answer.
    pub(super) fn compacted(mut self, asked: &Request, answer: &Answer, stamp: Stamp) -> Bytes {
        match self.hear(answer) {
            Ok(_) => compaction::object(asked, &self.output.done(), &self.output.usage, stamp),
            Err(error) => self.output.object(State::Failed(&error)),
        }
    }

    fn hear(&mut self, answer: &Answer) -> Result<State<'static>, Error> {
        let mut unheard = BytesMut::new();
        for event in llm::replay(answer) {
            self.event(&event, &mut unheard);
            unheard.clear();
        }
        self.conclude(&mut unheard)
    }

    fn start(&mut self, out: &mut BytesMut) {
        if !std::mem::replace(&mut self.started, true) {
            self.output.tell("response.created", State::InProgress, out);
            self.output.tell("response.in_progress", State::InProgress, out);
        }
    }

    /// The upstream's own words. Should it fail, the numbers go on where it broke off.
    fn frame(&mut self, frame: &Said, out: &mut BytesMut) {
        self.started = true;
        if matches!(&*frame.name, "response.completed" | "response.incomplete") {
            self.last = Some(frame.clone());
            return;
        }
        self.output.events.pass();
        self.own.event(frame, out);
    }

    fn event(&mut self, event: &Event, out: &mut BytesMut) {
        self.start(out);
        match event {
            Event::Usage(usage) => self.output.usage.merge(usage),
            Event::Stop { reason, .. } => self.stop = Some(reason.clone()),
            Event::TextDelta { text, .. } if self.summary.is_some() => {
                if let Some(summary) = &mut self.summary {
                    summary.push_str(text);
                }
            }
            _ if self.summary.is_some() => {}
            Event::TextDelta { text, .. } => self.output.say(text, out),
            Event::Citation { citation, .. } => self.output.cite(citation),
            Event::ThinkingDelta { index, text } => self.output.think(*index, text, out),
            Event::SignatureDelta { index, signature } => self.output.sign(*index, signature),
            Event::ToolInputDelta { index, json } => self.output.input(*index, json, out),
            Event::BlockStart { index, block } => match block {
                Opening::Text => self.output.begin_text(),
                Opening::Thinking => self.output.begin(*index, Begin::Thinking, out),
                Opening::RedactedThinking { data } => {
                    self.output.begin(*index, Begin::Redacted(data), out);
                }
                Opening::ToolUse { id, name } => {
                    self.output.begin(*index, Begin::Call { id, name }, out);
                }
                Opening::Opaque { .. } => {}
            },
            Event::BlockEnd { index } => self.output.end(*index, out),
            // What only another wire knows has no place here.
            Event::Start { .. } | Event::Opaque { .. } => {}
        }
    }

    /// Ends all items and says how the answer ended.
    fn conclude(&mut self, out: &mut BytesMut) -> Result<State<'static>, Error> {
        let state = match &self.stop {
            Some(StopReason::MaxTokens | StopReason::ContextWindow) => State::Incomplete("max_output_tokens"),
            Some(StopReason::Refusal | StopReason::Filtered) => State::Incomplete("content_filter"),
            _ => State::Completed,
        };
        match self.summary.take() {
            Some(summary) if summary.trim().is_empty() => {
                return Err(Error::new(Category::Upstream, "The model did not sum up the conversation."));
            }
            Some(summary) => self.output.sum_up(&summary, out),
            None => self.output.close_all(matches!(state, State::Incomplete(_)), out),
        }
        Ok(state)
    }
}

/// The name of the event that ends an answer.
const fn last_event(state: State<'_>) -> &'static str {
    match state {
        State::Incomplete(_) => "response.incomplete",
        State::Failed(_) => "response.failed",
        State::Completed | State::InProgress => "response.completed",
    }
}

impl ChunkWriter for ResponseWriter {
    fn write(&mut self, chunk: &Chunk, out: &mut BytesMut) {
        if self.over {
            return;
        }
        match &chunk.frame {
            Some(frame) if chunk.wire == Wire::OpenAiResponses => self.frame(frame, out),
            _ => {
                for event in &chunk.events {
                    self.event(event, out);
                }
            }
        }
    }

    fn ping(&mut self, out: &mut BytesMut) {
        if !self.over {
            out.put_slice(PING);
        }
    }

    fn finish(&mut self, out: &mut BytesMut) {
        if std::mem::replace(&mut self.over, true) {
            return;
        }
        if let Some(last) = self.last.take() {
            self.own.event(&last, out);
            return;
        }
        self.start(out);
        match self.conclude(out) {
            Ok(state) => self.output.tell(last_event(state), state, out),
            Err(error) => self.output.tell("response.failed", State::Failed(&error), out),
        }
    }

    fn error(&mut self, error: &Error, out: &mut BytesMut) {
        if std::mem::replace(&mut self.over, true) {
            return;
        }
        // Clients read the failure out of an answer, so there must be one.
        self.start(out);
        self.output.tell("response.failed", State::Failed(error), out);
    }
}
