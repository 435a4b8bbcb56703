//! A long session of a coding agent: tools, calls, file contents, thinking and cache marks.

use serde_json::{Value, json};

const FILE: &str = "    let members = split(&body)?;\n\tif members.is_empty() {\n        return Err(\"nothing\".into());\n    }\n";

fn tool(number: usize) -> Value {
    json!({
        "name": format!("tool_{number}"),
        "description": "Does something to the project. ".repeat(20),
        "input_schema": {
            "$schema": "http://json-schema.org/draft-07/schema#",
            "type": "object",
            "properties": {"path": {"type": "string"}, "limit": {"type": "integer", "minimum": 1}},
            "required": ["path"],
            "additionalProperties": false,
        },
    })
}

/// A request with so many turns of about 12 KiB.
pub(crate) fn body(turns: usize, stream: bool) -> String {
    let mut messages = Vec::new();
    for turn in 0..turns {
        let (id, path) = (format!("toolu_{turn:024}"), format!("/home/dev/project/src/part_{turn}.rs"));
        messages.push(
            json!({"role": "user", "content": [{"type": "text", "text": format!("Now part {turn}.")}]}),
        );
        messages.push(json!({"role": "assistant", "content": [
            {"type": "thinking", "thinking": "The part is read first. ".repeat(20), "signature": "EqQB".repeat(100)},
            {"type": "text", "text": "Let me look at the file first."},
            {"type": "tool_use", "id": id, "name": "tool_1", "input": {"path": path, "limit": 400}},
        ]}));
        messages.push(json!({"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": id, "content": [{"type": "text", "text": FILE.repeat(88)}]},
        ]}));
        messages
            .push(json!({"role": "assistant", "content": [{"type": "text", "text": "The part is fine."}]}));
    }
    messages.push(json!({"role": "user", "content": [
        {"type": "text", "text": "Go on.", "cache_control": {"type": "ephemeral"}},
    ]}));
    let body = json!({
        "model": "claude-sonnet-4-5",
        "messages": messages,
        "system": [
            {"type": "text", "text": "You are an agent.", "cache_control": {"type": "ephemeral"}},
            {"type": "text", "text": "Follow the rules of the project. ".repeat(400)},
        ],
        "tools": (0..20).map(tool).collect::<Vec<_>>(),
        "metadata": {"user_id": "user_0_account__session_0"},
        "max_tokens": 32000,
        "thinking": {"type": "enabled", "budget_tokens": 31999},
        "stream": stream,
    });
    body.to_string()
}
