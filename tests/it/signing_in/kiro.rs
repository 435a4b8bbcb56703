use std::time::Duration;

use emulator::{Fault, KiroConfig, Operation, Refusal, When};
use serde_json::json;

use super::hello;
use crate::client::Dialect;
use crate::harness::{Sent, TestApp};

/// Every way, and the emulator's account that its person has.
const WAYS: [(&str, &str); 5] = [
    ("builder_id", "builder-id"),
    ("identity_center", "identity-center"),
    ("google", "social"),
    ("github", "social"),
    ("external_idp", "external"),
];

/// It answers, with its first token and with the next one.
async fn works(app: &TestApp, id: &str, person: &str) {
    app.activate(id).await;
    let before = app.emulator.kiro().refreshes(person);
    app.said(Dialect::Messages, &hello()).await;
    assert_eq!(app.emulator.kiro().refreshes(person), before, "the token of the sign-in is used first");
    app.emulator.kiro().expire(person);
    app.said(Dialect::Messages, &hello()).await;
    assert_eq!(app.emulator.kiro().refreshes(person), before + 1);
    assert_eq!(app.state(id).await, "ready");
}

#[tokio::test]
async fn every_way_by_a_code() {
    let app = TestApp::sandbox().await;
    for (login, person) in WAYS {
        let id = app.signed_in_by_code(&app.kiro_wish(login, login, "device")).await;
        let account = app.account(&id).await;
        assert_eq!((&account["name"], &account["provider"]), (&json!(login), &json!("amazon_q")));
        works(&app, &id, person).await;
    }
    app.finish().await;
}

#[tokio::test]
async fn every_way_by_a_browser() {
    let app = TestApp::sandbox().await;
    for (login, person) in WAYS {
        let (id, prompt) = app.prompted(&app.kiro_wish(login, login, "browser")).await;
        assert_eq!(prompt["kind"], "browser", "{prompt}");
        let page = app.browse(prompt["url"].as_str().expect("a page")).await;
        assert_eq!(page.status, 200, "{}", page.text());
        assert!(page.text().contains("close this window"), "{}", page.text());
        let done = app.signing_in(&id, "done").await;
        works(&app, done["account"].as_str().expect("an account"), person).await;
    }
    app.finish().await;
}

#[tokio::test]
async fn each_account_has_a_client_of_its_own() {
    let app = TestApp::sandbox().await;
    for name in ["one", "two"] {
        app.signed_in_by_code(&app.kiro_wish(name, "builder_id", "device")).await;
    }
    let requests = app.emulator.journal().requests();
    let client = |operation| {
        let asked = requests.iter().filter(|row| row.operation == Some(operation));
        asked.map(|row| row.json()["clientId"].clone()).collect::<Vec<_>>()
    };
    let registered: Vec<_> = requests
        .iter()
        .filter(|row| row.operation == Some(Operation::RegisterClient))
        .map(Sent::json)
        .collect();
    assert_eq!(registered.len(), 2);
    assert_eq!(registered[0]["clientName"], "Switchboard");
    let began = client(Operation::StartDeviceAuthorization);
    assert_ne!(began[0], began[1]);
    app.stop().await;
}

#[tokio::test]
async fn a_sign_in_that_ended_is_made_again_and_the_account_stays() {
    for (login, person) in WAYS {
        let app = TestApp::sandbox().await;
        let id = app.signed_in_by_code(&app.kiro_wish("mine", login, "device")).await;
        app.activate(&id).await;
        app.said(Dialect::Messages, &hello()).await;
        let before = app.account(&id).await;
        app.emulator.kiro().revoke(person);
        let refused = app.ask(Dialect::Messages, &hello()).await;
        assert_eq!(refused.status, 401, "{}", refused.text());
        assert_eq!(app.state(&id).await, "needs_sign_in");
        // One click: the account knows how.
        let again = app.signed_in_by_code(&json!({"account": id})).await;
        assert_eq!(again, id);
        let after = app.account(&id).await;
        for member in ["id", "name", "position", "created_ms", "endpoint_url", "active"] {
            assert_eq!(after[member], before[member], "{member}");
        }
        app.said(Dialect::Messages, &hello()).await;
        assert_eq!(app.state(&id).await, "ready");
        app.finish().await;
    }
}

#[tokio::test]
async fn every_no_is_told_in_its_own_words() {
    let app = TestApp::sandbox().await;
    app.emulator.kiro().browser(None);
    for (login, _) in WAYS {
        let (id, prompt) = app.prompted(&app.kiro_wish("mine", login, "device")).await;
        app.confirm(&prompt);
        let failed = app.signing_in(&id, "failed").await;
        assert_eq!(failed["problem"]["code"], "sign_in_denied", "{failed}");
    }
    for (login, _) in WAYS {
        let (id, prompt) = app.prompted(&app.kiro_wish("mine", login, "browser")).await;
        app.browse(prompt["url"].as_str().expect("a page")).await;
        let failed = app.signing_in(&id, "failed").await;
        assert_eq!(failed["problem"]["code"], "sign_in_denied", "{failed}");
    }
    let kinds: Vec<_> = app.get("/api/accounts").await.json()["accounts"]
        .as_array()
        .expect("accounts")
        .iter()
        .map(|account| account["provider"].clone())
        .collect();
    assert_eq!(kinds, ["sandbox"], "nothing was added");
    app.stop().await;
}

