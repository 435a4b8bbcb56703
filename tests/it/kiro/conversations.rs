//! Conversations as clients send them, in whatever order: the service takes one order only and refuses every other
//! without saying why.

use serde_json::{Value, json};

use super::{adjusted, current, tool_names};
use crate::client::{CLAUDE, Dialect, RICH};
use crate::dialects::tools::with_tools;
use crate::harness::{Answer, TestApp};

async fn good(app: &TestApp, dialect: Dialect, body: &Value) -> Answer {
    let answer = app.ask(dialect, body).await;
    let said = dialect.read(&answer);
    assert!(said.ended && said.error.is_none(), "{dialect:?} {body}: {}", answer.text());
    assert_eq!(app.row(&answer).await["attempts"], 1, "nothing had to be healed");
    answer
}

/// How often each of `words` is in a chat; all must be there once.
fn once_each(chat: &Value, words: impl Iterator<Item = String>) {
    let text = chat.to_string();
    for word in words {
        assert_eq!(text.matches(&word).count(), 1, "{word} in {chat:#}");
    }
}

#[tokio::test]
async fn a_long_history_is_brought_into_order_and_loses_no_word() {
    let (app, _) = TestApp::kiro("social").await;
    // Runs of one to three messages of one side, and some that say nothing.
    let roles =
        ["user", "user", "assistant", "assistant", "user", "assistant", "user", "user", "user", "assistant"];
    for dialect in RICH {
        for stream in [false, true] {
            for begins in ["user", "assistant"] {
                let mut messages = vec![json!({"role": begins, "content": "begin."})];
                messages.extend((0..200).map(|at| {
                    let text = if at % 17 == 3 { " ".to_owned() } else { format!("word-{at}.") };
                    json!({"role": roles[at % roles.len()], "content": text})
                }));
                messages.push(json!({"role": "user", "content": "end."}));
                let mut body = dialect.talking(CLAUDE, &messages.into(), stream);
                match dialect {
                    Dialect::Messages => body["system"] = json!("Be brief."),
                    _ => {
                        let messages = body["messages"].as_array_mut().expect("messages");
                        messages.insert(0, json!({"role": "system", "content": "Be brief."}));
                        messages.insert(90, json!({"role": "developer", "content": "Be kind."}));
                    }
                }
                let answer = good(&app, dialect, &body).await;
                assert!(dialect.read(&answer).text.ends_with("end."), "{}", answer.text());
                let told = adjusted(&answer);
                assert!(told.contains(&"messages:alternation".to_owned()), "{told:?}");
                assert!(told.contains(&"system:user".to_owned()), "{told:?}");
                assert_eq!(told.contains(&"messages:first_user_added".to_owned()), begins == "assistant");
                assert_eq!(app.row(&answer).await["adjustments"], json!(told));
                let chat = app.last_chat();
                let words = (0..200).filter(|at| at % 17 != 3).map(|at| format!("word-{at}."));
                once_each(
                    &chat,
                    words.chain(["begin.".to_owned(), "end.".to_owned(), "Be brief.".to_owned()]),
                );
                if dialect == Dialect::Chat {
                    once_each(&chat, std::iter::once("Be kind.".to_owned()));
                }
                let history = chat["conversationState"]["history"].as_array().expect("history");
                assert_eq!(history[0]["userInputMessage"]["content"], "Be brief.");
            }
        }
    }
    app.finish().await;
}

/// One turn of the assistant that calls `weather` with these ids.
fn calls(dialect: Dialect, ids: &[&str]) -> Value {
    let arguments = json!({"city": "Rome"});
    match dialect {
        Dialect::Messages => {
            let call =
                |id: &&str| json!({"type": "tool_use", "id": id, "name": "weather", "input": arguments});
            json!({"role": "assistant", "content": ids.iter().map(call).collect::<Vec<_>>()})
        }
        _ => {
            let call = |id: &&str| json!({"id": id, "type": "function", "function": {"name": "weather", "arguments": arguments.to_string()}});
            json!({"role": "assistant", "content": null, "tool_calls": ids.iter().map(call).collect::<Vec<_>>()})
        }
    }
}

/// The message that answers a call.
fn result(dialect: Dialect, id: &str, text: &str) -> Value {
    match dialect {
        Dialect::Messages => {
            json!({"role": "user", "content": [{"type": "tool_result", "tool_use_id": id, "content": text}]})
        }
        _ => json!({"role": "tool", "tool_call_id": id, "content": text}),
    }
}

fn user(text: &str) -> Value {
    json!({"role": "user", "content": text})
}

/// A conversation with the tools of [`with_tools`], or without any.
fn talk(dialect: Dialect, turns: Vec<Value>, tools: bool) -> Value {
    let mut body = dialect.talking(CLAUDE, &turns.into(), true);
    if tools {
        body["tools"] = with_tools(dialect, CLAUDE, "", false)["tools"].clone();
    }
    body
}

