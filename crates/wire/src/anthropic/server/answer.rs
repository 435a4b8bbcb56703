//! An answer in one piece, written from its meaning.

use bytes::Bytes;
use llm::{Answer, Content, StopReason, Wire};
use serde::Serialize;
use serde_json::Value;

use super::super::blocks::{Block, Input, Known};
use super::super::{UNSIGNED, usage};
use super::stream::answer_id;
use crate::Stamp;

#[derive(Serialize)]
struct Message<'a> {
    id: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    role: &'static str,
    model: &'a str,
    content: Vec<Written<'a>>,
    stop_reason: &'a str,
    stop_sequence: Option<&'a str>,
    usage: usage::Written,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Written<'a> {
    Block(Block<'a>),
    Cited {
        #[serde(rename = "type")]
        kind: &'static str,
        text: &'a str,
        citations: Vec<&'a Value>,
    },
}

pub(super) fn write(model: &str, answer: &Answer, stamp: Stamp) -> Bytes {
    let tools = answer.content.iter().any(|block| matches!(block.content, Content::ToolUse { .. }));
    let stop = super::stream::stop_word(answer.stop.as_ref(), tools);
    let message = Message {
        id: &answer_id(answer.id.as_deref(), stamp),
        kind: "message",
        role: "assistant",
        model,
        content: answer
            .content
            .iter()
            .enumerate()
            .filter_map(|(at, block)| in_answer(answer, at, &block.content))
            .collect(),
        stop_reason: stop,
        stop_sequence: answer
            .stop_sequence
            .as_deref()
            .filter(|_| answer.stop == Some(StopReason::StopSequence)),
        usage: (&answer.usage).into(),
    };
    Bytes::from(serde_json::to_vec(&message).unwrap_or_default())
}

fn in_answer<'a>(answer: &'a Answer, at: usize, content: &'a Content) -> Option<Written<'a>> {
    let citations: Vec<&Value> =
        answer.citations.iter().filter(|(cited, _)| *cited == at).map(|(_, citation)| citation).collect();
    match content {
        Content::Text { text } if !citations.is_empty() => {
            Some(Written::Cited { kind: "text", text, citations })
        }
        _ => written(content).map(Written::Block),
    }
}

fn written(content: &Content) -> Option<Block<'_>> {
    Some(Block::Known(match content {
        Content::Text { text } => Known::Text { text: text.into(), cache_control: None },
        Content::Thinking { text, signature } => {
            Known::Thinking { thinking: text, signature: signature.as_deref().unwrap_or(UNSIGNED) }
        }
        Content::RedactedThinking { data } => Known::RedactedThinking { data },
        Content::ToolUse { id, name, input } => {
            Known::ToolUse { id: id.into(), name: name.into(), input: Input::of(input), cache_control: None }
        }
        Content::Opaque { wire: Wire::AnthropicMessages, value } => return Some(Block::Opaque(value)),
        // Other wires' own, and what a model never answers with.
        Content::Opaque { .. }
        | Content::Image { .. }
        | Content::Document { .. }
        | Content::ToolResult { .. } => return None,
    }))
}
