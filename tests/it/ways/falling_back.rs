//! What a way does not serve goes to InvokeModel.

use emulator::Operation;
use serde_json::{Value, json};

use super::OPUS;
use crate::client::{CLAUDE, Dialect};
use crate::harness::{Answer, TestApp};
use crate::upstream::{Prepared, Upstream};

const INSTEAD: Option<&str> = Some("claude_route:invoke");

impl TestApp {
    /// Asks, and tells what the emulator was asked for.
    async fn asked_for(&self, body: &Value) -> (Answer, Vec<Operation>) {
        let before = self.emulator.journal().count();
        let answer = self.ask(Dialect::Messages, body).await;
        let rows = self.emulator.journal().requests();
        (answer, rows[before..].iter().filter_map(|row| row.operation).collect())
    }
}

#[tokio::test]
async fn an_older_model_is_asked_for_once_and_then_goes_to_invoke() {
    let app = TestApp::sandbox().await;
    let id = app.going("messages").await;
    for (way, there) in [("messages", Operation::Messages), ("mantle", Operation::MantleMessages)] {
        app.go(&id, &json!({ "claude_route": way })).await;
        for (stream, asked_there) in [(true, true), (true, false), (false, false)] {
            let (answer, operations) =
                app.asked_for(&Dialect::Messages.asking(CLAUDE, "hello", stream)).await;
            assert_eq!(Dialect::Messages.read(&answer).text, "echo: hello", "{way}");
            assert_eq!(answer.header("x-proxy-adjusted"), INSTEAD, "{way}");
            let row = app.row(&answer).await;
            assert_eq!(row["adjustments"], json!(["claude_route:invoke"]), "{row}");
            assert_eq!(row["attempts"], if asked_there { 2 } else { 1 }, "{row}");
            let last = if stream { Operation::InvokeModelWithResponseStream } else { Operation::InvokeModel };
            let wanted = if asked_there { vec![there, last] } else { vec![last] };
            assert_eq!(operations, wanted, "{way} {stream}");
        }
        // Another model still goes that way.
        let (answer, operations) = app.asked_for(&Dialect::Messages.asking(OPUS, "hello", true)).await;
        assert_eq!((answer.header("x-proxy-adjusted"), operations), (None, vec![there]), "{way}");
    }
    app.stop().await;
}

#[tokio::test]
async fn what_the_ways_cannot_take_is_not_asked_there() {
    let app = TestApp::sandbox().await;
    let id = app.add_account("a").await;
    let arn = "arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/abc123def456";
    for way in ["messages", "mantle"] {
        let plain = json!({ "claude_route": way });
        let with = |name: &str, value: Value| json!({ "claude_route": way, name: value });
        let guardrail = json!({"identifier": "g1", "version": "1"});
        let mut formatted = Dialect::Messages.asking("claude-haiku-4-5", "hello", false);
        let schema = json!({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]});
        formatted["output_config"] = json!({"format": {"type": "json_schema", "schema": schema}});
        for (options, body) in [
            (with("guardrail", guardrail), Dialect::Messages.asking(OPUS, "hello", true)),
            (with("latency", json!("optimized")), Dialect::Messages.asking(OPUS, "hello", true)),
            (plain.clone(), Dialect::Messages.asking(arn, "hello", true)),
            (plain.clone(), formatted),
        ] {
            app.go(&id, &options).await;
            let (answer, operations) = app.asked_for(&body).await;
            assert_eq!(answer.status, 200, "{options} {}", answer.text());
            let invoked = |operation: &Operation| {
                matches!(operation, Operation::InvokeModel | Operation::InvokeModelWithResponseStream)
            };
            assert!(operations.last().is_some_and(invoked), "{options}: {operations:?}");
            let native = [Operation::Messages, Operation::MantleMessages];
            assert!(!operations.iter().any(|operation| native.contains(operation)), "{operations:?}");
            let told = answer.header("x-proxy-adjusted").unwrap_or_default();
            assert!(told.split("; ").any(|token| token == "claude_route:invoke"), "{told}");
        }
    }
    app.stop().await;
}

/// A front end that does not know the operation says that all is well.
#[tokio::test]
async fn a_good_status_with_an_unknown_operation_inside_is_seen_through() {
    const TRAP: &str =
        r#"{"Output":{"__type":"com.amazon.coral.service#UnknownOperationException"},"Version":"1.0"}"#;
    let upstream = Upstream::start().await;
    let app = TestApp::sandbox().await;
    let id = app.add_account_at("own", &upstream).await;
    app.go(&id, &json!({"claude_route": "messages"})).await;
    upstream.prepare(Prepared::json(TRAP));
    upstream.prepare(Prepared::saying("hello"));
    let answer = app.ask(Dialect::Messages, &Dialect::Messages.asking(OPUS, "hi", true)).await;
    assert_eq!(Dialect::Messages.read(&answer).text, "hello");
    assert_eq!(answer.header("x-proxy-adjusted"), INSTEAD);
    let paths: Vec<String> = upstream.received().into_iter().map(|request| request.path).collect();
    assert_eq!(
        paths,
        ["/anthropic/v1/messages", "/model/us.anthropic.claude-opus-4-8/invoke-with-response-stream"]
    );
}

#[tokio::test]
async fn a_beta_that_the_way_does_not_know_costs_one_answer_no_more() {
    let app = TestApp::sandbox().await;
    let id = app.add_account("a").await;
    app.go(&id, &json!({"claude_route": "messages", "pass_unknown_betas": true})).await;
    let mut body = Dialect::Messages.asking(OPUS, "hello", true);
    body["anthropic_beta"] = json!(["effort-2025-11-24", "brand-new-2027-01-01"]);
    for attempts in [2, 1] {
        let answer = app.ask(Dialect::Messages, &body).await;
        assert_eq!(Dialect::Messages.read(&answer).text, "echo: hello");
        assert_eq!(answer.header("x-proxy-adjusted"), Some("anthropic_beta.brand-new-2027-01-01:refused"));
        assert_eq!(app.row(&answer).await["attempts"], attempts);
        assert_eq!(app.last().headers["anthropic-beta"], "effort-2025-11-24");
    }
    app.stop().await;
}
