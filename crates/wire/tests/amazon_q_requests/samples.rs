//! Each golden request, asked for in the words of a client.

use llm::{Model, ThinkingStyle};
use serde_json::{Value, json};
use wire::amazon_q::Manner;
use wire::openai;

use super::*;

/// Two turns that several samples share.
fn tools() -> Value {
    let path = json!({"type": "string", "description": "Path relative to the workspace root."});
    json!([
        {"name": "read_file", "description": "Read one UTF-8 text file from the workspace.", "input_schema": {
            "$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object",
            "properties": {"path": path}, "required": ["path"], "additionalProperties": false}},
        {"name": "list_dir", "description": "List the entries of one folder.", "input_schema": {
            "type": "object", "properties": {"path": {"type": "string"}}, "required": []}},
    ])
}

fn functions() -> Value {
    let tools = tools();
    let tools = tools.as_array().expect("tools").iter();
    tools
        .map(|tool| {
            json!({"type": "function", "function": {"name": tool["name"], "description": tool["description"],
                "parameters": tool["input_schema"]}})
        })
        .collect()
}

#[track_caller]
fn expect(sample: &[u8], asked: &Request, model: &Model, manner: &Manner<'_>) -> Written {
    let sample = super::json(sample);
    let written = write(asked, model, manner);
    let body = super::json(&written.body);
    assert_eq!(body, sample["request"]["body"]);
    rules::check(&body).expect("every rule is kept");
    written
}

fn claude(messages: Value) -> Value {
    json!({"model": "m", "max_tokens": 1000, "messages": messages})
}

fn chat(body: &Value) -> Request {
    openai::chat::OpenAiChatServer
        .read_request(&HeaderMap::new(), body.to_string().into())
        .expect("a good request")
}

#[test]
fn plain_text() {
    let question = "Name the three primary colours of light, one per line.";
    let messages = json!([{"role": "user", "content": question}]);
    let written = expect(
        include_bytes!("../fixtures/amazon_q/01-plain-text.request.json"),
        &anthropic(&claude(messages.clone())),
        &sonnet(),
        &IDE,
    );
    assert!(written.adjustments.is_empty(), "{:?}", written.adjustments);
    assert_eq!(written.back.max_tokens, Some(1000));
    assert_eq!(written.back.context, 200_000);
    assert!(written.back.undo.is_identity() && !written.back.tagged_thinking);
    for sample in [
        &include_bytes!("../fixtures/amazon_q/01-plain-text.request.json")[..],
        include_bytes!("../fixtures/amazon_q/07-error-in-stream.request.json"),
    ] {
        expect(sample, &chat(&json!({"model": "m", "messages": messages})), &sonnet(), &IDE);
    }
    expect(
        include_bytes!("../fixtures/amazon_q/01-plain-text.rest.request.json"),
        &anthropic(&claude(messages)),
        &sonnet(),
        &CLI,
    );
}

#[test]
fn an_api_key() {
    let asked = anthropic(&claude(json!([{"role": "user", "content": "Say hi."}])));
    let sample = include_bytes!("../fixtures/amazon_q/17-api-key.request.json");
    expect(sample, &asked, &model("auto", ThinkingStyle::No), &CLI);
}

#[test]
fn several_turns() {
    let sample = include_bytes!("../fixtures/amazon_q/02-multi-turn.request.json");
    let turns = json!([
        {"role": "user", "content": "Is a Rust String valid UTF-8?"},
        {"role": "assistant", "content": "Yes, a String always holds valid UTF-8."},
        {"role": "user", "content": [{"type": "text", "text": "And an OsString?"}]},
    ]);
    let mut body = claude(turns.clone());
    body["system"] = json!([
        {"type": "text", "text": "x-anthropic-billing-header: cc_version=1;"},
        {"type": "text", "text": "You are a terse reviewer. Answer in one sentence.", "cache_control": {"type": "ephemeral"}},
    ]);
    let written = expect(sample, &anthropic(&body), &sonnet(), &IDE);
    assert_eq!(written.adjustments, ["system:user"]);
    let mut messages = turns;
    let system = json!({"role": "developer", "content": "You are a terse reviewer. Answer in one sentence."});
    messages.as_array_mut().expect("a list").insert(0, system);
    messages[3]["content"] = "And an OsString?".into();
    expect(sample, &chat(&json!({"model": "m", "messages": messages})), &sonnet(), &IDE);
}

#[test]
fn a_tool_call() {
    let sample = include_bytes!("../fixtures/amazon_q/03-tool-call.request.json");
    let question = "What does config.toml set, and what else is in that folder?";
    let mut body = claude(json!([{"role": "user", "content": question}]));
    body["tools"] = tools();
    assert_eq!(expect(sample, &anthropic(&body), &sonnet(), &IDE).adjustments, ["tools:schema"]);
    let body =
        json!({"model": "m", "messages": [{"role": "user", "content": question}], "tools": functions()});
    expect(sample, &chat(&body), &sonnet(), &IDE);
}

