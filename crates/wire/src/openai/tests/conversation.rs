//! Messages become turns: who answers what, and what is put right.

use llm::{Block, CacheMark, CacheTtl, Category, Content, Message, Role};
use serde_json::json;

use super::of_messages;

fn calls(ids: &[&str]) -> serde_json::Value {
    let calls: Vec<_> = ids
        .iter()
        .map(|id| json!({ "id": id, "type": "function", "function": { "name": "f", "arguments": "" } }))
        .collect();
    json!({ "role": "assistant", "content": null, "tool_calls": calls })
}

fn result(id: &str) -> serde_json::Value {
    json!({ "role": "tool", "tool_call_id": id, "content": format!("of {id}") })
}

/// The turns in short: `u[text, result A, !result B]`.
fn short(messages: &[Message]) -> Vec<String> {
    let block = |block: &Block| match &block.content {
        Content::Text { text } => text.clone(),
        Content::ToolUse { id, input, .. } => format!("call {id} {input}"),
        Content::ToolResult { id, is_error, .. } => {
            format!("{}result {id}", if *is_error { "!" } else { "" })
        }
        other => format!("{other:?}"),
    };
    messages
        .iter()
        .map(|message| {
            let role = match message.role {
                Role::User => 'u',
                Role::Assistant => 'a',
                Role::System => 's',
            };
            format!("{role}[{}]", message.content.iter().map(block).collect::<Vec<_>>().join(", "))
        })
        .collect()
}

#[test]
fn results_stand_together_before_the_text() {
    let meaning = of_messages(json!([
        { "role": "user", "content": "go" },
        calls(&["A", "B"]),
        result("B"),
        { "role": "user", "content": "meanwhile" },
        result("A"),
        { "role": "user", "content": "on" },
    ]))
    .expect("a meaning");
    assert_eq!(
        short(&meaning.messages),
        ["u[go]", "a[call A {}, call B {}]", "u[result B, result A, meanwhile, on]"]
    );
    assert!(meaning.adjustments.is_empty());
}

#[test]
fn every_call_is_answered_and_nothing_else() {
    let meaning = of_messages(json!([
        { "role": "user", "content": "go" },
        result("X"),
        calls(&["A", "B"]),
        result("B"),
        result("B"),
        { "role": "assistant", "content": "hm" },
        result("A"),
        calls(&["C"]),
    ]))
    .expect("a meaning");
    assert_eq!(
        short(&meaning.messages),
        [
            "u[go]",
            "a[call A {}, call B {}]",
            "u[result B, !result A]",
            "a[hm]",
            "a[call C {}]",
            "u[!result C]"
        ]
    );
    assert_eq!(meaning.adjustments, ["tool_result:dropped", "tool_result:added"]);
}

#[test]
fn legacy_functions_are_answered_by_name() {
    let call = |name: &str| json!({ "role": "assistant", "content": null, "function_call": { "name": name, "arguments": " {\"a\":1} " } });
    let meaning = of_messages(json!([
        { "role": "user", "content": "go" },
        call("f"),
        { "role": "function", "name": "f", "content": "1" },
        call("g"),
        { "role": "function", "name": "wrong", "content": "2" },
    ]))
    .expect("a meaning");
    assert_eq!(
        short(&meaning.messages),
        [
            "u[go]",
            "a[call call_legacy_1 {\"a\":1}]",
            "u[result call_legacy_1]",
            "a[call call_legacy_2 {\"a\":1}]",
            "u[!result call_legacy_2]"
        ]
    );
}

#[test]
fn leading_instructions_and_later_ones() {
    let meaning = of_messages(json!([
        { "role": "developer", "content": "one" },
        { "role": "system", "content": [{ "type": "text", "text": "two", "cache_control": { "type": "ephemeral", "ttl": "1h" } }] },
        { "role": "user", "content": "go", "name": "mia" },
        { "role": "system", "content": "three" },
        { "role": "assistant", "content": [{ "type": "refusal", "refusal": "no" }], "reasoning_content": "hm" },
        { "role": "assistant", "content": "", "refusal": "never" },
    ]))
    .expect("a meaning");
    assert_eq!(meaning.system[0], Block::text("one"));
    assert_eq!(meaning.system[1].cache, Some(CacheMark { ttl: Some(CacheTtl::OneHour) }));
    assert_eq!(short(&meaning.messages), ["u[go]", "s[three]", "a[no]", "a[never]"]);
}

