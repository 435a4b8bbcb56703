//! Responses: what is asked, and the answer in one piece or in events.

use std::sync::LazyLock;

use llm::{Answer, Content, StopReason, Usage};
use serde_json::{Value, json};

use super::{Maker, check, events, items, sse};
use crate::Refusal;
use crate::bedrock::cache::Prefixes;
use crate::bedrock::{Invocation, check_tier};
use crate::compose::{Asked, Choice, Thinking, Tool, compose};
use crate::dice::Dice;
use crate::reply::Reply;
use crate::turn::Turn;

/// What a tool that takes plain text looks like to whoever composes its call.
static PLAIN: LazyLock<Value> = LazyLock::new(
    || json!({"type": "object", "properties": {"input": {"type": "string"}}, "required": ["input"]}),
);

/// How sealed thoughts begin; nobody but the model can read on.
pub(super) const SEAL: &str = "gAAAAAB";

/// A tool, under the name by which a prompt's marker calls it.
struct Entry<'a> {
    flat: String,
    namespace: Option<&'a str>,
    name: &'a str,
    custom: bool,
    schema: &'a Value,
}

pub(super) fn answer(
    invocation: &Invocation<'_>,
    maker: Maker,
    body: &Value,
    dice: &mut Dice,
) -> Result<Reply, Refusal> {
    if maker != Maker::Gpt && !invocation.model.is_magic() {
        let message = format!("The model '{}' does not support the Responses API.", invocation.id);
        return Err(Refusal::new(404, "ResourceNotFoundException", message));
    }
    if invocation.strict {
        check_tier(invocation.model, body["service_tier"].as_str())?;
        check::responses(invocation.model, maker, body)?;
        items::check(invocation.model, &body["input"])?;
    }
    let entries = entries(body);
    let mut answer = compose(&read(invocation, body, &entries), "call_", dice);
    let mut prefixes = Prefixes::new(&[invocation.model.id, &invocation.caller.key], u64::MAX);
    for list in [&body["tools"], &body["input"]] {
        match list {
            Value::Array(blocks) => blocks.iter().for_each(|block| prefixes.block(block)),
            other => prefixes.block(other),
        }
    }
    invocation.account(&prefixes, &mut answer)?;
    let output = output(&answer, body, &entries, dice);
    let response = object(invocation, body, &answer, output, dice);
    Ok(match invocation.streams {
        true => Reply::sse(events::stream(response), sse::event_failure),
        false => Reply::json(&response),
    })
}

fn entries(body: &Value) -> Vec<Entry<'_>> {
    let mut entries = Vec::new();
    for tool in array(&body["tools"]) {
        let namespace = tool["name"].as_str().filter(|_| tool["type"] == "namespace");
        let tools = if namespace.is_some() { array(&tool["tools"]) } else { std::slice::from_ref(tool) };
        for tool in tools {
            let Some(name) = tool["name"].as_str() else { continue };
            let custom = tool["type"] == "custom";
            let flat = match namespace {
                Some(namespace) if namespace.ends_with("__") => format!("{namespace}{name}"),
                Some(namespace) => format!("{namespace}__{name}"),
                None => name.to_owned(),
            };
            let schema = if custom { &*PLAIN } else { &tool["parameters"] };
            entries.push(Entry { flat, namespace, name, custom, schema });
        }
    }
    entries
}