#[tokio::test]
async fn nobody_who_says_yes_in_time_is_told() {
    let late = KiroConfig { code_life: Duration::from_secs(1), ..KiroConfig::default() };
    let app = TestApp::with(late).await;
    for login in ["builder_id", "google", "external_idp"] {
        let id = app.sign_in(&app.kiro_wish("mine", login, "device")).await["id"].clone();
        let failed = app.signing_in(id.as_str().expect("an id"), "failed").await;
        assert_eq!(failed["problem"]["code"], "sign_in_expired", "{failed}");
    }
    app.stop().await;
}

#[tokio::test]
async fn trouble_while_the_person_is_away_costs_nothing() {
    let app = TestApp::sandbox().await;
    let of_status = |status| Fault::Refuse(Refusal::of_status(status));
    for (login, operation) in [
        ("builder_id", Operation::CreateToken),
        ("google", Operation::SocialDevicePoll),
        ("external_idp", Operation::ExternalToken),
    ] {
        for fault in [of_status(500), Fault::Html] {
            app.emulator.script().push_when(When::operation(operation), fault.clone());
            let name = format!("{login} {fault:?}");
            app.signed_in_by_code(&app.kiro_wish(
                &name.chars().take(60).collect::<String>(),
                login,
                "device",
            ))
            .await;
            assert_eq!(app.emulator.script().pending(), 0, "{name}");
        }
    }
    // Before the person has anything to do it is said at once.
    for operation in [Operation::RegisterClient, Operation::StartDeviceAuthorization] {
        app.emulator.script().push_when(When::operation(operation), of_status(500));
        let id = app.sign_in(&app.kiro_wish("mine", "builder_id", "device")).await["id"].clone();
        let failed = app.signing_in(id.as_str().expect("an id"), "failed").await;
        assert_eq!(failed["problem"]["code"], "sign_in_refused", "{failed}");
        assert!(failed["problem"]["message"].as_str().expect("words").contains("500"), "{failed}");
    }
    app.stop().await;
}

/// A stranger's page, or a second visit, gets nothing and ends nothing.
#[tokio::test]
async fn a_browser_that_was_not_sent_changes_nothing() {
    let app = TestApp::sandbox().await;
    let (id, prompt) = app.prompted(&app.kiro_wish("mine", "builder_id", "browser")).await;
    let url = prompt["url"].as_str().expect("a page");
    let back = url.split("redirect_uri=").nth(1).and_then(|rest| rest.split('&').next()).expect("an address");
    let back = back.replace("%3A", ":").replace("%2F", "/");
    for query in ["code=evil&state=guessed", "error=access_denied", "", "code=evil&state="] {
        let answer = app.browse(&format!("{back}?{query}")).await;
        assert_eq!(answer.status, 400, "{query}: {}", answer.text());
    }
    assert_eq!(app.get(&format!("/api/signins/{id}")).await.json()["state"], "waiting");
    assert_eq!(app.browse(url).await.status, 200);
    app.signing_in(&id, "done").await;
    app.stop().await;
}

#[tokio::test]
async fn consent_comes_before_the_first_question() {
    let app = TestApp::sandbox().await;
    let mut wish = app.kiro_wish("mine", "builder_id", "device");
    wish.as_object_mut().expect("an object").remove("policy_accepted");
    let refused = app.post("/api/signins", &wish).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["code"]), (409, &json!("policy_consent_required")));
    assert_eq!(app.emulator.journal().count(), 0, "nobody was asked");
    app.stop().await;
}

/// What is secret of a sign-in leaves by no door of ours.
#[tokio::test]
async fn nothing_secret_is_shown() {
    let app = TestApp::sandbox().await;
    let (id, prompt) = app.prompted(&app.kiro_wish("mine", "builder_id", "device")).await;
    let shown = app.get("/api/signins").await.text() + &app.get(&format!("/api/signins/{id}")).await.text();
    app.confirm(&prompt);
    let done = app.signing_in(&id, "done").await.to_string();
    let accounts = app.get("/api/accounts").await.text();
    let requests = app.emulator.journal().requests();
    let token =
        requests.iter().find(|row| row.operation == Some(Operation::CreateToken)).expect("asked").json();
    let refresh = app.emulator.kiro().refresh_token("builder-id");
    for secret in [&token["clientSecret"], &token["deviceCode"], &json!(refresh)] {
        let secret = secret.as_str().expect("text");
        assert!([&shown, &done, &accounts].iter().all(|text| !text.contains(secret)), "{secret}");
    }
    app.stop().await;
}
