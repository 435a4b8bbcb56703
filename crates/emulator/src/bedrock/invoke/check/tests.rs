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
fn limits_of_answers_are_checked() {
    refuses(SONNET_4_5, body(json!({ "max_tokens": null })), "max_tokens: Field required");
    refuses(
        SONNET_4_5,
        body(json!({ "max_tokens": 0 })),
        "max_tokens: Input should be greater than or equal to 1",
    );
    refuses(
        SONNET_4_5,
        body(json!({ "max_tokens": 999_999 })),
        "max_tokens: 999999 > 64000, which is the maximum allowed number of output tokens",
    );
    refuses(SONNET_4_5, body(json!({ "temperature": 1.5 })), "temperature: range: 0..1");
    refuses(
        SONNET_4_5,
        body(json!({ "temperature": 0.5, "top_p": 0.5 })),
        "`temperature` and `top_p` cannot both",
    );
    refuses(OPUS_4_8, body(json!({ "temperature": 0.5 })), "`temperature` is deprecated for this model.");
    accepts(OPUS_4_1, body(json!({ "temperature": 0.5, "top_p": 0.5, "top_k": 5 })));
    refuses(
        SONNET_4_5,
        body(json!({ "stop_sequences": [" "] })),
        "stop_sequences: each stop sequence must contain non-whitespace",
    );
}

#[test]
fn thinking_follows_the_model() {
    let thinking = |thinking: Value| body(json!({ "thinking": thinking }));
    let enabled = json!({ "type": "enabled", "budget_tokens": 1024 });
    accepts(SONNET_4_5, thinking(enabled.clone()));
    refuses(
        OPUS_4_8,
        thinking(enabled.clone()),
        "\"thinking.type.enabled\" is not supported for this model.",
    );
    refuses(
        SONNET_4_5,
        thinking(json!({ "type": "adaptive" })),
        "adaptive thinking is not supported on this model",
    );
    accepts(OPUS_4_8, thinking(json!({ "type": "adaptive", "display": "omitted" })));
    refuses(
        OPUS_5_5,
        thinking(json!({ "type": "disabled" })),
        "thinking.type must be \"enabled\" or \"adaptive\"",
    );
    refuses(
        SONNET_4_5,
        thinking(json!({ "type": "enabled", "budget_tokens": 500 })),
        "thinking.enabled.budget_tokens: Input should be greater",
    );
    refuses(
        SONNET_4_5,
        thinking(json!({ "type": "enabled", "budget_tokens": 2048 })),
        "`max_tokens` must be greater than `thinking.budget_tokens`",
    );
    refuses(
        OPUS_4_8,
        thinking(json!({ "type": "adaptive", "block_binding": true })),
        "thinking.adaptive.block_binding: Extra inputs",
    );
    refuses(
        SONNET_4_5,
        body(json!({ "thinking": enabled, "temperature": 0.5 })),
        "`temperature` may only be set to 1 when thinking",
    );
    refuses(
        SONNET_4_5,
        body(json!({ "thinking": enabled, "top_k": 5 })),
        "`top_k` must be unset when thinking",
    );
    refuses(
        SONNET_4_5,
        body(json!({ "thinking": enabled, "top_p": 0.5 })),
        "`top_p` must be greater than or equal to 0.95",
    );
    let forced = json!({ "thinking": enabled, "tools": [tool()], "tool_choice": { "type": "any" } });
    refuses(SONNET_4_5, body(forced), "Thinking may not be enabled when tool_choice forces tool use.");

    let continued = |first: Value| json!({ "thinking": enabled, "tools": [tool()], "messages": called(first, json!([result()])) });
    let thought = json!({ "type": "thinking", "thinking": "hm", "signature": "EqkBCkYI" });
    refuses(
        SONNET_4_5,
        body(continued(json!([call()]))),
        "messages.1.content.0.type: Expected `thinking` or `redacted_thinking`, but found `tool_use`.",
    );
    accepts(SONNET_4_5, body(continued(json!([thought, call()]))));
    refuses(
        SONNET_4_5,
        body(continued(json!([{ "type": "thinking", "thinking": "hm" }, call()]))),
        "messages.1.content.0.thinking.signature: Field required",
    );
    refuses(
        SONNET_4_5,
        body(continued(json!([{ "type": "thinking", "thinking": "hm", "signature": "own.mark" }, call()]))),
        "messages.1.content.0: Invalid `signature` in `thinking` block",
    );
}

