//! Reads an Anthropic body for what the answer depends on.

use serde_json::Value;

use crate::bedrock::Invocation;
use crate::bedrock::cache::Prefixes;
use crate::compose::{Asked, Choice, Thinking, Tool};
use crate::turn::Turn;

pub(super) fn read(body: &Value) -> Asked<'_> {
    let choice = &body["tool_choice"];
    let thinking = &body["thinking"];
    Asked {
        turn: Turn::read(&body["messages"]),
        tools: items(&body["tools"])
            .filter_map(|tool| Some(Tool { name: tool["name"].as_str()?, schema: &tool["input_schema"] }))
            .collect(),
        choice: match choice["type"].as_str() {
            Some("none") => Choice::None,
            Some("any") => Choice::Any,
            Some("tool") => Choice::Named(choice["name"].as_str().unwrap_or_default()),
            _ => Choice::Auto,
        },
        stop_sequences: items(&body["stop_sequences"]).filter_map(Value::as_str).collect(),
        max_tokens: body["max_tokens"].as_u64().unwrap_or(1024),
        thinking: match (thinking["type"].as_str(), thinking["display"].as_str()) {
            (None | Some("disabled"), _) => Thinking::Off,
            (Some(_), Some("omitted")) => Thinking::Omitted,
            (Some(_), _) => Thinking::Signed,
        },
        schema: body["output_config"]["format"].get("schema").cloned(),
    }
}

/// The prompt in the order in which prefixes are cached.
pub(super) fn prefixes(invocation: &Invocation<'_>, body: &Value) -> Prefixes {
    let mut prefixes = Prefixes::new(
        &[invocation.model.id, &invocation.caller.key],
        invocation.model.cache_least.unwrap_or(u64::MAX),
    );
    items(&body["tools"]).for_each(|tool| prefixes.block(tool));
    content(&body["system"], &mut prefixes);
    for message in items(&body["messages"]) {
        content(&message["content"], &mut prefixes);
    }
    prefixes
}

fn content(content: &Value, prefixes: &mut Prefixes) {
    match content {
        Value::Array(blocks) => blocks.iter().for_each(|block| prefixes.block(block)),
        Value::Null => {}
        text => prefixes.block(text),
    }
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
