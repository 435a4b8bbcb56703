//! Each word with which a sign-in service says no, told at each place where it can come: while the person has a code, when
//! a browser brought one back, and when a token is to be renewed.

use emulator::{Fault, Operation, Refusal, When};
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::hello;
use crate::client::Dialect;
use crate::harness::{Sent, TestApp};
use crate::kiro::account;

/// A refusal as the service words it: in the body, by the word.
fn says(status: u16, word: &str) -> Fault {
    Fault::Refuse(Refusal::new(status, word, "told so"))
}

/// A token of another region, as AWS names it.
fn elsewhere() -> Fault {
    let refusal = Refusal::new(400, "invalid_request", "Invalid region").with("region", "ap-southeast-1");
    Fault::Refuse(refusal)
}

fn once(app: &TestApp, operation: Operation, fault: Fault) {
    app.emulator.script().push_when(When::operation(operation), fault);
}

/// How often a service was asked for something.
fn asked(app: &TestApp, operation: Operation) -> usize {
    app.emulator.journal().requests().iter().filter(|row| row.operation == Some(operation)).count()
}

/// What the service says while the person has a code.
#[tokio::test]
async fn every_word_while_a_person_has_a_code() {
    // Each is asked after a second, so all services at once.
    let logins = [
        ("builder_id", Operation::CreateToken),
        ("identity_center", Operation::CreateToken),
        ("external_idp", Operation::ExternalToken),
    ];
    join_all(logins.map(|(login, operation)| words_of(login, operation))).await;
}

async fn words_of(login: &str, operation: Operation) {
    let app = TestApp::sandbox().await;
    let words = [
        (says(400, "access_denied"), "sign_in_denied", ""),
        (says(400, "expired_token"), "sign_in_expired", ""),
        (says(401, "invalid_client"), "sign_in_refused", "invalid_client"),
        (says(400, "invalid_client"), "sign_in_refused", "invalid_client"),
        (says(400, "unauthorized_client"), "sign_in_refused", "unauthorized_client"),
        (says(400, "invalid_grant"), "sign_in_refused", "invalid_grant"),
        (says(400, "invalid_request"), "sign_in_refused", "invalid_request"),
        (says(400, "invalid_scope"), "sign_in_refused", "invalid_scope"),
        (says(400, "unsupported_grant_type"), "sign_in_refused", "unsupported_grant_type"),
        (elsewhere(), "sign_in_refused", "ap-southeast-1"),
    ];
    let tries = words.len();
    for (fault, code, told) in words {
        once(&app, operation, fault);
        let (id, _) = app.prompted(&app.kiro_wish("mine", login, "device")).await;
        let failed = app.signing_in(&id, "failed").await;
        assert_eq!(failed["problem"]["code"], code, "{login} {told}: {failed}");
        let message = failed["problem"]["message"].as_str().expect("words");
        assert!(message.contains(told), "{login} {told}: {message}");
    }
    let accounts = app.get("/api/accounts").await.json()["accounts"].as_array().map(Vec::len);
    assert_eq!(accounts, Some(1), "nothing came of them");
    // Who begins again does so with a registration of its own.
    let registered = if operation == Operation::CreateToken { tries } else { 0 };
    assert_eq!(asked(&app, Operation::RegisterClient), registered, "{login}");
    app.stop().await;
}

/// `slow_down` adds five seconds, and the sign-in goes on.
#[tokio::test]
async fn a_service_that_is_asked_too_often_is_asked_less_and_the_sign_in_goes_on() {
    let app = TestApp::sandbox().await;
    once(&app, Operation::CreateToken, says(400, "slow_down"));
    let (id, prompt) = app.prompted(&app.kiro_wish("mine", "builder_id", "device")).await;
    app.confirm(&prompt);
    let began = std::time::Instant::now();
    app.signing_in(&id, "done").await;
    assert!(began.elapsed() >= std::time::Duration::from_secs(5), "{:?}", began.elapsed());
    assert_eq!(asked(&app, Operation::CreateToken), 2);
    app.stop().await;
}

