mod conversation;
mod settings;

use serde_json::{Map, json};

use super::*;
use crate::bedrock::model::resolve;

const SONNET_4_5: &str = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";
const OPUS_4_8: &str = "us.anthropic.claude-opus-4-8";
const OPUS_5_5: &str = "us.anthropic.claude-opus-5-5";
const OPUS_4_1: &str = "us.anthropic.claude-opus-4-1-20250805-v1:0";

/// A PNG's first bytes.
const PNG: &str = "iVBORw0KGgo=";

fn judged(model: &str, body: &Value) -> Result<(), String> {
    check(resolve(model, None).unwrap(), body).map_err(|refusal| refusal.message)
}

/// A good body with members replaced; `null` removes one.
fn body(members: Value) -> Value {
    let mut body = json!({
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 2048,
        "messages": [{ "role": "user", "content": "hi" }],
    });
    let all: &mut Map<String, Value> = body.as_object_mut().unwrap();
    for (name, value) in members.as_object().unwrap() {
        if value.is_null() {
            all.remove(name);
        } else {
            all.insert(name.clone(), value.clone());
        }
    }
    body
}

fn said(blocks: Value) -> Value {
    body(json!({ "messages": [{ "role": "user", "content": blocks }] }))
}

fn tool() -> Value {
    json!({ "name": "f", "description": "d", "input_schema": { "type": "object" } })
}

fn with_tool(members: Value) -> Value {
    let mut tool = tool();
    tool.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    body(json!({ "tools": [tool] }))
}

/// A conversation in which the model called `f`, and what the person answered.
fn called(assistant: Value, user: Value) -> Value {
    json!([
        { "role": "user", "content": "hi" },
        { "role": "assistant", "content": assistant },
        { "role": "user", "content": user },
    ])
}

fn call() -> Value {
    json!({ "type": "tool_use", "id": "toolu_1", "name": "f", "input": {} })
}

fn result() -> Value {
    json!({ "type": "tool_result", "tool_use_id": "toolu_1", "content": "done" })
}

#[track_caller]
fn refuses(model: &str, body: Value, words: &str) {
    match judged(model, &body) {
        Ok(()) => panic!("accepted, wanted: {words}"),
        Err(message) => assert!(message.starts_with(words), "said: {message}\nwanted: {words}"),
    }
}

#[track_caller]
fn accepts(model: &str, body: Value) {
    assert_eq!(judged(model, &body), Ok(()));
}

#[test]
fn good_bodies_pass() {
    accepts(SONNET_4_5, body(json!({})));
    for text in [
        include_str!("../../../../fixtures/claude-code.invoke.json"),
        include_str!("../../../../fixtures/structured-tool.invoke.json"),
    ] {
        accepts(OPUS_4_8, serde_json::from_str(text).unwrap());
    }
    let structured = include_str!("../../../../fixtures/structured.invoke.json");
    accepts(SONNET_4_5, serde_json::from_str(structured).unwrap());
    accepts(
        SONNET_4_5,
        body(json!({ "messages": called(json!([call()]), json!([result()])), "tools": [tool()] })),
    );
}

#[test]
fn what_clients_send_and_bedrock_does_not_take_is_refused() {
    let raw: Value =
        serde_json::from_str(include_str!("../../../../fixtures/claude-code.anthropic.json")).unwrap();
    refuses(OPUS_4_8, raw, "anthropic_version: Field required");
    refuses(SONNET_4_5, body(json!({ "model": "x" })), "model: Extra inputs are not permitted");
    refuses(SONNET_4_5, body(json!({ "stream": true })), "stream: Extra inputs are not permitted");
    refuses(
        SONNET_4_5,
        body(json!({ "service_tier": "auto" })),
        "service_tier: Extra inputs are not permitted",
    );
    refuses(
        SONNET_4_5,
        body(json!({ "anthropic_version": "2023-06-01" })),
        "anthropic_version: Input should be",
    );
    refuses(SONNET_4_5, body(json!({ "anthropic_beta": ["claude-code-20250219"] })), "invalid beta flag");
    refuses(SONNET_4_5, body(json!({ "anthropic_beta": [] })), "invalid beta flag");
    refuses(OPUS_4_8, body(json!({ "anthropic_beta": ["context-1m-2025-08-07"] })), "invalid beta flag");
    refuses(
        SONNET_4_5,
        body(json!({ "metadata": { "user_id": "{\"a\":1}" } })),
        "Request metadata contains a value that violates the regular expression",
    );
    let management = json!({ "context_management": { "edits": [{ "type": "clear_tool_uses_20250919" }] } });
    refuses(SONNET_4_5, body(management.clone()), "context_management: Extra inputs are not permitted");
    let mut with_beta = body(management);
    with_beta["anthropic_beta"] = json!(["context-management-2025-06-27"]);
    accepts(SONNET_4_5, with_beta.clone());
    with_beta["context_management"]["edits"] = json!([{ "type": "clear_thinking_20251015" }]);
    refuses(SONNET_4_5, with_beta.clone(), "context_management.edits.0: Input tag 'clear_thinking_20251015'");
    with_beta["context_management"]["edits"] = json!([]);
    refuses(SONNET_4_5, with_beta, "context_management.edits: List should have at least 1 item");
}

