//! The conversation, written.

use std::borrow::Cow;

use llm::{Block as Given, CacheMark, Content, Role, Source};
use serde::Serialize;

use super::super::cache::markable;
use super::super::turns::{Piece, Said, Turn};
use crate::ToolNames;
use crate::anthropic::blocks::{Block, CacheControl, Input, Known, ResultContent, Source as Written, Switch};

#[derive(Serialize)]
pub(super) struct Message<'a> {
    role: &'static str,
    content: Vec<Block<'a>>,
}

pub(super) fn messages<'a>(turns: &'a [Turn<'a>], names: &'a ToolNames) -> Vec<Message<'a>> {
    let last = turns.len().saturating_sub(1);
    turns
        .iter()
        .enumerate()
        .map(|(at, turn)| {
            let mut content: Vec<Block<'a>> =
                turn.pieces.iter().filter_map(|piece| written(piece, names)).collect();
            // The API refuses a conversation that ends in white space of the model's.
            if at == last
                && turn.role == Role::Assistant
                && let Some(Block::Known(Known::Text { text, .. })) = content.last_mut()
            {
                *text = text.trim_end().to_owned().into();
            }
            Message { role: super::role(turn.role), content }
        })
        .collect()
}

fn written<'a>(piece: &'a Piece<'a>, names: &'a ToolNames) -> Option<Block<'a>> {
    let mark = piece.cache.filter(|_| markable(&piece.said));
    Some(match &piece.said {
        Said::Given(content) => return block(content, mark, names),
        Said::Reminder(text) => Block::Known(Known::Text {
            text: format!("<system-reminder>\n{text}\n</system-reminder>").into(),
            cache_control: mark.map(Into::into),
        }),
        Said::Opening => Block::Known(Known::Text {
            text: "(conversation start)".into(),
            cache_control: mark.map(Into::into),
        }),
        Said::Missing(id) => Block::Known(Known::ToolResult {
            tool_use_id: tool_id(id),
            content: Some(ResultContent::Text("(missing)")),
            is_error: true,
            cache_control: mark.map(Into::into),
        }),
    })
}

fn block<'a>(content: &'a Content, mark: Option<CacheMark>, names: &'a ToolNames) -> Option<Block<'a>> {
    let cache_control = mark.map(CacheControl::from);
    Some(Block::Known(match content {
        Content::Text { text } => Known::Text { text: text.into(), cache_control },
        Content::Image { source: from } => Known::Image { source: source(from)?, cache_control },
        Content::Document { source: from, title, context, citations } => Known::Document {
            source: source(from)?,
            title: title.as_deref(),
            context: context.as_deref(),
            citations: citations.then_some(Switch { enabled: true }),
            cache_control,
        },
        Content::ToolUse { id, name, input } => Known::ToolUse {
            id: tool_id(id),
            name: names.to_wire(name),
            input: Input::of(input),
            cache_control,
        },
        Content::ToolResult { id, content, is_error } => Known::ToolResult {
            tool_use_id: tool_id(id),
            content: result(content, names),
            is_error: *is_error,
            cache_control,
        },
        Content::Thinking { text, signature } => {
            Known::Thinking { thinking: text, signature: signature.as_deref()? }
        }
        Content::RedactedThinking { data } => Known::RedactedThinking { data },
        Content::Opaque { value, .. } => return Some(Block::Opaque(value)),
    }))
}

fn result<'a>(blocks: &'a [Given], names: &'a ToolNames) -> Option<ResultContent<'a>> {
    if let [Given { content: Content::Text { text }, cache: None }] = blocks {
        return Some(ResultContent::Text(text));
    }
    let blocks: Vec<Block<'a>> = blocks
        .iter()
        .filter(|given| !matches!(&given.content, Content::Text { text } if text.is_empty()))
        .filter_map(|given| block(&given.content, given.cache, names))
        .collect();
    (!blocks.is_empty()).then_some(ResultContent::Blocks(blocks))
}

fn source(source: &Source) -> Option<Written<'_>> {
    Some(match source {
        Source::Base64 { media_type, data } => {
            Written::Base64 { media_type, data: std::str::from_utf8(data).ok()? }
        }
        Source::Text { text } => Written::Text { media_type: "text/plain", data: text },
        // Refused before.
        Source::Url { .. } => return None,
    })
}

/// An id as the API takes it: letters, digits, `_` and `-`. Other wires allow more.
fn tool_id(id: &str) -> Cow<'_, str> {
    let legal = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if id.is_empty() {
        "call".into()
    } else if id.chars().all(legal) {
        id.into()
    } else {
        id.chars().map(|c| if legal(c) { c } else { '_' }).collect()
    }
}
