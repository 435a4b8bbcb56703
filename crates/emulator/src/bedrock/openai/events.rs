//! A response as the events that lead to it, all of them and in order.

use serde_json::{Value, json};

use super::sse;
use crate::compose::deltas;
use crate::reply::Frames;

/// The events of a finished `response` object.
pub(super) fn stream(response: Value) -> Frames {
    let mut open = response.clone();
    open["status"] = json!("in_progress");
    open["incomplete_details"] = Value::Null;
    open["output"] = json!([]);
    open["usage"] = Value::Null;
    let mut events = vec![
        json!({"type": "response.created", "response": open}),
        json!({"type": "response.in_progress", "response": open}),
    ];
    let items = response["output"].as_array().cloned().unwrap_or_default();
    for (at, item) in items.iter().enumerate() {
        match item["type"].as_str() {
            Some("reasoning") => reasoning(at, item, &mut events),
            Some("message") => message(at, item, &mut events),
            Some("custom_tool_call") => {
                call(at, item, "input", "response.custom_tool_call_input", &mut events)
            }
            _ => call(at, item, "arguments", "response.function_call_arguments", &mut events),
        }
    }
    let last = if response["status"] == "completed" { "response.completed" } else { "response.incomplete" };
    events.push(json!({"type": last, "response": response}));
    let numbered = events.into_iter().enumerate().map(|(number, mut event)| {
        event["sequence_number"] = json!(number);
        sse::event(&event)
    });
    Box::new(numbered)
}

/// The item as it begins, with these members emptied.
fn begun(item: &Value, emptied: &[(&str, Value)]) -> Value {
    let mut begun = item.clone();
    for (name, empty) in emptied {
        begun[*name] = empty.clone();
    }
    if begun.get("status").is_some() {
        begun["status"] = json!("in_progress");
    }
    begun
}

fn reasoning(at: usize, item: &Value, events: &mut Vec<Value>) {
    let about = |kind: &str, more: Value| {
        let mut event = json!({
            "type": format!("response.reasoning_summary_{kind}"), "item_id": item["id"], "output_index": at,
            "summary_index": 0,
        });
        merge(&mut event, more);
        event
    };
    let mut opened = begun(item, &[("summary", json!([]))]);
    if let Some(members) = opened.as_object_mut() {
        members.remove("encrypted_content");
    }
    events.push(json!({"type": "response.output_item.added", "output_index": at, "item": opened}));
    if let Some(text) = item["summary"][0]["text"].as_str() {
        events.push(about("part.added", json!({"part": {"type": "summary_text", "text": ""}})));
        events.extend(deltas(text).into_iter().map(|piece| about("text.delta", json!({"delta": piece}))));
        events.push(about("text.done", json!({"text": text})));
        events.push(about("part.done", json!({"part": {"type": "summary_text", "text": text}})));
    }
    events.push(json!({"type": "response.output_item.done", "output_index": at, "item": item}));
}

fn message(at: usize, item: &Value, events: &mut Vec<Value>) {
    let text = item["content"][0]["text"].as_str().unwrap_or_default();
    let about = |kind: &str, more: Value| {
        let mut event = json!({
            "type": format!("response.{kind}"), "item_id": item["id"], "output_index": at, "content_index": 0,
        });
        merge(&mut event, more);
        event
    };
    let opened = begun(item, &[("content", json!([]))]);
    events.push(json!({"type": "response.output_item.added", "output_index": at, "item": opened}));
    let empty = json!({"type": "output_text", "text": "", "annotations": [], "logprobs": []});
    events.push(about("content_part.added", json!({"part": empty})));
    let pieces = deltas(text).into_iter();
    events.extend(pieces.map(|piece| {
        about("output_text.delta", json!({"delta": piece, "logprobs": [], "obfuscation": "Xk2"}))
    }));
    events.push(about("output_text.done", json!({"text": text, "logprobs": []})));
    events.push(about("content_part.done", json!({"part": item["content"][0]})));
    events.push(json!({"type": "response.output_item.done", "output_index": at, "item": item}));
}

fn call(at: usize, item: &Value, member: &str, name: &str, events: &mut Vec<Value>) {
    let input = item[member].as_str().unwrap_or_default();
    let opened = begun(item, &[(member, json!(""))]);
    let about =
        |kind: &str| json!({"type": format!("{name}.{kind}"), "item_id": item["id"], "output_index": at});
    events.push(json!({"type": "response.output_item.added", "output_index": at, "item": opened}));
    for piece in deltas(input) {
        let mut event = about("delta");
        event["delta"] = json!(piece);
        events.push(event);
    }
    if item["status"] == "incomplete" {
        return;
    }
    let mut done = about("done");
    done[member] = json!(input);
    if member == "arguments" {
        done["name"] = item["name"].clone();
    }
    events.push(done);
    events.push(json!({"type": "response.output_item.done", "output_index": at, "item": item}));
}

fn merge(event: &mut Value, more: Value) {
    if let (Some(event), Value::Object(more)) = (event.as_object_mut(), more) {
        event.extend(more);
    }
}
