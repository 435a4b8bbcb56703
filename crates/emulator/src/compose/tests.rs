use serde_json::json;

use super::*;

fn asked<'a>(prompt: &str, tools: &[&'a str], schema: &'a Value) -> Asked<'a> {
    Asked {
        turn: Turn { texts: vec![prompt.to_owned()], tool_result: None },
        tools: tools.iter().map(|name| Tool { name, schema }).collect(),
        max_tokens: 1000,
        ..Asked::default()
    }
}

fn say(asked: &Asked<'_>) -> Answer {
    compose(asked, "toolu_", &mut Dice::new(7))
}

fn text(answer: &Answer) -> &str {
    answer
        .content
        .iter()
        .find_map(|block| if let Content::Text { text } = &block.content { Some(text) } else { None })
        .unwrap()
}

fn called(answer: &Answer) -> Vec<(&str, &str)> {
    let call = |block: &'_ llm::Block| matches!(block.content, Content::ToolUse { .. });
    answer
        .content
        .iter()
        .filter(|block| call(block))
        .map(|block| match &block.content {
            Content::ToolUse { name, input, .. } => (name.as_str(), input.as_str()),
            _ => unreachable!(),
        })
        .collect()
}

#[test]
fn it_echoes() {
    let answer = say(&asked("hi there", &[], &Value::Null));
    assert_eq!(text(&answer), "echo: hi there");
    assert_eq!(answer.stop, Some(StopReason::EndTurn));
}

#[test]
fn it_calls_the_tools_that_the_request_has() {
    let prompt = r#"[[tool:get_weather {"city":"Paris","rows":[[1]]}]] and [[tool:exec "a ]] b"]] [[tool:missing {}]] [[tool:bare]]"#;
    let answer = say(&asked(prompt, &["exec", "get_weather", "bare"], &Value::Null));
    assert_eq!(
        called(&answer),
        [
            ("get_weather", r#"{"city":"Paris","rows":[[1]]}"#),
            ("exec", r#"{"input":"a ]] b"}"#),
            ("bare", "{}"),
        ]
    );
    assert_eq!(answer.stop, Some(StopReason::ToolUse));
}

#[test]
fn a_marker_without_its_tool_is_text() {
    let prompt = r#"[[tool:get_weather {"city":"Paris"}]]"#;
    let answer = say(&asked(prompt, &["other"], &Value::Null));
    assert_eq!(text(&answer), format!("echo: {prompt}"));
}

#[test]
fn a_marker_names_a_tool_by_its_original_name() {
    let short = "mcp__jira__get_issue_84300d2b";
    let answer = say(&asked("[[tool:mcp__jira__get-issue {}]]", &[short], &Value::Null));
    assert_eq!(called(&answer), [(short, "{}")]);
}

#[test]
fn it_repeats_a_tool_result() {
    let mut asked = asked("[[tool:f {}]]", &["f"], &Value::Null);
    asked.turn.tool_result = Some("\u{e9}".repeat(300));
    assert_eq!(text(&say(&asked)), format!("tool said: {}", "\u{e9}".repeat(200)));
}

#[test]
fn a_tool_result_may_ask_for_the_next_call() {
    let mut asked = asked("[[tool:f {}]]", &["f", "g"], &Value::Null);
    asked.turn.tool_result = Some(r#"1: [[tool:g {"a":1}]]"#.into());
    assert_eq!(called(&say(&asked)), [("g", r#"{"a":1}"#)]);
    asked.turn.tool_result = Some("done".into());
    asked.choice = Choice::Any;
    assert_eq!(
        text(&say(&asked)),
        "tool said: done",
        "neither the prompt's marker nor the choice counts again"
    );
}

#[test]
fn a_forced_tool_gets_an_instance_of_its_schema() {
    let schema =
        json!({ "type": "object", "properties": { "city": { "type": "string" } }, "required": ["city"] });
    let forced = |choice| Asked { choice, ..asked("hello", &["a", "b"], &schema) };
    assert_eq!(called(&say(&forced(Choice::Any))), [("a", r#"{"city":""}"#)]);
    assert_eq!(called(&say(&forced(Choice::Named("b")))), [("b", r#"{"city":""}"#)]);
    assert_eq!(called(&say(&forced(Choice::None))), []);
}

#[test]
fn it_stops_at_sequences_and_at_the_limit() {
    let stopped =
        say(&Asked { stop_sequences: vec!["</done>", "two"], ..asked("one two </done>", &[], &Value::Null) });
    assert_eq!(text(&stopped), "echo: one ");
    assert_eq!(
        (stopped.stop, stopped.stop_sequence.as_deref()),
        (Some(StopReason::StopSequence), Some("two"))
    );
    let cut = say(&Asked { max_tokens: 2, ..asked("a long prompt", &[], &Value::Null) });
    assert_eq!(text(&cut), "echo: a ");
    assert_eq!((cut.stop, cut.usage.output), (Some(StopReason::MaxTokens), Some(2)));
}

#[test]
fn thinking_comes_first() {
    let first =
        |thinking| say(&Asked { thinking, ..asked("hi", &[], &Value::Null) }).content.remove(0).content;
    assert!(
        matches!(first(Thinking::Signed), Content::Thinking { text, signature: Some(s) } if !text.is_empty() && s.len() % 4 == 0)
    );
    assert!(
        matches!(first(Thinking::Omitted), Content::Thinking { text, signature: Some(_) } if text.is_empty())
    );
    assert!(matches!(first(Thinking::Unsigned), Content::Thinking { signature: None, .. }));
}

#[test]
fn deltas_join_to_the_text() {
    for text in [
        "",
        "short",
        "\u{65e5}\u{672c}\u{8a9e}\u{306e}\u{6587}\u{7ae0}\u{3067}\u{3059}",
        &"long ".repeat(5000),
    ] {
        let deltas = deltas(text);
        assert_eq!(deltas.concat(), text);
        assert!(deltas.len() <= 70);
    }
    assert!(deltas("a sentence of some length").len() > 1);
}

#[test]
fn a_text_becomes_the_tools_first_member() {
    let schema = json!({ "type": "object", "properties": { "script": { "type": "string" } } });
    let answer = say(&asked(r#"[[tool:exec "ls"]]"#, &["exec"], &schema));
    assert_eq!(called(&answer), [("exec", r#"{"script":"ls"}"#)]);
}
