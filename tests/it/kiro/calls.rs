//! Tools: how many, under which names, and the choice among them, which the service knows nothing of.

use serde_json::{Value, json};

use super::{adjusted, current, tool_names};
use crate::client::{CLAUDE, Dialect, RICH};
use crate::dialects::tools::{answered, with_tools};
use crate::harness::TestApp;

fn many(dialect: Dialect, count: usize, stream: bool) -> Value {
    let mut body = dialect.asking(CLAUDE, "[[tool:tool_7 {\"a\":1}]]", stream);
    let schema = json!({"type": "object", "properties": {"a": {"type": "integer"}}});
    body["tools"] = (0..count).map(|at| dialect.tool(&format!("tool_{at}"), &schema)).collect();
    body
}

#[tokio::test]
async fn as_many_tools_as_the_service_takes_and_one_more() {
    let (app, id) = TestApp::kiro("social").await;
    for dialect in RICH {
        for stream in [false, true] {
            let answer = app.ask(dialect, &many(dialect, 119, stream)).await;
            let said = dialect.read(&answer);
            assert_eq!((said.calls[0].name.as_str(), &said.calls[0].input), ("tool_7", &json!({"a": 1})));
            assert_eq!(adjusted(&answer), ["tools:many"]);
            assert_eq!(tool_names(&app.last_chat()).len(), 119);

            let asked = app.emulator.journal().count();
            let answer = app.ask(dialect, &many(dialect, 120, stream)).await;
            assert_eq!(answer.status, 400, "{}", answer.text());
            let (kind, _, message) = dialect.error(&answer.json());
            assert_eq!(kind, "invalid_request_error");
            assert!(message.contains("120 tools") && message.contains("at most 119"), "{message}");
            assert_eq!(app.emulator.journal().count(), asked, "nothing was sent");
            let row = app.row(&answer).await;
            assert_eq!((&row["attempts"], &row["error_category"]), (&json!(0), &json!("invalid_request")));
        }
    }
    assert_eq!(app.state(&id).await, "ready");
    // The limit is a report of others', so the person may raise it; this service then says no.
    app.patch(&id, &json!({"options": {"most_tools": 200}})).await;
    let asked = app.emulator.journal().count();
    let answer = app.ask(Dialect::Messages, &many(Dialect::Messages, 120, true)).await;
    assert_eq!(answer.status, 400, "{}", answer.text());
    assert!(app.emulator.journal().count() > asked, "it was sent");
    app.finish().await;
}

