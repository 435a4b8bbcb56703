//! Tools: called, answered, forced, forbidden.

use serde_json::{Value, json};

use crate::client::{CLAUDE, Call, Dialect, MODELS, RICH, Said};
use crate::harness::{Sent, TestApp};
use crate::sides::{SIDES, Sides};

const WEATHER: &str = r#"[[tool:weather {"city":"Rome","days":[1,2.50],"note":"\u00e9 \"q\" ]]"}]]"#;

fn weather() -> Value {
    json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]})
}

pub(crate) fn with_tools(dialect: Dialect, model: &str, text: &str, stream: bool) -> Value {
    let mut body = dialect.asking(model, text, stream);
    body["tools"] =
        json!([dialect.tool("weather", &weather()), dialect.tool("ping", &json!({"type": "object"}))]);
    body
}

/// The conversation goes on: what was said, and a result for each call.
pub(crate) fn answered(dialect: Dialect, body: &Value, said: &Said, results: &[&str]) -> Value {
    let mut body = body.clone();
    let messages = body["messages"].as_array_mut().expect("messages");
    let pairs = || said.calls.iter().zip(results);
    match dialect {
        Dialect::Messages => {
            let call = |call: &Call| json!({"type": "tool_use", "id": call.id, "name": call.name, "input": call.input});
            messages.push(
                json!({"role": "assistant", "content": said.calls.iter().map(call).collect::<Vec<_>>()}),
            );
            let result = |(call, text): (&Call, &&str)| json!({"type": "tool_result", "tool_use_id": call.id, "content": text});
            messages.push(json!({"role": "user", "content": pairs().map(result).collect::<Vec<_>>()}));
        }
        _ => {
            let call = |call: &Call| json!({"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.input.to_string()}});
            let calls = said.calls.iter().map(call).collect::<Vec<_>>();
            messages.push(json!({"role": "assistant", "content": null, "tool_calls": calls}));
            messages.extend(
                pairs().map(|(call, text)| json!({"role": "tool", "tool_call_id": call.id, "content": text})),
            );
        }
    }
    body
}

#[tokio::test]
async fn a_tool_is_called_and_its_result_is_read() {
    let sides = Sides::start().await;
    let app = &sides.app;
    for dialect in RICH {
        for side in SIDES {
            let model = side.model;
            sides.turn_to(side).await;
            for stream in [false, true] {
                let body = with_tools(dialect, model, WEATHER, stream);
                let answer = app.ask(dialect, &body).await;
                let said = dialect.read(&answer);
                assert_eq!(said.stop, dialect.stop_word("tool_use"), "{dialect:?} {side:?} {stream}");
                assert_eq!(said.calls.len(), 1);
                assert_eq!(said.calls[0].name, "weather");
                assert_eq!(
                    said.calls[0].input,
                    json!({"city": "Rome", "days": [1, 2.5], "note": "é \"q\" ]]"})
                );
                assert_eq!(app.row(&answer).await["stop_reason"], "tool_use");

                let next = app.said(dialect, &answered(dialect, &body, &said, &["sunny"])).await;
                assert_eq!(next.text, "tool said: sunny");
                assert_eq!(next.stop, dialect.stop_word("end_turn"));
                let sent = app.emulator.journal().requests().pop().expect("a request");
                assert!(sent.text().contains(&said.calls[0].id), "{}", sent.text());
            }
        }
    }
    sides.finish().await;
}

#[tokio::test]
async fn tools_are_called_in_parallel() {
    let sides = Sides::start().await;
    let app = &sides.app;
    for dialect in RICH {
        for side in SIDES {
            let model = side.model;
            sides.turn_to(side).await;
            for stream in [false, true] {
                let text =
                    r#"[[tool:weather {"city":"Rome"}]] [[tool:ping]] [[tool:weather {"city":"Oslo"}]]"#;
                let body = with_tools(dialect, model, text, stream);
                let said = app.said(dialect, &body).await;
                let calls: Vec<_> = said.calls.iter().map(|call| (call.name.as_str(), &call.input)).collect();
                let (rome, oslo) = (json!({"city": "Rome"}), json!({"city": "Oslo"}));
                assert_eq!(calls, [("weather", &rome), ("ping", &json!({})), ("weather", &oslo)]);
                let results = ["sunny", "pong", "rain"];
                let next = app.said(dialect, &answered(dialect, &body, &said, &results)).await;
                assert_eq!(next.text, "tool said: rain", "{dialect:?} {side:?} {stream}");
            }
        }
    }
    sides.finish().await;
}

#[tokio::test]
async fn tool_choice_is_obeyed() {
    let app = TestApp::start().await;
    for dialect in RICH {
        let anthropic = dialect == Dialect::Messages;
        let named = |name: &str| match dialect {
            Dialect::Messages => json!({"type": "tool", "name": name}),
            _ => json!({"type": "function", "function": {"name": name}}),
        };
        let word = |anthropics: &str, openais: &str| {
            if anthropic { json!({ "type": anthropics }) } else { json!(openais) }
        };
        let cases = [
            (word("auto", "auto"), "hello", None),
            (word("any", "required"), "hello", Some("weather")),
            (named("ping"), "hello", Some("ping")),
            (word("none", "none"), WEATHER, None),
        ];
        for model in MODELS {
            for stream in [false, true] {
                for (choice, text, called) in &cases {
                    let mut body = with_tools(dialect, model, text, stream);
                    body["tool_choice"] = choice.clone();
                    let said = app.said(dialect, &body).await;
                    let names: Vec<_> = said.calls.iter().map(|call| call.name.as_str()).collect();
                    assert_eq!(names, Vec::from_iter(*called), "{dialect:?} {model} {stream} {choice}");
                    let stop = if called.is_some() { "tool_use" } else { "end_turn" };
                    assert_eq!(said.stop, dialect.stop_word(stop), "{dialect:?} {model} {stream} {choice}");
                }
            }
        }
    }
}

#[tokio::test]
async fn parallel_calls_can_be_forbidden() {
    let app = TestApp::start().await;
    let mut body = with_tools(Dialect::Chat, CLAUDE, "hello", false);
    body["parallel_tool_calls"] = json!(false);
    app.said(Dialect::Chat, &body).await;
    let mut body = with_tools(Dialect::Messages, CLAUDE, "hello", false);
    body["tool_choice"] = json!({"type": "auto", "disable_parallel_tool_use": true});
    app.said(Dialect::Messages, &body).await;
    for sent in app.emulator.journal().requests() {
        assert_eq!(sent.json()["tool_choice"], json!({"type": "auto", "disable_parallel_tool_use": true}));
    }
}

#[tokio::test]
async fn names_that_the_upstream_refuses_come_back_as_they_were() {
    let sides = Sides::start().await;
    let app = &sides.app;
    let long = format!("mcp__{}__get", "server_with_a_long_name_".repeat(4));
    for dialect in RICH {
        for side in SIDES {
            let model = side.model;
            sides.turn_to(side).await;
            for name in [long.as_str(), "notes-search"] {
                for stream in [false, true] {
                    let mut body = dialect.asking(model, &format!("[[tool:{name} {{\"a\":1}}]]"), stream);
                    body["tools"] = json!([dialect.tool(name, &json!({"type": "object", "properties": {}}))]);
                    let said = app.said(dialect, &body).await;
                    assert_eq!(said.calls[0].name, name, "{dialect:?} {side:?} {stream}");
                    let next = app.said(dialect, &answered(dialect, &body, &said, &["done"])).await;
                    assert_eq!(next.text, "tool said: done");
                }
            }
        }
    }
    sides.finish().await;
}

#[tokio::test]
async fn a_tool_result_may_be_an_error_or_hold_an_image() {
    let sides = Sides::start().await;
    let app = &sides.app;
    for side in SIDES {
        let model = side.model;
        sides.turn_to(side).await;
        let body = with_tools(Dialect::Messages, model, WEATHER, false);
        let said = app.said(Dialect::Messages, &body).await;
        let mut next = answered(Dialect::Messages, &body, &said, &["it broke"]);
        next["messages"][2]["content"][0]["is_error"] = json!(true);
        assert_eq!(app.said(Dialect::Messages, &next).await.text, "tool said: it broke");
        next["messages"][2]["content"][0]["content"] =
            json!([{"type": "text", "text": "see"}, super::documents::image_block()]);
        assert_eq!(app.said(Dialect::Messages, &next).await.text, "tool said: see");
    }
    sides.finish().await;
}

#[tokio::test]
async fn custom_tools_and_legacy_functions_keep_their_form() {
    let sides = Sides::start().await;
    let app = &sides.app;
    for side in SIDES {
        let model = side.model;
        sides.turn_to(side).await;
        for stream in [false, true] {
            let mut body = Dialect::Chat.asking(model, r#"[[tool:patch {"input":"*** Begin\n+ä"}]]"#, stream);
            body["tools"] =
                json!([{"type": "custom", "custom": {"name": "patch", "description": "Applies it."}}]);
            let said = app.said(Dialect::Chat, &body).await;
            assert_eq!(said.calls[0].input, json!("*** Begin\n+ä"), "{side:?} {stream}");
        }
        let mut body = Dialect::Chat.asking(model, WEATHER, false);
        body["functions"] = json!([{"name": "weather", "parameters": weather()}]);
        let answer = app.ask(Dialect::Chat, &body).await.json();
        let call = &answer["choices"][0]["message"]["function_call"];
        assert_eq!(call["name"], "weather", "{answer}");
        assert!(call["arguments"].as_str().expect("text").contains("Rome"));
        assert_eq!(answer["choices"][0]["finish_reason"], "function_call");
    }
    sides.finish().await;
}

#[tokio::test]
async fn models_that_cannot_stream_tools_answer_a_stream_all_the_same() {
    let app = TestApp::start().await;
    for dialect in RICH {
        let body = with_tools(dialect, "llama3-3-70b-instruct", WEATHER, true);
        let said = app.said(dialect, &body).await;
        assert_eq!(said.calls[0].name, "weather", "{dialect:?}");
        assert_eq!(said.stop, dialect.stop_word("tool_use"));
    }
}