fn read<'a>(invocation: &Invocation<'_>, body: &'a Value, entries: &'a [Entry<'a>]) -> Asked<'a> {
    let choice = &body["tool_choice"];
    let thinks = invocation.model.thinks() && body["reasoning"]["effort"] != "none";
    Asked {
        turn: Turn::read_items(&body["input"]),
        tools: entries.iter().map(|entry| Tool { name: &entry.flat, schema: entry.schema }).collect(),
        choice: match (choice.as_str(), choice["name"].as_str()) {
            (Some("none"), _) => Choice::None,
            (Some("required"), _) => Choice::Any,
            (_, Some(name)) => Choice::Named(name),
            _ => Choice::Auto,
        },
        stop_sequences: Vec::new(),
        max_tokens: body["max_output_tokens"].as_u64().unwrap_or(invocation.model.max_output),
        thinking: if thinks { Thinking::Unsigned } else { Thinking::Off },
        schema: body["text"]["format"].get("schema").cloned(),
    }
}

/// The items of an answer.
fn output(answer: &Answer, body: &Value, entries: &[Entry<'_>], dice: &mut Dice) -> Vec<Value> {
    let sealed = array(&body["include"]).iter().any(|what| what == "reasoning.encrypted_content");
    let summed_up = body["reasoning"].get("summary").is_some_and(|summary| !summary.is_null());
    let mut items = Vec::new();
    for block in &answer.content {
        items.push(match &block.content {
            Content::Thinking { text, .. } => {
                let summary =
                    if summed_up { json!([{"type": "summary_text", "text": text}]) } else { json!([]) };
                let mut item = json!({"type": "reasoning", "id": dice.word("rs_", 48), "summary": summary});
                if sealed {
                    item["encrypted_content"] = json!(dice.word(SEAL, 60));
                }
                item
            }
            Content::Text { text } => json!({
                "type": "message", "id": dice.word("msg_", 48), "status": "completed", "role": "assistant",
                "content": [{"type": "output_text", "text": text, "annotations": [], "logprobs": []}],
            }),
            Content::ToolUse { id, name, input } => call(id, name, input, entries, dice),
            _ => continue,
        });
    }
    let short = answer.stop == Some(StopReason::MaxTokens);
    if let Some(last) = items.last_mut().filter(|item| short && item.get("call_id").is_some()) {
        last["status"] = json!("incomplete");
    }
    items
}

fn call(id: &str, name: &str, input: &str, entries: &[Entry<'_>], dice: &mut Dice) -> Value {
    let entry = entries.iter().find(|entry| entry.flat == name);
    let own = entry.map_or(name, |entry| entry.name);
    let mut item = if entry.is_some_and(|entry| entry.custom) {
        let input: Value = serde_json::from_str(input).unwrap_or_default();
        json!({
            "type": "custom_tool_call", "id": dice.word("ctc_", 48), "status": "completed", "call_id": id,
            "name": own, "input": input["input"].as_str().unwrap_or_default(),
        })
    } else {
        json!({
            "type": "function_call", "id": dice.word("fc_", 48), "status": "completed", "call_id": id, "name": own,
            "arguments": input,
        })
    };
    if let Some(namespace) = entry.and_then(|entry| entry.namespace) {
        item["namespace"] = json!(namespace);
    }
    item
}

fn object(
    invocation: &Invocation<'_>,
    body: &Value,
    answer: &Answer,
    output: Vec<Value>,
    dice: &mut Dice,
) -> Value {
    let short = answer.stop == Some(StopReason::MaxTokens);
    let mut object = json!({
        "id": dice.word("resp_", 48), "object": "response", "created_at": 1_790_000_000,
        "status": if short { "incomplete" } else { "completed" }, "background": false, "error": null,
        "incomplete_details": short.then(|| json!({"reason": "max_output_tokens"})), "max_tool_calls": null,
        "model": invocation.model.id, "output": output, "previous_response_id": null,
        "prompt_cache_retention": "in_memory", "safety_identifier": null, "temperature": 1.0,
    });
    object["reasoning"] =
        json!({"effort": body["reasoning"]["effort"], "summary": body["reasoning"]["summary"]});
    for (name, usual) in [
        ("instructions", Value::Null),
        ("max_output_tokens", Value::Null),
        ("parallel_tool_calls", json!(true)),
        ("prompt_cache_key", Value::Null),
        ("service_tier", json!("default")),
        ("store", json!(true)),
        ("text", json!({"format": {"type": "text"}, "verbosity": "medium"})),
        ("tool_choice", json!("auto")),
        ("tools", json!([])),
        ("metadata", json!({})),
        ("top_logprobs", json!(0)),
    ] {
        object[name] = body.get(name).cloned().unwrap_or(usual);
    }
    object["top_p"] = json!(1.0);
    object["truncation"] = json!("disabled");
    object["usage"] = usage(&answer.usage);
    object["user"] = Value::Null;
    object
}

fn usage(usage: &Usage) -> Value {
    json!({
        "input_tokens": usage.prompt(), "output_tokens": usage.output, "total_tokens": usage.total(),
        "input_tokens_details": {
            "cached_tokens": usage.cache_read.unwrap_or(0), "cache_write_tokens": usage.cache_write.unwrap_or(0),
        },
        "output_tokens_details": {"reasoning_tokens": 0},
    })
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
