//! The whole way of a chat request to Claude: our reader's meaning, written by the Anthropic client side.

use llm::{CachePoints, Effort, Model, StructuredOutput, ThinkingStyle, ToolSupport, Wire};
use serde_json::{Value, json};

use super::chat;
use crate::anthropic::client::{Manner, write_request};

const BODY: &str = include_str!("fixtures/chat/every-common-field.json");

fn claude(name: &str, thinking: ThinkingStyle) -> Model {
    Model {
        id: name.to_owned(),
        name: name.to_owned(),
        display_name: name.to_owned(),
        vendor: "anthropic".to_owned(),
        wire: Wire::AnthropicMessages,
        context: 200_000,
        max_output: 64_000,
        price: None,
        tools: ToolSupport::Yes,
        system: true,
        vision: true,
        documents: true,
        thinking,
        efforts: vec![Effort::Low, Effort::Medium, Effort::High],
        structured_output: StructuredOutput::Native,
        cache: CachePoints::default(),
        cache_min_tokens: 0,
        sampling: thinking == ThinkingStyle::Extended,
        forced_tool_use: true,
        mid_conversation_system: false,
        end_of_life: None,
    }
}

fn written(body: &str, model: &Model) -> Value {
    let request = chat(body);
    let meaning = request.meaning().expect("a meaning");
    let manner = Manner { effort: None, auto_cache: None, native_format: true };
    let written = write_request(meaning, model, manner).expect("a body");
    serde_json::from_slice(&written.body.to_payload().to_bytes()).expect("JSON")
}

/// A lone text in a tool result may be a string or a list with one text: they mean the same.
fn lists_alone(body: &mut Value) {
    for message in body["messages"].as_array_mut().into_iter().flatten() {
        for block in message["content"].as_array_mut().into_iter().flatten() {
            if block["type"] == "tool_result" && block["content"].is_string() {
                block["content"] = json!([{ "type": "text", "text": block["content"] }]);
            }
        }
    }
}

#[test]
fn every_common_field() {
    // Thinking stays off: its signed block, which must stand before the last call, is not in the request.
    let mut said = written(BODY, &claude("claude-sonnet-4-5", ThinkingStyle::Extended));
    let mut expected: Value =
        serde_json::from_str(include_str!("fixtures/every-common-field.claude.json")).expect("JSON");
    // `stream` is the endpoint's business.
    expected.as_object_mut().expect("an object").remove("stream");
    lists_alone(&mut said);
    lists_alone(&mut expected);
    assert_eq!(said, expected);
}

#[test]
fn a_first_turn_thinks() {
    let mut body: Value = serde_json::from_str(BODY).expect("JSON");
    body["messages"].as_array_mut().expect("messages").truncate(3);
    let said = written(&body.to_string(), &claude("claude-sonnet-4-5", ThinkingStyle::Extended));
    assert_eq!(said["thinking"], json!({ "type": "enabled", "budget_tokens": 8192 }));
    assert!(said.get("temperature").is_none() && said.get("top_p").is_none());
}

#[test]
fn an_adaptive_model_gets_the_effort() {
    let said = written(BODY, &claude("claude-opus-5", ThinkingStyle::AdaptiveAlways));
    assert_eq!(said["thinking"], json!({ "type": "adaptive", "display": "summarized" }));
    assert_eq!(said["output_config"], json!({ "effort": "medium" }));
    assert!(said.get("temperature").is_none() && said.get("top_p").is_none());
}
