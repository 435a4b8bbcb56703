//! Tools, the choice among them, and calls of each form in answers.

use llm::{
    Answer, Block, CacheMark, CacheTtl, Category, Content, Event, Opening, StopReason, ToolChoice, ToolKind,
};
use serde_json::{Value, json};

use super::{STAMP, chat, chunks, say, with};
use crate::ServerCodec;
use crate::openai::chat::OpenAiChatServer;

fn function(name: &str) -> Value {
    json!({ "type": "function", "function": { "name": name } })
}

fn custom() -> Value {
    json!({ "type": "custom", "custom": { "name": "patch", "description": "Applies a patch.", "format": {
        "type": "grammar", "grammar": { "syntax": "lark", "definition": "start: \"x\"" } } } })
}

#[test]
fn definitions() {
    let meaning = with(json!({
        "tools": [
            { "type": "function", "function": { "name": "a", "description": "", "strict": true,
              "parameters": { "properties": { "z": {}, "b": {} } } },
              "cache_control": { "type": "ephemeral", "ttl": "1h" } },
            function("b"),
            custom(),
        ],
        "parallel_tool_calls": false,
    }))
    .expect("a meaning");
    let [a, b, patch] = meaning.tools.as_slice() else { panic!("three tools") };
    assert_eq!(a.schema.to_string(), r#"{"properties":{"z":{},"b":{}},"type":"object"}"#);
    assert_eq!((a.description.as_deref(), a.strict), (None, Some(true)));
    assert_eq!(a.cache, Some(CacheMark { ttl: Some(CacheTtl::OneHour) }));
    assert_eq!(b.schema.to_string(), r#"{"type":"object","properties":{}}"#);
    assert_eq!(patch.kind, ToolKind::Freeform);
    assert_eq!(
        patch.description.as_deref(),
        Some("Applies a patch.\n\nThe input must match this lark grammar:\nstart: \"x\"")
    );
    assert_eq!(patch.schema["required"], json!(["input"]));
    assert_eq!(meaning.parallel_tools, Some(false));
    assert_eq!(meaning.tool_choice, None);
}

#[test]
fn choices() {
    let tools = json!([function("a"), function("b"), custom()]);
    let choose = |choice: Value| with(json!({ "tools": tools, "tool_choice": choice }));
    for (choice, expected) in [
        (json!("none"), ToolChoice::None),
        (json!("auto"), ToolChoice::Auto),
        (json!("required"), ToolChoice::Any),
        (json!({ "type": "auto" }), ToolChoice::Auto),
        (json!({ "type": "function", "function": { "name": "b" } }), ToolChoice::Named("b".to_owned())),
        (json!({ "type": "custom", "custom": { "name": "patch" } }), ToolChoice::Named("patch".to_owned())),
    ] {
        assert_eq!(choose(choice).expect("a meaning").tool_choice, Some(expected));
    }
    let allowed = choose(json!({ "type": "allowed_tools", "allowed_tools": { "mode": "required", "tools": [
        { "type": "function", "function": { "name": "b" } }, { "type": "custom", "custom": { "name": "patch" } }] } }))
    .expect("a meaning");
    assert_eq!(allowed.tools.iter().map(|tool| tool.name.as_str()).collect::<Vec<_>>(), ["b", "patch"]);
    assert_eq!(allowed.tool_choice, Some(ToolChoice::Any));
    for wrong in
        [json!("sometimes"), json!({ "type": "function", "function": { "name": "x" } }), json!(3), json!({})]
    {
        let error = choose(wrong).expect_err("a bad choice");
        assert!(error.param.is_some_and(|param| param.starts_with("tool_choice")));
    }
    // A choice without tools chooses nothing.
    assert_eq!(with(json!({ "tool_choice": "auto", "tools": [] })).expect("a meaning").tool_choice, None);
    let error = with(json!({ "tools": [{ "type": "web_search" }] })).expect_err("a vendor's tool");
    assert_eq!((error.category, error.param.as_deref()), (Category::Unsupported, Some("tools[0].type")));
}

fn call(index: u32, id: &str, name: &str, pieces: &[&str]) -> Vec<Event> {
    let block = Opening::ToolUse { id: id.to_owned(), name: name.to_owned() };
    let mut events = vec![Event::BlockStart { index, block }];
    events.extend(pieces.iter().map(|json| Event::ToolInputDelta { index, json: (*json).to_owned() }));
    events.push(Event::BlockEnd { index });
    events
}

fn answer(calls: &[(&str, &str, &str)], stop: StopReason) -> Answer {
    let content = calls
        .iter()
        .map(|(id, name, input)| {
            let (id, name, input) = ((*id).to_owned(), (*name).to_owned(), (*input).to_owned());
            Block::from(Content::ToolUse { id, name, input })
        })
        .collect();
    Answer { content, stop: Some(stop), ..Answer::default() }
}

#[test]
fn calls_in_a_stream() {
    let asked = chat(
        &json!({ "model": "m", "stream": true, "messages": [{ "role": "user", "content": "hi" }],
            "tools": [function("f"), custom()] })
        .to_string(),
    );
    let mut events = vec![
        Event::BlockStart { index: 0, block: Opening::Text },
        Event::TextDelta { index: 0, text: "so".to_owned() },
        Event::BlockEnd { index: 0 },
    ];
    events.extend(call(1, "A", "f", &["", "{\"a\"", ":1}"]));
    events.extend(call(2, "B", "patch", &["{\"inp", "ut\": \"*** a\\n\\\"b\\\"\"}"]));
    events.extend(call(3, "C", "f", &[]));
    events.push(Event::Stop { reason: StopReason::EndTurn, sequence: None });
    let said = say(OpenAiChatServer.writer(&asked, STAMP), events);
    let deltas: Vec<_> = chunks(&said).iter().map(|chunk| chunk["choices"][0]["delta"].to_string()).collect();
    assert_eq!(
        deltas,
        [
            r#"{"role":"assistant","content":""}"#,
            r#"{"content":"so"}"#,
            r#"{"tool_calls":[{"index":0,"id":"A","type":"function","function":{"name":"f","arguments":""}}]}"#,
            r#"{"tool_calls":[{"index":0,"function":{"arguments":"{\"a\""}}]}"#,
            r#"{"tool_calls":[{"index":0,"function":{"arguments":":1}"}}]}"#,
            r#"{"tool_calls":[{"index":1,"id":"B","type":"custom","custom":{"name":"patch","input":""}}]}"#,
            r#"{"tool_calls":[{"index":1,"custom":{"input":"*** a\n\"b\""}}]}"#,
            r#"{"tool_calls":[{"index":2,"id":"C","type":"function","function":{"name":"f","arguments":""}}]}"#,
            r#"{"tool_calls":[{"index":2,"function":{"arguments":"{}"}}]}"#,
            "{}",
        ]
    );
    // The model said it ended; the client must run the tools all the same.
    assert!(said.contains(r#""finish_reason":"tool_calls""#));
}

#[test]
fn calls_in_one_piece() {
    let asked = chat(
        &json!({ "model": "m", "messages": [{ "role": "user", "content": "hi" }],
            "tools": [function("f"), custom()] })
        .to_string(),
    );
    let calls =
        [("A", "f", "{\"a\":1}"), ("B", "patch", "{\"input\":\"x\\ty\"}"), ("C", "patch", "bare words")];
    let said = OpenAiChatServer.write_answer(&asked, &answer(&calls, StopReason::ToolUse), STAMP);
    let said: Value = serde_json::from_slice(&said).expect("JSON");
    assert_eq!(
        said["choices"][0],
        json!({ "index": 0, "message": { "role": "assistant", "content": null, "refusal": null, "tool_calls": [
            { "id": "A", "type": "function", "function": { "name": "f", "arguments": "{\"a\":1}" } },
            { "id": "B", "type": "custom", "custom": { "name": "patch", "input": "x\ty" } },
            { "id": "C", "type": "custom", "custom": { "name": "patch", "input": "bare words" } },
        ] }, "logprobs": null, "finish_reason": "tool_calls" })
    );
}

#[test]
fn legacy_clients_get_legacy_calls() {
    let body = json!({ "model": "m", "messages": [{ "role": "user", "content": "hi" }],
        "functions": [{ "name": "f", "parameters": { "type": "object" } }], "function_call": { "name": "f" } });
    let asked = chat(&body.to_string());
    let meaning = asked.meaning().expect("a meaning");
    assert_eq!(meaning.tool_choice, Some(ToolChoice::Named("f".to_owned())));
    assert_eq!((meaning.tools.len(), meaning.parallel_tools), (1, Some(false)));

    let mut events = call(0, "A", "f", &["{}"]);
    events.extend(call(1, "B", "f", &["{}"]));
    events.push(Event::Stop { reason: StopReason::ToolUse, sequence: None });
    let said = say(OpenAiChatServer.writer(&asked, STAMP), events);
    let choices: Vec<_> = chunks(&said).into_iter().map(|chunk| chunk["choices"][0].clone()).collect();
    assert_eq!(choices.len(), 4);
    assert_eq!(choices[1]["delta"], json!({ "function_call": { "name": "f", "arguments": "" } }));
    assert_eq!(choices[2]["delta"], json!({ "function_call": { "arguments": "{}" } }));
    assert_eq!(choices[3]["finish_reason"], "function_call");

    let whole = answer(&[("A", "f", ""), ("B", "f", "{}")], StopReason::ToolUse);
    let said: Value =
        serde_json::from_slice(&OpenAiChatServer.write_answer(&asked, &whole, STAMP)).expect("JSON");
    assert_eq!(said["choices"][0]["message"]["function_call"], json!({ "name": "f", "arguments": "{}" }));
    assert_eq!(said["choices"][0]["finish_reason"], "function_call");
}

#[test]
fn custom_calls_come_back_in_history() {
    let meaning = with(json!({ "messages": [
        { "role": "assistant", "tool_calls": [{ "id": "A", "type": "custom", "custom": { "name": "patch", "input": "a\"b" } }] },
        { "role": "tool", "tool_call_id": "A", "content": "ok" },
    ] }))
    .expect("a meaning");
    assert_eq!(
        meaning.messages[0].content[0].content,
        Content::ToolUse { id: "A".into(), name: "patch".into(), input: r#"{"input":"a\"b"}"#.into() }
    );
}
