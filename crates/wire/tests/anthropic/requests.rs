use bytes::Bytes;
use http::HeaderMap;
use llm::{
    CacheMark, CachePoints, CacheTtl, Effort, Meaning, Model, StructuredOutput, ThinkingStyle, ToolSupport,
    Wire,
};
use serde_json::{Value, json};
use wire::ServerCodec;
use wire::anthropic::client::{Manner, Written, write_request};
use wire::openai::chat::OpenAiChatServer;

use crate::json;

fn claude(name: &str, thinking: ThinkingStyle) -> Model {
    let adaptive = thinking != ThinkingStyle::Extended;
    Model {
        id: format!("us.anthropic.{name}"),
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
        efforts: if adaptive { vec![Effort::Low, Effort::Medium, Effort::High] } else { Vec::new() },
        structured_output: StructuredOutput::Native,
        cache: CachePoints { system: true, messages: true, tools: true, one_hour: false },
        cache_min_tokens: 1024,
        sampling: !adaptive,
        forced_tool_use: thinking != ThinkingStyle::AdaptiveAlways,
        mid_conversation_system: thinking == ThinkingStyle::AdaptiveAlways,
        end_of_life: None,
    }
}

fn sonnet() -> Model {
    claude("claude-sonnet-4-5", ThinkingStyle::Extended)
}

fn opus() -> Model {
    claude("claude-opus-5", ThinkingStyle::Adaptive)
}

fn meaning(body: &Value) -> Meaning {
    let codec = OpenAiChatServer;
    let request =
        codec.read_request(&HeaderMap::new(), Bytes::from(body.to_string())).expect("a good request");
    request.meaning().expect("a meaning").clone()
}

fn write(body: &Value, model: &Model, manner: Manner) -> Written {
    write_request(&meaning(body), model, manner).expect("a body")
}

fn body(written: &Written) -> Value {
    json(&written.body.to_payload().to_bytes())
}

#[test]
fn a_chat_request_for_claude() {
    let sample = json(include_bytes!("../fixtures/bedrock/06-openai-chat-to-anthropic.json"));
    let inbound = &sample["inbound"]["body"];
    let unmarked = Manner { auto_cache: None, ..Manner::default() };
    let written = write(inbound, &sonnet(), unmarked);
    let mut expected = sample["expect"]["body"].clone();
    expected["model"] = json!("us.anthropic.claude-sonnet-4-5");
    // A single text is written as a string; the transport decides on streaming.
    expected["messages"][2]["content"][1]["content"] = json!("12:00");
    expected.as_object_mut().expect("an object").remove("stream");
    assert_eq!(body(&written), expected);
    insta::assert_debug_snapshot!(written.adjustments);

    let mut first = inbound.clone();
    first["messages"].as_array_mut().expect("messages").truncate(3);
    let first = body(&write(&first, &sonnet(), Manner::default()));
    assert_eq!(first["thinking"], sample["first_turn_variant"]["thinking"]);
    assert!(first.get("temperature").is_none() && first.get("top_p").is_none());

    let adaptive = body(&write(inbound, &opus(), Manner::default()));
    assert_eq!(adaptive["thinking"], sample["same_for_opus_5"]["thinking"]);
    assert_eq!(adaptive["output_config"], sample["same_for_opus_5"]["output_config"]);
    assert!(adaptive.get("temperature").is_none() && adaptive.get("top_p").is_none());
}

#[test]
fn structured_output_in_every_form() {
    let sample = json(include_bytes!("../fixtures/bedrock/16-structured-output.json"));
    let inbound = &sample["inbound"];
    let native = write(inbound, &sonnet(), Manner::default());
    assert_eq!(body(&native)["output_config"], sample["1_native_invoke"]["output_config"]);
    assert!(native.undo.is_identity());

    let refused = Manner { native_format: false, ..Manner::default() };
    let forced = write(inbound, &sonnet(), refused);
    assert_eq!(body(&forced)["tools"], sample["2_forced_tool"]["tools"]);
    assert_eq!(body(&forced)["tool_choice"], sample["2_forced_tool"]["tool_choice"]);
    assert!(forced.undo.answer_tool);

    let always = claude("claude-opus-5-5", ThinkingStyle::AdaptiveAlways);
    let free = write(inbound, &always, refused);
    assert_eq!(body(&free)["tool_choice"], Value::Null);
    assert!(body(&free)["system"][0]["text"].as_str().expect("a sentence").contains("json_tool_call"));
    assert!(free.undo.answer_tool);

    let mut object = inbound.clone();
    object["response_format"] = json!({"type": "json_object"});
    let asked = write(&object, &sonnet(), Manner::default());
    assert!(asked.undo.fence && !asked.undo.answer_tool);
    assert!(body(&asked)["system"][0]["text"].as_str().expect("a sentence").contains("JSON"));
}

#[test]
fn a_schema_loses_what_the_compiler_refuses_and_no_property() {
    let schema = json!({
        "$schema": "x", "type": "object",
        "properties": {
            "format": {"type": "string", "format": "date", "minLength": 1, "enum": ["default"]},
            "items": {"type": "array", "maxItems": 3, "items": {"type": "object", "properties": {"n": {"type": "integer", "minimum": 0}}}},
            "any": {"anyOf": [{"type": "number", "maximum": 1}, {"$ref": "#/$defs/pattern"}]},
        },
        "$defs": {"pattern": {"type": "string", "pattern": "a+"}},
        "required": ["format"],
    });
    let request = json!({"model": "m", "messages": [{"role": "user", "content": "x"}],
        "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": schema}}});
    let written = write(&request, &sonnet(), Manner::default());
    insta::assert_json_snapshot!(body(&written)["output_config"]["format"]["schema"]);
}

