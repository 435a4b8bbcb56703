use serde_json::{Map, json};

use super::*;
use crate::bedrock::model::resolve;

const QWEN: &str = "qwen.qwen3-coder-480b-a35b-v1:0";
const NOVA: &str = "us.amazon.nova-2-lite-v1:0";
const LLAMA: &str = "us.meta.llama3-3-70b-instruct-v1:0";
const CLAUDE: &str = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";
const GPT: &str = "us.openai.gpt-6-sol";
const PNG: &str = "iVBORw0KGgo=";

fn body(members: Value) -> Value {
    let mut body: Map<String, Value> = Map::new();
    body.insert("messages".into(), json!([{ "role": "user", "content": [{ "text": "hi" }] }]));
    body.extend(members.as_object().unwrap().clone());
    Value::Object(body)
}

fn said(blocks: Value) -> Value {
    body(json!({ "messages": [{ "role": "user", "content": blocks }] }))
}

fn spec(members: Value) -> Value {
    let mut spec =
        json!({ "name": "f", "description": "d", "inputSchema": { "json": { "type": "object" } } });
    spec.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    json!({ "toolConfig": { "tools": [{ "toolSpec": spec }] } })
}

fn talk(assistant: Value, user: Value) -> Value {
    let mut body = body(spec(json!({})));
    body["messages"] = json!([
        { "role": "user", "content": [{ "text": "hi" }] },
        { "role": "assistant", "content": assistant },
        { "role": "user", "content": user },
    ]);
    body
}

fn call() -> Value {
    json!({ "toolUse": { "toolUseId": "t1", "name": "f", "input": {} } })
}

fn result() -> Value {
    json!({ "toolResult": { "toolUseId": "t1", "content": [{ "text": "done" }] } })
}

fn judged(model: &str, body: &Value, streams: bool) -> Result<(), (String, String)> {
    check(resolve(model, None).unwrap(), body, streams).map_err(|refusal| (refusal.code, refusal.message))
}

#[track_caller]
fn refuses(model: &str, body: Value, words: &str) {
    match judged(model, &body, false) {
        Ok(()) => panic!("accepted, wanted: {words}"),
        Err((_, message)) => assert!(message.starts_with(words), "said: {message}\nwanted: {words}"),
    }
}

#[track_caller]
fn accepts(model: &str, body: Value) {
    assert_eq!(judged(model, &body, true), Ok(()));
}

#[test]
fn good_bodies_pass() {
    accepts(
        QWEN,
        serde_json::from_str(include_str!("../../../../fixtures/qwen-tools.converse.json")).unwrap(),
    );
    accepts(
        NOVA,
        serde_json::from_str(include_str!("../../../../fixtures/nova-tools.converse.json")).unwrap(),
    );
    accepts(
        QWEN,
        serde_json::from_str(include_str!("../../../../fixtures/structured.converse.json")).unwrap(),
    );
    accepts(CLAUDE, talk(json!([call()]), json!([result(), { "text": "so" }])));
}

#[test]
fn violated_constraints_are_listed_together() {
    refuses(
        QWEN,
        body(spec(json!({ "name": "a".repeat(65) }))),
        "1 validation error detected: Value at 'toolConfig.tools.0.member.toolSpec.name' failed to satisfy \
         constraint: Member must have length less than or equal to 64",
    );
    let mut both = body(spec(json!({ "name": "a b", "description": "" })));
    both["messages"][0]["role"] = json!("tool");
    refuses(
        QWEN,
        both,
        "3 validation errors detected: Value at 'messages.0.member.role' failed to satisfy constraint: Member must \
         satisfy enum value set: [user, assistant, system]; Value at 'toolConfig.tools.0.member.toolSpec.name' failed \
         to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_-]+; Value at \
         'toolConfig.tools.0.member.toolSpec.description' failed to satisfy constraint: Member must have length \
         greater than or equal to 1",
    );
    refuses(
        QWEN,
        body(json!({ "toolConfig": {} })),
        "1 validation error detected: Value null at 'toolConfig.tools'",
    );
    refuses(
        QWEN,
        body(json!({ "inferenceConfig": { "maxTokens": 0 } })),
        "1 validation error detected: Value at 'inferenceConfig.maxTokens' failed to satisfy constraint: Member must have value greater than or equal to 1",
    );
    refuses(
        QWEN,
        body(json!({ "inferenceConfig": { "temperature": 1.5 } })),
        "1 validation error detected: Value at 'inferenceConfig.temperature' failed to satisfy constraint: Member must have value less than or equal to 1",
    );
    refuses(
        QWEN,
        body(json!({ "requestMetadata": { "user": "{}" } })),
        "1 validation error detected: Value at 'requestMetadata.user'",
    );
    refuses(
        QWEN,
        body(json!({ "system": [{ "text": "" }] })),
        "1 validation error detected: Value at 'system.0.member.text'",
    );
    refuses(
        QWEN,
        body(json!({ "serviceTier": { "type": "auto" } })),
        "1 validation error detected: Value at 'serviceTier.type'",
    );
}

