//! Answers as event streams.

use serde_json::{Value, json};

use crate::caller::{converse, emulator, invoke};
use crate::{CLAUDE, QWEN};

fn joined(events: &[Value], member: &str) -> String {
    events.iter().filter_map(|event| event["delta"][member].as_str()).collect()
}

#[tokio::test]
async fn an_invoke_stream_has_anthropics_events() {
    let (_emulator, caller) = emulator();
    let prompt = "tell me something long enough to be cut into pieces, \u{65e5}\u{672c}\u{8a9e} too";
    let answer = caller.model(CLAUDE, "invoke-with-response-stream", &invoke(prompt)).await;
    assert_eq!(answer.header("content-type"), "application/vnd.amazon.eventstream");
    assert_eq!(answer.header("x-amzn-bedrock-content-type"), "application/json");
    let chunks = answer.chunks();
    let types: Vec<_> = chunks.iter().map(|chunk| chunk["type"].as_str().unwrap()).collect();
    assert_eq!(types[..3], ["message_start", "content_block_start", "content_block_delta"]);
    assert_eq!(types[types.len() - 3..], ["content_block_stop", "message_delta", "message_stop"]);
    assert_eq!(joined(&chunks, "text"), format!("echo: {prompt}"));
    let metrics = &chunks.last().unwrap()["amazon-bedrock-invocationMetrics"];
    assert_eq!(metrics["inputTokenCount"], chunks[0]["message"]["usage"]["input_tokens"]);
    assert_eq!(metrics["outputTokenCount"], chunks[chunks.len() - 2]["usage"]["output_tokens"]);
}

#[tokio::test]
async fn thinking_and_parallel_tools_stream() {
    let (_emulator, caller) = emulator();
    let mut body = invoke(r#"[[tool:a {"path":"a long enough path to be cut"}]][[tool:b {}]]"#);
    let tool = |name: &str| json!({ "name": name, "input_schema": { "type": "object" } });
    body["tools"] = json!([tool("a"), tool("b")]);
    body["max_tokens"] = json!(4096);
    body["thinking"] = json!({ "type": "enabled", "budget_tokens": 1024 });
    let chunks = caller.model(CLAUDE, "invoke-with-response-stream", &body).await.chunks();
    let starts: Vec<_> = chunks.iter().filter(|chunk| chunk["type"] == "content_block_start").collect();
    let kinds: Vec<_> = starts.iter().map(|start| start["content_block"]["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["thinking", "tool_use", "tool_use"]);
    assert!(!joined(&chunks, "thinking").is_empty() && !joined(&chunks, "signature").is_empty());
    let first: Vec<Value> = chunks.iter().filter(|chunk| chunk["index"] == 1).cloned().collect();
    assert!(first.len() > 4, "the arguments come in several pieces");
    assert_eq!(joined(&first, "partial_json"), r#"{"path":"a long enough path to be cut"}"#);
    assert_eq!(chunks[chunks.len() - 2]["delta"]["stop_reason"], "tool_use");
}

#[tokio::test]
async fn what_was_thought_may_come_back() {
    let (_emulator, caller) = emulator();
    let mut body = invoke("[[tool:a {}]]");
    body["tools"] = json!([{ "name": "a", "input_schema": { "type": "object" } }]);
    body["max_tokens"] = json!(4096);
    body["thinking"] = json!({ "type": "enabled", "budget_tokens": 1024 });
    let said = caller.model(CLAUDE, "invoke", &body).await.json()["content"].clone();
    let result = json!({ "type": "tool_result", "tool_use_id": said[1]["id"], "content": "42" });
    let messages = body["messages"].as_array_mut().unwrap();
    messages.push(json!({ "role": "assistant", "content": said }));
    messages.push(json!({ "role": "user", "content": [result] }));
    let answer = caller.model(CLAUDE, "invoke", &body).await.json();
    assert_eq!(answer["content"][1]["text"], "tool said: 42");
}

#[tokio::test]
async fn a_converse_stream_has_its_own_events() {
    let (_emulator, caller) = emulator();
    let mut body = converse("hello [[tool:f {\"a\":\"some words to cut\"}]]");
    body["toolConfig"] = json!({ "tools": [{ "toolSpec": { "name": "f", "inputSchema": { "json": { "type": "object" } } } }] });
    let events = caller.model(QWEN, "converse-stream", &body).await.events();
    assert!(events.iter().all(|(_, payload)| payload["p"].is_string()));
    let names: Vec<_> = events.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names[..2], ["messageStart", "contentBlockDelta"]);
    assert_eq!(names[names.len() - 3..], ["contentBlockStop", "messageStop", "metadata"]);
    let deltas: Vec<&Value> = events.iter().map(|(_, payload)| &payload["delta"]).collect();
    let input: String = deltas.iter().filter_map(|delta| delta["toolUse"]["input"].as_str()).collect();
    assert_eq!(input, r#"{"a":"some words to cut"}"#);
    assert!(deltas.iter().any(|delta| delta["reasoningContent"]["text"].is_string()));
    let usage = &events.last().unwrap().1["usage"];
    assert_eq!(
        usage["totalTokens"].as_u64().unwrap(),
        usage["inputTokens"].as_u64().unwrap() + usage["outputTokens"].as_u64().unwrap()
    );
}

#[tokio::test]
async fn limits_and_stop_sequences_end_a_stream() {
    let (_emulator, caller) = emulator();
    let mut body = invoke("one two three four five six");
    body["max_tokens"] = json!(3);
    let chunks = caller.model(CLAUDE, "invoke-with-response-stream", &body).await.chunks();
    assert_eq!(joined(&chunks, "text"), "echo: one tw");
    assert_eq!(chunks[chunks.len() - 2]["delta"]["stop_reason"], "max_tokens");
    body["max_tokens"] = json!(300);
    body["stop_sequences"] = json!(["three"]);
    let chunks = caller.model(CLAUDE, "invoke-with-response-stream", &body).await.chunks();
    assert_eq!(joined(&chunks, "text"), "echo: one two ");
    assert_eq!(
        chunks[chunks.len() - 2]["delta"],
        json!({ "stop_reason": "stop_sequence", "stop_sequence": "three" })
    );
}

#[tokio::test]
async fn converse_tells_the_stop_sequence_when_asked() {
    let (_emulator, caller) = emulator();
    let mut body = converse("one two three");
    body["inferenceConfig"] = json!({ "stopSequences": ["two"] });
    body["additionalModelResponseFieldPaths"] = json!(["/stop_sequence"]);
    let events = caller.model(CLAUDE, "converse-stream", &body).await.events();
    let (_, stop) = events.iter().find(|(name, _)| name == "messageStop").unwrap();
    assert_eq!(stop["stopReason"], "stop_sequence");
    assert_eq!(stop["additionalModelResponseFields"], json!({ "stop_sequence": "two" }));
}
