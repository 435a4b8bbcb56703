use proptest::prelude::*;

use super::super::cursor::Cursor;
use super::super::edit::Edits;
use super::super::marks::Marks;
use super::super::scan::{Finding, Question, scan};
use super::super::walk::{Rules, Walk};
use super::*;

/// Sends a conversation; returns it as sent, and the notes.
fn sent(model: &str, messages: Value) -> (Value, Vec<String>) {
    let body = json!({"max_tokens": 10, "messages": messages, "tools": [{"name": "n", "input_schema": {"type": "object"}}]});
    let (mut sent, notes) = try_text(&target(model), &[], &body.to_string()).expect("prepared");
    (sent["messages"].take(), notes)
}

fn user(blocks: Value) -> Value {
    json!([{"role": "user", "content": blocks}])
}

fn assistant(blocks: Value) -> Value {
    json!([{"role": "assistant", "content": blocks}])
}

#[test]
fn a_system_message_becomes_a_reminder_where_it_is_not_taken() {
    let messages = json!([
        {"role": "user", "content": "hi"},
        {"role": "system", "content": "say \"x\""},
        {"content": [{"type": "text", "text": "y"}], "role": "system"},
    ]);
    assert_eq!(sent("claude-opus-4-8", messages.clone()).0, messages);
    let (got, notes) = sent("claude-opus-4-6", messages);
    assert_eq!(
        got,
        json!([
            {"role": "user", "content": "hi"},
            {"role": "user", "content": "<system-reminder>say \"x\"</system-reminder>"},
            {"content": [{"type": "text", "text": "<system-reminder>y</system-reminder>"}], "role": "user"},
        ])
    );
    assert_eq!(notes, ["messages.system:reminder"]);
}

#[test]
fn settings_of_a_turn_leave_the_message_and_the_last_ones_count() {
    let messages = json!([
        {"role": "user", "content": "hi", "output_config": {"effort": "max"}},
        {"role": "assistant", "content": "ho"},
        {"output_config": {"effort": "low"}, "role": "system", "content": [{"type": "text", "text": "y"}]},
    ]);
    for (model, role) in [("claude-opus-5-5", "system"), ("claude-opus-4-6", "user")] {
        let body = json!({"max_tokens": 10, "messages": messages, "output_config": {"effort": "high"}});
        let (sent, _) = try_text(&target(model), &[], &body.to_string()).expect("prepared");
        assert_eq!(sent["output_config"], json!({"effort": "low"}), "{model}");
        assert_eq!(sent["messages"][0], json!({"role": "user", "content": "hi"}));
        let keys: Vec<&String> = sent["messages"][2].as_object().expect("a message").keys().collect();
        assert_eq!(keys, ["role", "content"]);
        assert_eq!(sent["messages"][2]["role"], role);
    }
}

#[test]
fn thoughts_that_claude_did_not_sign_are_dropped() {
    let text = json!({"type": "text", "text": "a"});
    let signed = json!({"type": "thinking", "thinking": "x", "signature": "EuYB"});
    let redacted = json!({"type": "redacted_thinking", "data": "x"});
    for bad in [
        json!({"type": "thinking", "thinking": "x"}),
        json!({"type": "thinking", "thinking": "x", "signature": ""}),
        json!({"type": "thinking", "thinking": "x", "signature": "switchboard.unsigned.v1"}),
        json!({"type": "thinking", "thinking": "x", "signature": "bdrkproxy.unsigned.v1"}),
    ] {
        let (got, notes) = sent("claude-opus-4-8", assistant(json!([bad, signed, redacted, text])));
        assert_eq!(got, assistant(json!([signed, redacted, text])));
        assert_eq!(notes, ["messages.thinking:dropped"]);
        let both = json!([{"role": "user", "content": "a"}, {"role": "assistant", "content": [bad]}, {"role": "user", "content": "b"}]);
        assert_eq!(
            sent("claude-opus-4-8", both).0,
            json!([{"role": "user", "content": "a"}, {"role": "user", "content": "b"}]),
            "a message without content is none"
        );
    }
    let extra = json!({"type": "thinking", "thinking": "x", "signature": "EuYB", "cache_control": {"type": "ephemeral"}, "x": 1});
    assert_eq!(sent("claude-opus-4-8", assistant(json!([extra]))).0, assistant(json!([signed])));
}

