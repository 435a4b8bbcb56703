//! An order of accounts of both vendors: one name, one meaning, two wires.

use emulator::{Fault, Refusal, When};
use serde_json::{Value, json};

use super::failed;
use crate::client::{CLAUDE, DIALECTS, Dialect};
use crate::harness::{TestApp, access_key};

/// Adds a Kiro account that signs in at the app's emulator; returns its id.
async fn add_kiro(app: &TestApp, name: &str, credential: Value) -> String {
    let body = json!({
        "name": name, "provider": "amazon_q", "endpoint_url": app.emulator.url(), "policy_accepted": true,
        "credential": credential,
    });
    let added = app.post("/api/accounts", &body).await;
    assert_eq!(added.status, 201, "{}", added.text());
    added.json()["id"].as_str().expect("id").to_owned()
}

fn social(app: &TestApp) -> Value {
    json!({"kind": "kiro_social", "refresh_token": app.emulator.kiro().refresh_token("social")})
}

fn throttle(app: &TestApp) {
    let refusal = Fault::Refuse(Refusal::named("throttle").expect("a known name"));
    app.emulator.script().push_when(When::key(access_key("main").id), refusal);
}

#[tokio::test]
async fn when_bedrock_is_throttled_kiro_answers_and_says_why() {
    let app = TestApp::start().await;
    let main = app.running.gateway().accounts.active().expect("an account");
    add_kiro(&app, "kiro", social(&app)).await;
    for dialect in DIALECTS {
        for stream in [false, true] {
            // Ends the rest that the turn before brought.
            app.activate(&main).await;
            throttle(&app);
            let answer = app.ask(dialect, &dialect.asking(CLAUDE, "hello", stream)).await;
            assert_eq!(answer.status, 200, "{}", answer.text());
            if stream {
                assert_eq!(dialect.read(&answer).text, "echo: hello");
            } else {
                assert!(answer.text().contains("echo: hello"), "{}", answer.text());
            }
            assert_eq!(answer.header("x-proxy-account"), Some("kiro"));
            assert_eq!(answer.header("x-proxy-failover"), Some("main:rate_limited"));
            let row = app.row(&answer).await;
            assert_eq!(failed(&row), [("main", "rate_limited")], "{row}");
            assert_eq!((&row["provider"], &row["attempts"]), (&json!("amazon_q"), &json!(2)), "{row}");
            assert!(row["credits"].as_f64().is_some_and(|credits| credits > 0.0), "{row}");
        }
    }
    let stats = app.get("/api/logs/stats").await.json();
    assert!(stats["totals"]["credits"].as_f64().is_some_and(|credits| credits > 0.0), "{stats}");
}

#[tokio::test]
async fn credits_that_end_lead_nowhere_else_unless_the_person_says_so() {
    let app = TestApp::start().await;
    let kiro = add_kiro(&app, "kiro", social(&app)).await;
    app.activate(&kiro).await;
    app.emulator.kiro().set_credits("social", 0.0);
    let ask = Dialect::Messages.asking(CLAUDE, "hello", true);
    for attempts in [1, 0] {
        let answer = app.ask(Dialect::Messages, &ask).await;
        assert!([402, 429].contains(&answer.status.as_u16()), "{}: {}", answer.status, answer.text());
        assert_eq!(app.row(&answer).await["attempts"], attempts, "it is not asked again");
    }
    assert_eq!(app.account(&kiro).await["state"]["kind"], "exhausted");
    app.set(&json!({"failover": {"on_quota": true}})).await;
    let answer = app.ask(Dialect::Messages, &ask).await;
    assert_eq!(answer.header("x-proxy-account"), Some("main"), "{}", answer.text());
    assert_eq!(answer.header("x-proxy-failover"), Some("kiro:quota"));
}

#[tokio::test]
async fn a_change_of_the_account_keeps_the_token_that_was_rotated() {
    let app = TestApp::start().await;
    let kiro = add_kiro(&app, "kiro", social(&app)).await;
    app.activate(&kiro).await;
    let ask = Dialect::Messages.asking(CLAUDE, "hello", true);
    for (times, patch) in [(1, json!({"name": "renamed"})), (2, json!({"options": {"binding": "rest"}}))] {
        assert_eq!(app.ask(Dialect::Messages, &ask).await.status, 200);
        assert_eq!(app.emulator.kiro().refreshes("social"), times);
        let request = app.request("PATCH", &format!("/api/accounts/{kiro}"));
        let body = http_body_util::Full::from(patch.to_string());
        let changed = app.send(request.body(body).expect("request")).await;
        assert_eq!(changed.status, 200, "{}", changed.text());
        app.emulator.kiro().expire("social");
    }
    let answer = app.ask(Dialect::Messages, &ask).await;
    assert_eq!((answer.status.as_u16(), answer.header("x-proxy-account")), (200, Some("renamed")));
}
