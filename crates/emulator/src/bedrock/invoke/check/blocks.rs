//! Every content block by itself: its kind, its keys, its values.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::{Ask, Checked, images, is_name, list, only, refuse, say, string};

const BILLING: &str = "x-anthropic-billing-header";

pub(super) fn check(ask: &Ask<'_>) -> Checked {
    system(&ask.body["system"])?;
    let messages = list(&ask.body["messages"], "messages")?;
    let mut pictures = 0;
    for (at, message) in messages.iter().enumerate() {
        only(message, &["role", "content"], &format!("messages.{at}"))?;
        let path = format!("messages.{at}.content");
        let role = message["role"].as_str().unwrap_or_default();
        match &message["content"] {
            Value::Null => return refuse(&path, "Field required"),
            Value::String(_) => {}
            Value::Array(blocks) => {
                for (at, each) in blocks.iter().enumerate() {
                    block(ask, role, each, &format!("{path}.{at}"))?;
                    pictures += usize::from(each["type"] == "image");
                }
            }
            _ => return refuse(&path, "Input should be a valid list"),
        }
    }
    if pictures > 100 {
        return say(format!("too many images and documents: {pictures} + 0 > 100"));
    }
    Ok(())
}

fn system(system: &Value) -> Checked {
    let texts = match system {
        Value::Null => return Ok(()),
        Value::String(text) => {
            return if text.starts_with(BILLING) { reserved() } else { Ok(()) };
        }
        other => list(other, "system")?,
    };
    for (at, block) in texts.iter().enumerate() {
        let path = format!("system.{at}");
        if block["type"] != "text" {
            return refuse(&format!("{path}.type"), "Input should be 'text'");
        }
        only(block, &["type", "text", "cache_control"], &path)?;
        let text = string(&block["text"], &format!("{path}.text"))?;
        if text.starts_with(BILLING) {
            return reserved();
        }
        non_empty(text, "system")?;
    }
    Ok(())
}

fn reserved() -> Checked {
    say(format!("{BILLING} is a reserved keyword and may not be used in the system prompt."))
}

fn non_empty(text: &str, path: &str) -> Checked {
    if text.is_empty() {
        return refuse(path, "text content blocks must be non-empty");
    }
    if text.trim().is_empty() {
        return refuse(path, "text content blocks must contain non-whitespace text");
    }
    Ok(())
}

fn block(ask: &Ask<'_>, role: &str, block: &Value, path: &str) -> Checked {
    let kind = string(&block["type"], &format!("{path}.type"))?;
    let inside = format!("{path}.{kind}");
    match (kind, role) {
        ("text", _) => {
            // Citations are what a model answered; they come back in its own turns alone.
            let known: &[&str] = if role == "assistant" {
                &["type", "text", "cache_control", "citations"]
            } else {
                &["type", "text", "cache_control"]
            };
            only(block, known, &inside)?;
            non_empty(string(&block["text"], &format!("{inside}.text"))?, "messages")
        }
        ("image", "user") => {
            only(block, &["type", "source", "cache_control"], &inside)?;
            images::source(&block["source"], &format!("{inside}.source"))
        }
        ("document", "user") => {
            only(block, &["type", "source", "title", "context", "citations", "cache_control"], &inside)?;
            images::document(&block["source"], &format!("{inside}.source"))
        }
        ("search_result", "user") => Ok(()),
        ("tool_result", "user") => tool_result(block, &inside),
        ("tool_use", "assistant") => tool_use(block, &inside),
        ("thinking", "assistant") => {
            only(block, &["type", "thinking", "signature"], &inside)?;
            string(&block["thinking"], &format!("{inside}.thinking"))?;
            let signature = string(&block["signature"], &format!("{inside}.signature"))?;
            if signature.is_empty() || STANDARD.decode(signature).is_err() {
                return refuse(path, "Invalid `signature` in `thinking` block");
            }
            Ok(())
        }
        ("redacted_thinking", "assistant") => {
            only(block, &["type", "data"], &inside)?;
            string(&block["data"], &format!("{inside}.data")).map(drop)
        }
        ("server_tool_use" | "tool_search_tool_result", "assistant") if ask.model.has_tool_search() => Ok(()),
        ("compaction", "assistant") if ask.has_beta("compact-2026-01-12") => Ok(()),
        ("tool_use" | "thinking" | "redacted_thinking", _) => {
            refuse(path, &format!("`{kind}` blocks can only be in `assistant` messages"))
        }
        ("tool_result" | "image" | "document", "assistant") => {
            refuse(path, &format!("`{kind}` blocks can only be in `user` messages"))
        }
        _ => refuse(
            path,
            &format!(
                "Input tag '{kind}' found using 'type' does not match any of the expected tags: 'document', 'image', \
                 'redacted_thinking', 'search_result', 'text', 'thinking', 'tool_result', 'tool_use'"
            ),
        ),
    }
}

fn tool_use(block: &Value, path: &str) -> Checked {
    only(block, &["type", "id", "name", "input", "cache_control"], path)?;
    let id = string(&block["id"], &format!("{path}.id"))?;
    if !is_name(id, usize::MAX) {
        return refuse(&format!("{path}.id"), "String should match pattern '^[a-zA-Z0-9_-]+$'");
    }
    let name = string(&block["name"], &format!("{path}.name"))?;
    if name.is_empty() || name.len() > 200 {
        return refuse(&format!("{path}.name"), "String should have at most 200 characters");
    }
    match &block["input"] {
        Value::Object(_) => Ok(()),
        Value::Null if block.get("input").is_none() => refuse(&format!("{path}.input"), "Field required"),
        _ => refuse(&format!("{path}.input"), "Input should be a valid dictionary"),
    }
}

fn tool_result(block: &Value, path: &str) -> Checked {
    only(block, &["type", "tool_use_id", "content", "is_error", "cache_control"], path)?;
    string(&block["tool_use_id"], &format!("{path}.tool_use_id"))?;
    if !matches!(block["is_error"], Value::Null | Value::Bool(_)) {
        return refuse(&format!("{path}.is_error"), "Input should be a valid boolean");
    }
    let parts = match &block["content"] {
        Value::Null | Value::String(_) => return Ok(()),
        other => list(other, &format!("{path}.content"))?,
    };
    for (at, part) in parts.iter().enumerate() {
        let path = format!("{path}.content.{at}");
        match part["type"].as_str() {
            Some("text") => {
                only(part, &["type", "text", "cache_control"], &format!("{path}.text"))?;
                non_empty(string(&part["text"], &format!("{path}.text.text"))?, "messages")?;
            }
            Some("image") => images::source(&part["source"], &format!("{path}.image.source"))?,
            Some("document") => images::document(&part["source"], &format!("{path}.document.source"))?,
            Some("search_result" | "tool_reference") => {}
            other => {
                let words = format!(
                    "Input tag '{}' found using 'type' does not match any of the expected tags: 'document', 'image', \
                     'search_result', 'text', 'tool_reference'",
                    other.unwrap_or_default()
                );
                return refuse(&path, &words);
            }
        }
    }
    Ok(())
}
