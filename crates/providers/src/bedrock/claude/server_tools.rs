//! What Anthropic's own servers did in an earlier turn, retold as text: Bedrock refuses the blocks themselves.

use serde_json::Value;
use serde_json::value::RawValue;

/// Longest retelling in characters.
const LONGEST: usize = 4000;

/// Retells a server tool's call or result as the JSON of a text block; `None` when nothing can be told.
pub(super) fn summary(block: &[u8]) -> Option<String> {
    let block: Value = serde_json::from_slice(block).ok()?;
    let told = match block.get("input") {
        Some(input) => {
            let name = block.get("name").and_then(Value::as_str).unwrap_or("tool");
            format!("[{name} {input}]")
        }
        None => {
            let mut lines = Vec::new();
            gather(block.get("content")?, &mut lines);
            lines.join("\n")
        }
    };
    let cut: String = told.chars().take(LONGEST).collect();
    (!cut.trim().is_empty()).then(|| text_block(&cut))
}

/// A reference to a tool that tool search had found: without tool search the tool is there anyway.
pub(super) fn reference(block: &[u8]) -> String {
    let block: Value = serde_json::from_slice(block).unwrap_or_default();
    let name = block.get("tool_name").and_then(Value::as_str).unwrap_or_default();
    text_block(&format!("Tool {name} is available."))
}

/// Whether a text is the JSON of an object, nested no deeper than we pass on.
pub(super) fn is_object(text: &str) -> bool {
    llm::check_depth(text.as_bytes(), llm::MAX_DEPTH / 2)
        && serde_json::from_str::<&RawValue>(text).is_ok_and(|value| value.get().starts_with('{'))
}

fn gather(value: &Value, lines: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| gather(item, lines)),
        Value::Object(members) => {
            let word = |name: &str| members.get(name).and_then(Value::as_str).filter(|word| !word.is_empty());
            match (word("title"), word("url")) {
                (Some(title), Some(url)) => lines.push(format!("{title} ({url})")),
                (Some(only), None) | (None, Some(only)) => lines.push(only.to_owned()),
                (None, None) => {}
            }
            for name in ["text", "stdout", "stderr", "error_code"] {
                lines.extend(word(name).map(str::to_owned));
            }
            members.get("content").into_iter().for_each(|content| gather(content, lines));
        }
        _ => {}
    }
}

fn text_block(text: &str) -> String {
    serde_json::json!({"type": "text", "text": text}).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_is_retold() {
        let call = br#"{"type":"server_tool_use","id":"s","name":"web_search","input":{"query":"rust"}}"#;
        assert_eq!(
            summary(call).as_deref(),
            Some(r#"{"type":"text","text":"[web_search {\"query\":\"rust\"}]"}"#)
        );
        let result = br#"{"type":"web_search_tool_result","content":[{"type":"web_search_result","title":"Rust","url":"https://a.example","encrypted_content":"zz"}]}"#;
        assert_eq!(summary(result).as_deref(), Some(r#"{"type":"text","text":"Rust (https://a.example)"}"#));
        assert_eq!(summary(br#"{"type":"web_search_tool_result","content":[]}"#), None);
    }

    #[test]
    fn objects_are_told_from_the_rest() {
        assert!(is_object(r#"{"a":1}"#) && is_object(" {} "));
        assert!(
            !is_object("[]")
                && !is_object("{")
                && !is_object("x")
                && !is_object(&format!("{}1{}", "{\"a\":".repeat(100), "}".repeat(100)))
        );
    }
}
