//! The conversation as a whole: whose turn, which results for which calls, where thinking must stand.

use std::collections::HashSet;

use serde_json::Value;

use super::{Ask, Checked, only, refuse, say};

pub(super) fn check(ask: &Ask<'_>) -> Checked {
    let messages = ask.body["messages"].as_array().map_or(&[][..], Vec::as_slice);
    roles(ask, messages)?;
    content(messages)?;
    pairs(messages)?;
    leading_thinking(ask, messages)
}

fn roles(ask: &Ask<'_>, messages: &[Value]) -> Checked {
    let Some(first) = messages.first() else {
        return refuse("messages", "at least one message is required");
    };
    for message in messages {
        match message["role"].as_str() {
            Some("user" | "assistant") => {}
            Some("system") if ask.model.takes_mid_system() => {}
            Some("system") => {
                return say(
                    "messages: Unexpected role \"system\". The Messages API accepts a top-level `system` parameter, \
                     not \"system\" as an input message role.",
                );
            }
            other => {
                let words = format!(
                    "Unexpected role \"{}\". Allowed roles are \"user\" or \"assistant\".",
                    other.unwrap_or_default()
                );
                return refuse("messages", &words);
            }
        }
    }
    if first["role"] != "user" {
        return refuse("messages", "first message must use the \"user\" role");
    }
    let last = &messages[messages.len() - 1];
    if last["role"] == "assistant" {
        if !ask.model.takes_prefill() {
            return say(
                "This model does not support assistant message prefill. The conversation must end with a user \
                 message.",
            );
        }
        let text = last["content"].as_str().or_else(|| last["content"].as_array()?.last()?["text"].as_str());
        if text.is_some_and(|text| text.ends_with(char::is_whitespace)) {
            return refuse("messages", "final assistant content cannot end with trailing whitespace");
        }
    }
    Ok(())
}

fn content(messages: &[Value]) -> Checked {
    for (at, message) in messages.iter().enumerate() {
        only(message, &["role", "content"], &format!("messages.{at}"))?;
        let empty = match &message["content"] {
            Value::String(text) => text.is_empty(),
            Value::Array(blocks) => blocks.is_empty(),
            _ => false,
        };
        let last_assistant = at + 1 == messages.len() && message["role"] == "assistant";
        if empty && !last_assistant {
            let words =
                "all messages must have non-empty content except for the optional final assistant message";
            return refuse(&format!("messages.{at}"), words);
        }
    }
    Ok(())
}

fn pairs(messages: &[Value]) -> Checked {
    let mut called: Vec<&str> = Vec::new();
    for (at, message) in messages.iter().enumerate() {
        let blocks = message["content"].as_array().map_or(&[][..], Vec::as_slice);
        // Results come first in their message; what stands behind other content does not count.
        let leading = blocks.iter().take_while(|block| block["type"] == "tool_result");
        let answered: Vec<&str> = leading.filter_map(|block| block["tool_use_id"].as_str()).collect();
        let missing: Vec<&str> = called.iter().filter(|id| !answered.contains(*id)).copied().collect();
        if !missing.is_empty() {
            return unanswered(at - 1, &missing);
        }
        let mut seen = HashSet::new();
        for (place, block) in blocks.iter().enumerate().filter(|(_, block)| block["type"] == "tool_result") {
            let id = block["tool_use_id"].as_str().unwrap_or_default();
            let path = format!("messages.{at}.content.{place}");
            if !called.contains(&id) {
                let words = format!(
                    "unexpected `tool_use_id` found in `tool_result` blocks: {id}. Each `tool_result` block must \
                     have a corresponding `tool_use` block in the previous message."
                );
                return refuse(&path, &words);
            }
            if !seen.insert(id) {
                let words = format!(
                    "each tool_use must have a single result. Found multiple `tool_result` blocks with id: {id}"
                );
                return refuse(&path, &words);
            }
        }
        called = blocks
            .iter()
            .filter(|block| block["type"] == "tool_use")
            .filter_map(|call| call["id"].as_str())
            .collect();
        if called.iter().collect::<HashSet<_>>().len() != called.len() {
            return refuse("messages", "`tool_use` ids must be unique");
        }
    }
    if called.is_empty() { Ok(()) } else { unanswered(messages.len() - 1, &called) }
}

fn unanswered(at: usize, ids: &[&str]) -> Checked {
    let words = format!(
        "`tool_use` ids were found without `tool_result` blocks immediately after: {}. Each `tool_use` block must \
         have a corresponding `tool_result` block in the next message.",
        ids.join(", ")
    );
    refuse(&format!("messages.{at}"), &words)
}

/// With a thinking budget, the assistant turn that a tool result continues must begin with its thinking. Adaptive
/// mode does not ask for it.
fn leading_thinking(ask: &Ask<'_>, messages: &[Value]) -> Checked {
    if ask.body["thinking"]["type"] != "enabled" {
        return Ok(());
    }
    let Some(at) = messages.iter().rposition(|message| message["role"] == "assistant") else { return Ok(()) };
    let blocks = messages[at]["content"].as_array().map_or(&[][..], Vec::as_slice);
    let continues = at + 1 == messages.len() || blocks.iter().any(|block| block["type"] == "tool_use");
    let found = blocks.first().map_or("text", |first| first["type"].as_str().unwrap_or_default());
    if !continues || matches!(found, "thinking" | "redacted_thinking") {
        return Ok(());
    }
    let words = format!(
        "Expected `thinking` or `redacted_thinking`, but found `{found}`. When `thinking` is enabled, a final \
         `assistant` message must start with a thinking block (preceeding the lastmost set of `tool_use` and \
         `tool_result` blocks). We recommend you include thinking blocks from previous turns. To avoid this \
         requirement, disable `thinking`."
    );
    refuse(&format!("messages.{at}.content.0.type"), &words)
}
