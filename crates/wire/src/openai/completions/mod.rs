//! Legacy completions, `POST /v1/completions`: one prompt in, plain text out. Editors still use them for
//! completion at the cursor.

mod request;
mod writer;

use bytes::Bytes;
use http::HeaderMap;
use llm::{Answer, Content, Error, RawBody, Request, StopReason, Whole, Wire};
use serde::Serialize;

use super::line::Line;
use super::usage::UsageReport;
use super::{chat, error, parameters};
use crate::{ChunkWriter, ErrorReply, ServerCodec, Stamp};

/// Legacy completions as a server.
#[derive(Clone, Copy, Debug, Default)]
pub struct OpenAiCompletionsServer;

#[derive(Serialize)]
struct Completion<'a> {
    id: &'a str,
    object: &'static str,
    created: u64,
    model: &'a str,
    choices: [Choice; 1],
    usage: UsageReport,
}

#[derive(Serialize)]
struct Choice {
    index: u32,
    text: String,
    logprobs: Option<()>,
    finish_reason: &'static str,
}

impl ServerCodec for OpenAiCompletionsServer {
    fn wire(&self) -> Wire {
        Wire::OpenAiCompletions
    }

    fn read_request(&self, headers: &HeaderMap, body: Bytes) -> Result<Request, Error> {
        let raw = RawBody::parse(Wire::OpenAiCompletions, &body)?;
        let model = parameters::model(&raw)?;
        request::check(&raw)?;
        let stream = parameters::stream(&raw)?;
        let hints = parameters::hints(headers, &raw)?;
        Ok(Request::new(raw, model, stream, hints, request::meaning))
    }

    fn writer(&self, asked: &Request, stamp: Stamp) -> Box<dyn ChunkWriter> {
        // Checked when the request was read.
        let usage_asked = parameters::include_usage(&asked.raw).unwrap_or(false);
        let line = Line::new(&answer_id(stamp), "text_completion", stamp, &asked.model, usage_asked);
        Box::new(writer::TextWriter::new(line))
    }

    fn write_answer(&self, asked: &Request, answer: &Answer, stamp: Stamp) -> Bytes {
        let texts = answer.content.iter().filter_map(|block| match &block.content {
            Content::Text { text } => Some(text.as_str()),
            _ => None,
        });
        let completion = Completion {
            id: &answer_id(stamp),
            object: "text_completion",
            created: stamp.created,
            model: &asked.model,
            choices: [Choice {
                index: 0,
                text: texts.collect(),
                logprobs: None,
                finish_reason: finish_reason(answer.stop.as_ref()),
            }],
            usage: UsageReport::from(&answer.usage),
        };
        // Plain structs of strings and numbers always serialise.
        serde_json::to_vec(&completion).unwrap_or_default().into()
    }

    fn write_whole(&self, asked: &Request, whole: &Whole, _stamp: Stamp) -> Bytes {
        chat::rename(whole, &asked.model)
    }

    fn write_error(&self, error: &Error, _request_id: &str) -> ErrorReply {
        error::reply(error)
    }
}

fn answer_id(stamp: Stamp) -> String {
    format!("cmpl-{:032x}", stamp.id)
}

/// There are no tools here, so nobody may wait for a call.
fn finish_reason(stop: Option<&StopReason>) -> &'static str {
    match stop.map_or("stop", StopReason::openai) {
        "tool_calls" => "stop",
        word => word,
    }
}