/// A code that a browser brought back counts once: whatever the service says ends it.
#[tokio::test]
async fn every_word_when_a_browser_came_back() {
    let app = TestApp::sandbox().await;
    for (login, operation) in [
        ("builder_id", Operation::CreateToken),
        ("identity_center", Operation::CreateToken),
        ("google", Operation::SocialExchange),
        ("github", Operation::SocialExchange),
        ("external_idp", Operation::ExternalToken),
    ] {
        for (fault, code) in [
            (says(400, "invalid_grant"), "sign_in_refused"),
            (says(401, "invalid_client"), "sign_in_refused"),
            (says(400, "access_denied"), "sign_in_denied"),
            (Fault::Refuse(Refusal::of_status(500)), "sign_in_refused"),
            (Fault::Html, "sign_in_refused"),
        ] {
            // Kiro's own service has no words.
            if operation == Operation::SocialExchange && code == "sign_in_denied" {
                continue;
            }
            once(&app, operation, fault.clone());
            let (id, prompt) = app.prompted(&app.kiro_wish("mine", login, "browser")).await;
            app.browse(prompt["url"].as_str().expect("a page")).await;
            let failed = app.signing_in(&id, "failed").await;
            assert_eq!(failed["problem"]["code"], code, "{login} {fault:?}: {failed}");
        }
    }
    app.stop().await;
}

/// What the service says when a token is to be renewed: the person is asked to sign in again only when that helps.
#[tokio::test]
async fn every_word_when_a_token_is_renewed() {
    for (kind, operation) in [("builder-id", Operation::CreateToken), ("external", Operation::ExternalToken)]
    {
        for (fault, state, words) in [
            (says(400, "invalid_grant"), "needs_sign_in", "has ended"),
            (says(400, "expired_token"), "needs_sign_in", "has ended"),
            (says(400, "access_denied"), "needs_sign_in", "has ended"),
            (says(401, "invalid_client"), "needs_sign_in", "registration"),
            (says(400, "invalid_client"), "needs_sign_in", "registration"),
            (says(400, "unauthorized_client"), "needs_sign_in", "registration"),
            (elsewhere(), "needs_sign_in", "ap-southeast-1"),
            (says(400, "slow_down"), "ready", "slow down"),
            (says(400, "invalid_request"), "ready", "status 400"),
            (says(400, "invalid_scope"), "ready", "status 400"),
            (says(400, "unsupported_grant_type"), "ready", "status 400"),
            (Fault::Refuse(Refusal::of_status(500)), "ready", "status 500"),
        ] {
            let app = TestApp::sandbox().await;
            let id = app.add_kiro_with(&account(&app.emulator, kind)).await;
            app.activate(&id).await;
            app.said(Dialect::Messages, &hello()).await;
            app.emulator.kiro().expire(kind);
            once(&app, operation, fault.clone());
            let refused = app.ask(Dialect::Messages, &hello()).await;
            assert!(
                refused.status != 200 && refused.text().contains(words),
                "{kind} {fault:?}: {}",
                refused.text()
            );
            assert_eq!(app.emulator.script().pending(), 0, "{kind} {fault:?}");
            let shown = app.state(&id).await;
            // Being asked to slow down is a rest like any other.
            let fits = shown == state || (words == "slow down" && shown == "cooling");
            assert!(fits, "{kind} {fault:?}: {shown}");
            app.stop().await;
        }
    }
}

/// A registration that ran out: signing in again makes a new one, and the account stays.
#[tokio::test]
async fn a_registration_that_ran_out_is_made_anew() {
    for (login, person) in [("builder_id", "builder-id"), ("identity_center", "identity-center")] {
        let app = TestApp::sandbox().await;
        let id = app.signed_in_by_code(&app.kiro_wish("mine", login, "device")).await;
        app.activate(&id).await;
        app.said(Dialect::Messages, &hello()).await;
        app.emulator.kiro().expire(person);
        app.emulator.kiro().expire_client(person);
        let refused = app.ask(Dialect::Messages, &hello()).await;
        assert_eq!(refused.status, 401, "{}", refused.text());
        assert!(refused.text().contains("registration"), "{}", refused.text());
        assert_eq!(app.state(&id).await, "needs_sign_in");
        assert_eq!(asked(&app, Operation::RegisterClient), 1);
        assert_eq!(app.signed_in_by_code(&json!({"account": id})).await, id);
        let clients: Vec<Value> = app
            .emulator
            .journal()
            .requests()
            .iter()
            .filter(|row| row.operation == Some(Operation::StartDeviceAuthorization))
            .map(|row| row.json()["clientId"].clone())
            .collect();
        assert_ne!(clients[0], clients[1], "a new one");
        app.said(Dialect::Messages, &hello()).await;
        assert_eq!(app.state(&id).await, "ready");
        app.finish().await;
    }
}
