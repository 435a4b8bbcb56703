//! Who counts tokens, and that nobody has to.

use emulator::{Fault, Operation, Refusal, When};
use serde_json::{Value, json};

use super::OPUS;
use crate::client::CLAUDE;
use crate::harness::TestApp;

const PATH: &str = "/v1/messages/count_tokens";

impl TestApp {
    /// Counts; tells whether it was a guess, and who was asked.
    async fn counted(&self, model: &str) -> (bool, Vec<Operation>) {
        let before = self.emulator.journal().count();
        let body = json!({
            "model": model, "system": "Be kind.", "messages": [{"role": "user", "content": "hello"}],
            "thinking": {"type": "adaptive"}, "metadata": {"user_id": "u"}, "temperature": 1,
            "tools": [{"name": "f", "description": "d", "input_schema": {"type": "object"}}],
        });
        let answer = self.post(PATH, &body).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert!(answer.json()["input_tokens"].as_u64() > Some(0), "{}", answer.text());
        let rows = self.emulator.journal().requests();
        let asked = rows[before..].iter().filter_map(|row| row.operation).collect();
        (answer.header("x-proxy-estimate") == Some("1"), asked)
    }
}

#[tokio::test]
async fn who_can_count_is_asked_in_order() {
    let app = TestApp::sandbox().await;
    let id = app.add_account("a").await;
    let both = vec![Operation::MantleCountTokens, Operation::CountTokens];
    for (options, model, guessed, asked) in [
        // CountTokens knows the older models, and says once that it does not know the newer ones.
        (json!({}), CLAUDE, false, vec![Operation::CountTokens]),
        (json!({}), OPUS, true, vec![Operation::CountTokens]),
        (json!({}), OPUS, true, vec![]),
        (json!({"claude_route": "mantle"}), OPUS, false, vec![Operation::MantleCountTokens]),
        (json!({"claude_route": "mantle"}), CLAUDE, false, both),
        (json!({"claude_route": "mantle"}), CLAUDE, false, vec![Operation::CountTokens]),
        (json!({"claude_route": "messages"}), OPUS, true, vec![]),
        (json!({"mantle_count": true}), OPUS, false, vec![Operation::MantleCountTokens]),
        (json!({"claude_route": "converse"}), CLAUDE, false, vec![Operation::CountTokens]),
        (json!({"claude_route": "mantle"}), "nova-2-lite", true, vec![]),
    ] {
        app.go(&id, &options).await;
        assert_eq!(app.counted(model).await, (guessed, asked), "{options} {model}");
    }
    app.stop().await;
}

/// Claude Code counts thirty times at once and gives up on none: whatever fails, it gets a number.
#[tokio::test]
async fn nothing_but_a_bad_credential_fails_a_count() {
    let app = TestApp::sandbox().await;
    let id = app.going("mantle").await;
    for name in ["throttle", "unavailable", "internal", "denied"] {
        for operation in [Operation::MantleCountTokens, Operation::CountTokens] {
            let refusal = Refusal::named(name).expect("a refusal");
            app.emulator.script().push_when(When::operation(operation), Fault::Refuse(refusal));
        }
        assert!(app.counted(OPUS).await.0, "{name}");
    }
    let body: Value = json!({"model": OPUS, "messages": [{"role": "user", "content": "hello"}]});
    app.go(&id, &json!({"claude_route": "mantle"})).await;
    for _ in 0..4 {
        let refusal = Refusal::named("unrecognized").expect("a refusal");
        app.emulator
            .script()
            .push_when(When::operation(Operation::MantleCountTokens), Fault::Refuse(refusal));
    }
    let refused = app.post(PATH, &body).await;
    assert_eq!(refused.status, 401, "{}", refused.text());
    app.stop().await;
}
