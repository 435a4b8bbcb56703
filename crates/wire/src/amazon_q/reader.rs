//! The stream of an answer, read into events.
//!
//! The wire has no end of its own: the answer is complete where the body ends between two frames. Numbers and the stop
//! reason may come in any order before that, so both are told at the end.

use bytes::Bytes;
use llm::{Category, Chunk, Error, Event, StopReason, Wire};

use super::calls::Calls;
use super::ending::Outcome;
use super::exception::read_exception;
use super::lenient::text;
use super::meter::Meter;
use super::payload::{Payload, Words};
use super::piece::Piece;
use super::speech::Speech;
use super::way_back::WayBack;
use crate::FrameReader;
use crate::answer_id::answer_id;
use crate::eventstream::{Decoder, Message};
use crate::undo::Restorer;

/// Reads one answer of GenerateAssistantResponse.
#[derive(Debug)]
pub struct AmazonQReader {
    decoder: Decoder,
    calls: Calls,
    speech: Speech,
    meter: Meter,
    restorer: Restorer,
    id: Option<String>,
    model: Option<String>,
    started: bool,
    /// `stopReason` as it came.
    stop: String,
    /// Empty between two events; kept for its room.
    said: Vec<Event>,
}

impl AmazonQReader {
    /// `request_id` is the upstream's; the answer's id is made of it, because the service gives none.
    #[must_use]
    pub fn new(request_id: Option<&str>, mut back: WayBack) -> Self {
        Self {
            decoder: Decoder::new(),
            calls: Calls::default(),
            speech: Speech::new(&mut back),
            meter: Meter::new(back.context, back.input_estimate),
            restorer: Restorer::new(back.undo),
            id: request_id.map(answer_id),
            model: None,
            started: false,
            stop: String::new(),
            said: Vec::new(),
        }
    }

    fn read(&mut self, message: &Message, out: &mut Vec<Event>) -> Result<(), Error> {
        if let Some(error) = read_exception(message) {
            return Err(error);
        }
        let json = &message.payload;
        match message.event_type() {
            Some("assistantResponseEvent") => {
                let said = Words::read(json)?;
                if self.model.is_none() && !self.started {
                    self.model = Some(text(said.model_id)).filter(|model| !model.is_empty());
                }
                self.say(Piece::Text(said.content), out)?;
            }
            Some("reasoningContentEvent" | "reasoningEvent") => self.think(&Payload::read(json)?, out)?,
            Some("toolUseEvent") => {
                self.calls.fragment(&Payload::read(json)?)?;
                self.release(out);
            }
            Some("messageMetadataEvent") if self.id.is_none() => {
                let id = text(Payload::glance(json).utterance_id);
                self.id = (!id.is_empty()).then(|| answer_id(&id));
            }
            Some("contextUsageEvent") => self.meter.context(&Payload::glance(json)),
            Some("metadataEvent") => {
                let said = Payload::glance(json);
                self.meter.tokens(&said);
                let stop = text(said.stop_reason);
                if !stop.is_empty() {
                    self.stop = stop;
                }
            }
            Some("meteringEvent") => self.meter.credits(&Payload::glance(json)),
            Some("modelTemporarilyUnavailableEvent" | "modelUnavailableEvent") => {
                return Err(unavailable(&Payload::glance(json)));
            }
            Some("invalidStateEvent") => {
                let words = text(Payload::glance(json).message);
                return Err(Error::new(
                    Category::Upstream,
                    format!("The provider ended the answer. {words}"),
                ));
            }
            // Links, licences, citations, prompts to follow, and what nobody knows yet.
            _ => {}
        }
        Ok(())
    }

    fn think(&mut self, said: &Payload<'_>, out: &mut Vec<Event>) -> Result<(), Error> {
        let thought = if said.text.is_some() { text(said.text) } else { text(said.content) };
        self.say(Piece::Thought(thought), out)?;
        self.say(Piece::Signature(text(said.signature)), out)?;
        self.say(Piece::Redacted(text(said.redacted_content)), out)
    }