#[test]
fn members_that_bedrock_refuses_leave_their_blocks() {
    let (got, _) = sent(
        "claude-opus-4-8",
        json!([
            {"role": "user", "content": [{"type": "text", "text": "a", "citations": []}, {"type": "text", "text": ""}]},
            {"role": "assistant", "content": [
                {"type": "text", "text": "b", "citations": null},
                {"type": "text", "text": "c", "citations": [{"type": "char_location"}]},
                {"caller": {"type": "direct"}, "type": "tool_use", "id": "t", "name": "n", "input": {"caller": 1}},
            ]},
            {"role": "user", "content": [{"tool_use_id": "t", "content": [{"type": "text", "text": "", "x": 1}, {"type": "text", "text": "d", "citations": null}], "type": "tool_result"}]},
        ]),
    );
    assert_eq!(
        got,
        json!([
            {"role": "user", "content": [{"type": "text", "text": "a"}]},
            {"role": "assistant", "content": [
                {"type": "text", "text": "b"},
                {"type": "text", "text": "c", "citations": [{"type": "char_location"}]},
                {"type": "tool_use", "id": "t", "name": "n", "input": {"caller": 1}},
            ]},
            {"role": "user", "content": [{"tool_use_id": "t", "content": [{"type": "text", "text": "d"}], "type": "tool_result"}]},
        ])
    );
}

#[test]
fn tool_input_is_always_an_object() {
    for (input, wanted) in [
        (json!(null), json!({})),
        (json!("{\"a\": [1]}"), json!({"a": [1]})),
        (json!("nonsense"), json!({})),
        (json!([1]), json!({})),
        (json!({"a": "{}"}), json!({"a": "{}"})),
    ] {
        let block =
            |input: &Value| assistant(json!([{"type": "tool_use", "id": "t", "name": "n", "input": input}]));
        assert_eq!(sent("claude-opus-4-8", block(&input)).0, block(&wanted));
    }
}

#[test]
fn what_anthropics_servers_did_is_retold() {
    let (got, notes) = sent(
        "claude-opus-4-8",
        assistant(json!([
            {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"query": "q"}},
            {"type": "web_search_tool_result", "tool_use_id": "s", "content": [{"type": "web_search_result", "title": "T", "url": "u", "encrypted_content": "e"}]},
            {"type": "code_execution_tool_result", "tool_use_id": "s", "content": []},
            {"type": "x_new_kind", "kept": 1},
        ])),
    );
    assert_eq!(
        got,
        assistant(json!([
            {"type": "text", "text": "[web_search {\"query\":\"q\"}]"},
            {"type": "text", "text": "T (u)"},
            {"type": "x_new_kind", "kept": 1},
        ]))
    );
    assert_eq!(
        notes,
        [
            "messages.server_tool_use:text",
            "messages.web_search_tool_result:text",
            "messages.code_execution_tool_result:dropped"
        ]
    );
    let reference = |inner| user(json!([{"type": "tool_result", "tool_use_id": "t", "content": [inner]}]));
    assert_eq!(
        sent("claude-opus-4-8", reference(json!({"type": "tool_reference", "tool_name": "n"}))).0,
        reference(json!({"type": "text", "text": "Tool n is available."}))
    );
}

