//! An answer in Anthropic's words, whole and as Bedrock's event stream.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use llm::{Answer, Content, Usage};
use serde_json::{Value, json};
use wire::eventstream;

use crate::compose::deltas;
use crate::dice::Dice;
use crate::reply::Frames;

/// The body of InvokeModel, and of every other route of Claude.
pub(in crate::bedrock) fn whole(answer: &Answer) -> Value {
    json!({
        "model": answer.model,
        "id": answer.id,
        "type": "message",
        "role": "assistant",
        "content": answer.content.iter().filter_map(|block| finished(&block.content)).collect::<Vec<_>>(),
        "stop_reason": answer.stop.as_ref().map(llm::StopReason::anthropic),
        "stop_sequence": answer.stop_sequence,
        "usage": usage(&answer.usage, answer.usage.output),
    })
}

/// The frames of InvokeModelWithResponseStream, made as they are asked for.
pub(super) fn stream(answer: Answer, seed: u64) -> Frames {
    let metrics = metrics(&answer.usage);
    let mut dice = Dice::new(seed);
    let measured = all_events(answer).map(move |mut event| {
        if event["type"] == "message_stop" {
            event["amazon-bedrock-invocationMetrics"] = metrics.clone();
        }
        event
    });
    Box::new(measured.map(move |event| chunk(&event, dice.padding())))
}

/// The frames of Anthropic's own stream.
pub(in crate::bedrock) fn server_sent(answer: Answer) -> Frames {
    let ping = |event: &Value| event["type"] == "message_start";
    Box::new(all_events(answer).flat_map(move |event| {
        let ping = ping(&event).then(|| sent(&json!({ "type": "ping" })));
        std::iter::once(sent(&event)).chain(ping)
    }))
}

/// One server-sent event.
pub(in crate::bedrock) fn sent(event: &Value) -> Bytes {
    format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap_or_default()).into()
}

fn all_events(answer: Answer) -> impl Iterator<Item = Value> + Send {
    let start = json!({
        "type": "message_start",
        "message": {
            "model": answer.model,
            "id": answer.id,
            "type": "message",
            "role": "assistant",
            "content": [],
            "stop_reason": null,
            "stop_sequence": null,
            "usage": usage(&answer.usage, Some(1)),
        },
    });
    let end = [
        json!({
            "type": "message_delta",
            "delta": {
                "stop_reason": answer.stop.as_ref().map(llm::StopReason::anthropic),
                "stop_sequence": answer.stop_sequence,
            },
            "usage": { "output_tokens": answer.usage.output },
        }),
        json!({ "type": "message_stop" }),
    ];
    let blocks =
        answer.content.into_iter().enumerate().flat_map(|(index, block)| events(index, block.content));
    std::iter::once(start).chain(blocks).chain(end)
}

fn events(index: usize, content: Content) -> impl Iterator<Item = Value> + Send {
    let (block, deltas) = match content {
        Content::Text { text } => {
            let deltas = deltas(&text).into_iter().map(|text| json!({ "type": "text_delta", "text": text }));
            (json!({ "type": "text", "text": "" }), deltas.collect())
        }
        Content::Thinking { text, signature } => {
            let thoughts =
                deltas(&text).into_iter().map(|text| json!({ "type": "thinking_delta", "thinking": text }));
            let signature =
                signature.map(|signature| json!({ "type": "signature_delta", "signature": signature }));
            let deltas = thoughts.chain(signature).collect();
            (json!({ "type": "thinking", "thinking": "", "signature": "" }), deltas)
        }
        Content::ToolUse { id, name, input } => {
            // Streams open the arguments with an empty piece.
            let pieces = std::iter::once(String::new()).chain(deltas(&input));
            let deltas = pieces.map(|json| json!({ "type": "input_json_delta", "partial_json": json }));
            (json!({ "type": "tool_use", "id": id, "name": name, "input": {} }), deltas.collect())
        }
        _ => (Value::Null, Vec::new()),
    };
    let start = json!({ "type": "content_block_start", "index": index, "content_block": block });
    let deltas = deltas
        .into_iter()
        .map(move |delta: Value| json!({ "type": "content_block_delta", "index": index, "delta": delta }));
    std::iter::once(start)
        .chain(deltas)
        .chain(std::iter::once(json!({ "type": "content_block_stop", "index": index })))
}

fn finished(content: &Content) -> Option<Value> {
    Some(match content {
        Content::Text { text } => json!({ "type": "text", "text": text }),
        Content::Thinking { text, signature } => {
            json!({ "type": "thinking", "thinking": text, "signature": signature })
        }
        Content::ToolUse { id, name, input } => {
            let input: Value = serde_json::from_str(input).unwrap_or_else(|_| json!({}));
            json!({ "type": "tool_use", "id": id, "name": name, "input": input })
        }
        _ => return None,
    })
}

fn usage(usage: &Usage, output: Option<u64>) -> Value {
    json!({
        "input_tokens": usage.input,
        "cache_creation_input_tokens": usage.cache_write,
        "cache_read_input_tokens": usage.cache_read,
        "cache_creation": {
            "ephemeral_5m_input_tokens": usage.cache_write_5m,
            "ephemeral_1h_input_tokens": usage.cache_write_1h,
        },
        "output_tokens": output,
    })
}

fn metrics(usage: &Usage) -> Value {
    json!({
        "inputTokenCount": usage.input,
        "outputTokenCount": usage.output,
        "invocationLatency": 12,
        "firstByteLatency": 3,
        "cacheReadInputTokenCount": usage.cache_read,
        "cacheWriteInputTokenCount": usage.cache_write,
    })
}

fn chunk(event: &Value, padding: &str) -> Bytes {
    let payload = json!({ "bytes": STANDARD.encode(event.to_string()), "p": padding }).to_string();
    let headers =
        [(":event-type", "chunk"), (":content-type", "application/json"), (":message-type", "event")];
    eventstream::encode(&headers, payload.as_bytes()).into()
}