#[test]
fn unknown_members_and_wrong_types_are_refused() {
    refuses(
        QWEN,
        body(json!({ "stream": true })),
        "Unknown parameter in input: \"stream\", must be one of: messages, system",
    );
    refuses(
        QWEN,
        said(json!([{ "text": "a", "image": { "format": "png", "source": { "bytes": PNG } } }])),
        "Invalid number of parameters set for tagged union structure messages.0.content.0.",
    );
    refuses(QWEN, said(json!([{ "type": "text" }])), "Unknown parameter in messages.0.content.0: \"type\"");
    refuses(QWEN, said(json!("hi")), "The format of the value at messages.0.content is invalid.");
    let (code, _) = judged(QWEN, &said(json!([{ "text": 1 }])), false).unwrap_err();
    assert_eq!(code, "SerializationException");
    let point =
        json!({ "toolResult": { "toolUseId": "t1", "content": [{ "cachePoint": { "type": "default" } }] } });
    refuses(
        CLAUDE,
        talk(json!([call()]), json!([point])),
        "Unknown parameter in messages.2.content.0.toolResult.content.0: \"cachePoint\"",
    );
}

#[test]
fn turns_are_checked() {
    let user = json!({ "role": "user", "content": [{ "text": "hi" }] });
    let assistant = json!({ "role": "assistant", "content": [{ "text": "hi" }] });
    let messages = |messages: Value| body(json!({ "messages": messages }));
    refuses(QWEN, messages(json!([])), "A conversation must have at least one message.");
    refuses(QWEN, messages(json!([assistant, user])), "A conversation must start with a user message.");
    refuses(
        QWEN,
        messages(json!([user, user])),
        "A conversation must alternate between user and assistant roles.",
    );
    refuses(
        QWEN,
        messages(json!([user, { "role": "system", "content": [{ "text": "x" }] }])),
        "This model doesn't support the role system",
    );
    refuses(
        QWEN,
        messages(json!([user, assistant])),
        "The model returned the following errors: This model does not support assistant message prefill.",
    );
    refuses(QWEN, said(json!([])), "The content field in the Message object at messages.0 is empty.");
    refuses(
        QWEN,
        said(json!([{ "text": " " }])),
        "The text field in the ContentBlock object at messages.0.content.0 is blank.",
    );
}

#[test]
fn calls_and_results_belong_together() {
    refuses(
        QWEN,
        talk(json!([call()]), json!([{ "text": "thanks" }])),
        "Expected toolResult blocks at messages.2.content for the following Ids: t1",
    );
    refuses(
        QWEN,
        talk(json!([{ "text": "ok" }]), json!([result()])),
        "The number of toolResult blocks at messages.2.content exceeds",
    );
    refuses(
        QWEN,
        talk(json!([call()]), json!([result(), result()])),
        "The toolResult blocks at messages.2.content contain duplicate Ids.",
    );
    let mut without = talk(json!([call()]), json!([result()]));
    without.as_object_mut().unwrap().remove("toolConfig");
    refuses(
        QWEN,
        without,
        "The toolConfig field must be defined when using toolUse and toolResult content blocks.",
    );
    let mut empty = talk(json!([call()]), json!([result()]));
    empty["messages"][1]["content"][0]["toolUse"]["input"] = json!([]);
    refuses(
        QWEN,
        empty,
        "The format of the value at messages.1.content.0.toolUse.input is invalid. Provide a json object",
    );
    let list = json!({ "toolResult": { "toolUseId": "t1", "content": [{ "json": [1] }] } });
    refuses(
        QWEN,
        talk(json!([call()]), json!([list])),
        "The format of the value at messages.2.content.0.toolResult.content.0.json is invalid. Provide a json object",
    );
}

#[test]
fn models_differ_in_tools() {
    let tools = body(spec(json!({})));
    let streaming = judged(LLAMA, &tools, true).unwrap_err().1;
    assert_eq!(streaming, "This model doesn't support tool use in streaming mode.");
    assert_eq!(judged(LLAMA, &tools, false), Ok(()));
    refuses("us.deepseek.r1-v1:0", tools, "This model doesn't support tool use.");
    let nova = judged(NOVA, &body(spec(json!({ "name": "get-x" }))), false).unwrap_err();
    assert_eq!(nova.0, "ModelErrorException");
    refuses(
        QWEN,
        body(spec(json!({ "strict": true }))),
        "This model doesn't support the toolConfig.tools.0.toolSpec.strict field.",
    );
    let mut forced = body(spec(json!({})));
    forced["toolConfig"]["toolChoice"] = json!({ "any": {} });
    refuses(LLAMA, forced.clone(), "This model doesn't support the toolConfig.toolChoice.any field.");
    accepts(QWEN, forced.clone());
    forced["additionalModelRequestFields"] =
        json!({ "thinking": { "type": "enabled", "budget_tokens": 1024 } });
    refuses(CLAUDE, forced, "The model returned the following errors: Thinking may not be enabled");
    refuses(
        QWEN,
        body(spec(json!({ "inputSchema": { "json": {} } }))),
        "The value at toolConfig.tools.0.toolSpec.inputSchema.json.type must be one of the following: object.",
    );
}