#[test]
fn turns_come_into_order() {
    let request = json!({"model": "m", "messages": [
        {"role": "assistant", "content": "Hello."},
        {"role": "user", "content": "a"},
        {"role": "user", "content": " "},
        {"role": "user", "content": "b"},
        {"role": "assistant", "content": null, "tool_calls": [
            {"id": "call:1", "type": "function", "function": {"name": "first tool", "arguments": "{\"x\":1}"}},
            {"id": "call2", "type": "function", "function": {"name": "second", "arguments": ""}}]},
        {"role": "system", "content": "Be quick."},
        {"role": "tool", "tool_call_id": "call2", "content": "done"},
        {"role": "tool", "tool_call_id": "nobody", "content": "lost"},
        {"role": "user", "content": "and?"},
        {"role": "assistant", "content": "Well"}
    ]});
    let plain = write(&request, &sonnet(), Manner::default());
    insta::assert_json_snapshot!("turns_on_sonnet", (body(&plain), &plain.adjustments));
    let modern =
        write(&request, &claude("claude-opus-5-5", ThinkingStyle::AdaptiveAlways), Manner::default());
    insta::assert_json_snapshot!(
        "turns_on_opus_5_5",
        (body(&modern)["messages"].clone(), &modern.adjustments)
    );
}

#[test]
fn efforts_become_switches() {
    let request = |effort: &str, max: u32| {
        json!({"model": "m", "messages": [{"role": "user", "content": "x"}], "reasoning_effort": effort,
            "max_completion_tokens": max})
    };
    let always = claude("claude-opus-5-5", ThinkingStyle::AdaptiveAlways);
    let mut lines = Vec::new();
    for model in [sonnet(), opus(), always] {
        for effort in ["none", "minimal", "low", "medium", "high", "xhigh", "max"] {
            let body = body(&write(&request(effort, 20_000), &model, Manner::default()));
            lines.push(format!("{} {effort}: {} {}", model.name, body["thinking"], body["output_config"]));
        }
    }
    insta::assert_snapshot!(lines.join("\n"));

    let small = write(&request("high", 1000), &sonnet(), Manner::default());
    assert_eq!(body(&small)["thinking"], Value::Null);
    assert!(small.adjustments.contains(&"thinking:dropped".to_owned()));
    let suffix = Manner { effort: Some(Effort::Low), ..Manner::default() };
    assert_eq!(body(&write(&request("none", 9000), &sonnet(), suffix))["thinking"]["budget_tokens"], 2048);
}

#[test]
fn cache_marks_where_the_client_set_none() {
    let long = "word ".repeat(2000);
    let mut request = json!({"model": "m", "messages": [
        {"role": "system", "content": long},
        {"role": "user", "content": "a"}, {"role": "assistant", "content": "b"},
        {"role": "user", "content": "c"}, {"role": "assistant", "content": "d"},
        {"role": "user", "content": "e"}],
        "tools": [{"type": "function", "function": {"name": "t"}}, {"type": "function", "function": {"name": "u"}}]});
    let hour = Manner { auto_cache: Some(CacheMark { ttl: Some(CacheTtl::OneHour) }), ..Manner::default() };
    let marked = body(&write(&request, &sonnet(), hour));
    let mark = json!({"type": "ephemeral"});
    assert_eq!(marked["system"][0]["cache_control"], mark);
    assert_eq!(marked["tools"][1]["cache_control"], mark);
    assert_eq!(marked["messages"][4]["content"][0]["cache_control"], mark);
    assert_eq!(marked["messages"][2]["content"][0]["cache_control"], mark);
    assert_eq!(marked.to_string().matches("cache_control").count(), 4);

    let off = Manner { auto_cache: None, ..Manner::default() };
    assert!(!body(&write(&request, &sonnet(), off)).to_string().contains("cache_control"));
    request["messages"][0]["content"] = json!("short");
    assert!(!body(&write(&request, &sonnet(), Manner::default())).to_string().contains("cache_control"));
}

#[test]
fn tool_choice_and_limits() {
    let tools = json!([{"type": "function", "function": {"name": "t", "parameters": {"properties": {}}}}]);
    let request = |choice: Value| json!({"model": "m", "messages": [{"role": "user", "content": "x"}], "tools": tools, "tool_choice": choice});
    let named = json!({"type": "function", "function": {"name": "t"}});
    let choice = |choice: Value, model: &Model| {
        body(&write(&request(choice), model, Manner::default()))["tool_choice"].clone()
    };
    assert_eq!(choice(json!("none"), &sonnet()), json!({"type": "none"}));
    assert_eq!(choice(json!("required"), &sonnet()), json!({"type": "any"}));
    assert_eq!(choice(named.clone(), &sonnet()), json!({"type": "tool", "name": "t"}));
    let always = claude("claude-opus-5-5", ThinkingStyle::AdaptiveAlways);
    assert_eq!(choice(named, &always), json!({"type": "auto"}));

    let written = body(&write(&request(json!("auto")), &sonnet(), Manner::default()));
    assert_eq!(written["tools"][0]["input_schema"], json!({"properties": {}, "type": "object"}));
    assert_eq!(written["max_tokens"], 32_000);
    let old = claude("claude-opus-4-1-20250805", ThinkingStyle::Extended);
    assert_eq!(body(&write(&request(json!("auto")), &old, Manner::default()))["max_tokens"], 8192);
    let mut greedy = request(json!("auto"));
    greedy["max_tokens"] = json!(999_999);
    let written = write(&greedy, &sonnet(), Manner::default());
    assert_eq!(body(&written)["max_tokens"], 64_000);
    assert!(written.adjustments.contains(&"max_tokens:64000".to_owned()));
}