#[test]
fn system_texts_are_checked() {
    let system = |system: Value| body(json!({ "system": system }));
    let billing = "x-anthropic-billing-header: cc_version=2";
    refuses(SONNET_4_5, system(json!(billing)), "x-anthropic-billing-header is a reserved keyword");
    refuses(
        SONNET_4_5,
        system(json!([{ "type": "text", "text": billing }])),
        "x-anthropic-billing-header is a reserved",
    );
    refuses(
        SONNET_4_5,
        system(json!([{ "type": "text", "text": "" }])),
        "system: text content blocks must be non-empty",
    );
    accepts(SONNET_4_5, system(json!([{ "type": "text", "text": "Be kind." }])));
}

#[test]
fn tools_are_checked() {
    accepts(SONNET_4_5, with_tool(json!({ "strict": true, "type": "custom" })));
    refuses(
        OPUS_4_8,
        with_tool(json!({ "strict": true })),
        "tools.0.custom.strict: Extra inputs are not permitted",
    );
    for extra in ["eager_input_streaming", "allowed_callers", "input_examples", "defer_loading", "custom"] {
        refuses(
            SONNET_4_5,
            with_tool(json!({ extra: [] })),
            &format!("tools.0.custom.{extra}: Extra inputs are not permitted"),
        );
    }
    refuses(
        SONNET_4_5,
        with_tool(json!({ "name": "a b" })),
        "tools.0.custom.name: String should match pattern",
    );
    refuses(
        SONNET_4_5,
        with_tool(json!({ "input_schema": {} })),
        "tools.0.custom.input_schema.type: Field required",
    );
    refuses(
        SONNET_4_5,
        with_tool(json!({ "input_schema": { "type": "custom" } })),
        "tools.0.custom.input_schema.type: Input should be 'object'",
    );
    refuses(
        SONNET_4_5,
        with_tool(json!({ "input_schema": { "type": "object", "anyOf": [{}] } })),
        "tools.0.custom.input_schema: input_schema does not support oneOf",
    );
    refuses(
        SONNET_4_5,
        with_tool(json!({ "input_schema": { "type": "object", "required": "a" } })),
        "tools.0.custom.input_schema: JSON schema is invalid.",
    );
    refuses(SONNET_4_5, body(json!({ "tools": [tool(), tool()] })), "tools: Tool names must be unique.");
    let search = json!({ "type": "web_search_20250305", "name": "web_search" });
    refuses(
        SONNET_4_5,
        body(json!({ "tools": [search] })),
        "tools.0: Input tag 'web_search_20250305' found using 'type'",
    );
    accepts(SONNET_4_5, body(json!({ "tools": [{ "type": "bash_20250124", "name": "bash" }] })));
    let memory = json!({ "type": "memory_20250818", "name": "memory" });
    refuses(SONNET_4_5, body(json!({ "tools": [memory] })), "tools.0: Input tag 'memory_20250818'");
    accepts(
        SONNET_4_5,
        body(json!({ "tools": [memory], "anthropic_beta": ["context-management-2025-06-27"] })),
    );
    let any = json!({ "type": "any" });
    refuses(
        SONNET_4_5,
        body(json!({ "tool_choice": any })),
        "tool_choice: tool_choice may only be specified while providing tools.",
    );
    refuses(
        SONNET_4_5,
        body(json!({ "tools": [tool()], "tool_choice": { "type": "tool", "name": "g" } })),
        "Tool 'g' not found in provided tools",
    );
    refuses(
        OPUS_5_5,
        body(json!({ "tools": [tool()], "tool_choice": any })),
        "tool_choice.type: 'any' is not supported",
    );
}
