//! Reads answers of Anthropic's Messages.

use serde_json::{Value, json};

use super::{Call, Said, Usage};
use crate::harness::Answer;

pub(super) fn read_whole(message: &Value) -> Said {
    assert_eq!(message["type"], "message");
    assert_eq!(message["role"], "assistant");
    assert!(message["id"].as_str().expect("an id").starts_with("msg_"));
    let mut said = Said { ended: true, model: text(&message["model"]), ..Said::default() };
    for block in message["content"].as_array().expect("content") {
        match block["type"].as_str().expect("a type") {
            "text" => said.text += block["text"].as_str().expect("text"),
            "thinking" => {
                said.thinking += block["thinking"].as_str().expect("thinking");
                said.signature += block["signature"].as_str().expect("a signature");
            }
            "redacted_thinking" => said.redacted += block["data"].as_str().expect("data"),
            "tool_use" => said.calls.push(Call {
                id: text(&block["id"]),
                name: text(&block["name"]),
                input: block["input"].clone(),
            }),
            "server_tool_use" | "web_search_tool_result" => said.searched.push(block.clone()),
            other => panic!("a block of type {other}"),
        }
    }
    said.stop = text(&message["stop_reason"]);
    said.stop_sequence = message["stop_sequence"].as_str().map(str::to_owned);
    said.usage = Some(usage(&message["usage"]));
    said
}

pub(super) fn read_stream(answer: &Answer) -> Said {
    let mut said = Said::default();
    let (mut index, mut open, mut input) = (0, None, String::new());
    for (name, data) in answer.events() {
        let event: Value = serde_json::from_str(&data).unwrap_or_else(|error| panic!("{error}: {data}"));
        assert_eq!(event["type"], name.as_str(), "{}", answer.text());
        assert!(!said.ended && said.error.is_none(), "{name} after the end: {}", answer.text());
        match name.as_str() {
            "message_start" => {
                assert!(said.model.is_empty(), "two starts");
                assert_eq!(event["message"]["content"], json!([]));
                usage(&event["message"]["usage"]);
                said.model = text(&event["message"]["model"]);
            }
            "content_block_start" => {
                assert_eq!((open.as_ref(), event["index"].as_u64()), (None, Some(index)), "{event}");
                let block = &event["content_block"];
                let kind = text(&block["type"]);
                if kind == "redacted_thinking" {
                    said.redacted += block["data"].as_str().expect("data");
                }
                if kind == "tool_use" {
                    assert_eq!(block["input"], json!({}));
                    let call =
                        Call { id: text(&block["id"]), name: text(&block["name"]), input: json!(null) };
                    said.calls.push(call);
                }
                if matches!(kind.as_str(), "server_tool_use" | "web_search_tool_result") {
                    assert!(kind != "server_tool_use" || block["input"] == json!({}), "{block}");
                    said.searched.push(block.clone());
                }
                open = Some(kind);
                input.clear();
            }
            "content_block_delta" => {
                assert_eq!(event["index"].as_u64(), Some(index), "{event}");
                let delta = &event["delta"];
                let member = |name: &str| delta[name].as_str().expect(name);
                match (open.as_deref().expect("an open block"), delta["type"].as_str().expect("a type")) {
                    ("text", "text_delta") => said.text += member("text"),
                    ("thinking", "thinking_delta") => said.thinking += member("thinking"),
                    ("thinking", "signature_delta") => said.signature += member("signature"),
                    ("tool_use" | "server_tool_use", "input_json_delta") => input += member("partial_json"),
                    other => panic!("{other:?}"),
                }
            }
            "content_block_stop" => {
                assert_eq!(event["index"].as_u64(), Some(index), "{event}");
                let read = || serde_json::from_str(&input).unwrap_or_else(|e| panic!("{e}: {input:?}"));
                match open.take().expect("an open block").as_str() {
                    "tool_use" => said.calls.last_mut().expect("a call").input = read(),
                    "server_tool_use" => said.searched.last_mut().expect("a search")["input"] = read(),
                    _ => {}
                }
                index += 1;
            }
            "message_delta" => {
                assert_eq!(open, None, "{event}");
                said.stop = text(&event["delta"]["stop_reason"]);
                said.stop_sequence = event["delta"]["stop_sequence"].as_str().map(str::to_owned);
                said.usage = Some(usage(&event["usage"]));
            }
            "message_stop" => {
                assert!(!said.stop.is_empty(), "no message_delta: {}", answer.text());
                said.ended = true;
            }
            "error" => said.error = Some(event),
            "ping" => {}
            other => panic!("an event named {other}"),
        }
        assert!(!said.model.is_empty() || matches!(name.as_str(), "ping" | "error"), "no start");
    }
    said
}

/// All four counters must be numbers: some clients add them up unseen.
fn usage(usage: &Value) -> Usage {
    let count = |name: &str| usage[name].as_u64().unwrap_or_else(|| panic!("{name} in {usage}"));
    Usage {
        input: count("input_tokens"),
        output: count("output_tokens"),
        cache_read: count("cache_read_input_tokens"),
        cache_write: count("cache_creation_input_tokens"),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}
