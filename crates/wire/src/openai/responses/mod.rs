//! Responses, `POST /v1/responses`: the dialect of Codex and of OpenAI's newer clients.

mod calls;
mod closing;
mod compaction;
mod content;
mod conversation;
mod directory;
mod envelope;
mod event;
mod frames;
mod item;
mod item_json;
mod object;
mod output;
mod request;
mod tools;
mod unquoted;
mod writer;

use bytes::Bytes;
use http::HeaderMap;
use llm::{Answer, Error, RawBody, Request, Whole, Wire};

use super::{error, parameters};
use crate::{ChunkWriter, ErrorReply, ServerCodec, Stamp};

pub(super) use compaction::told;
pub(super) use conversation::ends_in_trigger;
pub(super) use envelope::{Sealed, unsealed};

/// Responses as a server.
#[derive(Clone, Copy, Debug, Default)]
pub struct OpenAiResponsesServer {
    compacts: bool,
}

impl OpenAiResponsesServer {
    /// For answers.
    #[must_use]
    pub const fn new() -> Self {
        Self { compacts: false }
    }

    /// For `POST /v1/responses/compact`: conversations in short, never streamed and never kept.
    #[must_use]
    pub const fn compact() -> Self {
        Self { compacts: true }
    }
}

impl ServerCodec for OpenAiResponsesServer {
    fn wire(&self) -> Wire {
        Wire::OpenAiResponses
    }

    fn read_request(&self, headers: &HeaderMap, body: Bytes) -> Result<Request, Error> {
        let mut raw = RawBody::parse(Wire::OpenAiResponses, &body)?;
        if self.compacts {
            compaction::ask(&mut raw);
        }
        let model = parameters::model(&raw)?;
        request::check(&raw)?;
        let stream = parameters::stream(&raw)?;
        let hints = parameters::hints(headers, &raw)?;
        Ok(Request::new(raw, model, stream, hints, request::meaning))
    }

    fn writer(&self, asked: &Request, stamp: Stamp) -> Box<dyn ChunkWriter> {
        Box::new(writer::ResponseWriter::new(asked, stamp))
    }

    fn write_answer(&self, asked: &Request, answer: &Answer, stamp: Stamp) -> Bytes {
        let writer = writer::ResponseWriter::new(asked, stamp);
        if self.compacts { writer.compacted(asked, answer, stamp) } else { writer.answered(answer) }
    }

    fn write_whole(&self, asked: &Request, whole: &Whole, stamp: Stamp) -> Bytes {
        frames::Own::new(asked, stamp).whole(&whole.json)
    }

    fn write_error(&self, error: &Error, _request_id: &str) -> ErrorReply {
        error::reply(error)
    }
}

/// Writes the answer of `POST /v1/responses/input_tokens`.
#[must_use]
pub fn write_token_count(input: u64) -> Bytes {
    Bytes::from(serde_json::json!({"object": "response.input_tokens", "input_tokens": input}).to_string())
}

/// The id of the answer with this stamp.
#[must_use]
pub fn answer_id(stamp: Stamp) -> String {
    format!("resp_{:032x}", stamp.id)
}
