//! The stream of Bedrock's own Messages routes: Anthropic's server-sent events as they are.
//!
//! What reaches a client of the same wire is each event's own JSON, byte for byte, but for counters that `message_delta`
//! leaves out: they are filled in, as clients expect them there.

#[cfg(test)]
mod tests;

use bytes::Bytes;
use llm::{Category, Chunk, Error};

use super::invoke::ending::{self, Counters};
use super::read_error;
use crate::anthropic::client::EventReader;
use crate::anthropic::peek::kind;
use crate::sse::{SseEvent, SseParser};
use crate::{Detail, ErrorHead, FrameReader, Restorer, ToolNames, Undo};

/// Largest event in bytes. A single block of an answer that came in one event is far below.
const LARGEST_EVENT: usize = 16 * 1024 * 1024;

/// Whether a whole answer with a good status is a message. An operation that a front end does not know is sometimes
/// answered so, with an error inside.
#[must_use]
pub fn is_message(json: &[u8]) -> bool {
    kind(json) == Some("message")
}

/// Reads one answer.
#[derive(Debug)]
pub struct MessagesReader {
    parser: SseParser,
    events: EventReader,
    restorer: Restorer,
    detail: Detail,
    /// Counters of `message_start`.
    started: Counters,
    stopped: bool,
}

impl MessagesReader {
    /// `undo` is what the request's writer changed. Where that is more than names of tools, events are read in full
    /// whatever `detail` says: the frames are not what the client asked for.
    #[must_use]
    pub fn new(detail: Detail, undo: Undo) -> Self {
        let detail = if undo.answer_tool || undo.fence { Detail::Full } else { detail };
        // In full detail the restorer renames; it must happen once.
        let names = if detail == Detail::Control { undo.names.clone() } else { ToolNames::default() };
        Self {
            parser: SseParser::new(LARGEST_EVENT),
            events: EventReader::new(names),
            restorer: Restorer::new(undo),
            detail,
            started: Counters::default(),
            stopped: false,
        }
    }

    fn read(&mut self, event: SseEvent) -> Result<Option<Chunk>, Error> {
        let json = match kind(&event.data) {
            None => return untyped(&event),
            Some("message_start") => {
                self.started = Counters::of_start(&event.data);
                event.data
            }
            Some("message_delta") => ending::filled(event.data, &self.started),
            Some("message_stop") => {
                self.stopped = true;
                ending::without_metrics(event.data).0
            }
            Some(_) => event.data,
        };
        let Some(mut chunk) = self.events.read(json, self.detail)? else { return Ok(None) };
        if chunk.frame.is_none() {
            let mut events = Vec::with_capacity(chunk.events.len());
            chunk.events.into_iter().for_each(|event| self.restorer.event(event, &mut events));
            chunk.events = events;
            if chunk.events.is_empty() {
                return Ok(None);
            }
        }
        Ok(Some(chunk))
    }
}

/// AWS' own exceptions have no `type` inside; their name is the event's.
fn untyped(event: &SseEvent) -> Result<Option<Chunk>, Error> {
    let is_error = event.name == "error" || event.name.to_ascii_lowercase().ends_with("exception");
    if !is_error {
        return Ok(None);
    }
    let name = Some(event.name.as_str()).filter(|name| *name != "error");
    Err(read_error(&ErrorHead { status: 500, error_type: name, ..ErrorHead::default() }, &event.data))
}

impl FrameReader for MessagesReader {
    fn push(&mut self, data: Bytes) {
        self.parser.push(&data);
    }

    fn next(&mut self) -> Result<Option<Chunk>, Error> {
        while let Some(event) = self.parser.next()? {
            if let Some(chunk) = self.read(event)? {
                return Ok(Some(chunk));
            }
        }
        Ok(None)
    }

    fn finish(&mut self) -> Result<Option<Chunk>, Error> {
        if self.stopped {
            Ok(None)
        } else {
            Err(Error::new(Category::Truncated, "Bedrock closed the stream before the answer was complete."))
        }
    }
}