    /// Says a piece, now or behind the calls that are not complete. An empty one says nothing.
    fn say(&mut self, piece: Piece, out: &mut Vec<Event>) -> Result<(), Error> {
        if let Piece::Text(text) | Piece::Thought(text) | Piece::Signature(text) | Piece::Redacted(text) =
            &piece
            && text.is_empty()
        {
            return Ok(());
        }
        if let Some(piece) = self.calls.pass(piece)? {
            self.speech.say(piece, out);
        }
        Ok(())
    }

    fn release(&mut self, out: &mut Vec<Event>) {
        while let Some(piece) = self.calls.next() {
            self.speech.say(piece, out);
        }
    }

    /// What the events mean to the client; `None` when that is nothing.
    fn chunk(&mut self, said: &mut Vec<Event>) -> Option<Chunk> {
        if said.is_empty() {
            return None;
        }
        let mut events = Vec::with_capacity(said.len() + 1);
        if !self.started {
            self.started = true;
            events.push(Event::Start { id: self.id.take(), model: self.model.take() });
            events.extend(self.meter.first_guess().map(Event::Usage));
        }
        said.drain(..).for_each(|event| self.restorer.event(event, &mut events));
        let content = events
            .iter()
            .any(|event| !matches!(event, Event::Start { .. } | Event::Usage(_) | Event::Stop { .. }));
        (!events.is_empty()).then_some(Chunk { wire: Wire::AmazonQ, events, frame: None, content })
    }

    fn stop_reason(&self) -> Result<(StopReason, Option<String>), Error> {
        if let Some(ours) = self.speech.over()
            && !self.speech.called()
        {
            return Ok(ours.clone());
        }
        let broken = &self.calls.broken;
        let outcome = Outcome {
            word: &self.stop,
            said: self.speech.said(),
            called: self.speech.called(),
            broken: broken.first().map(|name| self.restorer.names().to_client(name)),
        };
        Ok((outcome.stop_reason()?, None))
    }
}

impl FrameReader for AmazonQReader {
    fn push(&mut self, data: Bytes) {
        self.decoder.push(data);
    }

    fn next(&mut self) -> Result<Option<Chunk>, Error> {
        while !self.is_done() {
            let message =
                self.decoder.next().map_err(|error| Error::new(Category::Upstream, error.to_string()))?;
            let Some(message) = message else { break };
            let mut said = std::mem::take(&mut self.said);
            self.read(&message, &mut said)?;
            let chunk = self.chunk(&mut said);
            self.said = said;
            if chunk.is_some() {
                return Ok(chunk);
            }
        }
        Ok(None)
    }

    /// True once a stop sequence was hit or the limit is reached: the service knows of neither.
    fn is_done(&self) -> bool {
        self.speech.over().is_some()
    }

    fn finish(&mut self) -> Result<Option<Chunk>, Error> {
        if !self.is_done() && !self.decoder.is_empty() {
            return Err(Error::new(
                Category::Truncated,
                "The provider closed the stream in the middle of an event.",
            ));
        }
        let mut said = Vec::new();
        self.calls.end();
        self.release(&mut said);
        self.speech.end(&mut said);
        let (reason, sequence) = self.stop_reason()?;
        said.push(Event::Usage(self.meter.usage(self.speech.tokens())));
        said.push(Event::Stop { reason, sequence });
        Ok(self.chunk(&mut said))
    }
}

fn unavailable(said: &Payload<'_>) -> Error {
    let mut words = text(said.message);
    if words.is_empty() {
        "The model is temporarily unavailable.".clone_into(&mut words);
    }
    let other = text(said.recommended_model);
    if !other.is_empty() {
        words = format!("{words} The provider recommends {other}.");
    }
    Error::new(Category::Overloaded, words)
}

#[cfg(test)]
pub(super) mod tests;
