//! An answer as the service's events.

use bytes::Bytes;
use llm::{Answer, Content, StopReason};
use serde_json::{Value, json};
use wire::eventstream;

use crate::amazon_q::model::{Model, ROUTED};
use crate::dice::Dice;
use crate::reply::Frames;

/// What is told besides the answer.
pub(super) struct Telling {
    pub(super) model: &'static Model,
    pub(super) conversation: String,
    pub(super) input: u64,
    pub(super) opaque: Option<String>,
    /// A first frame with the outputs that are no stream; only the binding with a target has it.
    pub(super) initial: bool,
    pub(super) counts: bool,
    pub(super) stop_reason: bool,
}

type Told = (&'static str, Value);

/// Arguments up to this long come in one event.
const SHORT_INPUT: usize = 12;

/// The events in the order in which the service was seen to send them.
pub(super) fn stream(answer: Answer, telling: &Telling, dice: &mut Dice) -> Frames {
    let mut opening: Vec<Told> = Vec::new();
    if telling.initial {
        opening.push(("initial-response", json!({ "conversationId": telling.conversation })));
    }
    let utterance = dice.uuid();
    opening.push((
        "messageMetadataEvent",
        json!({ "conversationId": telling.conversation, "utteranceId": utterance }),
    ));
    if let Some(block) = &telling.opaque {
        opening.push(("reasoningContentEvent", json!({ "redactedContent": block })));
    }
    let closing = closing(&answer, telling);
    let model = if telling.model.id == "auto" { ROUTED } else { telling.model.id };
    let whole = answer.stop != Some(StopReason::MaxTokens);
    let mut dice = Dice::new(dice.next());
    let blocks = answer
        .content
        .into_iter()
        .flat_map(move |block| block_events(block.content, model, whole, &mut dice));
    let events = opening.into_iter().chain(blocks).chain(closing);
    Box::new(events.map(|(name, payload)| frame(name, &payload)))
}

fn block_events(content: Content, model: &str, whole: bool, dice: &mut Dice) -> Vec<Told> {
    match content {
        Content::Text { text } => {
            let event = |content| ("assistantResponseEvent", json!({ "content": content, "modelId": model }));
            pieces(&text, dice).into_iter().map(event).collect()
        }
        Content::Thinking { text, signature } => {
            let event = |text| ("reasoningContentEvent", json!({ "text": text }));
            let signature = ("reasoningContentEvent", json!({ "signature": signature }));
            pieces(&text, dice).into_iter().map(event).chain([signature]).collect()
        }
        Content::ToolUse { id, name, input } => call_events(&id, &name, &input, whole, dice),
        _ => Vec::new(),
    }
}

/// A call begins without arguments, goes on in fragments and ends with `stop`; a short one is told at once. One that
/// the limit cut off has no end.
fn call_events(id: &str, name: &str, input: &str, whole: bool, dice: &mut Dice) -> Vec<Told> {
    let event = |rest: Value| {
        let mut event = json!({ "toolUseId": id, "name": name });
        if let (Value::Object(event), Value::Object(rest)) = (&mut event, rest) {
            event.extend(rest);
        }
        ("toolUseEvent", event)
    };
    if input == "{}" {
        return vec![event(json!({ "input": "" })), event(json!({ "stop": true }))];
    }
    if input.len() <= SHORT_INPUT && whole {
        return vec![event(json!({ "input": input, "stop": true }))];
    }
    let mut events = vec![event(json!({}))];
    events.extend(pieces(input, dice).into_iter().map(|piece| event(json!({ "input": piece }))));
    if whole {
        events.push(event(json!({ "stop": true })));
    }
    events
}

fn closing(answer: &Answer, telling: &Telling) -> Vec<Told> {
    #[expect(clippy::cast_precision_loss, reason = "a share of some million tokens, for people")]
    let full = 100.0 * telling.input as f64 / telling.model.context as f64;
    let mut events =
        vec![("contextUsageEvent", json!({ "contextUsagePercentage": (full * 100.0).ceil() / 100.0 }))];
    let mut metadata = json!({});
    if telling.counts {
        let output = answer.usage.output.unwrap_or(0);
        metadata["tokenUsage"] = json!({
            "uncachedInputTokens": telling.input,
            "cacheReadInputTokens": 0,
            "cacheWriteInputTokens": 0,
            "outputTokens": output,
            "totalTokens": telling.input + output,
        });
    }
    if telling.stop_reason {
        metadata["stopReason"] = json!(match answer.stop {
            Some(StopReason::ToolUse) => "TOOL_USE",
            Some(StopReason::MaxTokens) => "MAX_TOKENS",
            _ => "END_TURN",
        });
    }
    if metadata != json!({}) {
        events.push(("metadataEvent", metadata));
    }
    let cost = telling.model.cost();
    events.push(("meteringEvent", json!({ "usage": cost, "unit": "credit", "unitPlural": "credits" })));
    events
}

/// Cuts a text at character borders into pieces of uneven length, so that tags and numbers are torn too.
fn pieces(text: &str, dice: &mut Dice) -> Vec<String> {
    let most = (text.len() / 32).clamp(16, 16_384) as u64;
    let mut rest = text;
    let mut pieces = Vec::new();
    while !rest.is_empty() {
        let size = usize::try_from(dice.next() % most).unwrap_or(0) + 1;
        let at = rest.ceil_char_boundary(size.min(rest.len()));
        pieces.push(rest[..at].to_owned());
        rest = &rest[at..];
    }
    pieces
}

fn frame(name: &str, payload: &Value) -> Bytes {
    let headers = [(":message-type", "event"), (":event-type", name), (":content-type", "application/json")];
    eventstream::encode(&headers, payload.to_string().as_bytes()).into()
}