#[test]
fn a_lone_system_message_is_asked() {
    let meaning = of_messages(json!([
        { "role": "system", "content": "be terse" },
        { "role": "system", "content": "say hello" },
    ]))
    .expect("a meaning");
    assert_eq!(meaning.system, [Block::text("be terse")]);
    assert_eq!(short(&meaning.messages), ["u[say hello]"]);
    assert_eq!(meaning.adjustments, ["system:user"]);
    let error = of_messages(json!([{ "role": "user", "content": "" }])).expect_err("nothing to say");
    assert_eq!(error.category, Category::InvalidRequest);
}

#[test]
fn arguments_are_always_an_object() {
    let of = |arguments: &str| {
        let meaning = of_messages(json!([{ "role": "assistant", "tool_calls": [
            { "id": "A", "type": "function", "function": { "name": "f", "arguments": arguments } }
        ]}]))
        .expect("a meaning");
        match &meaning.messages[0].content[0].content {
            Content::ToolUse { input, .. } => input.clone(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(of(r#"{ "b" : 1.50, "a":[ ]}"#), r#"{ "b" : 1.50, "a":[ ]}"#);
    assert_eq!(of(""), "{}");
    assert_eq!(of(r#"{"half":"#), r#"{"_raw":"{\"half\":"}"#);
    assert_eq!(of("[1]"), r#"{"_raw":"[1]"}"#);
    let deep = format!("{{\"a\":{}1{}}}", "[".repeat(200), "]".repeat(200));
    let error = of_messages(json!([{ "role": "assistant", "tool_calls": [
        { "id": "A", "type": "function", "function": { "name": "f", "arguments": deep } }
    ]}]))
    .expect_err("too deep");
    assert_eq!(error.param.as_deref(), Some("messages[0].tool_calls[0].function.arguments"));
}

#[test]
fn marks_on_results_are_kept() {
    let meaning = of_messages(json!([
        calls(&["A", "B"]),
        { "role": "tool", "tool_call_id": "A", "content": [
            { "type": "text", "text": "1", "prompt_cache_breakpoint": { "mode": "explicit", "ttl": "12h" } }] },
        { "role": "tool", "tool_call_id": "B", "content": "2", "cache_control": { "type": "ephemeral" } },
    ]))
    .expect("a meaning");
    let marks: Vec<_> = meaning.messages[1].content.iter().map(|block| block.cache).collect();
    assert_eq!(marks, [Some(CacheMark { ttl: Some(CacheTtl::OneHour) }), Some(CacheMark { ttl: None })]);
}

#[test]
fn wrong_shapes_name_the_message() {
    for (messages, param) in [
        (json!([{ "content": "hi" }]), "messages[0].role"),
        (json!([{ "role": "user" }]), "messages[0].content"),
        (json!([{ "role": "user", "content": "a" }, { "role": "user", "content": 3 }]), "messages[1]"),
        (json!([{ "role": "robot", "content": "a" }]), "messages[0].role"),
        (json!([{ "role": "tool", "content": "a" }]), "messages[0].tool_call_id"),
        (json!([{ "role": "user", "content": [{ "type": "hologram" }] }]), "messages[0].content[0].type"),
        (
            json!([{ "role": "system", "content": [{ "type": "image_url", "image_url": "x" }] }]),
            "messages[0].content[0].type",
        ),
        (json!([{ "role": "user", "content": [{ "type": "text" }] }]), "messages[0].content[0].text"),
        (
            json!([{ "role": "assistant", "tool_calls": [{ "id": "a" }] }]),
            "messages[0].tool_calls[0].function",
        ),
    ] {
        let error = of_messages(messages.clone()).expect_err("a bad message");
        assert_eq!(error.category, Category::InvalidRequest, "{messages}");
        assert_eq!(error.param.as_deref(), Some(param), "{messages}");
    }
}
