//! The ways to Claude on Bedrock that an account may choose.

mod counting;
mod falling_back;

use emulator::{Operation, SANDBOX_BEARER_KEY};
use serde_json::{Value, json};

use crate::client::{DIALECTS, Dialect, RICH, Usage};
use crate::dialects::tools::{answered, with_tools};
use crate::harness::{Sent, TestApp};

/// A model that both hosts of Anthropic's own API serve.
const OPUS: &str = "claude-opus-4-8";
const WAYS: [(&str, Operation, &str); 2] = [
    ("messages", Operation::Messages, "us.anthropic.claude-opus-4-8"),
    ("mantle", Operation::MantleMessages, "anthropic.claude-opus-4-8"),
];

impl TestApp {
    /// An active account that goes that way.
    async fn going(&self, way: &str) -> String {
        let id = self.add_account("a").await;
        self.go(&id, &json!({ "claude_route": way })).await;
        id
    }

    async fn go(&self, id: &str, options: &Value) {
        let set = self.options(id, options.clone()).await;
        assert_eq!(set.status, 200, "{}", set.text());
    }

    fn last(&self) -> emulator::Recorded {
        self.emulator.journal().requests().pop().expect("a request")
    }
}

#[tokio::test]
async fn every_dialect_is_answered_by_both_ways() {
    let app = TestApp::sandbox().await;
    let id = app.add_account("a").await;
    for (way, operation, model) in WAYS {
        app.go(&id, &json!({ "claude_route": way })).await;
        for dialect in DIALECTS {
            for stream in [false, true] {
                let answer = app.ask(dialect, &dialect.asking(OPUS, "hello there", stream)).await;
                let said = dialect.read(&answer);
                let at = format!("{way} {dialect:?} {stream}");
                assert_eq!((said.text.as_str(), said.model.as_str()), ("echo: hello there", OPUS), "{at}");
                assert!(said.ended && said.error.is_none(), "{at}");
                assert_eq!(answer.header("x-proxy-adjusted"), None, "{at}");
                let row = app.row(&answer).await;
                let counted = Usage::of_row(&row);
                assert_eq!(said.usage, Some(counted), "{at}");
                assert!(counted.input > 0 && counted.output > 0, "{row}");
                let sent = app.last();
                assert_eq!((sent.operation, sent.subject.as_str()), (Some(operation), model), "{at}");
                assert_eq!(sent.headers["anthropic-version"], "2023-06-01");
            }
        }
    }
    app.stop().await;
}

#[tokio::test]
async fn an_api_key_finds_the_second_service_at_its_own_address() {
    let app = TestApp::sandbox().await;
    let url = app.emulator.url();
    let body = json!({
        "name": "Keyed", "provider": "bedrock", "region": "us-east-1", "endpoint_url": url,
        "credential": {"kind": "bedrock_api_key", "api_key": SANDBOX_BEARER_KEY},
        "options": {"claude_route": "mantle", "mantle_endpoint": format!("{url}/mantle")},
    });
    let added = app.post("/api/accounts", &body).await;
    assert_eq!(added.status, 201, "{}", added.text());
    app.activate(added.json()["id"].as_str().expect("an id")).await;
    let said = app.said(Dialect::Messages, &Dialect::Messages.asking(OPUS, "hello", true)).await;
    assert_eq!(said.text, "echo: hello");
    assert_eq!(app.last().operation, Some(Operation::MantleMessages));
    app.stop().await;
}

/// The emulator refuses what the two hosts refuse: a round with tools and thoughts must give it no reason to.
#[tokio::test]
async fn tools_and_thoughts_go_round() {
    let app = TestApp::sandbox().await;
    let id = app.add_account("a").await;
    for (way, operation, _) in WAYS {
        app.go(&id, &json!({ "claude_route": way })).await;
        for stream in [false, true] {
            for dialect in RICH {
                let body = with_tools(dialect, OPUS, r#"[[tool:weather {"city":"Rome"}]]"#, stream);
                let said = app.said(dialect, &body).await;
                assert_eq!(said.calls[0].input, json!({"city": "Rome"}), "{way} {dialect:?} {stream}");
                let next = app.said(dialect, &answered(dialect, &body, &said, &["sunny"])).await;
                assert_eq!(next.text, "tool said: sunny", "{way} {dialect:?} {stream}");
                assert_eq!(app.last().operation, Some(operation));
            }
            let mut body = with_tools(Dialect::Messages, OPUS, r#"[[tool:weather {"city":"Rome"}]]"#, stream);
            body["thinking"] = json!({"type": "adaptive", "display": "summarized"});
            body["metadata"] = json!({"user_id": "{\"device_id\":\"d-1\",\"session_id\":\"s-1\"}"});
            let said = app.said(Dialect::Messages, &body).await;
            assert!(!said.thinking.is_empty() && !said.signature.is_empty(), "{said:?}");
            let turns = body["messages"].as_array_mut().expect("messages");
            turns.push(json!({"role": "assistant", "content": [
                {"type": "thinking", "thinking": said.thinking, "signature": said.signature},
                {"type": "tool_use", "id": said.calls[0].id, "name": "weather", "input": said.calls[0].input},
            ]}));
            turns.push(json!({"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": said.calls[0].id, "content": "rain"},
            ]}));
            assert_eq!(app.said(Dialect::Messages, &body).await.text, "tool said: rain", "{way} {stream}");
            let sent = app.last();
            assert!(sent.text().contains(&said.signature), "the thought came back signed: {}", sent.text());
            assert!(!sent.text().contains("device_id"), "who it is stays here: {}", sent.text());
        }
    }
    app.stop().await;
}

