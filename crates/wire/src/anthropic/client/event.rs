//! One event of a stream, read as far as the client needs it.

use std::borrow::Cow;

use bytes::Bytes;
use llm::{Category, Chunk, Error, Event, Frame, Opening, StopReason, Wire};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::super::content::Text;
use super::super::{peek, surgery, usage::Counters};
use crate::{Detail, ToolNames};

/// Reads events of one answer. The framing around them (SSE, AWS event stream) is somebody else's.
#[derive(Debug, Default)]
pub struct EventReader {
    names: ToolNames,
}

impl EventReader {
    /// `names` are those of the request: where a tool was sent under a shorter name, its calls get the client's
    /// name back.
    #[must_use]
    pub const fn new(names: ToolNames) -> Self {
        Self { names }
    }

    /// Reads one event. `Ok(None)` for JSON without a `type` and for what carries nothing.
    ///
    /// With [`Detail::Control`] the frame's bytes are `json` itself, and nothing is parsed but `message_start`,
    /// `message_delta` and a `message_stop` that says more than its name; a delta costs no allocation.
    ///
    /// # Errors
    /// The upstream's own error for an `error` event; [`Category::Upstream`] when an event that must be understood
    /// cannot be read.
    pub fn read(&self, json: Bytes, detail: Detail) -> Result<Option<Chunk>, Error> {
        let Some(name) = name_of(&json) else { return Ok(None) };
        if name == "error" {
            return Err(super::error::read_event(&json));
        }
        let content = name.starts_with("content_block_") || !is_control(&name);
        let (events, frame) = match detail {
            // What another wire would refuse to read is the client's own to judge here.
            Detail::Control => {
                (control_events(&name, &json).unwrap_or_default(), Some(self.frame(name, json)))
            }
            Detail::Full => {
                let events = self.events(&name, &json).map_err(|error| {
                    Error::new(
                        Category::Upstream,
                        format!("The upstream sent an event that cannot be read: {error}"),
                    )
                })?;
                if events.is_empty() {
                    return Ok(None);
                }
                (events, None)
            }
        };
        Ok(Some(Chunk { wire: Wire::AnthropicMessages, events, frame, content }))
    }

    fn frame(&self, name: Cow<'static, str>, json: Bytes) -> Frame {
        let json = if name == "content_block_start" && !self.names.is_identity() {
            surgery::restore_opened(&json, &self.names)
        } else {
            json
        };
        Frame { name, json }
    }

    fn events(&self, name: &str, json: &Bytes) -> Result<Vec<Event>, serde_json::Error> {
        match name {
            "message_start" | "message_delta" | "message_stop" => control_events(name, json),
            "content_block_start" => self.opened(json),
            "content_block_delta" => delta(json),
            "content_block_stop" => {
                let Stopped { index } = serde_json::from_slice(json)?;
                Ok(vec![Event::BlockEnd { index }])
            }
            "ping" => Ok(Vec::new()),
            _ => opaque(json),
        }
    }

    fn opened(&self, json: &Bytes) -> Result<Vec<Event>, serde_json::Error> {
        let Opened { index, content_block } = serde_json::from_slice(json)?;
        let kind = peek::kind(content_block.get().as_bytes()).unwrap_or_default();
        if !matches!(kind, "text" | "thinking" | "redacted_thinking" | "tool_use") {
            let value = serde_json::from_str(content_block.get())?;
            return Ok(vec![Event::BlockStart {
                index,
                block: Opening::Opaque { wire: Wire::AnthropicMessages, value },
            }]);
        }
        let block: Block<'_> = serde_json::from_str(content_block.get())?;
        let mut events = Vec::with_capacity(1);
        let mut push = |event| events.push(event);
        match kind {
            "text" => push(Event::BlockStart { index, block: Opening::Text }),
            "thinking" => push(Event::BlockStart { index, block: Opening::Thinking }),
            "tool_use" => {
                let name = self.names.to_client(&block.name).to_owned();
                push(Event::BlockStart { index, block: Opening::ToolUse { id: block.id, name } });
            }
            _ => push(Event::BlockStart { index, block: Opening::RedactedThinking { data: block.data } }),
        }
        // Blocks open empty; what an upstream puts in all the same is not lost.
        if !block.text.is_empty() {
            push(Event::TextDelta { index, text: block.text });
        }
        if !block.thinking.is_empty() {
            push(Event::ThinkingDelta { index, text: block.thinking });
        }
        if !block.signature.is_empty() {
            push(Event::SignatureDelta { index, signature: block.signature });
        }
        if let Some(input) = block.input.map(RawValue::get)
            && input.starts_with('{')
            && !input[1..].trim_start().starts_with('}')
        {
            push(Event::ToolInputDelta { index, json: input.to_owned() });
        }
        Ok(events)
    }
}

