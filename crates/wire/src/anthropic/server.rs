//! Anthropic Messages as clients speak it to us.

mod answer;
mod error;
mod meaning;
mod models;
mod stream;

use bytes::Bytes;
use http::HeaderMap;
use llm::{Answer, Error, Hints, RawBody, Request, Tier, Whole, Wire};
use serde_json::json;

use super::{peek, surgery};
use crate::{ChunkWriter, ErrorReply, ServerCodec, Stamp};

pub use models::{ModelCard, Page, write_model, write_models, write_token_count};

/// The service tier that a request asks for; `None` leaves it to us.
#[must_use]
pub fn tier(raw: &RawBody) -> Option<Tier> {
    // What is no word asks for nothing.
    meaning::tier(raw).ok().flatten()
}

/// The codec of `POST /v1/messages` and its sister `count_tokens`.
#[derive(Clone, Copy, Debug)]
pub struct AnthropicServer {
    require_max_tokens: bool,
}

impl AnthropicServer {
    /// For `POST /v1/messages`.
    #[must_use]
    pub const fn new() -> Self {
        Self { require_max_tokens: true }
    }

    /// For `POST /v1/messages/count_tokens`, whose requests have no `max_tokens`.
    #[must_use]
    pub const fn count_tokens() -> Self {
        Self { require_max_tokens: false }
    }
}

impl Default for AnthropicServer {
    fn default() -> Self {
        Self::new()
    }
}

impl ServerCodec for AnthropicServer {
    fn wire(&self) -> Wire {
        Wire::AnthropicMessages
    }

    fn read_request(&self, headers: &HeaderMap, body: Bytes) -> Result<Request, Error> {
        let raw = RawBody::parse(Wire::AnthropicMessages, &body)?;
        let model = read_model(&raw)?;
        check_messages(&raw)?;
        check_tools(&raw)?;
        self.check_max_tokens(&raw)?;
        check_thread(&raw)?;
        let stream = match raw.get("stream").map(Bytes::as_ref) {
            None | Some(b"false" | b"null") => false,
            Some(b"true") => true,
            Some(_) => return Err(wrong("stream", "Input should be a valid boolean")),
        };
        let hints = read_hints(headers, &raw);
        Ok(Request::new(raw, model, stream, hints, meaning::read))
    }

    fn writer(&self, asked: &Request, stamp: Stamp) -> Box<dyn ChunkWriter> {
        Box::new(stream::Writer::new(asked.model.clone(), stamp))
    }

    fn write_answer(&self, asked: &Request, answer: &Answer, stamp: Stamp) -> Bytes {
        answer::write(&asked.model, answer, stamp)
    }

    fn write_whole(&self, asked: &Request, whole: &Whole, _stamp: Stamp) -> Bytes {
        surgery::name_whole(&whole.json, &asked.model)
    }

    fn write_error(&self, error: &Error, request_id: &str) -> ErrorReply {
        error::write(error, request_id)
    }
}

impl AnthropicServer {
    fn check_max_tokens(self, raw: &RawBody) -> Result<(), Error> {
        let Some(json) = raw.get("max_tokens").filter(|json| json.as_ref() != b"null") else {
            return if self.require_max_tokens { Err(wrong("max_tokens", "Field required")) } else { Ok(()) };
        };
        match serde_json::from_slice::<f64>(json) {
            Ok(number) if number.fract() != 0.0 => Err(wrong(
                "max_tokens",
                "Input should be a valid integer, got a number with a fractional part",
            )),
            Ok(number) if number < 0.0 => {
                Err(wrong("max_tokens", "Input should be greater than or equal to 0"))
            }
            Ok(_) => Ok(()),
            Err(_) => Err(wrong("max_tokens", "Input should be a valid integer")),
        }
    }
}

fn wrong(member: &str, message: &str) -> Error {
    Error::invalid(format!("{member}: {message}")).with_param(member)
}

fn read_model(raw: &RawBody) -> Result<String, Error> {
    let json = raw.get("model").ok_or_else(|| wrong("model", "Field required"))?;
    let model: String =
        serde_json::from_slice(json).map_err(|_| wrong("model", "Input should be a valid string"))?;
    if model.is_empty() {
        return Err(wrong("model", "String should have at least 1 character"));
    }
    Ok(model)
}

fn check_messages(raw: &RawBody) -> Result<(), Error> {
    let json = raw.get("messages").ok_or_else(|| wrong("messages", "Field required"))?;
    match peek::array_is_empty(json) {
        None => Err(wrong("messages", "Input should be a valid list")),
        Some(true) => Err(wrong("messages", "at least one message is required")),
        Some(false) => Ok(()),
    }
}

/// Whoever reads the tools on the way takes what is no list for no tools, which would answer without them.
fn check_tools(raw: &RawBody) -> Result<(), Error> {
    match raw.get("tools").filter(|json| json.as_ref() != b"null") {
        Some(json) if peek::array_is_empty(json).is_none() => {
            Err(wrong("tools", "Input should be a valid list"))
        }
        _ => Ok(()),
    }
}

/// A `thread` means that the server keeps the conversation, and the request holds only what is new. We keep
/// nothing; Anthropic's SDK sends the whole conversation again on exactly this answer.
fn check_thread(raw: &RawBody) -> Result<(), Error> {
    if raw.get("thread").is_none_or(|json| json.as_ref() == b"null") {
        return Ok(());
    }
    Err(wrong("thread", "message threads are not supported here")
        .with_details(json!({"error_code": "thread_unsupported_request", "unsupported": ["thread"]})))
}

fn read_hints(headers: &HeaderMap, raw: &RawBody) -> Hints {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let mut betas: Vec<String> = Vec::new();
    let mut add = |list: &str| {
        for beta in list.split(',').map(str::trim).filter(|beta| !beta.is_empty()) {
            if !betas.iter().any(|known| known == beta) {
                betas.push(beta.to_owned());
            }
        }
    };
    headers.get_all("anthropic-beta").iter().filter_map(|value| value.to_str().ok()).for_each(&mut add);
    // Clients of Bedrock and Vertex write the list into the body.
    if let Some(json) = raw.get("anthropic_beta") {
        if let Ok(list) = serde_json::from_slice::<Vec<String>>(json) {
            list.iter().for_each(|beta| add(beta));
        } else if let Ok(list) = serde_json::from_slice::<String>(json) {
            add(&list);
        }
    }
    Hints {
        tier: None,
        betas,
        session: text("x-claude-code-session-id"),
        anthropic_version: text("anthropic-version"),
        hide_thinking: false,
    }
}

#[cfg(test)]
mod tests;