#[tokio::test]
async fn failures_before_the_answer_are_told_in_the_clients_dialect() {
    let app = TestApp::sandbox().await;
    let id = app.going("messages").await;
    for (way, ..) in WAYS {
        app.go(&id, &json!({ "claude_route": way })).await;
        for (fault, status, kind) in [
            ("throttle", 429, "rate_limit_error"),
            ("unavailable", 529, "overloaded_error"),
            ("too-long", 400, "invalid_request_error"),
            ("denied", 403, "permission_error"),
            ("internal", 500, "api_error"),
            ("html", 502, "api_error"),
        ] {
            for stream in [false, true] {
                app.activate(&id).await;
                let body = Dialect::Messages.asking(OPUS, &format!("[[fault:{fault}]] hello"), stream);
                let answer = app.ask(Dialect::Messages, &body).await;
                assert_eq!(answer.status.as_u16(), status, "{way} {fault}: {}", answer.text());
                assert_eq!(Dialect::Messages.error(&answer.json()).0, kind, "{way} {fault}");
            }
        }
        // What passes is tried again: the client sees none of it.
        app.activate(&id).await;
        let body = Dialect::Messages.asking(OPUS, &format!("[[fault:internal 1]] hello {way}"), true);
        let answer = app.ask(Dialect::Messages, &body).await;
        assert!(Dialect::Messages.read(&answer).ended, "{way}: {}", answer.text());
        assert_eq!(app.row(&answer).await["attempts"], 2, "{way}");
    }
    app.stop().await;
}

#[tokio::test]
async fn a_stream_that_breaks_ends_in_an_error_event() {
    let app = TestApp::sandbox().await;
    let id = app.going("messages").await;
    for (way, ..) in WAYS {
        app.go(&id, &json!({ "claude_route": way })).await;
        for dialect in DIALECTS {
            for (fault, category) in [
                ("exception-after 5 throttlingException", "rate_limited"),
                ("exception-after 5 serviceUnavailableException", "overloaded"),
                ("exception-after 5 internalServerException", "upstream"),
                ("cut-after 1500", "truncated"),
                ("clip-after 1500", "truncated"),
                ("end-after 6", "truncated"),
            ] {
                app.activate(&id).await;
                let text = format!("{} [[fault:{fault}]]", "many words ".repeat(40));
                let answer = app.ask(dialect, &dialect.asking(OPUS, &text, true)).await;
                let said = dialect.read(&answer);
                let at = format!("{way} {dialect:?} {fault}: {}", answer.text());
                assert!(!said.ended && said.stop.is_empty(), "{at}");
                assert!(said.text.starts_with("echo: many"), "{at}");
                assert!(said.error.is_some(), "{at}");
                let row = app.row(&answer).await;
                assert_eq!(
                    (&row["error_category"], &row["incomplete"]),
                    (&json!(category), &json!(true)),
                    "{at}"
                );
            }
        }
    }
    app.stop().await;
}

#[tokio::test]
async fn the_bytes_may_come_in_any_pieces() {
    let app = TestApp::sandbox().await;
    app.going("messages").await;
    for size in [1, 7, 100] {
        let text = format!("h\u{e9}llo [[fault:split {size}]]");
        let said = app.said(Dialect::Messages, &Dialect::Messages.asking(OPUS, &text, true)).await;
        assert!(said.text.starts_with("echo: h\u{e9}llo"), "{size}");
    }
    app.stop().await;
}

/// A choice of the account's is no claim about models of other vendors.
#[tokio::test]
async fn other_models_go_as_ever() {
    let app = TestApp::sandbox().await;
    app.going("mantle").await;
    let answer = app.ask(Dialect::Messages, &Dialect::Messages.asking("nova-2-lite", "hello", false)).await;
    assert_eq!(Dialect::Messages.read(&answer).text, "echo: hello");
    assert_eq!(answer.header("x-proxy-adjusted"), None);
    assert_eq!(app.last().operation, Some(Operation::Converse));
    app.stop().await;
}
