//! Tokens that end: one refresh for all who wait, and no account that is lost to a service in trouble.

use std::time::Duration;

use emulator::{Fault, Operation, Refusal, When};
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{KINDS, account, hello};
use crate::client::{CLAUDE, DIALECTS, Dialect};
use crate::harness::TestApp;

/// Those whose tokens can be refreshed, and where.
const REFRESHED: [(&str, Operation); 4] = [
    ("builder-id", Operation::CreateToken),
    ("identity-center", Operation::CreateToken),
    ("social", Operation::SocialRefresh),
    ("external", Operation::ExternalToken),
];

/// Fifty clients of all dialects at once; all must be answered.
async fn fifty(app: &TestApp) {
    let asking = (0..50).map(|number| {
        let dialect = DIALECTS[number % 3];
        let text = format!("number {number}");
        async move {
            let said = app.said(dialect, &dialect.asking(CLAUDE, &text, number % 2 == 0)).await;
            assert_eq!(said.text, format!("echo: {text}"));
        }
    });
    join_all(asking).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_requests_and_an_expired_token_are_one_refresh() {
    for (kind, _) in REFRESHED {
        // A token that we know to be over.
        let app = TestApp::sandbox().await;
        let mut added = account(&app.emulator, kind);
        added["credential"]["access_token"] = json!("aoa-of-yesterday");
        added["credential"]["expires_at"] = json!("2020-01-01T00:00:00Z");
        let id = app.add_kiro_with(&added).await;
        app.activate(&id).await;
        fifty(&app).await;
        assert_eq!(app.emulator.kiro().refreshes(kind), 1, "{kind}");
        // One that only the service knows to be over: all are refused, and one refresh helps them all.
        app.emulator.kiro().expire(kind);
        fifty(&app).await;
        assert_eq!(app.emulator.kiro().refreshes(kind), 2, "{kind}");
        assert_eq!(app.state(&id).await, "ready");
        app.finish().await;
    }
}

/// Who asked first, and so began the refresh, does not wait for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_caller_may_leave_while_its_refresh_goes_on() {
    for (kind, endpoint) in REFRESHED {
        let (app, id) = TestApp::kiro(kind).await;
        app.said(Dialect::Messages, &hello(true)).await;
        let before = app.emulator.kiro().refreshes(kind);
        app.emulator.kiro().expire(kind);
        // The token is given out only when the first caller is gone.
        app.emulator.script().push_when(When::operation(endpoint), Fault::Delay(Duration::from_millis(300)));
        let began = async {
            while app.emulator.script().pending() > 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let body = hello(true);
        tokio::select! {
            answer = app.ask(Dialect::Messages, &body) => panic!("answered: {}", answer.text()),
            () = began => {}
        }
        fifty(&app).await;
        assert_eq!(app.emulator.kiro().refreshes(kind) - before, 1, "{kind}");
        assert_eq!(app.state(&id).await, "ready");
        app.finish().await;
    }
}

/// An answer that is under way does not care that its token ends; the next request does.
#[tokio::test]
async fn a_token_that_ends_within_an_answer_does_not_end_the_answer() {
    for (kind, _) in REFRESHED {
        let (app, id) = TestApp::kiro(kind).await;
        app.said(Dialect::Messages, &hello(true)).await;
        let (before, asked) = (app.emulator.kiro().refreshes(kind), app.emulator.journal().count());
        let paced = Dialect::Messages.asking(CLAUDE, "[[fault:pace 30]] one two three four five", true);
        let (said, ()) = tokio::join!(app.said(Dialect::Messages, &paced), async {
            app.emulator.journal().wait_for(asked + 1).await;
            app.emulator.kiro().expire(kind);
        });
        assert!(said.text.contains("one two three four five"), "{}", said.text);
        assert_eq!(app.emulator.kiro().refreshes(kind), before, "{kind}");
        app.said(Dialect::Messages, &hello(true)).await;
        assert_eq!(app.emulator.kiro().refreshes(kind), before + 1, "{kind}");
        assert_eq!(app.state(&id).await, "ready");
        app.finish().await;
    }
}

#[tokio::test]
async fn a_rejected_token_is_refreshed_once_and_the_request_is_asked_once_more() {
    for (kind, _) in REFRESHED {
        let (app, id) = TestApp::kiro(kind).await;
        app.said(Dialect::Messages, &hello(true)).await;
        for dialect in DIALECTS {
            for stream in [false, true] {
                let (asked, refreshes) =
                    (app.emulator.journal().count(), app.emulator.kiro().refreshes(kind));
                app.emulator.kiro().expire(kind);
                let answer = app.ask(dialect, &dialect.asking(CLAUDE, "hello", stream)).await;
                assert_eq!(dialect.read(&answer).text, "echo: hello", "{kind}");
                assert_eq!(app.emulator.kiro().refreshes(kind) - refreshes, 1, "{kind}");
                assert_eq!(app.emulator.journal().count() - asked, 2, "{kind}");
                let row = app.row(&answer).await;
                assert_eq!((&row["attempts"], &row["error_category"]), (&json!(2), &json!(null)), "{row}");
                assert_eq!(row["failover_from"][0]["category"], "expired", "{row}");
            }
        }
        assert_eq!(app.state(&id).await, "ready");
        app.finish().await;
    }
}

fn of_status(status: u16) -> Fault {
    Fault::Refuse(Refusal::of_status(status))
}

#[tokio::test]
async fn a_token_endpoint_in_trouble_costs_no_sign_in() {
    for (kind, endpoint) in REFRESHED {
        for fault in [of_status(500), of_status(503), Fault::Html] {
            let (app, id) = TestApp::kiro(kind).await;
            app.said(Dialect::Messages, &hello(true)).await;
            for dialect in DIALECTS {
                app.emulator.kiro().expire(kind);
                app.emulator.script().push_when(When::operation(endpoint), fault.clone());
                let answer = app.ask(dialect, &dialect.asking(CLAUDE, "hello", true)).await;
                assert!(answer.status.is_server_error(), "{kind} {fault:?}: {}", answer.text());
                let (_, _, message) = dialect.error(&answer.json());
                assert!(message.contains("sign-in service"), "{message}");
                assert!(!message.contains("Sign in again"), "{message}");
                assert_eq!(app.state(&id).await, "ready", "{kind} {fault:?}");
                assert_eq!(app.emulator.script().pending(), 0);
                // The person looks again: a moment later it works, with the very same token.
                app.activate(&id).await;
                app.said(dialect, &dialect.asking(CLAUDE, "hello", true)).await;
            }
            app.finish().await;
        }
    }
}

/// Left to itself the account works again too, once a moment has passed.
#[tokio::test]
async fn a_token_endpoint_is_asked_again_by_itself() {
    let (app, _) = TestApp::kiro("social").await;
    app.said(Dialect::Messages, &hello(true)).await;
    app.emulator.kiro().expire("social");
    app.emulator.script().push_when(When::operation(Operation::SocialRefresh), of_status(500));
    let answer = app.ask(Dialect::Messages, &hello(true)).await;
    assert!(answer.status.is_server_error(), "{}", answer.text());
    let again = async {
        while app.ask(Dialect::Messages, &hello(true)).await.status != 200 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    crate::harness::in_time(again).await;
    assert_eq!(app.emulator.kiro().refreshes("social"), 2, "nobody hammers the endpoint");
    app.finish().await;
}

#[tokio::test]
async fn a_sign_in_that_ended_is_said_and_no_other_account_is_drained_for_it() {
    for (kind, _) in REFRESHED {
        let (app, id) = TestApp::kiro(kind).await;
        app.said(Dialect::Messages, &hello(true)).await;
        app.emulator.kiro().revoke(kind);
        for dialect in DIALECTS {
            app.activate(&id).await;
            let before = app.emulator.kiro().refreshes(kind);
            for attempts in [1, 0] {
                let answer = app.ask(dialect, &dialect.asking(CLAUDE, "hello", true)).await;
                assert_eq!(answer.status, 401, "{kind}: {}", answer.text());
                let (error, code, message) = dialect.error(&answer.json());
                assert_eq!(error, "authentication_error", "{message}");
                if dialect != Dialect::Messages {
                    assert_eq!(code, "no_credentials", "{message}");
                }
                assert!(message.to_lowercase().contains("sign in"), "{message}");
                assert_eq!(app.state(&id).await, "needs_sign_in", "{kind}");
                let row = app.row(&answer).await;
                assert_eq!(row["attempts"], attempts, "{row}");
            }
            assert_eq!(app.emulator.kiro().refreshes(kind), before);
        }
        // The person signed in again: a new token, entered anew.
        app.emulator.kiro().restore(kind);
        app.patch(&id, &json!({"credential": super::credential(&app.emulator, kind)})).await;
        app.said(Dialect::Messages, &hello(true)).await;
        assert_eq!(app.state(&id).await, "ready");
        app.finish().await;
    }
}

#[tokio::test]
async fn a_key_that_was_withdrawn_needs_another() {
    let (app, id) = TestApp::kiro("api-key").await;
    app.said(Dialect::Messages, &hello(true)).await;
    app.emulator.kiro().revoke("api-key");
    let answer = app.ask(Dialect::Messages, &hello(true)).await;
    assert_eq!(answer.status, 401, "{}", answer.text());
    assert!(answer.text().contains("API key"), "{}", answer.text());
    assert_eq!(app.state(&id).await, "needs_sign_in");
    app.finish().await;
}

#[tokio::test]
async fn a_registration_that_ran_out_is_said() {
    let (app, id) = TestApp::kiro("identity-center").await;
    app.said(Dialect::Messages, &hello(true)).await;
    app.emulator.kiro().expire_client("identity-center");
    app.emulator.kiro().expire("identity-center");
    let answer = app.ask(Dialect::Messages, &hello(true)).await;
    assert_eq!(answer.status, 401, "{}", answer.text());
    assert!(answer.text().contains("registration"), "{}", answer.text());
    assert_eq!(app.state(&id).await, "needs_sign_in");
    app.finish().await;
}

/// Nothing but the person's own act asks a suspended account again, on any way in.
#[tokio::test]
async fn a_suspended_account_stops_until_the_person_acts() {
    for kind in KINDS {
        let (app, id) = TestApp::kiro(kind).await;
        app.said(Dialect::Messages, &hello(true)).await;
        app.emulator.kiro().suspend(kind);
        let asked = app.emulator.journal().count();
        for dialect in DIALECTS {
            for stream in [false, true] {
                let answer = app.ask(dialect, &dialect.asking(CLAUDE, "hello", stream)).await;
                assert_eq!(answer.status, 403, "{kind}: {}", answer.text());
                let (error, code, message) = dialect.error(&answer.json());
                assert_eq!(error, "permission_error", "{message}");
                assert!(dialect == Dialect::Messages || code == "account_suspended", "{code}");
                assert!(message.contains("suspended"), "{message}");
                assert_eq!(app.state(&id).await, "suspended");
            }
        }
        assert_eq!(app.emulator.journal().count() - asked, 1, "{kind}: asked once, never again");
        app.emulator.kiro().restore(kind);
        app.activate(&id).await;
        app.said(Dialect::Messages, &hello(true)).await;
        app.finish().await;
    }
}

/// Used-up credits, with the words that tell how many there were.
#[tokio::test]
async fn credits_that_ended_are_explained() {
    let (app, id) = TestApp::kiro("social").await;
    app.emulator.kiro().set_credits("social", 0.013);
    app.said(Dialect::Messages, &hello(true)).await;
    for dialect in DIALECTS {
        app.activate(&id).await;
        let answer = app.ask(dialect, &dialect.asking(CLAUDE, "hello", true)).await;
        let status = if dialect == Dialect::Messages { 402 } else { 429 };
        assert_eq!(answer.status, status, "{}", answer.text());
        let (kind, code, message) = dialect.error(&answer.json());
        if dialect == Dialect::Messages {
            assert_eq!(kind, "billing_error");
        } else {
            assert_eq!((kind.as_str(), code.as_str()), ("insufficient_quota", "insufficient_quota"));
        }
        assert!(message.contains("used") && message.contains("resets on"), "{message}");
        assert_eq!(app.state(&id).await, "exhausted");
        assert_eq!(app.row(&answer).await["error_category"], "quota");
    }
    let quota = app.get(&format!("/api/accounts/{id}/quota")).await.json();
    assert_ne!(quota, Value::Null);
    app.finish().await;
}

#[tokio::test]
async fn a_change_of_the_account_keeps_the_token_that_was_rotated() {
    let (app, id) = TestApp::kiro("social").await;
    for (times, patch) in [(1, json!({"name": "renamed"})), (2, json!({"options": {"binding": "rest"}}))] {
        app.said(Dialect::Messages, &hello(true)).await;
        assert_eq!(app.emulator.kiro().refreshes("social"), times);
        app.patch(&id, &patch).await;
        app.emulator.kiro().expire("social");
    }
    let answer = app.ask(Dialect::Messages, &hello(true)).await;
    assert_eq!((answer.status.as_u16(), answer.header("x-proxy-account")), (200, Some("renamed")));
    app.finish().await;
}