#[tokio::test]
async fn results_that_nobody_asked_for_become_words() {
    let (app, _) = TestApp::kiro("social").await;
    for dialect in RICH {
        for tools in [false, true] {
            let turns = vec![
                user("q1"),
                calls(dialect, &["call_1"]),
                result(dialect, "call_1", "sunny-1."),
                json!({"role": "assistant", "content": "fine"}),
                result(dialect, "call_gone", "orphan-2."),
                user("q2"),
            ];
            let answer = good(&app, dialect, &talk(dialect, turns, tools)).await;
            let said = dialect.read(&answer).text;
            let told = adjusted(&answer);
            // Chat Completions leave such results out wherever they go to, and say so.
            let (token, count) = if dialect == Dialect::Messages {
                ("tool_results:orphan", 1)
            } else {
                ("tool_result:dropped", 0)
            };
            assert!(told.contains(&token.to_owned()), "{told:?}");
            assert_eq!(told.contains(&"tools:stub".to_owned()), !tools, "{told:?}");
            assert!(said.ends_with("q2") && said.matches("orphan-2.").count() == count, "{said}");
            let chat = app.last_chat();
            assert_eq!(chat.to_string().matches("orphan-2.").count(), count, "{chat:#}");
            once_each(&chat, std::iter::once("sunny-1.".to_owned()));
        }
    }
    // The beginning was cut off by the client: nothing but a result is left.
    let turns = vec![result(Dialect::Messages, "call_gone", "orphan-3.")];
    let answer = good(&app, Dialect::Messages, &talk(Dialect::Messages, turns, false)).await;
    assert!(Dialect::Messages.read(&answer).text.contains("orphan-3."), "{}", answer.text());
    assert!(tool_names(&app.last_chat()).is_empty());
    app.finish().await;
}

#[tokio::test]
async fn calls_that_nobody_answered_get_an_answer() {
    let (app, _) = TestApp::kiro("social").await;
    for dialect in RICH {
        // In the middle, at the end, and one of several.
        let cases = [
            vec![user("q1"), calls(dialect, &["a"]), user("never mind")],
            vec![user("q1"), calls(dialect, &["a", "b", "c"]), result(dialect, "b", "sunny-b.")],
            vec![
                user("q1"),
                calls(dialect, &["a", "b"]),
                calls(dialect, &["c"]),
                result(dialect, "c", "sunny-c."),
                user("q2"),
                json!({"role": "assistant", "content": "fine"}),
                user("q3"),
            ],
        ];
        for turns in cases {
            let answer = good(&app, dialect, &talk(dialect, turns, true)).await;
            let told = adjusted(&answer);
            let token =
                if dialect == Dialect::Messages { "tool_results:missing" } else { "tool_result:added" };
            assert!(told.contains(&token.to_owned()), "{told:?}");
        }
    }
    // The last message is the assistant's own call.
    let turns = vec![user("q1"), calls(Dialect::Messages, &["a"])];
    let answer = good(&app, Dialect::Messages, &talk(Dialect::Messages, turns, true)).await;
    assert!(adjusted(&answer).contains(&"messages:prefill".to_owned()), "{:?}", adjusted(&answer));
    let results = current(&app.last_chat())["userInputMessageContext"]["toolResults"].clone();
    assert_eq!(results[0]["status"], "error", "{results}");
    app.finish().await;
}

#[tokio::test]
async fn ids_of_calls_may_look_as_they_like() {
    let (app, _) = TestApp::kiro("social").await;
    let long = "x".repeat(200);
    let ids = ["functions.Bash:0", long.as_str(), "tooluse_fine-1", "näh 7"];
    for dialect in RICH {
        let mut turns = vec![user("q1"), calls(dialect, &ids)];
        turns.extend(ids.iter().rev().map(|id| result(dialect, id, &format!("of {}", &id[..3]))));
        // The same id again, later.
        turns.extend([calls(dialect, &["functions.Bash:0"]), result(dialect, "functions.Bash:0", "again")]);
        let answer = good(&app, dialect, &talk(dialect, turns, true)).await;
        assert_eq!(dialect.read(&answer).text, "tool said: again", "{dialect:?}");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_prefilled_answer_becomes_history() {
    let (app, _) = TestApp::kiro("social").await;
    for dialect in RICH {
        for stream in [false, true] {
            let turns = json!([user("q1"), {"role": "assistant", "content": "The answer is"}]);
            let answer = good(&app, dialect, &dialect.talking(CLAUDE, &turns, stream)).await;
            assert_eq!(dialect.read(&answer).text, "echo: Continue.");
            assert_eq!(adjusted(&answer), ["messages:prefill"]);
            let chat = app.last_chat();
            let last = chat["conversationState"]["history"].as_array().and_then(|all| all.last().cloned());
            let said = &last.expect("history")["assistantResponseMessage"]["content"];
            assert_eq!(said, "The answer is");
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn a_conversation_of_many_turns_with_tools_goes_on_without_a_refusal() {
    for kind in ["social", "builder-id"] {
        let (app, _) = TestApp::kiro(kind).await;
        for dialect in RICH {
            let mut body = with_tools(dialect, CLAUDE, "begin", true);
            for turn in 0..20 {
                let said = dialect.read(&good(&app, dialect, &body).await);
                let messages = body["messages"].as_array_mut().expect("messages");
                messages.push(json!({"role": "assistant", "content": said.text}));
                messages.push(user(&format!(
                    "turn {turn} [[tool:weather {{\"city\":\"{turn}\"}}]] [[tool:ping]]"
                )));
                let said = dialect.read(&good(&app, dialect, &body).await);
                assert_eq!(said.calls.len(), 2, "{said:?}");
                body = crate::dialects::tools::answered(dialect, &body, &said, &["sunny", "pong"]);
            }
            let said = dialect.read(&good(&app, dialect, &body).await);
            assert_eq!(said.text, "tool said: pong");
        }
        app.finish().await;
    }
}