/// The event's name, without allocation for those we know.
fn name_of(json: &[u8]) -> Option<Cow<'static, str>> {
    const KNOWN: [&str; 7] = [
        "content_block_delta",
        "content_block_start",
        "content_block_stop",
        "message_start",
        "message_delta",
        "message_stop",
        "ping",
    ];
    let name = peek::kind(json)?;
    Some(match KNOWN.into_iter().find(|known| *known == name) {
        Some(known) => Cow::Borrowed(known),
        None => Cow::Owned(name.to_owned()),
    })
}

fn is_control(name: &str) -> bool {
    matches!(name, "message_start" | "message_delta" | "message_stop" | "ping")
}

#[derive(Deserialize)]
struct Started<'a> {
    #[serde(borrow)]
    message: StartedMessage<'a>,
}

#[derive(Deserialize)]
struct StartedMessage<'a> {
    #[serde(borrow)]
    id: Option<Text<'a>>,
    #[serde(borrow)]
    model: Option<Text<'a>>,
    usage: Option<Counters>,
}

#[derive(Deserialize)]
struct Ended {
    #[serde(default)]
    delta: Ending,
    usage: Option<Counters>,
}

#[derive(Default, Deserialize)]
struct Ending {
    stop_reason: Option<String>,
    stop_sequence: Option<String>,
}

#[derive(Deserialize)]
struct Opened<'a> {
    index: u32,
    #[serde(borrow)]
    content_block: &'a RawValue,
}

#[derive(Deserialize)]
struct Block<'a> {
    #[serde(default)]
    id: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    thinking: String,
    #[serde(default)]
    signature: String,
    #[serde(default)]
    data: String,
    #[serde(borrow)]
    input: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Moved<'a> {
    index: u32,
    #[serde(borrow)]
    delta: &'a RawValue,
}

#[derive(Deserialize)]
struct Delta {
    #[serde(default)]
    text: String,
    #[serde(default)]
    thinking: String,
    #[serde(default)]
    signature: String,
    #[serde(default)]
    partial_json: String,
    citation: Option<Value>,
}

#[derive(Deserialize)]
struct Stopped {
    index: u32,
}

/// Usage and stop reason, which every request needs, whoever asked.
fn control_events(name: &str, json: &[u8]) -> Result<Vec<Event>, serde_json::Error> {
    match name {
        "message_start" => {
            let message = serde_json::from_slice::<Started<'_>>(json)?.message;
            let text = |text: Option<Text<'_>>| text.map(|text| text.0.into_owned());
            let mut events = vec![Event::Start { id: text(message.id), model: text(message.model) }];
            events.extend(message.usage.map(|usage| Event::Usage(usage.into())));
            Ok(events)
        }
        "message_delta" => {
            let ended: Ended = serde_json::from_slice(json)?;
            let mut events = Vec::with_capacity(2);
            events.extend(ended.usage.map(|usage| Event::Usage(usage.into())));
            events.extend(ended.delta.stop_reason.map(|word| Event::Stop {
                reason: StopReason::parse(&word),
                sequence: ended.delta.stop_sequence,
            }));
            Ok(events)
        }
        // Some upstreams count once more here; a bare end is 23 bytes long.
        "message_stop" if json.len() > 32 => {
            let ended: Ended = serde_json::from_slice(json)?;
            Ok(ended.usage.map(|usage| Event::Usage(usage.into())).into_iter().collect())
        }
        _ => Ok(Vec::new()),
    }
}

fn delta(json: &Bytes) -> Result<Vec<Event>, serde_json::Error> {
    let Moved { index, delta } = serde_json::from_slice(json)?;
    let kind = peek::kind(delta.get().as_bytes()).unwrap_or_default();
    if !matches!(
        kind,
        "text_delta" | "thinking_delta" | "signature_delta" | "input_json_delta" | "citations_delta"
    ) {
        return opaque(json);
    }
    let delta: Delta = serde_json::from_str(delta.get())?;
    Ok(vec![match kind {
        "text_delta" => Event::TextDelta { index, text: delta.text },
        "thinking_delta" => Event::ThinkingDelta { index, text: delta.thinking },
        "signature_delta" => Event::SignatureDelta { index, signature: delta.signature },
        "input_json_delta" => Event::ToolInputDelta { index, json: delta.partial_json },
        _ => Event::Citation { index, citation: delta.citation.unwrap_or_default() },
    }])
}

fn opaque(json: &[u8]) -> Result<Vec<Event>, serde_json::Error> {
    Ok(vec![Event::Opaque { wire: Wire::AnthropicMessages, value: serde_json::from_slice(json)? }])
}

#[cfg(test)]
mod tests;