#[tokio::test]
async fn names_that_the_service_refuses_come_back_as_they_were() {
    let (app, _) = TestApp::kiro("social").await;
    let long = format!("mcp__{}__get", "server_with_a_long_name_".repeat(4));
    let longer = format!("{}x", long);
    for dialect in RICH {
        for stream in [false, true] {
            let names = ["1st", "_hidden", "notes-search", long.as_str(), longer.as_str()];
            let mut body = dialect.asking(CLAUDE, "", stream);
            let schema = json!({"type": "object", "properties": {}});
            body["tools"] = names.iter().map(|name| dialect.tool(name, &schema)).collect();
            for name in names {
                let text = format!("[[tool:{name} {{\"a\":1}}]]");
                body["messages"] = json!([{"role": "user", "content": text}]);
                let said = app.said(dialect, &body).await;
                let called: Vec<_> = said.calls.iter().map(|call| call.name.as_str()).collect();
                assert_eq!(called, [name], "{dialect:?} {stream}");
                let next = app.said(dialect, &answered(dialect, &body, &said, &["done"])).await;
                assert_eq!(next.text, "tool said: done");
            }
            let sent = tool_names(&app.last_chat());
            assert_eq!((sent.len(), sent[2].as_str()), (5, "notes-search"), "{sent:?}");
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn a_choice_is_put_in_words_and_said_so() {
    let (app, _) = TestApp::kiro("social").await;
    for dialect in RICH {
        let named = |name: &str| match dialect {
            Dialect::Messages => json!({"type": "tool", "name": name}),
            _ => json!({"type": "function", "function": {"name": name}}),
        };
        let word = |anthropics: &str, openais: &str| match dialect {
            Dialect::Messages => json!({ "type": anthropics }),
            _ => json!(openais),
        };
        for (choice, line) in [
            (word("auto", "auto"), None),
            (word("any", "required"), Some("Call at least one of the tools")),
            (named("ping"), Some("Call the tool ping")),
        ] {
            for stream in [false, true] {
                let mut body = with_tools(dialect, CLAUDE, "hello", stream);
                body["tool_choice"] = choice.clone();
                let answer = app.ask(dialect, &body).await;
                let said = dialect.read(&answer);
                assert!(said.ended && said.text.starts_with("echo: hello"), "{said:?}");
                let told = adjusted(&answer).contains(&"tool_choice:prompt".to_owned());
                assert_eq!(told, line.is_some(), "{dialect:?} {choice}");
                let content = current(&app.last_chat())["content"].as_str().expect("text").to_owned();
                assert_eq!(content, line.map_or("hello".to_owned(), |_| content.clone()));
                assert!(line.is_none_or(|line| content.contains(line)), "{content}");
            }
        }
        // Without calls in the conversation no tool need be sent at all.
        let mut body = with_tools(dialect, CLAUDE, "hello [[tool:ping]]", true);
        body["tool_choice"] = word("none", "none");
        assert_eq!(app.said(dialect, &body).await.calls, []);
        assert!(tool_names(&app.last_chat()).is_empty());
        // One at a time.
        let mut body = with_tools(dialect, CLAUDE, "hello", false);
        match dialect {
            Dialect::Messages => {
                body["tool_choice"] = json!({"type": "auto", "disable_parallel_tool_use": true});
            }
            _ => body["parallel_tool_calls"] = json!(false),
        }
        let answer = app.ask(dialect, &body).await;
        assert!(
            adjusted(&answer).contains(&"parallel_tool_calls:prompt".to_owned()),
            "{:?}",
            adjusted(&answer)
        );
        assert!(
            current(&app.last_chat())["content"]
                .as_str()
                .is_some_and(|text| text.contains("at most one tool"))
        );
    }
    app.finish().await;
}

#[tokio::test]
async fn schemas_lose_what_the_service_refuses_and_more_once_it_refused() {
    let kiro = emulator::KiroConfig { strict_schemas: true, ..emulator::KiroConfig::default() };
    let app = TestApp::with(kiro).await;
    let id = app.add_kiro("social").await;
    app.activate(&id).await;
    let schema = json!({
        "$schema": "http://json-schema.org/draft-07/schema#", "type": "object", "additionalProperties": false,
        "properties": {"city": {"type": "string", "pattern": "^[A-Z]", "minLength": 2}, "at": {"$ref": "#/$defs/at"}},
        "required": [], "$defs": {"at": {"type": "string", "format": "date"}},
    });
    for dialect in RICH {
        for stream in [false, true] {
            let mut body = dialect.asking(
                CLAUDE,
                &format!("{dialect:?} {stream} [[tool:weather {{\"city\":\"R\"}}]]"),
                stream,
            );
            body["tools"] = json!([dialect.tool("weather", &schema)]);
            for attempts in [2, 1] {
                let answer = app.ask(dialect, &body).await;
                let said = dialect.read(&answer);
                assert_eq!(said.calls[0].input, json!({"city": "R"}), "{said:?}");
                assert!(
                    adjusted(&answer).contains(&"tools:schema_bare".to_owned()),
                    "{:?}",
                    adjusted(&answer)
                );
                // The second turn of the conversation knows what the first was taught.
                assert_eq!(app.row(&answer).await["attempts"], attempts);
                body = answered(dialect, &body, &said, &["sunny"]);
                body["messages"].as_array_mut().expect("messages").extend([
                    json!({"role": "assistant", "content": "sunny"}),
                    json!({"role": "user", "content": "[[tool:weather {\"city\":\"R\"}]]"}),
                ]);
            }
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn tools_of_the_vendor_are_refused_or_left_out_and_never_lost_silently() {
    let (app, _) = TestApp::kiro("social").await;
    let mut body = Dialect::Messages.asking(CLAUDE, "hello", true);
    body["tools"] = json!([{"type": "web_search_20250305", "name": "web_search"}]);
    let asked = app.emulator.journal().count();
    let answer = app.ask(Dialect::Messages, &body).await;
    assert_eq!(answer.status, 400, "{}", answer.text());
    assert!(answer.text().contains("the option `web_search` of the account"), "{}", answer.text());
    assert_eq!(app.emulator.journal().count(), asked);
    body["tools"] = json!([{"type": "text_editor_20250728", "name": "str_replace_based_edit_tool"}]);
    let answer = app.ask(Dialect::Messages, &body).await;
    assert_eq!(Dialect::Messages.read(&answer).text, "echo: hello");
    assert_eq!(adjusted(&answer), ["tool:str_replace_based_edit_tool:dropped"]);
    app.finish().await;
}
