//! Chat Completions, `POST /v1/chat/completions`.

mod annotation;
mod answer;
mod calls;
mod conversation;
mod frames;
mod message;
mod part;
mod request;
mod tools;
mod writer;

use bytes::Bytes;
use http::HeaderMap;
use llm::{Answer, Error, RawBody, Request, Whole, Wire};

use super::error;
use super::line::{Line, push_json};
use super::parameters;
use crate::{ChunkWriter, ErrorReply, ServerCodec, Stamp};

/// Chat Completions as a server.
#[derive(Clone, Copy, Debug, Default)]
pub struct OpenAiChatServer;

impl ServerCodec for OpenAiChatServer {
    fn wire(&self) -> Wire {
        Wire::OpenAiChat
    }

    fn read_request(&self, headers: &HeaderMap, body: Bytes) -> Result<Request, Error> {
        let raw = RawBody::parse(Wire::OpenAiChat, &body)?;
        let model = parameters::model(&raw)?;
        request::check(&raw)?;
        let stream = parameters::stream(&raw)?;
        let hints = parameters::hints(headers, &raw)?;
        Ok(Request::new(raw, model, stream, hints, request::meaning))
    }

    fn writer(&self, asked: &Request, stamp: Stamp) -> Box<dyn ChunkWriter> {
        // Checked when the request was read.
        let usage_asked = parameters::include_usage(&asked.raw).unwrap_or(false);
        let line = Line::new(&answer_id(stamp), "chat.completion.chunk", stamp, &asked.model, usage_asked);
        let line = line.with_tier_asked(tier_asked(asked));
        let frames = frames::Frames::new(&asked.model, usage_asked);
        let writer = writer::ChatWriter::new(line, calls::Calls::of(&asked.raw), frames);
        Box::new(if asked.hints.hide_thinking { writer.without_thinking() } else { writer })
    }

    fn write_answer(&self, asked: &Request, answer: &Answer, stamp: Stamp) -> Bytes {
        answer::write(&answer_id(stamp), asked, answer, stamp)
    }

    fn write_whole(&self, asked: &Request, whole: &Whole, _stamp: Stamp) -> Bytes {
        let named = rename(whole, &asked.model);
        if asked.hints.hide_thinking { answer::without_thoughts(&named) } else { named }
    }

    fn write_error(&self, error: &Error, _request_id: &str) -> ErrorReply {
        // OpenAI's error bodies carry no request id; it travels in a header.
        error::reply(error)
    }
}

/// A client that names a service tier is told which one it got.
fn tier_asked(asked: &Request) -> bool {
    asked.raw.get("service_tier").is_some_and(|json| json.as_ref() != b"null")
}

fn answer_id(stamp: Stamp) -> String {
    format!("chatcmpl-{:032x}", stamp.id)
}

/// The upstream's own answer under the name the client asked for.
pub(super) fn rename(whole: &Whole, model: &str) -> Bytes {
    match RawBody::parse(whole.wire, &whole.json) {
        Ok(mut body) => {
            let mut name = bytes::BytesMut::new();
            push_json(&mut name, model);
            body.set("model", name.freeze());
            body.to_payload().to_bytes()
        }
        // Not an object: nothing of ours to put right.
        Err(_) => whole.json.clone(),
    }
}