#[test]
fn tool_results() {
    let sample = include_bytes!("../fixtures/amazon_q/04-tool-result.request.json");
    let question = "What does config.toml set, and what else is in that folder?";
    let (first, second) = ("tooluse_aA1b2C3d4E5f6G7h8I9j0k", "tooluse_zZ9y8X7w6V5u4T3s2R1q0p");
    let mut body = claude(json!([
        {"role": "user", "content": question},
        {"role": "assistant", "content": [
            {"type": "text", "text": "I will look at both."},
            {"type": "tool_use", "id": first, "name": "read_file", "input": {"path": "config.toml"}},
            {"type": "tool_use", "id": second, "name": "list_dir", "input": {}},
        ]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": second, "is_error": true, "content": "permission denied"},
            {"type": "tool_result", "tool_use_id": first, "content": [{"type": "text", "text": "port = 8765\n"}]},
        ]},
    ]));
    body["tools"] = tools();
    expect(sample, &anthropic(&body), &sonnet(), &IDE);
}

#[test]
fn an_image() {
    let sample = include_bytes!("../fixtures/amazon_q/05-image.request.json");
    let png = "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAEElEQVR4nGP4z8AARAwQCgAf7gP9i18U1AAAAABJRU5ErkJggg==";
    let content = json!([
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": png}},
        {"type": "text", "text": "What colour is this square?"},
    ]);
    expect(sample, &anthropic(&claude(json!([{"role": "user", "content": content}]))), &sonnet(), &IDE);
    let content = json!([
        {"type": "text", "text": "What colour is this square?"},
        {"type": "image_url", "image_url": {"url": format!("data:image/png;base64,{png}")}},
    ]);
    let body = json!({"model": "m", "messages": [{"role": "user", "content": content}]});
    expect(sample, &chat(&body), &sonnet(), &IDE);
}

#[test]
fn native_thinking() {
    let sample = include_bytes!("../fixtures/amazon_q/06-thinking.request.json");
    let schema = schema_of("claude-opus-4.8");
    let manner = Manner { fields_schema: Some(&schema), ..IDE };
    let opus = model("claude-opus-4.8", ThinkingStyle::Adaptive);
    let question = json!([{"role": "user", "content": "How many primes lie between 10 and 30?"}]);
    let mut body = claude(question.clone());
    body["max_tokens"] = 32_000.into();
    body["thinking"] = json!({"type": "adaptive"});
    body["output_config"] = json!({"effort": "high"});
    let written = expect(sample, &anthropic(&body), &opus, &manner);
    assert_eq!((written.adjustments.len(), written.back.max_tokens), (0, None));
    body["thinking"] = json!({"type": "enabled", "budget_tokens": 20_000});
    expect(sample, &anthropic(&body), &opus, &manner);
    let body = json!({"model": "m", "messages": question, "max_tokens": 32_000, "reasoning_effort": "high"});
    expect(sample, &chat(&body), &opus, &manner);
}

#[test]
fn thoughts_go_back() {
    let sample = include_bytes!("../fixtures/amazon_q/06b-thinking-replay.request.json");
    // A model whose schema knows neither a display nor a limit.
    let mut schema = schema_of("claude-opus-4.8");
    let properties = schema["properties"].as_object_mut().expect("properties");
    properties.remove("max_tokens");
    properties["thinking"]["properties"].as_object_mut().expect("properties").remove("display");
    let mut body = claude(json!([
        {"role": "user", "content": "How many primes lie between 10 and 30?"},
        {"role": "assistant", "content": [
            {"type": "thinking", "thinking": "Candidates: 11, 13, 17, 19, 23, 29.",
             "signature": "RXhhbXBsZVNpZ25hdHVyZU5vdFJlYWw="},
            {"type": "text", "text": "Six: 11, 13, 17, 19, 23 and 29."},
        ]},
        {"role": "user", "content": "And between 30 and 40?"},
    ]));
    body["thinking"] = json!({"type": "adaptive"});
    body["output_config"] = json!({"effort": "high"});
    let opus = model("claude-opus-4.8", ThinkingStyle::Adaptive);
    let written = expect(sample, &anthropic(&body), &opus, &Manner { fields_schema: Some(&schema), ..IDE });
    assert_eq!(written.back.max_tokens, Some(1000), "nobody else keeps it");
}

#[test]
fn reasoning_of_gpt() {
    let sample = include_bytes!("../fixtures/amazon_q/06c-redacted-reasoning.request.json");
    let schema = schema_of("gpt-5.6-sol");
    let manner = Manner { fields_schema: Some(&schema), ..IDE };
    let gpt = model("gpt-5.6-sol", ThinkingStyle::ReasoningObject);
    let messages = json!([{"role": "user", "content": "Sum 1 to 100."}]);
    let body = json!({"model": "m", "messages": messages, "reasoning_effort": "medium"});
    expect(sample, &chat(&body), &gpt, &manner);
    let mut body = claude(messages);
    body["thinking"] = json!({"type": "enabled", "budget_tokens": 8000});
    expect(sample, &anthropic(&body), &gpt, &manner);
}

#[test]
fn prompted_thinking() {
    let sample = include_bytes!("../fixtures/amazon_q/06d-prompted-thinking.request.json");
    let mut body = claude(json!([{"role": "user", "content": "Is 91 prime?"}]));
    body["thinking"] = json!({"type": "enabled", "budget_tokens": 8000});
    let sonnet = model("claude-sonnet-4.5", ThinkingStyle::Prompted);
    let written = expect(sample, &anthropic(&body), &sonnet, &IDE);
    assert!(written.back.tagged_thinking);
    assert_eq!(written.adjustments, ["thinking:prompt"]);
}