#[test]
fn nothing_is_fetched() {
    for source in
        [json!({"type": "url", "url": "https://example.com/a.png"}), json!({"type": "file", "file_id": "f"})]
    {
        for kind in ["image", "document"] {
            for messages in [
                user(json!([{"type": "text", "text": "a"}, {"type": kind, "source": source}])),
                user(
                    json!([{"type": "text", "text": "a"}, {"type": "tool_result", "tool_use_id": "t", "content": [{"type": kind, "source": source}]}]),
                ),
            ] {
                let text = json!({"max_tokens": 1, "messages": messages}).to_string();
                let error = try_text(&target("claude-opus-4-8"), &[], &text).expect_err("refused");
                assert_eq!(error.category, Category::InvalidRequest);
                assert_eq!(error.param.as_deref(), Some("messages.0.content.1"));
                assert!(error.message.contains("base64"), "{}", error.message);
            }
        }
    }
    let inline = user(
        json!([{"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}}]),
    );
    assert_eq!(sent("claude-opus-4-8", inline.clone()).0, inline);
}

fn mark(ttl: Option<&str>) -> Value {
    match ttl {
        None => json!({"type": "ephemeral"}),
        Some(ttl) => json!({"type": "ephemeral", "ttl": ttl}),
    }
}

fn texts(marks: &[Option<Value>]) -> Value {
    marks
        .iter()
        .map(|mark| match mark {
            None => json!({"type": "text", "text": "a"}),
            Some(mark) => json!({"type": "text", "text": "a", "cache_control": mark}),
        })
        .collect()
}

#[test]
fn at_most_four_cache_markers_stay_the_latest_ones() {
    let one = || Some(mark(None));
    let body = |system: &[Option<Value>], messages: &[Option<Value>]| json!({"max_tokens": 1, "system": texts(system), "messages": user(texts(messages))});
    let (sent, notes) = try_text(
        &target("claude-opus-4-8"),
        &[],
        &body(&[one(), one()], &[one(), one(), one(), one()]).to_string(),
    )
    .expect("prepared");
    let wanted = body(&[one(), one()], &[None, None, one(), one()]);
    assert_eq!((&sent["system"], &sent["messages"]), (&wanted["system"], &wanted["messages"]));
    assert_eq!(notes, ["cache_control:dropped"]);
    let four = body(&[one(), one()], &[one(), one()]);
    let (sent, notes) = try_text(&target("claude-opus-4-8"), &[], &four.to_string()).expect("prepared");
    assert_eq!((&sent["messages"], notes.len()), (&four["messages"], 0));
    let (sent, _) = try_text(
        &target("claude-opus-4-8"),
        &[],
        &body(&[one(), one(), one(), one(), one(), one()], &[]).to_string(),
    )
    .expect("prepared");
    assert_eq!(sent["system"], texts(&[None, None, one(), one(), one(), one()]));
}

#[test]
fn a_long_lived_marker_never_follows_a_short_lived_one() {
    let (hour, short, none) = (Some(mark(Some("1h"))), Some(mark(Some("5m"))), Some(mark(None)));
    let (got, notes) = sent("claude-opus-4-8", user(texts(&[hour.clone(), short.clone(), hour.clone()])));
    assert_eq!(got, user(texts(&[hour.clone(), short.clone(), none.clone()])));
    assert_eq!(notes, ["cache_control.ttl:5m"]);
    let (got, _) = sent("claude-opus-4-1", user(texts(&[hour, short])));
    assert_eq!(got, user(texts(&[none.clone(), none])), "no lifetimes on this model");
    let (got, _) = sent(
        "claude-opus-4-8",
        user(texts(&[Some(json!(null)), Some(json!({"scope": "global", "type": "ephemeral"}))])),
    );
    assert_eq!(got, user(texts(&[None, Some(mark(None))])));
}

#[test]
fn a_marker_for_the_whole_request_goes_to_its_last_block() {
    let body = |messages: Value| json!({"max_tokens": 1, "cache_control": {"type": "ephemeral", "ttl": "1h"}, "messages": messages});
    for (messages, wanted) in [
        (
            json!([{"role": "user", "content": "a"}, {"role": "user", "content": "b"}]),
            json!([{"role": "user", "content": "a"}, {"role": "user", "content": [{"type": "text", "text": "b", "cache_control": mark(Some("1h"))}]}]),
        ),
        (
            assistant(
                json!([{"type": "text", "text": "a"}, {"type": "thinking", "thinking": "x", "signature": "Eu"}]),
            ),
            assistant(
                json!([{"type": "text", "text": "a", "cache_control": mark(Some("1h"))}, {"type": "thinking", "thinking": "x", "signature": "Eu"}]),
            ),
        ),
        (user(texts(&[None, Some(mark(None))])), user(texts(&[None, Some(mark(None))]))),
    ] {
        let (sent, _) =
            try_text(&target("claude-opus-4-8"), &[], &body(messages).to_string()).expect("prepared");
        assert_eq!(sent["messages"], wanted);
    }
}

fn walk(text: &[u8], system_inside: bool) -> Result<(Edits, usize), Error> {
    let names = ToolNames::default();
    let rules = Rules { system_inside, tool_search: false, marked_last: None, names: &names };
    let (mut marks, mut notes) = (Marks::new(true), Notes::default());
    let edits = Walk::new(text, rules, &mut marks, &mut notes).messages()?;
    Ok((edits, marks.count))
}

fn any_text() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!("")),
        Just(json!("say \"\" and \"caller\"")),
        Just(json!("ends with a quote \"")),
        Just(json!("{\"type\":\"thinking\"}")),
        ".{0,12}".prop_map(Value::from),
    ]
}

fn any_inner() -> impl Strategy<Value = Value> {
    prop_oneof![
        any_text(),
        Just(json!(null)),
        Just(json!({"a": ""})),
        Just(json!({"input": "x", "caller": null, "citations": 1, "url": "", "type": "file"})),
    ]
}

