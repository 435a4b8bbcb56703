//! Answers that go wrong on their way.

use std::time::Duration;

use emulator::Fault;
use serde_json::{Value, json};

use crate::client::{CLAUDE, DIALECTS, Dialect};
use crate::harness::{Answer, TestApp};

/// What was seen before a stream failed, and how it is told.
struct Case {
    /// As spelled in a prompt.
    fault: &'static str,
    /// What the client has read by then.
    text: &'static str,
    category: &'static str,
    attempts: u64,
    anthropic: (u16, &'static str),
    openai: (u16, &'static str),
}

#[rustfmt::skip]
const CASES: [Case; 4] = [
    // Its reason says that there is no capacity.
    Case { fault: "q_throttled_midstream", text: "Red", category: "overloaded", attempts: 1, anthropic: (529, "overloaded_error"), openai: (503, "server_error") },
    Case { fault: "q_internal_midstream", text: "Red\nGre", category: "upstream", attempts: 1, anthropic: (500, "api_error"), openai: (500, "server_error") },
    // Nothing was said: an honest status, and the second is tried once more.
    Case { fault: "q_empty_stream", text: "", category: "upstream", attempts: 2, anthropic: (502, "api_error"), openai: (502, "server_error") },
    Case { fault: "q_context_exceeded", text: "", category: "context_length", attempts: 1, anthropic: (400, "invalid_request_error"), openai: (400, "invalid_request_error") },
];

fn told(dialect: Dialect, body: &Value) -> String {
    dialect.error(body).0
}

#[tokio::test]
async fn streams_that_fail_are_told_in_each_dialect() {
    let (app, id) = TestApp::kiro("social").await;
    for case in &CASES {
        for dialect in DIALECTS {
            let (status, kind) = if dialect == Dialect::Messages { case.anthropic } else { case.openai };
            for stream in [false, true] {
                app.activate(&id).await;
                let before = app.emulator.journal().count();
                let text = format!("[[fault:{}]]", case.fault);
                let answer = app.ask(dialect, &dialect.asking(CLAUDE, &text, stream)).await;
                let at = format!("{} {dialect:?} {stream}: {}", case.fault, answer.text());
                let row = app.row(&answer).await;
                assert_eq!(row["error_category"], case.category, "{at}");
                assert!(row["stop_reason"].is_null(), "{row}");
                if stream && !case.text.is_empty() {
                    let said = dialect.read(&answer);
                    assert_eq!((said.text.as_str(), said.ended), (case.text, false), "{at}");
                    assert_eq!(told(dialect, &said.error.expect("an error event")), kind, "{at}");
                    assert_eq!((&row["status"], &row["incomplete"]), (&json!(200), &json!(true)), "{at}");
                    assert_eq!(row["attempts"], 1, "nobody asks again after content: {at}");
                } else {
                    assert_eq!(answer.status.as_u16(), status, "{at}");
                    assert_eq!(told(dialect, &answer.json()), kind, "{at}");
                    assert_eq!(row["incomplete"], false, "{at}");
                    // A whole answer was not begun: what fails in its middle may be asked for again.
                    let attempts = if case.text.is_empty() { case.attempts } else { 2 };
                    assert_eq!(row["attempts"], attempts, "{at}");
                }
                assert_eq!(
                    app.emulator.journal().count() - before,
                    row["attempts"].as_u64().map_or(0, |n| n as usize)
                );
            }
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn an_answer_that_the_service_cut_says_so() {
    let (app, _) = TestApp::kiro("social").await;
    for dialect in DIALECTS {
        for stream in [false, true] {
            let answer = app.ask(dialect, &dialect.asking(CLAUDE, "[[fault:q_max_tokens]]", stream)).await;
            let said = dialect.read(&answer);
            assert_eq!(said.text, "A very long answer that stops in the mid");
            assert_eq!((said.ended, said.stop.as_str()), (true, dialect.stop_word("max_tokens")));
            let row = app.row(&answer).await;
            assert_eq!((&row["credits"], &row["stop_reason"]), (&json!(1.2), &json!("max_tokens")), "{row}");
        }
    }
    app.finish().await;
}

fn event(name: &str, payload: &Value) -> String {
    let headers = json!({":message-type": "event", ":event-type": name, ":content-type": "application/json"});
    json!({"headers": headers, "payload": payload}).to_string()
}

/// A call that breaks off is never handed on as if it were complete.
#[tokio::test]
async fn a_call_that_was_cut_is_never_a_call() {
    let (app, id) = TestApp::kiro("social").await;
    let call = |id: &str, rest: Value| {
        let mut payload = json!({"toolUseId": id, "name": "write_file"});
        payload.as_object_mut().expect("an object").extend(rest.as_object().expect("an object").clone());
        event("toolUseEvent", &payload)
    };
    let text = event("assistantResponseEvent", &json!({"content": "I write."}));
    let cut = [call("a", json!({})), call("a", json!({"input": "{\"path\": \"a.txt\", \"te"}))];
    let no_json = [call("b", json!({"input": "{\"path\": "})), call("b", json!({"stop": true}))];
    let whole = [call("c", json!({"input": "{\"path\":\"c\"}"})), call("c", json!({"stop": true}))];
    for dialect in [Dialect::Messages, Dialect::Chat] {
        for stream in [false, true] {
            let ask = async |lines: Vec<&[String]>| -> Answer {
                app.activate(&id).await;
                let fault = Fault::replay(&lines.concat().join("\n")).expect("JSON");
                // A second attempt would meet it too.
                app.emulator.script().push(fault.clone());
                app.emulator.script().push(fault);
                let mut body = dialect.asking(CLAUDE, "write it", stream);
                body["tools"] =
                    json!([dialect.tool("write_file", &json!({"type": "object", "properties": {}}))]);
                let answer = app.ask(dialect, &body).await;
                app.emulator.script().clear();
                answer
            };
            let text = std::slice::from_ref(&text);
            for broken in [&cut, &no_json] {
                let said = dialect.read(&ask(vec![text, broken]).await);
                assert_eq!((said.text.as_str(), said.calls.len()), ("I write.", 0), "{dialect:?} {stream}");
                assert_eq!((said.ended, said.stop.as_str()), (true, dialect.stop_word("max_tokens")));
                // A call that was complete before goes on, and is a reason to go on.
                let said = dialect.read(&ask(vec![text, &whole, broken]).await);
                assert_eq!((said.calls.len(), said.stop.as_str()), (1, dialect.stop_word("tool_use")));
                assert_eq!(said.calls[0].input, json!({"path": "c"}));
                // Nothing else was said: an error, which names the tool.
                let answer = ask(vec![broken]).await;
                assert_eq!(answer.status, 502, "{dialect:?} {stream}: {}", answer.text());
                let (_, _, message) = dialect.error(&answer.json());
                assert!(message.contains("write_file"), "{message}");
                assert_eq!(app.row(&answer).await["attempts"], 2);
            }
        }
    }
    let answer = app
        .ask(Dialect::Messages, &Dialect::Messages.asking(CLAUDE, "[[fault:q_truncated_tool_call]]", true))
        .await;
    assert_eq!(answer.status, 502, "{}", answer.text());
    app.finish().await;
}

/// Events that nobody knows yet, and members of a wrong kind, cost nothing.
#[tokio::test]
async fn what_is_unknown_is_passed_over() {
    let (app, _) = TestApp::kiro("social").await;
    let lines = [
        event("somethingNewEvent", &json!({"content": "not this"})),
        event("codeReferenceEvent", &json!({"references": [{"licenseName": "MIT"}]})),
        event("assistantResponseEvent", &json!({"content": null, "modelId": 7, "more": {}})),
        event("assistantResponseEvent", &json!({"content": "said"})),
        event("followupPromptEvent", &json!({"followupPrompt": {"content": "not this"}})),
        event("metadataEvent", &json!({"tokenUsage": "many", "stopReason": "SOMETHING_NEW"})),
        event("meteringEvent", &json!({"usage": 0.5, "unit": "credit"})),
    ];
    for dialect in DIALECTS {
        for stream in [false, true] {
            app.emulator.script().push(Fault::replay(&lines.join("\n")).expect("JSON"));
            let answer = app.ask(dialect, &dialect.asking(CLAUDE, "hello", stream)).await;
            let said = dialect.read(&answer);
            assert_eq!((said.text.as_str(), said.ended), ("said", true), "{dialect:?} {stream}");
            assert_eq!(app.row(&answer).await["credits"], 0.5);
        }
    }
    app.finish().await;
}

/// A gateway before the service answers in its place.
#[tokio::test]
async fn a_page_is_an_honest_error() {
    let (app, id) = TestApp::kiro("social").await;
    for dialect in DIALECTS {
        for stream in [false, true] {
            app.activate(&id).await;
            let answer = app.ask(dialect, &dialect.asking(CLAUDE, "[[fault:html]]", stream)).await;
            assert_eq!(answer.status, 502, "{}", answer.text());
            let (kind, _, message) = dialect.error(&answer.json());
            assert_eq!(kind, if dialect == Dialect::Messages { "api_error" } else { "server_error" });
            assert!(!message.contains("<html"), "{message}");
            assert_eq!(app.row(&answer).await["attempts"], 2);
        }
    }
    app.finish().await;
}

/// A limit or a sequence that is ours to keep ends the answer; the upstream, which knows of neither, is left at once.
#[tokio::test]
async fn an_answer_that_we_ended_leaves_the_upstream() {
    let (app, _) = TestApp::kiro("social").await;
    for dialect in DIALECTS {
        let journal = app.emulator.journal();
        let before = journal.closed();
        let text = format!("{} [[fault:pace 20]]", "words ".repeat(200));
        let body = dialect.limited(dialect.asking(CLAUDE, &text, true), 5);
        let answer = app.ask(dialect, &body).await;
        assert_eq!(dialect.read(&answer).stop, dialect.stop_word("max_tokens"));
        let left = journal.wait_closed(before + 1);
        tokio::time::timeout(Duration::from_secs(1), left).await.expect("left at once");
    }
    app.finish().await;
}
