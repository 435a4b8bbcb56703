//! The chunks of a streamed chat answer.

use bytes::{BufMut, BytesMut};
use llm::{Chunk, Error, Event, Opening, StopReason, Usage, Wire};

use super::annotation;
use super::calls::{Calls, Form};
use super::frames::Frames;
use crate::ChunkWriter;
use crate::openai::annotation::Annotations;
use crate::openai::error::push_event;
use crate::openai::line::{DONE, Line, PING, push_json};
use crate::openai::tool::custom_input;
use crate::quoted;

/// Writes `chat.completion.chunk`s. The finish chunk waits for the upstream's end, because counters may follow
/// the stop reason and an error may follow both.
#[derive(Debug)]
pub(super) struct ChatWriter {
    line: Line,
    calls: Calls,
    frames: Frames,
    /// The upstream speaks this wire: what is said is its own.
    framed: bool,
    open: Vec<OpenCall>,
    /// Calls so far: OpenAI's `index` counts calls, not blocks.
    called: u32,
    annotations: Annotations,
    usage: Usage,
    stop: Option<StopReason>,
    thinking: bool,
    started: bool,
    over: bool,
}

#[derive(Debug)]
struct OpenCall {
    block: u32,
    number: u32,
    form: Form,
    /// JSON was written already.
    written: bool,
    /// The JSON so far of a custom call, which can be turned into text only as a whole.
    json: String,
}

impl ChatWriter {
    pub(super) fn new(line: Line, calls: Calls, frames: Frames) -> Self {
        Self {
            line,
            calls,
            frames,
            framed: false,
            open: Vec::new(),
            called: 0,
            annotations: Annotations::default(),
            usage: Usage::default(),
            stop: None,
            thinking: true,
            started: false,
            over: false,
        }
    }

    /// Leaves thinking out: `reasoning_content` is an extension that the person may not want.
    pub(super) fn without_thinking(self) -> Self {
        Self { thinking: false, ..self }
    }

    /// Writes a chunk whose `delta` is what `fill` writes.
    fn delta(&self, out: &mut BytesMut, more: usize, fill: impl FnOnce(&mut BytesMut)) {
        self.line.choice(out, more, |out| {
            out.put_slice(b"\"delta\":");
            fill(out);
            out.put_slice(b",\"logprobs\":null,\"finish_reason\":null");
        });
    }

    /// Writes `{"<name>": "<text>"}` as the delta.
    fn text(&self, out: &mut BytesMut, name: &[u8], text: &str) {
        if !text.is_empty() {
            self.delta(out, text.len(), |out| {
                out.put_slice(b"{\"");
                out.put_slice(name);
                out.put_slice(b"\":");
                quoted::push(out, text);
                out.put_u8(b'}');
            });
        }
    }

    /// The role stands in the first delta: some clients take it from nowhere else.
    fn start(&mut self, out: &mut BytesMut) {
        if !self.started {
            self.started = true;
            self.delta(out, 0, |out| out.put_slice(b"{\"role\":\"assistant\",\"content\":\"\"}"));
        }
    }

    fn event(&mut self, event: &Event, out: &mut BytesMut) {
        self.start(out);
        match event {
            Event::TextDelta { text, .. } => {
                self.annotations.say(text);
                self.text(out, b"content", text);
            }
            Event::BlockStart { block: Opening::Text, .. } => self.annotations.begin(),
            Event::Citation { citation, .. } => self.annotations.cite(citation),
            Event::ThinkingDelta { text, .. } => {
                if self.thinking {
                    self.text(out, b"reasoning_content", text);
                }
            }
            Event::BlockStart { index, block: Opening::ToolUse { id, name } } => {
                self.open_call(*index, id, name, out);
            }
            Event::ToolInputDelta { index, json } => self.input(*index, json, out),
            Event::BlockEnd { index } => {
                self.annotations.end();
                if let Some(at) = self.open.iter().rposition(|call| call.block == *index) {
                    let call = self.open.remove(at);
                    self.close_call(&call, out);
                }
            }
            Event::Usage(usage) => self.usage.merge(usage),
            Event::Stop { reason, .. } => self.stop = Some(reason.clone()),
            // Signatures, redacted thinking and what only another wire knows have no place in a chat answer.
            Event::Start { .. }
            | Event::BlockStart { .. }
            | Event::SignatureDelta { .. }
            | Event::Opaque { .. } => {}
        }
    }

