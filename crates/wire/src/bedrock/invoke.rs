//! The stream of InvokeModelWithResponseStream: Anthropic events in base64 in JSON in event-stream frames.
//!
//! What reaches a client of the same wire is the event's own JSON, byte for byte, with two exceptions: Bedrock's
//! metrics on `message_stop` go, and counters that `message_delta` leaves out are filled in.

pub(super) mod ending;
mod envelope;

#[cfg(test)]
mod tests;

use bytes::Bytes;
use llm::{Category, Chunk, Error};

use super::read_exception;
use crate::anthropic::client::EventReader;
use crate::anthropic::peek::kind;
use crate::eventstream::Decoder;
use crate::{Detail, FrameReader, Restorer, ToolNames, Undo};
use ending::Counters;

/// Reads one answer.
#[derive(Debug)]
pub struct InvokeReader {
    decoder: Decoder,
    events: EventReader,
    restorer: Restorer,
    detail: Detail,
    /// Counters of `message_start`.
    started: Counters,
    /// A `message_delta` that waits for the counters on `message_stop`.
    held: Option<Bytes>,
    /// The event behind one that was held and has just been given out.
    behind: Option<Bytes>,
    stopped: bool,
}

impl InvokeReader {
    /// `undo` is what the request's writer changed. Where that is more than names of tools, events are read in full
    /// whatever `detail` says: the frames are not what the client asked for.
    #[must_use]
    pub fn new(detail: Detail, undo: Undo) -> Self {
        let detail = if undo.answer_tool || undo.fence { Detail::Full } else { detail };
        // In full detail the restorer renames; it must happen once.
        let names = if detail == Detail::Control { undo.names.clone() } else { ToolNames::default() };
        Self {
            decoder: Decoder::new(),
            events: EventReader::new(names),
            restorer: Restorer::new(undo),
            detail,
            started: Counters::default(),
            held: None,
            behind: None,
            stopped: false,
        }
    }

    /// The next Anthropic event, in the order in which the client gets them.
    fn event(&mut self) -> Result<Option<Bytes>, Error> {
        if let Some(behind) = self.behind.take() {
            return Ok(Some(behind));
        }
        loop {
            let message =
                self.decoder.next().map_err(|error| Error::new(Category::Upstream, error.to_string()))?;
            let Some(message) = message else { return Ok(None) };
            if let Some(error) = read_exception(&message) {
                return Err(error);
            }
            if message.event_type() != Some("chunk") {
                continue;
            }
            let Some(json) = envelope::open(&message.payload)? else { continue };
            match kind(&json) {
                Some("message_start") => self.started = Counters::of_start(&json),
                Some("message_delta") => match self.held.replace(json) {
                    Some(before) => return Ok(Some(before)),
                    None => continue,
                },
                Some("message_stop") => {
                    self.stopped = true;
                    let (stop, counted) = ending::without_metrics(json);
                    let Some(delta) = self.held.take() else { return Ok(Some(stop)) };
                    self.behind = Some(stop);
                    return Ok(Some(ending::filled(delta, &counted.or(&self.started))));
                }
                // A sign of life has no place in the order.
                Some("ping") => {}
                _ => {
                    if let Some(delta) = self.held.take() {
                        self.behind = Some(json);
                        return Ok(Some(delta));
                    }
                }
            }
            return Ok(Some(json));
        }
    }
}

impl FrameReader for InvokeReader {
    fn push(&mut self, data: Bytes) {
        self.decoder.push(data);
    }

    fn next(&mut self) -> Result<Option<Chunk>, Error> {
        while let Some(json) = self.event()? {
            let Some(mut chunk) = self.events.read(json, self.detail)? else { continue };
            if chunk.frame.is_none() {
                let mut events = Vec::with_capacity(chunk.events.len());
                chunk.events.into_iter().for_each(|event| self.restorer.event(event, &mut events));
                chunk.events = events;
                if chunk.events.is_empty() {
                    continue;
                }
            }
            return Ok(Some(chunk));
        }
        Ok(None)
    }

    fn finish(&mut self) -> Result<Option<Chunk>, Error> {
        if self.stopped && self.decoder.is_empty() {
            Ok(None)
        } else {
            Err(Error::new(Category::Truncated, "Bedrock closed the stream before the answer was complete."))
        }
    }
}
