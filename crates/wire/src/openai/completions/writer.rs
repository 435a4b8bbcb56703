//! The chunks of a streamed completion: text alone.

use bytes::{BufMut, BytesMut};
use llm::{Chunk, Error, Event, StopReason, Usage};

use super::finish_reason;
use crate::ChunkWriter;
use crate::openai::error::push_event;
use crate::openai::line::{DONE, Line, PING, push_json};

#[derive(Debug)]
pub(super) struct TextWriter {
    line: Line,
    usage: Usage,
    stop: Option<StopReason>,
    over: bool,
}

impl TextWriter {
    pub(super) fn new(line: Line) -> Self {
        Self { line, usage: Usage::default(), stop: None, over: false }
    }

    fn text(&self, text: &str, finish: Option<&str>, out: &mut BytesMut) {
        self.line.choice(out, text.len(), |out| {
            out.put_slice(b"\"text\":");
            push_json(out, text);
            out.put_slice(b",\"logprobs\":null,\"finish_reason\":");
            push_json(out, &finish);
        });
    }
}

impl ChunkWriter for TextWriter {
    fn write(&mut self, chunk: &Chunk, out: &mut BytesMut) {
        if self.over {
            return;
        }
        for event in &chunk.events {
            match event {
                Event::TextDelta { text, .. } if !text.is_empty() => self.text(text, None, out),
                Event::Usage(usage) => self.usage.merge(usage),
                Event::Stop { reason, .. } => self.stop = Some(reason.clone()),
                _ => {}
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
        self.text("", Some(finish_reason(self.stop.as_ref())), out);
        self.line.usage(out, &self.usage);
        out.put_slice(DONE);
    }

    fn error(&mut self, error: &Error, out: &mut BytesMut) {
        if !std::mem::replace(&mut self.over, true) {
            push_event(error, out);
        }
    }
}