    /// Id, type and name stand in the first piece alone: several SDKs join repeated ones.
    fn open_call(&mut self, block: u32, id: &str, name: &str, out: &mut BytesMut) {
        let form = self.calls.form(name);
        let number = self.called;
        self.called += 1;
        if form == Form::Legacy && number > 0 {
            return;
        }
        self.delta(out, id.len() + name.len(), |out| match form {
            Form::Legacy => {
                out.put_slice(b"{\"function_call\":{\"name\":");
                push_json(out, name);
                out.put_slice(b",\"arguments\":\"\"}}");
            }
            Form::Function | Form::Custom => {
                let (kind, empty): (&[u8], &[u8]) = match form {
                    Form::Custom => (b",\"type\":\"custom\",\"custom\":{\"name\":", b",\"input\":\"\"}}]}"),
                    _ => (b",\"type\":\"function\",\"function\":{\"name\":", b",\"arguments\":\"\"}}]}"),
                };
                out.put_slice(b"{\"tool_calls\":[{\"index\":");
                push_json(out, &number);
                out.put_slice(b",\"id\":");
                push_json(out, id);
                out.put_slice(kind);
                push_json(out, name);
                out.put_slice(empty);
            }
        });
        self.open.push(OpenCall { block, number, form, written: false, json: String::new() });
    }

    fn input(&mut self, block: u32, json: &str, out: &mut BytesMut) {
        let Some(at) = self.open.iter().rposition(|call| call.block == block) else {
            return;
        };
        if json.is_empty() {
            return;
        }
        let call = &mut self.open[at];
        if call.form == Form::Custom {
            call.json.push_str(json);
        } else {
            call.written = true;
            let call = &self.open[at];
            self.arguments(call, json, out);
        }
    }

    fn arguments(&self, call: &OpenCall, text: &str, out: &mut BytesMut) {
        self.delta(out, text.len(), |out| {
            if call.form == Form::Legacy {
                out.put_slice(b"{\"function_call\":{\"arguments\":");
                quoted::push(out, text);
                out.put_slice(b"}}");
                return;
            }
            out.put_slice(b"{\"tool_calls\":[{\"index\":");
            push_json(out, &call.number);
            out.put_slice(match call.form {
                Form::Custom => b",\"custom\":{\"input\":".as_slice(),
                _ => b",\"function\":{\"arguments\":",
            });
            quoted::push(out, text);
            out.put_slice(b"}}]}");
        });
    }

    /// A call without arguments is `{}`: the empty string is no JSON, and clients parse it.
    fn close_call(&self, call: &OpenCall, out: &mut BytesMut) {
        match call.form {
            Form::Custom => {
                let input = custom_input(&call.json);
                if !input.is_empty() {
                    self.arguments(call, &input, out);
                }
            }
            _ if !call.written => self.arguments(call, "{}", out),
            _ => {}
        }
    }
}

impl ChunkWriter for ChatWriter {
    fn write(&mut self, chunk: &Chunk, out: &mut BytesMut) {
        if self.over {
            return;
        }
        match &chunk.frame {
            Some(frame) if chunk.wire == Wire::OpenAiChat => {
                self.framed = true;
                self.frames.put(&frame.json, self.thinking, out);
            }
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
        if self.framed {
            out.put_slice(DONE);
            return;
        }
        self.start(out);
        for call in std::mem::take(&mut self.open) {
            self.close_call(&call, out);
        }
        let reason = self.calls.finish_reason(self.stop.as_ref(), self.called > 0);
        self.line.settle(&self.usage);
        self.annotations.end();
        let annotations = self.annotations.all();
        self.line.choice(out, 0, |out| {
            out.put_slice(b"\"delta\":{");
            if !annotations.is_empty() {
                out.put_slice(b"\"annotations\":");
                push_json(out, &annotation::shown(annotations));
            }
            out.put_slice(b"},\"logprobs\":null,\"finish_reason\":");
            push_json(out, reason);
        });
        self.line.usage(out, &self.usage);
        out.put_slice(DONE);
    }

    fn error(&mut self, error: &Error, out: &mut BytesMut) {
        if !std::mem::replace(&mut self.over, true) {
            push_event(error, out);
        }
    }
}
