//! Kiro beside Bedrock: who steps in for whom, under which name, and what is said of it.

use emulator::{Fault, Refusal, When};
use serde_json::json;

use super::current;
use crate::client::{CLAUDE, DIALECTS, Dialect};
use crate::harness::{Answer, TestApp, access_key};

/// Both accounts; Bedrock's comes first.
async fn both() -> (TestApp, String, String) {
    let app = TestApp::sandbox().await;
    let kiro = app.add_kiro("social").await;
    let main = app.add_account("main").await;
    app.set(&json!({"failover": {"order": [main, kiro]}})).await;
    (app, main, kiro)
}

fn of_bedrock(app: &TestApp, fault: Fault) {
    app.emulator.script().push_when(When::key(access_key("main").id), fault);
}

fn of_kiro(app: &TestApp, fault: Fault) {
    app.emulator.script().push_when(When::key("social"), fault);
}

fn refuse(name: &str) -> Fault {
    Fault::Refuse(Refusal::named(name).expect("a known name"))
}

fn who(answer: &Answer) -> (Option<&str>, Option<&str>) {
    (answer.header("x-proxy-account"), answer.header("x-proxy-failover"))
}

#[tokio::test]
async fn kiro_steps_in_for_a_bedrock_that_failed_before_its_first_word() {
    let (app, main, _) = both().await;
    for dialect in DIALECTS {
        for stream in [false, true] {
            for (fault, times, category) in [
                (refuse("throttle"), 1, "rate_limited"),
                (refuse("unavailable"), 2, "overloaded"),
                (refuse("expired"), 1, "expired"),
            ] {
                app.activate(&main).await;
                for _ in 0..times {
                    of_bedrock(&app, fault.clone());
                }
                let answer =
                    app.ask(dialect, &dialect.asking("claude-sonnet-4-5-20250929", "hello", stream)).await;
                let said = dialect.read(&answer);
                assert_eq!((said.text.as_str(), said.ended), ("echo: hello", true), "{dialect:?} {category}");
                assert_eq!(said.model, "claude-sonnet-4-5-20250929", "the name that was asked for");
                assert_eq!(who(&answer), (Some("social"), Some(format!("main:{category}").as_str())));
                assert_eq!(answer.header("x-proxy-model"), Some("claude-sonnet-4.5"));
                assert_eq!(current(&app.last_chat())["modelId"], "claude-sonnet-4.5");
                let row = app.row(&answer).await;
                assert_eq!(row["attempts"], times + 1, "{row}");
                assert_eq!((&row["account_name"], &row["provider"]), (&json!("social"), &json!("amazon_q")));
                let before = &row["failover_from"][0];
                assert_eq!((&before["account"], &before["category"]), (&json!("main"), &json!(category)));
                assert!(before["model"].as_str().is_some_and(|id| id.contains("claude-sonnet-4-5")), "{row}");
                assert!(row["credits"].as_f64() > Some(0.0) && row["cost_usd"].is_null(), "{row}");
            }
        }
    }
    let stats = app.get("/api/logs/stats").await.json();
    assert!(stats["totals"]["credits"].as_f64() > Some(0.0), "{stats}");
    app.finish().await;
}

#[tokio::test]
async fn bedrock_steps_in_for_a_kiro_that_is_throttled() {
    let (app, _, kiro) = both().await;
    for dialect in DIALECTS {
        for stream in [false, true] {
            app.activate(&kiro).await;
            of_kiro(&app, refuse("q_throttled"));
            let answer = app.ask(dialect, &dialect.asking(CLAUDE, "hello", stream)).await;
            assert_eq!(dialect.read(&answer).text, "echo: hello");
            assert_eq!(who(&answer), (Some("main"), Some("social:rate_limited")));
            let row = app.row(&answer).await;
            assert!(row["cost_usd"].as_f64() > Some(0.0) && row["credits"].is_null(), "{row}");
            assert_eq!(row["adjustments"], json!([]), "what Kiro wanted changed is not told of Bedrock");
        }
    }
    app.finish().await;
}