fn any_block() -> impl Strategy<Value = Value> {
    let mark = prop_oneof![
        6 => Just(None),
        2 => Just(Some(json!({"type": "ephemeral"}))),
        1 => Just(Some(json!({"type": "ephemeral", "ttl": "1h"}))),
        1 => Just(Some(json!({"type": "ephemeral", "scope": "global"}))),
        1 => Just(Some(json!(null))),
    ];
    let plain = prop_oneof![
        8 => any_text().prop_map(|text| json!({"type": "text", "text": text})),
        4 => any_inner().prop_map(|input| json!({"type": "tool_use", "id": "t", "name": "n", "input": input})),
        4 => any_inner().prop_map(|input| json!({"type": "tool_use", "id": "t", "name": "n", "input": {"x": input}})),
        4 => any_text().prop_map(|text| json!({"type": "tool_result", "tool_use_id": "t", "content": text})),
        4 => any_text().prop_map(|text| json!({"content": [{"type": "text", "text": text}], "type": "tool_result", "tool_use_id": "t"})),
        2 => any_text().prop_map(|text| json!({"type": "thinking", "thinking": text, "signature": "Eu"})),
        1 => any_text().prop_map(|text| json!({"signature": text, "thinking": "x", "type": "thinking"})),
        1 => any_text().prop_map(|text| json!({"type": "redacted_thinking", "data": text})),
        1 => any_text().prop_map(|text| json!({"type": "thinking", "data": text})),
        1 => any_inner().prop_map(|inner| json!({"type": "text", "text": "a", "citations": inner})),
        1 => any_inner().prop_map(|inner| json!({"caller": inner, "type": "tool_use", "id": "t", "name": "n", "input": {}})),
        1 => any_inner().prop_map(|inner| json!({"type": "server_tool_use", "name": "web_search", "input": inner})),
        1 => any_inner().prop_map(|inner| json!({"type": "web_search_tool_result", "content": [inner]})),
        2 => Just(json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": ""}})),
        1 => any_inner().prop_map(|inner| json!({"type": "x_new", "x": inner})),
    ];
    (plain, mark).prop_map(|(mut block, mark)| {
        if let Some(mark) = mark {
            block["cache_control"] = mark;
        }
        block
    })
}

fn any_messages() -> impl Strategy<Value = Value> {
    let content = prop_oneof![
        1 => any_text(),
        3 => prop::collection::vec(any_block(), 0..4).prop_map(Value::from),
    ];
    let role = prop_oneof![3 => Just("user"), 3 => Just("assistant"), 1 => Just("system")];
    let message = (role, content, any::<bool>()).prop_map(|(role, content, role_first)| {
        if role_first {
            json!({"role": role, "content": content})
        } else {
            json!({"content": content, "role": role})
        }
    });
    prop::collection::vec(message, 0..4).prop_map(Value::from)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    /// The quick scan never misses what the exact walk would change.
    #[test]
    fn what_the_scan_lets_pass_needs_no_edit(messages in any_messages(), pretty in any::<bool>(), inside in any::<bool>()) {
        let text = if pretty { serde_json::to_string_pretty(&messages) } else { serde_json::to_string(&messages) };
        let text = text.expect("json");
        let question = Question { system_inside: inside, marks_left: usize::MAX };
        if let Finding::Clean { marks } = scan(text.as_bytes(), question) {
            let (edits, walked) = walk(text.as_bytes(), inside).expect("nothing to refuse");
            prop_assert!(edits.is_empty(), "{edits:?}");
            prop_assert_eq!(marks, walked);
        }
    }

    /// What the walk leaves is JSON, and a second walk finds nothing to do.
    #[test]
    fn one_walk_is_enough(messages in any_messages(), pretty in any::<bool>()) {
        let text = if pretty { serde_json::to_vec_pretty(&messages) } else { serde_json::to_vec(&messages) };
        let source = Bytes::from(text.expect("json"));
        let (edits, _) = walk(&source, false).expect("nothing to refuse");
        let once = edits.apply(&source);
        let value: Value = serde_json::from_slice(&once).expect("still JSON");
        prop_assert!(value.is_array());
        let (again, _) = walk(&once, false).expect("nothing to refuse");
        prop_assert!(again.is_empty(), "{} -> {again:?}", String::from_utf8_lossy(&once));
    }

    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..80), text in r#"[\[\]{}",:a\\ ]{0,60}"#) {
        for text in [&bytes[..], text.as_bytes()] {
            Cursor::at(text, 0).skip();
            scan(text, Question { system_inside: false, marks_left: 0 });
        }
    }
}
