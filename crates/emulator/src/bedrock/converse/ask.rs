//! Reads a Converse body for what the answer depends on.

use serde_json::{Value, json};

use crate::bedrock::Invocation;
use crate::bedrock::cache::Prefixes;
use crate::compose::{Asked, Choice, Thinking, Tool};
use crate::turn::Turn;

pub(super) fn read<'a>(invocation: &Invocation<'_>, body: &'a Value) -> Asked<'a> {
    let settings = &body["inferenceConfig"];
    let tools = &body["toolConfig"];
    let choice = &tools["toolChoice"];
    let format = &body["outputConfig"]["textFormat"]["structure"]["jsonSchema"]["schema"];
    Asked {
        turn: Turn::read(&body["messages"]),
        tools: items(&tools["tools"])
            .filter_map(|tool| {
                let spec = &tool["toolSpec"];
                Some(Tool { name: spec["name"].as_str()?, schema: &spec["inputSchema"]["json"] })
            })
            .collect(),
        choice: if choice.get("any").is_some() {
            Choice::Any
        } else if let Some(name) = choice["tool"]["name"].as_str() {
            Choice::Named(name)
        } else {
            Choice::Auto
        },
        stop_sequences: items(&settings["stopSequences"]).filter_map(Value::as_str).collect(),
        max_tokens: settings["maxTokens"].as_u64().unwrap_or(invocation.model.max_output),
        thinking: thinking(invocation, &body["additionalModelRequestFields"]),
        schema: format.as_str().and_then(|schema| serde_json::from_str(schema).ok()),
    }
}

/// Claude and Nova think when told to; the open reasoning models always do.
fn thinking(invocation: &Invocation<'_>, fields: &Value) -> Thinking {
    if invocation.model.is_claude() {
        return match (fields["thinking"]["type"].as_str(), fields["thinking"]["display"].as_str()) {
            (None | Some("disabled"), _) => Thinking::Off,
            (Some(_), Some("omitted")) => Thinking::Omitted,
            (Some(_), _) => Thinking::Signed,
        };
    }
    let on = if invocation.model.is_nova() {
        fields["reasoningConfig"]["type"] == "enabled"
    } else {
        invocation.model.thinks()
            && fields["reasoning"]["effort"] != "none"
            && fields["reasoning_effort"] != "none"
    };
    if on { Thinking::Unsigned } else { Thinking::Off }
}

pub(super) fn prefixes(invocation: &Invocation<'_>, body: &Value) -> Prefixes {
    // Nova caches from a thousand tokens on; the others have no markers to honour.
    let least =
        invocation.model.cache_least.or(invocation.model.is_nova().then_some(1024)).unwrap_or(u64::MAX);
    let mut prefixes = Prefixes::new(&[invocation.model.id, &invocation.caller.key], least);
    let messages = items(&body["messages"]).flat_map(|message| items(&message["content"]));
    for block in items(&body["toolConfig"]["tools"]).chain(items(&body["system"])).chain(messages) {
        match block.get("cachePoint") {
            Some(point) => prefixes.mark(point["ttl"] == "1h"),
            None => prefixes.block(block),
        }
    }
    if body["messages"].is_null() {
        prefixes.block(&json!(""));
    }
    prefixes
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
