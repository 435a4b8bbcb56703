//! Responses, `POST /v1/responses`: the dialect of Codex and of OpenAI's newer clients.

mod calls;
mod closing;
mod compaction;
mod content;
mod conversation;
mod directory;
mod envelope;
mod event;
mod item;
mod item_json;
mod object;
mod output;
mod request;
mod tools;
mod writer;

use bytes::Bytes;
use http::HeaderMap;
use llm::{Answer, Error, RawBody, Request, Whole, Wire};

use super::{chat, error, parameters};
use crate::{ChunkWriter, ErrorReply, ServerCodec, Stamp};

/// Responses as a server.
#[derive(Clone, Copy, Debug, Default)]
pub struct OpenAiResponsesServer;

impl ServerCodec for OpenAiResponsesServer {
    fn wire(&self) -> Wire {
        Wire::OpenAiResponses
    }

    fn read_request(&self, headers: &HeaderMap, body: Bytes) -> Result<Request, Error> {
        let raw = RawBody::parse(Wire::OpenAiResponses, &body)?;
        let model = parameters::model(&raw)?;
        request::check(&raw)?;
        let stream = parameters::stream(&raw)?;
        let hints = parameters::hints(headers, &raw)?;
        Ok(Request::new(raw, model, stream, hints, request::meaning))
    }

    fn writer(&self, asked: &Request, stamp: Stamp) -> Box<dyn ChunkWriter> {
        Box::new(writer::ResponseWriter::new(asked, stamp, false))
    }

    fn write_answer(&self, asked: &Request, answer: &Answer, stamp: Stamp) -> Bytes {
        writer::whole(asked, answer, stamp)
    }

    fn write_whole(&self, asked: &Request, whole: &Whole) -> Bytes {
        chat::rename(whole, &asked.model)
    }

    fn write_error(&self, error: &Error, _request_id: &str) -> ErrorReply {
        error::reply(error)
    }
}

fn answer_id(stamp: Stamp) -> String {
    format!("resp_{:032x}", stamp.id)
}
