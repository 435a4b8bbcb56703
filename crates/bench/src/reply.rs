//! The stand-in's answers, built once and then only handed out.

use std::ops::Range;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Value, json};

use crate::{frame, text};

/// Which interface of the upstream is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Interface {
    /// Bedrock InvokeModel with a Claude model: Anthropic's events, base64 in event-stream frames.
    Invoke,
    /// Bedrock Converse.
    Converse,
    /// Anthropic's own Messages: server-sent events.
    Messages,
    /// Amazon Q's and Kiro's GenerateAssistantResponse, which only streams.
    AmazonQ,
}

/// One answer in both forms.
#[derive(Debug)]
pub struct Reply {
    pub content_type: &'static str,
    /// The stream, one write of the service each.
    pub frames: Vec<Bytes>,
    /// Which of the frames carry text.
    pub pieces: Range<usize>,
    /// The answer to a request that does not stream; `None` from a service that only streams.
    pub json: Option<Bytes>,
}

/// What stands before and after the text, and the answer in one piece.
type Ends = (Vec<Bytes>, Vec<Bytes>, Option<Value>);

const MODEL: &str = "claude-sonnet-4-5-20250929";
const INPUT_TOKENS: u64 = 321;

/// Bedrock pads each event to hide its length; the padding's own length varies.
fn padding(seed: usize) -> &'static str {
    const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    &LETTERS[..2 + seed % 50]
}

impl Interface {
    /// The frame of one piece of text.
    pub fn piece(self, text: &str) -> Bytes {
        match self {
            Interface::Invoke | Interface::Messages => self.claude(
                &json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}}),
            ),
            Interface::Converse => framed(
                "contentBlockDelta",
                json!({"contentBlockIndex": 0, "delta": {"text": text}, "p": padding(text.len())}),
            ),
            Interface::AmazonQ => {
                framed("assistantResponseEvent", json!({"content": text, "modelId": "claude-sonnet-4.5"}))
            }
        }
    }

    /// One of Anthropic's events, framed.
    fn claude(self, event: &Value) -> Bytes {
        let data = event.to_string();
        if self == Interface::Messages {
            return Bytes::from(format!(
                "event: {}\ndata: {data}\n\n",
                event["type"].as_str().unwrap_or_default()
            ));
        }
        let (bytes, p) = (STANDARD.encode(&data), padding(data.len()));
        frame::event("chunk", format!("{{\"bytes\":\"{bytes}\",\"p\":\"{p}\"}}").as_bytes())
    }

    /// An answer of `pieces` texts, each `bytes` long.
    pub fn reply(self, pieces: usize, bytes: usize) -> Reply {
        let (head, tail, json) = match self {
            Interface::Invoke | Interface::Messages => self.claude_ends(pieces, bytes),
            Interface::Converse => converse_ends(pieces, bytes),
            Interface::AmazonQ => amazon_q_ends(),
        };
        let range = head.len()..head.len() + pieces;
        let texts = (0..pieces).map(|index| self.piece(&text::piece(index, bytes)));
        Reply {
            content_type: if self == Interface::Messages {
                "text/event-stream; charset=utf-8"
            } else {
                "application/vnd.amazon.eventstream"
            },
            frames: head.into_iter().chain(texts).chain(tail).collect(),
            pieces: range,
            json: json.map(|json| Bytes::from(json.to_string())),
        }
    }

    fn claude_ends(self, pieces: usize, bytes: usize) -> Ends {
        let message = |content: Value, stop: Value, output: usize| {
            json!({"id": "msg_bdrk_01BenchBenchBenchBenchBe", "type": "message", "role": "assistant", "model": MODEL,
                "content": content, "stop_reason": stop, "stop_sequence": null,
                "usage": {"input_tokens": INPUT_TOKENS, "cache_creation_input_tokens": 0,
                    "cache_read_input_tokens": 0, "output_tokens": output}})
        };
        let start = json!({"type": "message_start", "message": message(json!([]), Value::Null, 1)});
        let block =
            json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}});
        let block_stop = json!({"type": "content_block_stop", "index": 0});
        let delta = json!({"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": null},
            "usage": {"output_tokens": pieces}});
        let mut stop = json!({"type": "message_stop"});
        if self == Interface::Invoke {
            stop["amazon-bedrock-invocationMetrics"] = json!({"inputTokenCount": INPUT_TOKENS,
                "outputTokenCount": pieces, "invocationLatency": 1200, "firstByteLatency": 300});
        }
        let content = json!([{"type": "text", "text": text::whole(pieces, bytes)}]);
        (
            vec![self.claude(&start), self.claude(&block)],
            vec![self.claude(&block_stop), self.claude(&delta), self.claude(&stop)],
            Some(message(content, json!("end_turn"), pieces)),
        )
    }
}

fn framed(kind: &str, payload: Value) -> Bytes {
    frame::event(kind, payload.to_string().as_bytes())
}

fn converse_ends(pieces: usize, bytes: usize) -> Ends {
    let usage = json!({"inputTokens": INPUT_TOKENS, "outputTokens": pieces,
        "totalTokens": INPUT_TOKENS + pieces as u64, "serverToolUsage": {}});
    let metrics = json!({"latencyMs": 1200});
    (
        vec![framed("messageStart", json!({"p": padding(6), "role": "assistant"}))],
        vec![
            framed("contentBlockStop", json!({"contentBlockIndex": 0, "p": padding(9)})),
            framed("messageStop", json!({"p": padding(3), "stopReason": "end_turn"})),
            framed("metadata", json!({"metrics": metrics, "p": padding(5), "usage": usage})),
        ],
        Some(json!({"metrics": metrics, "output": {"message": {"role": "assistant",
            "content": [{"text": text::whole(pieces, bytes)}]}}, "stopReason": "end_turn", "usage": usage})),
    )
}

/// The service counts no tokens: a share of the context and the credits are all it tells.
fn amazon_q_ends() -> Ends {
    let ids = json!({"conversationId": "7d0c1a52-0000-4000-8000-00000000be9c",
        "utteranceId": "2b7f0f54-0000-4000-8000-00000000be9c"});
    (
        vec![framed("messageMetadataEvent", ids)],
        vec![
            framed("contextUsageEvent", json!({"contextUsagePercentage": 0.41})),
            framed("metadataEvent", json!({"stopReason": "END_TURN"})),
            framed("meteringEvent", json!({"usage": 0.0132, "unit": "credit", "unitPlural": "credits"})),
        ],
        None,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_carry_the_text_they_are_said_to_carry() {
        for interface in [Interface::Invoke, Interface::Converse, Interface::AmazonQ] {
            let reply = interface.reply(9, 20);
            let texts = reply.frames[reply.pieces.clone()].iter().map(|bytes| {
                let payload: Value = serde_json::from_slice(frame::read(bytes).unwrap().payload).unwrap();
                match payload["bytes"].as_str() {
                    Some(bytes) => {
                        let event: Value = serde_json::from_slice(&STANDARD.decode(bytes).unwrap()).unwrap();
                        event["delta"]["text"].as_str().unwrap().to_owned()
                    }
                    None => {
                        let text = payload.pointer("/delta/text").or(payload.get("content"));
                        text.unwrap().as_str().unwrap().to_owned()
                    }
                }
            });
            assert_eq!(texts.collect::<String>(), text::whole(9, 20));
        }
    }
}
