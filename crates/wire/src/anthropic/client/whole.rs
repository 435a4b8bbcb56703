//! An answer that came in one piece.

use bytes::Bytes;
use llm::{Answer, Block, Category, Content, Error, StopReason, Usage, Whole, Wire};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::super::{content, surgery, usage::Counters};
use crate::ToolNames;

#[derive(Deserialize)]
struct Message<'a> {
    id: Option<String>,
    model: Option<String>,
    #[serde(borrow)]
    content: Option<&'a RawValue>,
    stop_reason: Option<String>,
    stop_sequence: Option<String>,
    usage: Option<Counters>,
}

#[derive(Deserialize)]
struct Outline {
    stop_reason: Option<String>,
    usage: Option<Counters>,
}

fn unreadable(error: impl std::fmt::Display) -> Error {
    Error::new(Category::Upstream, format!("The upstream sent an answer that cannot be read: {error}"))
}

/// Reads what every request needs of a message and keeps its words, but for the names of tools that were sent
/// shortened.
///
/// # Errors
/// [`Category::Upstream`] when `json` is no message; the upstream's own error when it is one.
pub fn read_whole(json: Bytes, names: &ToolNames) -> Result<Whole, Error> {
    refuse_error(&json)?;
    let outline: Outline = serde_json::from_slice(&json).map_err(unreadable)?;
    Ok(Whole {
        wire: Wire::AnthropicMessages,
        json: surgery::restore_whole(&json, names),
        usage: outline.usage.map_or_else(Usage::default, Into::into),
        stop: outline.stop_reason.as_deref().map(StopReason::parse),
    })
}

/// Reads a message into its meaning.
///
/// # Errors
/// As [`read_whole`].
pub fn read_answer(json: &Bytes, names: &ToolNames) -> Result<Answer, Error> {
    refuse_error(json)?;
    let message: Message<'_> = serde_json::from_slice(json).map_err(unreadable)?;
    let mut blocks = match message.content {
        Some(content) => content::read(content, json).map_err(|fault| unreadable(fault.under("content")))?,
        None => Vec::new(),
    };
    for Block { content, .. } in &mut blocks {
        if let Content::ToolUse { name, .. } = content
            && names.to_client(name) != name
        {
            *name = names.to_client(name).to_owned();
        }
    }
    Ok(Answer {
        id: message.id,
        model: message.model,
        content: blocks,
        citations: message.content.map(citations).unwrap_or_default(),
        stop: message.stop_reason.as_deref().map(StopReason::parse),
        stop_sequence: message.stop_sequence,
        usage: message.usage.map_or_else(Usage::default, Into::into),
    })
}

/// The citations of each block. Few answers have any, and those that have none are not parsed for them.
fn citations(content: &RawValue) -> Vec<(usize, Value)> {
    #[derive(Deserialize)]
    struct Cited {
        #[serde(default)]
        citations: Option<Vec<Value>>,
    }
    if memchr::memmem::find(content.get().as_bytes(), b"\"citations\"").is_none() {
        return Vec::new();
    }
    // What is no list of citations says nothing.
    let blocks: Vec<Cited> = serde_json::from_str(content.get()).unwrap_or_default();
    let each = blocks.into_iter().enumerate();
    each.flat_map(|(at, block)| block.citations.into_iter().flatten().map(move |cited| (at, cited))).collect()
}

/// An error can come with a good status.
fn refuse_error(json: &[u8]) -> Result<(), Error> {
    if super::super::peek::kind(json) == Some("error") { Err(super::error::read_event(json)) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