/// An expired token is not a reason to leave the account: the refresh is.
#[tokio::test]
async fn a_token_endpoint_in_trouble_lets_others_step_in() {
    let (app, _, kiro) = both().await;
    app.activate(&kiro).await;
    app.said(Dialect::Messages, &super::hello(true)).await;
    app.emulator.kiro().expire("social");
    let refused = When::operation(emulator::Operation::SocialRefresh);
    app.emulator.script().push_when(refused, Fault::Refuse(Refusal::of_status(500)));
    let answer = app.ask(Dialect::Messages, &super::hello(true)).await;
    assert_eq!((answer.status.as_u16(), answer.header("x-proxy-account")), (200, Some("main")));
    assert_eq!(app.state(&kiro).await, "ready");
    app.emulator.kiro().revoke("social");
    app.activate(&kiro).await;
    let answer = app.ask(Dialect::Messages, &super::hello(true)).await;
    assert_eq!((answer.status.as_u16(), answer.header("x-proxy-account")), (200, Some("main")));
    assert_eq!(app.state(&kiro).await, "needs_sign_in");
    app.finish().await;
}

#[tokio::test]
async fn a_limit_or_a_suspension_leads_nowhere_else_unless_the_person_says_so() {
    for (fault, category, state) in [
        ("q_monthly_limit", "quota", "exhausted"),
        ("q_monthly_limit_old_form", "quota", "exhausted"),
        ("q_overage_limit", "quota", "exhausted"),
        ("q_suspended", "suspended", "suspended"),
    ] {
        let (app, _, kiro) = both().await;
        for dialect in DIALECTS {
            for on_quota in [false, true] {
                app.set(&json!({"failover": {"on_quota": on_quota}})).await;
                for stream in [false, true] {
                    app.activate(&kiro).await;
                    of_kiro(&app, refuse(fault));
                    // Refused, and then known to be: both times the same holds.
                    for known in [false, true] {
                        let answer = app.ask(dialect, &dialect.asking(CLAUDE, "hello", stream)).await;
                        let at = format!("{fault} {dialect:?} {on_quota} {known}: {}", answer.text());
                        assert_eq!(app.state(&kiro).await, state, "{at}");
                        if on_quota {
                            assert_eq!(dialect.read(&answer).text, "echo: hello", "{at}");
                            let why = format!("social:{category}");
                            assert_eq!(who(&answer), (Some("main"), Some(why.as_str())), "{at}");
                        } else {
                            assert!([402, 403, 429].contains(&answer.status.as_u16()), "{at}");
                            assert_ne!(answer.header("x-proxy-account"), Some("main"), "{at}");
                            assert_eq!(app.row(&answer).await["attempts"], u8::from(!known), "{at}");
                        }
                    }
                    assert_eq!(app.emulator.script().pending(), 0);
                }
            }
        }
        app.finish().await;
    }
}

/// Kiro's second account does not step in for the first either.
#[tokio::test]
async fn accounts_of_kiro_are_not_rotated_around_a_limit() {
    let (app, social) = TestApp::kiro("social").await;
    app.add_kiro("builder-id").await;
    app.emulator.kiro().set_credits("social", 0.0);
    for _ in 0..2 {
        let answer = app.ask(Dialect::Messages, &super::hello(true)).await;
        assert_eq!(answer.status, 402, "{}", answer.text());
    }
    assert_eq!(app.emulator.kiro().refreshes("builder-id"), 0, "it was not so much as signed in to");
    app.activate(&social).await;
    app.emulator.kiro().set_credits("social", 100.0);
    app.said(Dialect::Messages, &super::hello(true)).await;
    app.finish().await;
}

#[tokio::test]
async fn what_kiro_cannot_take_is_not_a_reason_to_ask_others() {
    let (app, main, kiro) = both().await;
    app.activate(&kiro).await;
    let asked = app.emulator.journal().count();
    let dialect = Dialect::Messages;
    let mut body = dialect.asking(CLAUDE, "hello", true);
    body["tools"] = (0..120).map(|at| dialect.tool(&format!("t{at}"), &json!({"type": "object"}))).collect();
    assert_eq!(app.ask(dialect, &body).await.status, 400);
    assert_eq!(app.emulator.journal().count(), asked);
    app.said(dialect, &super::hello(true)).await;
    app.activate(&main).await;
    assert!(app.said(dialect, &body).await.ended, "Bedrock takes as many");
    app.finish().await;
}

#[tokio::test]
async fn nobody_steps_in_after_content() {
    let (app, _, kiro) = both().await;
    app.activate(&kiro).await;
    let answer = app
        .ask(Dialect::Messages, &Dialect::Messages.asking(CLAUDE, "[[fault:q_internal_midstream]]", true))
        .await;
    let said = Dialect::Messages.read(&answer);
    assert!(!said.ended && said.error.is_some(), "{said:?}");
    assert_eq!(who(&answer), (Some("social"), None));
    app.finish().await;
}
