//! Answers in one piece.

use serde_json::{Value, json};

use crate::caller::{converse, emulator, invoke};
use crate::{CLAUDE, NOVA, QWEN};

#[tokio::test]
async fn claude_answers_in_its_own_words() {
    let (_emulator, caller) = emulator();
    let answer = caller.model(CLAUDE, "invoke", &invoke("hi there")).await;
    assert_eq!(answer.status, 200);
    let message = answer.json();
    assert_eq!(message["content"], json!([{ "type": "text", "text": "echo: hi there" }]));
    assert_eq!(message["stop_reason"], "end_turn");
    assert_eq!(message["model"], "claude-sonnet-4-5-20250929");
    assert!(message["id"].as_str().unwrap().starts_with("msg_bdrk_"));
    assert_eq!(
        answer.header("x-amzn-bedrock-output-token-count"),
        message["usage"]["output_tokens"].to_string()
    );
    assert!(!answer.header("x-amzn-requestid").is_empty());
}

#[tokio::test]
async fn a_bearer_key_does_as_well() {
    let (_emulator, caller) = emulator();
    let answer = caller.bearing().model(CLAUDE, "invoke", &invoke("hi")).await;
    assert_eq!(answer.json()["content"][0]["text"], "echo: hi");
}

#[tokio::test]
async fn fixtures_are_answered() {
    let (_emulator, caller) = emulator();
    let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let claude_code = read(include_str!("../../fixtures/claude-code.invoke.json"));
    let answer = caller.model("us.anthropic.claude-opus-4-8", "invoke", &claude_code).await.json();
    assert_eq!(
        answer["content"][0],
        json!({ "type": "thinking", "thinking": "", "signature": answer["content"][0]["signature"] })
    );
    assert_eq!(answer["content"][1]["text"], "tool said: buy milk");
    let qwen = read(include_str!("../../fixtures/qwen-tools.converse.json"));
    let answer = caller.model(QWEN, "converse", &qwen).await.json();
    assert_eq!(answer["output"]["message"]["content"][1]["text"], "tool said: 4 C, rain");
    let nova = read(include_str!("../../fixtures/nova-tools.converse.json"));
    assert_eq!(caller.model(NOVA, "converse", &nova).await.status, 200);
}

#[tokio::test]
async fn a_tool_is_called_in_both_dialects() {
    let (_emulator, caller) = emulator();
    let prompt = r#"Weather? [[tool:get_weather {"city":"Paris"}]]"#;
    let schema = json!({ "type": "object", "properties": { "city": { "type": "string" } } });
    let mut body = invoke(prompt);
    body["tools"] = json!([{ "name": "get_weather", "description": "d", "input_schema": schema }]);
    let answer = caller.model(CLAUDE, "invoke", &body).await.json();
    assert_eq!(answer["stop_reason"], "tool_use");
    assert_eq!(answer["content"][0]["input"], json!({ "city": "Paris" }));
    assert!(answer["content"][0]["id"].as_str().unwrap().starts_with("toolu_bdrk_"));

    let mut body = converse(prompt);
    body["toolConfig"] =
        json!({ "tools": [{ "toolSpec": { "name": "get_weather", "inputSchema": { "json": schema } } }] });
    let answer = caller.model(NOVA, "converse", &body).await.json();
    assert_eq!(answer["stopReason"], "tool_use");
    assert_eq!(answer["output"]["message"]["content"][0]["toolUse"]["input"], json!({ "city": "Paris" }));
}

#[tokio::test]
async fn structured_output_satisfies_its_schema() {
    let (_emulator, caller) = emulator();
    let invoke: Value = serde_json::from_str(include_str!("../../fixtures/structured.invoke.json")).unwrap();
    let answer = caller.model(CLAUDE, "invoke", &invoke).await.json();
    let value: Value = serde_json::from_str(answer["content"][0]["text"].as_str().unwrap()).unwrap();
    assert!(jsonschema::is_valid(&invoke["output_config"]["format"]["schema"], &value));
    let forced: Value =
        serde_json::from_str(include_str!("../../fixtures/structured-tool.invoke.json")).unwrap();
    let answer = caller.model(CLAUDE, "invoke", &forced).await.json();
    assert!(jsonschema::is_valid(&forced["tools"][0]["input_schema"], &answer["content"][0]["input"]));
    let body: Value = serde_json::from_str(include_str!("../../fixtures/structured.converse.json")).unwrap();
    let answer = caller.model(QWEN, "converse", &body).await.json();
    let text = answer["output"]["message"]["content"][1]["text"].as_str().unwrap().to_owned();
    assert!(jsonschema::is_valid(
        &invoke["output_config"]["format"]["schema"],
        &serde_json::from_str(&text).unwrap()
    ));
}

#[tokio::test]
async fn tokens_are_counted_for_bare_ids_alone() {
    let (_emulator, caller) = emulator();
    let body: Value = serde_json::from_str(include_str!("../../fixtures/count-tokens.invoke.json")).unwrap();
    let answer = caller.model("anthropic.claude-sonnet-4-6", "count-tokens", &body).await;
    assert_eq!(answer.status, 200);
    assert!(answer.json()["inputTokens"].as_u64().unwrap() > 0);
    let counted = json!({ "input": { "converse": converse("hello, how are you?") } });
    assert_eq!(
        caller.model("anthropic.claude-haiku-4-5-20251001-v1:0", "count-tokens", &counted).await.status,
        200
    );
    for (id, body) in
        [(CLAUDE, &body), ("anthropic.claude-opus-4-8", &body), ("amazon.nova-2-lite-v1:0", &counted)]
    {
        let refused = caller.model(id, "count-tokens", body).await;
        assert_eq!(refused.message(), "The provided model doesn't support counting tokens.", "{id}");
    }
    let bad = json!({ "input": { "invokeModel": { "body": "e30=" } } });
    let refused = caller.model("anthropic.claude-sonnet-4-6", "count-tokens", &bad).await;
    assert_eq!(refused.message(), "anthropic_version: Field required");
}

#[tokio::test]
async fn the_cache_is_accounted_in_both_dialects() {
    let (_emulator, caller) = emulator();
    let long = "word ".repeat(2000);
    let mut body = invoke("hi");
    body["system"] = json!([{ "type": "text", "text": long, "cache_control": { "type": "ephemeral" } }]);
    let first = caller.model(CLAUDE, "invoke", &body).await.json()["usage"].clone();
    let second = caller.model(CLAUDE, "invoke", &body).await.json()["usage"].clone();
    let written = first["cache_creation_input_tokens"].as_u64().unwrap();
    assert!(written > 2000);
    assert_eq!(first["cache_creation"]["ephemeral_5m_input_tokens"], written);
    assert_eq!(
        (&second["cache_read_input_tokens"], &second["cache_creation_input_tokens"]),
        (&json!(written), &json!(0))
    );
    let mut body = converse("hi");
    body["system"] = json!([{ "text": long }, { "cachePoint": { "type": "default" } }]);
    let first = caller.model(NOVA, "converse", &body).await.json()["usage"].clone();
    let second = caller.model(NOVA, "converse", &body).await.json()["usage"].clone();
    assert_eq!(first["cacheWriteInputTokens"], second["cacheReadInputTokens"]);
    assert!(second["cacheReadInputTokens"].as_u64().unwrap() > 2000);
}