#[test]
fn models_differ_in_what_they_read() {
    let image = |bytes: &str, format: &str| {
        said(json!([{ "image": { "format": format, "source": { "bytes": bytes } } }]))
    };
    refuses(QWEN, image(PNG, "png"), "This model doesn't support the image content block that you provided.");
    accepts(NOVA, image(PNG, "png"));
    refuses(NOVA, image(PNG, "jpeg"), "The provided image does not match the specified image format.");
    refuses(NOVA, image("AAAA", "png"), "Could not process image");
    let document =
        |name: &str| json!({ "document": { "format": "txt", "name": name, "source": { "bytes": "aGk=" } } });
    refuses(CLAUDE, said(json!([document("a")])), "A text block must be included when using documents.");
    refuses(
        CLAUDE,
        said(json!([document("a.txt"), { "text": "x" }])),
        "The document file name can only contain",
    );
    refuses(
        CLAUDE,
        said(json!([document("a"), document("a"), { "text": "x" }])),
        "The document name a is used more than once.",
    );
    accepts(CLAUDE, said(json!([document("a"), { "text": "x" }])));
    let thought = json!({ "reasoningContent": { "reasoningText": { "text": "hm" } } });
    refuses(
        CLAUDE,
        talk(json!([thought, call()]), json!([result()])),
        "The model returned the following errors: messages.1.content.0.thinking.signature: Field required",
    );
}

#[test]
fn cache_points_follow_the_model() {
    let point = json!({ "cachePoint": { "type": "default" } });
    let system = json!({ "system": [{ "text": "a" }, point] });
    accepts(CLAUDE, body(system.clone()));
    accepts(NOVA, body(system.clone()));
    let refused = judged(QWEN, &body(system), false).unwrap_err();
    assert_eq!(refused.0, "AccessDeniedException");
    let mut tools = spec(json!({}));
    tools["toolConfig"]["tools"].as_array_mut().unwrap().push(point.clone());
    refuses(
        NOVA,
        body(tools.clone()),
        "Malformed input request: #/toolConfig/tools/1: extraneous key [cachePoint] is not permitted",
    );
    accepts(CLAUDE, body(tools));
    let long = json!({ "cachePoint": { "type": "default", "ttl": "1h" } });
    refuses(
        CLAUDE,
        said(json!([{ "text": "a" }, point, { "text": "b" }, long])),
        "The model returned the following errors: a ttl='1h'",
    );
    let many: Vec<Value> = (0..5).flat_map(|_| [json!({ "text": "a" }), point.clone()]).collect();
    refuses(CLAUDE, said(json!(many)), "The model returned the following errors: A maximum of 4 blocks");
}

#[test]
fn settings_follow_the_model() {
    let settings = |settings: Value| body(json!({ "inferenceConfig": settings }));
    refuses(
        LLAMA,
        settings(json!({ "maxTokens": 5000 })),
        "The maximum tokens you requested exceeds the model limit of 4096.",
    );
    refuses(
        GPT,
        settings(json!({ "maxTokens": 8 })),
        "The maximum tokens you requested is below the model minimum of 16.",
    );
    refuses(
        GPT,
        settings(json!({ "stopSequences": ["x"] })),
        "This model doesn't support the stopSequences field.",
    );
    refuses(
        CLAUDE,
        body(json!({ "serviceTier": { "type": "flex" } })),
        "The provided service tier flex is not supported",
    );
    accepts(NOVA, body(json!({ "serviceTier": { "type": "flex" } })));
    let fields = |fields: Value| body(json!({ "additionalModelRequestFields": fields }));
    refuses(
        NOVA,
        fields(json!({ "top_k": 1 })),
        "Malformed input request: #: extraneous key [top_k] is not permitted",
    );
    refuses(
        "openai.gpt-oss-120b-1:0",
        fields(json!({ "thinking": {} })),
        "Malformed input request: #: extraneous key [thinking]",
    );
    refuses(
        CLAUDE,
        fields(json!({ "reasoning_effort": "low" })),
        "The model returned the following errors: reasoning_effort: Extra inputs",
    );
    refuses(
        CLAUDE,
        fields(json!({ "thinking": { "type": "adaptive" } })),
        "The model returned the following errors: adaptive thinking",
    );
    accepts("openai.gpt-oss-120b-1:0", fields(json!({ "reasoning_effort": "low" })));
    refuses(GPT, fields(json!({ "reasoning": { "effort": "none" } })), "Unsupported value: 'none'");
    let format = json!({ "outputConfig": { "textFormat": { "type": "json_schema", "structure": { "jsonSchema": { "schema": "{\"type\":\"object\"}" } } } } });
    refuses(NOVA, body(format.clone()), "This model doesn't support the outputConfig.textFormat field.");
    refuses(QWEN, body(format), "output_config.format.schema: For 'object' type");
}
