//! Conversations that are larger than the service takes.

use emulator::KiroConfig;
use serde_json::{Value, json};

use super::{adjusted, current};
use crate::client::{CLAUDE, Call, Dialect, RICH, Said};
use crate::dialects::tools::{answered, with_tools};
use crate::harness::TestApp;

const MOST: usize = 30_000;

/// A conversation in which tools said much, over and over: more than the service takes.
fn long(dialect: Dialect, stream: bool) -> Value {
    let mut body = with_tools(dialect, CLAUDE, "hello", stream);
    for turn in 0..10 {
        let call = Call { id: format!("call_{turn}"), name: "ping".to_owned(), input: json!({}) };
        let said = Said { calls: vec![call], ..Said::default() };
        body = answered(dialect, &body, &said, &[&format!("result {turn}: {}", "much ".repeat(800))]);
        body["messages"].as_array_mut().expect("messages").extend([
            json!({"role": "assistant", "content": format!("so {turn}")}),
            json!({"role": "user", "content": "and now?"}),
        ]);
    }
    body
}

/// With a service that refuses larger bodies.
async fn limited() -> (TestApp, String) {
    let app = TestApp::with(KiroConfig { most_body: Some(MOST), ..KiroConfig::default() }).await;
    let id = app.add_kiro("social").await;
    app.activate(&id).await;
    (app, id)
}

#[tokio::test]
async fn old_results_make_room_and_the_client_is_told() {
    let (app, id) = limited().await;
    for dialect in RICH {
        for stream in [false, true] {
            let body = long(dialect, stream);
            app.patch(&id, &json!({"options": {}})).await;
            let refused = app.ask(dialect, &body).await;
            assert_eq!(refused.status, 400, "{}", refused.text());
            assert_eq!(app.row(&refused).await["error_category"], "context_length");

            app.patch(&id, &json!({"options": {"context_guard": MOST}})).await;
            let answer = app.ask(dialect, &body).await;
            assert_eq!(dialect.read(&answer).text, "echo: and now?");
            let told = answer.header("x-switchboard-shortened").expect("told").to_owned();
            let expected = [format!("shortened:{told}"), format!("tool_results:cut:{told}")];
            assert!(
                expected.iter().all(|token| adjusted(&answer).contains(token)),
                "{:?}",
                adjusted(&answer)
            );
            assert_eq!(app.row(&answer).await["adjustments"], json!(adjusted(&answer)));
            let chat = app.last_chat();
            assert!(chat.to_string().len() <= MOST);
            let text = chat["conversationState"]["history"].to_string();
            assert!(text.contains("result 9: much") && !text.contains("result 1: much"), "the oldest went");
            assert!(text.contains("[Switchboard cut the 4010 characters") && text.contains("so 0"), "{text}");
            assert_eq!(current(&chat)["content"], "and now?");
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn what_fits_is_left_alone_and_what_cannot_fit_is_refused_here() {
    let (app, id) = limited().await;
    app.patch(&id, &json!({"options": {"context_guard": MOST}})).await;
    for dialect in RICH {
        for stream in [false, true] {
            let answer = app.ask(dialect, &with_tools(dialect, CLAUDE, "hello", stream)).await;
            assert_eq!(
                (dialect.read(&answer).text.as_str(), answer.header("x-switchboard-shortened")),
                ("echo: hello", None)
            );

            let asked = app.emulator.journal().count();
            let answer = app.ask(dialect, &with_tools(dialect, CLAUDE, &"words ".repeat(6000), stream)).await;
            assert_eq!(answer.status, 400, "{}", answer.text());
            let (kind, code, message) = dialect.error(&answer.json());
            assert_eq!(kind, "invalid_request_error");
            assert_eq!(code == "context_length_exceeded", dialect != Dialect::Messages, "{code}");
            assert!(
                message.starts_with("prompt is too long") && message.contains("`context_guard`"),
                "{message}"
            );
            assert_eq!(app.emulator.journal().count(), asked, "nothing was sent");
            let row = app.row(&answer).await;
            assert_eq!((&row["attempts"], &row["error_category"]), (&json!(0), &json!("context_length")));
        }
    }
    assert_eq!(app.state(&id).await, "ready");
    app.finish().await;
}