#[test]
fn effort_and_format_follow_the_model() {
    let config = |config: Value| body(json!({ "output_config": config }));
    refuses(
        SONNET_4_5,
        config(json!({ "effort": "high" })),
        "output_config.effort: Extra inputs are not permitted",
    );
    accepts(OPUS_4_8, config(json!({ "effort": "xhigh" })));
    refuses(
        "us.anthropic.claude-opus-4-6-v1",
        config(json!({ "effort": "xhigh" })),
        "This model does not support effort level 'xhigh'.",
    );
    refuses(
        "us.anthropic.claude-opus-4-5-20251101-v1:0",
        config(json!({ "effort": "low" })),
        "output_config.effort: Extra",
    );
    let format = |schema: Value| json!({ "format": { "type": "json_schema", "schema": schema } });
    let closed = json!({ "type": "object", "properties": {}, "additionalProperties": false });
    refuses(OPUS_4_8, config(format(closed.clone())), "output_config.format: Extra inputs are not permitted");
    accepts(SONNET_4_5, config(format(closed)));
    refuses(
        SONNET_4_5,
        config(format(json!({ "type": "object" }))),
        "output_config.format.schema: For 'object' type, 'additionalProperties'",
    );
    refuses(
        SONNET_4_5,
        config(format(json!({ "type": "integer", "minimum": 1 }))),
        "output_config.format.schema: For 'integer' type, property 'minimum'",
    );
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

#[test]
fn roles_are_checked() {
    let messages = |messages: Value| body(json!({ "messages": messages }));
    let user = json!({ "role": "user", "content": "hi" });
    let assistant = |text: &str| json!({ "role": "assistant", "content": text });
    refuses(SONNET_4_5, body(json!({ "messages": null })), "messages: Field required");
    refuses(SONNET_4_5, messages(json!([])), "messages: at least one message is required");
    refuses(
        SONNET_4_5,
        messages(json!([assistant("x"), user])),
        "messages: first message must use the \"user\" role",
    );
    let system = json!({ "role": "system", "content": "plan mode" });
    refuses(SONNET_4_5, messages(json!([user, system])), "messages: Unexpected role \"system\".");
    accepts(OPUS_4_8, messages(json!([user, system])));
    refuses(
        SONNET_4_5,
        messages(json!([user, { "role": "tool", "content": "x" }])),
        "messages: Unexpected role \"tool\".",
    );
    accepts(SONNET_4_5, messages(json!([user, assistant("The")])));
    refuses(
        SONNET_4_5,
        messages(json!([user, assistant("The ")])),
        "messages: final assistant content cannot end with trailing whitespace",
    );
    refuses(
        OPUS_4_8,
        messages(json!([user, assistant("The")])),
        "This model does not support assistant message prefill.",
    );
    refuses(
        SONNET_4_5,
        messages(json!([{ "role": "user", "content": [] }])),
        "messages.0: all messages must have non-empty content",
    );
    refuses(
        SONNET_4_5,
        messages(json!([{ "role": "user", "content": "hi", "name": "x" }])),
        "messages.0.name: Extra inputs are not permitted",
    );
}

#[test]
fn blocks_are_checked() {
    refuses(
        SONNET_4_5,
        said(json!([{ "type": "text", "text": "" }])),
        "messages: text content blocks must be non-empty",
    );
    refuses(
        SONNET_4_5,
        said(json!([{ "type": "text", "text": "x", "citations": null }])),
        "messages.0.content.0.text.citations: Extra inputs are not permitted",
    );
    refuses(
        SONNET_4_5,
        said(json!([{ "type": "video" }])),
        "messages.0.content.0: Input tag 'video' found using 'type'",
    );
    let image = |source: Value| said(json!([{ "type": "image", "source": source }]));
    accepts(SONNET_4_5, image(json!({ "type": "base64", "media_type": "image/png", "data": PNG })));
    refuses(
        SONNET_4_5,
        image(json!({ "type": "url", "url": "https://example.com/a.png" })),
        "messages.0.content.0.image.source: Input tag 'url'",
    );
    refuses(
        SONNET_4_5,
        image(json!({ "type": "base64", "media_type": "image/jpeg", "data": PNG })),
        "messages.0.content.0.image.source.base64: The image was specified using the image/jpeg media type, but the image appears to be a image/png image",
    );
    refuses(
        SONNET_4_5,
        image(json!({ "type": "base64", "media_type": "image/png", "data": "!" })),
        "messages.0.content.0.image.source.base64: invalid base64 data",
    );
    refuses(
        SONNET_4_5,
        image(json!({ "type": "base64", "media_type": "image/png", "data": "AAAA" })),
        "Could not process image",
    );
    refuses(
        SONNET_4_5,
        image(json!({ "type": "base64", "media_type": "image/tiff", "data": PNG })),
        "messages.0.content.0.image.source.base64.media_type: Input should be",
    );
}

#[test]
fn calls_and_results_belong_together() {
    let talk = |assistant: Value, user: Value| body(json!({ "messages": called(assistant, user) }));
    refuses(
        SONNET_4_5,
        talk(json!([call()]), json!("thanks")),
        "messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: toolu_1.",
    );
    refuses(
        SONNET_4_5,
        talk(json!([call()]), json!([{ "type": "text", "text": "so:" }, result()])),
        "messages.1: `tool_use` ids were found without",
    );
    accepts(SONNET_4_5, talk(json!([call()]), json!([result(), { "type": "text", "text": "so" }])));
    refuses(
        SONNET_4_5,
        talk(json!("ok"), json!([result()])),
        "messages.2.content.0: unexpected `tool_use_id` found in `tool_result` blocks: toolu_1.",
    );
    refuses(
        SONNET_4_5,
        talk(json!([call()]), json!([result(), result()])),
        "messages.2.content.1: each tool_use must have a single result.",
    );
    refuses(
        SONNET_4_5,
        talk(json!([call(), call()]), json!([result()])),
        "messages: `tool_use` ids must be unique",
    );
    let odd = |members: Value| {
        let mut call = call();
        call.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        talk(json!([call]), json!([result()]))
    };
    refuses(
        SONNET_4_5,
        odd(json!({ "input": null })),
        "messages.1.content.0.tool_use.input: Input should be a valid dictionary",
    );
    refuses(
        SONNET_4_5,
        odd(json!({ "input": "{}" })),
        "messages.1.content.0.tool_use.input: Input should be a valid dictionary",
    );
    refuses(
        SONNET_4_5,
        odd(json!({ "caller": { "type": "direct" } })),
        "messages.1.content.0.tool_use.caller: Extra inputs are not permitted",
    );
    refuses(
        SONNET_4_5,
        odd(json!({ "id": "a:b" })),
        "messages.1.content.0.tool_use.id: String should match pattern",
    );
}

#[test]
fn cache_markers_are_checked() {
    let marked = |marks: &[Value]| {
        let blocks = marks.iter().map(|mark| json!({ "type": "text", "text": "x", "cache_control": mark }));
        said(blocks.collect())
    };
    let (short, long) = (json!({ "type": "ephemeral" }), json!({ "type": "ephemeral", "ttl": "1h" }));
    accepts(SONNET_4_5, marked(&[long.clone(), short.clone(), short.clone(), short.clone()]));
    refuses(
        SONNET_4_5,
        marked(&vec![short.clone(); 5]),
        "A maximum of 4 blocks with cache_control may be provided. Found 5.",
    );
    refuses(
        SONNET_4_5,
        marked(&[short, long.clone()]),
        "messages.0.content.1.cache_control.ttl: a ttl='1h' cache_control block must not come after a ttl='5m'",
    );
    refuses(
        OPUS_4_1,
        marked(&[long]),
        "messages.0.content.0.cache_control.ephemeral.ttl: Extra inputs are not permitted",
    );
    refuses(
        SONNET_4_5,
        marked(&[json!({ "type": "ephemeral", "scope": "global" })]),
        "messages.0.content.0.cache_control.ephemeral.scope: Extra inputs are not permitted",
    );
}
