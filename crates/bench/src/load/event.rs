//! What one event of a stream, or a whole JSON answer, says.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bench::frame;
use serde_json::Value;

use crate::Dialect;
use crate::tally::Failure;

/// The parts of an event that an answer is judged by.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Said {
    /// The answer begins.
    pub(crate) start: bool,
    pub(crate) text: String,
    /// The model ended of its own accord.
    pub(crate) stop: bool,
    /// The stream is complete.
    pub(crate) end: bool,
}

impl Dialect {
    /// The first event in `bytes`, a line or a frame, and how long it is.
    pub(crate) fn split(self, bytes: &[u8]) -> Option<(&[u8], usize)> {
        let len = match self {
            Dialect::Anthropic | Dialect::Openai => memchr::memchr(b'\n', bytes)? + 1,
            Dialect::Invoke | Dialect::Converse | Dialect::AmazonQ => frame::length(bytes)?.max(16),
        };
        Some((bytes.get(..len)?, len))
    }

    /// The part of an event that is the same in every answer: OpenAI's chunks begin with an id and a time.
    pub(crate) fn lasting(self, event: &[u8]) -> &[u8] {
        let from = match self {
            Dialect::Openai => memchr::memmem::find(event, b"\"choices\":").unwrap_or_default(),
            _ => 0,
        };
        &event[from..]
    }

    /// Understands one event; `None` for a line that is none.
    pub(crate) fn event(self, event: &[u8]) -> Result<Option<Said>, Failure> {
        match self {
            Dialect::Anthropic | Dialect::Openai => {
                let Some(data) = event.strip_prefix(b"data:") else { return Ok(None) };
                match (self, data.trim_ascii()) {
                    (Dialect::Openai, b"[DONE]") => Ok(Some(Said { end: true, ..Said::default() })),
                    (Dialect::Openai, data) => openai(&json(data)?).map(Some),
                    (_, data) => claude(&json(data)?).map(Some),
                }
            }
            Dialect::Invoke | Dialect::Converse | Dialect::AmazonQ => {
                let frame = frame::read(event).ok_or("damaged frame")?;
                if frame.exception {
                    return Err("exception in the stream".into());
                }
                let payload = json(frame.payload)?;
                match self {
                    Dialect::Converse => return Ok(Some(converse(frame.kind, &payload))),
                    Dialect::AmazonQ => return Ok(Some(amazon_q(frame.kind, &payload))),
                    _ => {}
                }
                let bytes = STANDARD.decode(text(&payload["bytes"])).map_err(|_| "bad base64")?;
                claude(&json(&bytes)?).map(Some)
            }
        }
    }

    /// Understands an answer in one piece.
    pub(crate) fn whole(self, body: &[u8]) -> Result<Said, Failure> {
        let body = json(body)?;
        let (text_at, stop_at, stop) = match self {
            Dialect::Anthropic | Dialect::Invoke => ("/content/0/text", "/stop_reason", "end_turn"),
            Dialect::Openai => ("/choices/0/message/content", "/choices/0/finish_reason", "stop"),
            Dialect::Converse => ("/output/message/content/0/text", "/stopReason", "end_turn"),
            Dialect::AmazonQ => return Err("this service only streams".into()),
        };
        let at = |pointer: &str| body.pointer(pointer).map_or("", text);
        Ok(Said { start: true, text: at(text_at).to_owned(), stop: at(stop_at) == stop, end: true })
    }
}

fn json(bytes: &[u8]) -> Result<Value, Failure> {
    serde_json::from_slice(bytes).map_err(|_| "bad JSON".into())
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn claude(event: &Value) -> Result<Said, Failure> {
    let mut said = Said::default();
    match text(&event["type"]) {
        "message_start" => said.start = true,
        "content_block_delta" => text(&event["delta"]["text"]).clone_into(&mut said.text),
        "message_delta" => said.stop = event["delta"]["stop_reason"] == "end_turn",
        "message_stop" => said.end = true,
        "error" => return Err("error in the stream".into()),
        _ => {}
    }
    Ok(said)
}

fn openai(chunk: &Value) -> Result<Said, Failure> {
    if chunk.get("error").is_some() {
        return Err("error in the stream".into());
    }
    let choice = &chunk["choices"][0];
    Ok(Said {
        start: choice["delta"]["role"] == "assistant",
        text: text(&choice["delta"]["content"]).to_owned(),
        stop: choice["finish_reason"] == "stop",
        end: false,
    })
}

fn converse(kind: &str, payload: &Value) -> Said {
    Said {
        start: kind == "messageStart",
        text: text(&payload["delta"]["text"]).to_owned(),
        stop: kind == "messageStop" && payload["stopReason"] == "end_turn",
        end: kind == "metadata",
    }
}

fn amazon_q(kind: &str, payload: &Value) -> Said {
    Said {
        start: kind == "messageMetadataEvent",
        text: if kind == "assistantResponseEvent" {
            text(&payload["content"]).to_owned()
        } else {
            String::new()
        },
        stop: payload["stopReason"] == "END_TURN",
        end: kind == "meteringEvent",
    }
}
