//! Earlier searches in a conversation, as calls and results that every model knows.

use llm::{Block, Content, Meaning, Message, Role, Wire};
use serde_json::Value;

use super::page::Page;

/// Whether [`unfold`] keeps what a block says.
#[must_use]
pub fn is_kept(block: &Block) -> bool {
    matches!(read(&block.content), Some(Part::Call(_) | Part::Result(_)))
}

enum Part {
    Call(Content),
    Result(Content),
}

/// The conversation with calls that ran at the vendor as ordinary ones: the result moves into a turn of the user's of its own,
/// and what the assistant said after it begins the next. `None` when there is no such call, as nearly always.
#[must_use]
pub fn unfold(meaning: &Meaning) -> Option<Meaning> {
    let ours = |message: &Message| message.role == Role::Assistant && message.content.iter().any(is_kept);
    if !meaning.messages.iter().any(ours) {
        return None;
    }
    let mut messages = Vec::with_capacity(meaning.messages.len() + 4);
    for message in &meaning.messages {
        if !ours(message) {
            messages.push(message.clone());
            continue;
        }
        let mut said = Vec::new();
        for block in &message.content {
            match read(&block.content) {
                None => said.push(block.clone()),
                Some(Part::Call(call)) => said.push(call.into()),
                Some(Part::Result(result)) => {
                    if !said.is_empty() {
                        messages.push(Message { role: Role::Assistant, content: std::mem::take(&mut said) });
                    }
                    messages.push(Message { role: Role::User, content: vec![result.into()] });
                }
            }
        }
        if !said.is_empty() {
            messages.push(Message { role: Role::Assistant, content: said });
        }
    }
    Some(Meaning { messages, ..meaning.clone() })
}

fn read(content: &Content) -> Option<Part> {
    let Content::Opaque { wire: Wire::AnthropicMessages, value } = content else { return None };
    let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let kind = value.get("type")?.as_str()?;
    if kind == "server_tool_use" {
        let input = value.get("input").filter(|input| input.is_object());
        let input = input.map_or_else(|| "{}".to_owned(), Value::to_string);
        return Some(Part::Call(Content::ToolUse { id: text("id")?, name: text("name")?, input }));
    }
    if !kind.ends_with("_tool_result") {
        return None;
    }
    let (words, is_error) = match value.get("content")? {
        Value::Array(pages) if kind == "web_search_tool_result" => (found(pages), false),
        content => match content.get("error_code").and_then(Value::as_str) {
            Some("max_uses_exceeded") => {
                ("No further search is possible for this answer. Answer with what you know.".to_owned(), true)
            }
            Some(code) => (format!("The search failed: {code}."), true),
            None => (content.to_string(), false),
        },
    };
    Some(Part::Result(Content::ToolResult {
        id: text("tool_use_id")?,
        content: vec![Block::text(words)],
        is_error,
    }))
}

fn found(pages: &[Value]) -> String {
    if pages.is_empty() {
        return "Nothing was found.".to_owned();
    }
    let words: Vec<String> = pages.iter().map(|page| Page::of_block(page).words()).collect();
    words.join("\n\n")
}
