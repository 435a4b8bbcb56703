//! An answer in Converse's words, whole and as an event stream.

use bytes::Bytes;
use llm::{Answer, Content, StopReason, Usage};
use serde_json::{Map, Value, json};
use wire::eventstream;

use crate::compose::deltas;
use crate::dice::Dice;
use crate::reply::Frames;

/// What rides along besides the answer.
pub(super) struct Extras {
    pub(super) tier: Option<String>,
    /// Members of the model's own answer that were asked for.
    pub(super) fields: Option<Value>,
}

pub(super) fn whole(answer: &Answer, extras: &Extras) -> Value {
    let content: Vec<_> = answer.content.iter().filter_map(|block| finished(&block.content)).collect();
    let mut whole = json!({
        "output": { "message": { "role": "assistant", "content": content } },
        "stopReason": stop(answer),
        "usage": usage(&answer.usage),
        "metrics": { "latencyMs": 12 },
        "serviceTier": extras.service_tier(),
    });
    extras.add_fields(&mut whole);
    whole
}

/// The events in order. As the service does: text and reasoning come without a start, the first text delta is
/// empty, and the usage follows `messageStop`.
pub(super) fn stream(answer: Answer, extras: &Extras, seed: u64) -> Frames {
    let start = ("messageStart", json!({ "role": "assistant" }));
    let mut stop = json!({ "stopReason": stop(&answer) });
    extras.add_fields(&mut stop);
    let metadata = json!({
        "usage": usage(&answer.usage),
        "metrics": { "latencyMs": 12 },
        "serviceTier": extras.service_tier(),
    });
    let end = [("messageStop", stop), ("metadata", metadata)];
    let blocks =
        answer.content.into_iter().enumerate().flat_map(|(index, block)| events(index, block.content));
    let mut dice = Dice::new(seed);
    let events = std::iter::once(start).chain(blocks).chain(end);
    Box::new(events.map(move |(name, payload)| frame(name, payload, dice.padding())))
}

impl Extras {
    fn service_tier(&self) -> Value {
        json!({ "type": self.tier.as_deref().unwrap_or("default") })
    }

    fn add_fields(&self, event: &mut Value) {
        if let Some(fields) = &self.fields {
            event["additionalModelResponseFields"] = fields.clone();
        }
    }
}

fn events(index: usize, content: Content) -> impl Iterator<Item = (&'static str, Value)> + Send {
    let (start, deltas) = match content {
        Content::Text { text } => {
            let pieces = std::iter::once(String::new()).chain(deltas(&text));
            (None, pieces.map(|text| json!({ "text": text })).collect())
        }
        Content::Thinking { text, signature } => {
            let thoughts =
                deltas(&text).into_iter().map(|text| json!({ "reasoningContent": { "text": text } }));
            let signature =
                signature.map(|signature| json!({ "reasoningContent": { "signature": signature } }));
            (None, thoughts.chain(signature).collect())
        }
        Content::ToolUse { id, name, input } => {
            let start = json!({ "toolUse": { "toolUseId": id, "name": name } });
            let pieces = deltas(&input).into_iter().map(|input| json!({ "toolUse": { "input": input } }));
            (Some(start), pieces.collect())
        }
        _ => (None, Vec::new()),
    };
    let start =
        start.map(|start| ("contentBlockStart", json!({ "contentBlockIndex": index, "start": start })));
    let deltas = deltas.into_iter().map(move |delta: Value| {
        ("contentBlockDelta", json!({ "contentBlockIndex": index, "delta": delta }))
    });
    start
        .into_iter()
        .chain(deltas)
        .chain(std::iter::once(("contentBlockStop", json!({ "contentBlockIndex": index }))))
}

fn finished(content: &Content) -> Option<Value> {
    Some(match content {
        Content::Text { text } => json!({ "text": text }),
        Content::Thinking { text, signature: Some(signature) } => {
            json!({ "reasoningContent": { "reasoningText": { "text": text, "signature": signature } } })
        }
        Content::Thinking { text, signature: None } => {
            json!({ "reasoningContent": { "reasoningText": { "text": text } } })
        }
        Content::ToolUse { id, name, input } => {
            let input: Value = serde_json::from_str(input).unwrap_or_else(|_| json!({}));
            json!({ "toolUse": { "toolUseId": id, "name": name, "input": input } })
        }
        _ => return None,
    })
}

fn stop(answer: &Answer) -> &str {
    answer.stop.as_ref().map_or("end_turn", StopReason::anthropic)
}

fn usage(usage: &Usage) -> Value {
    let mut told = Map::new();
    told.insert("inputTokens".into(), json!(usage.input));
    told.insert("outputTokens".into(), json!(usage.output));
    told.insert("totalTokens".into(), json!(usage.total()));
    if usage.cache_read.unwrap_or(0) + usage.cache_write.unwrap_or(0) > 0 {
        told.insert("cacheReadInputTokens".into(), json!(usage.cache_read));
        told.insert("cacheWriteInputTokens".into(), json!(usage.cache_write));
        let details = [("5m", usage.cache_write_5m), ("1h", usage.cache_write_1h)];
        let details = details.into_iter().filter(|(_, tokens)| tokens.unwrap_or(0) > 0);
        let details: Vec<_> =
            details.map(|(ttl, tokens)| json!({ "ttl": ttl, "inputTokens": tokens })).collect();
        told.insert("cacheDetails".into(), json!(details));
    }
    Value::Object(told)
}

fn frame(name: &str, mut payload: Value, padding: &str) -> Bytes {
    payload["p"] = json!(padding);
    let headers = [(":event-type", name), (":content-type", "application/json"), (":message-type", "event")];
    eventstream::encode(&headers, payload.to_string().as_bytes()).into()
}
