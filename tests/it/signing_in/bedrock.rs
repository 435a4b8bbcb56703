use std::time::Duration;

use emulator::{Fault, KiroConfig, Operation, Refusal, When};
use serde_json::{Value, json};

use super::hello;
use crate::client::Dialect;
use crate::harness::{TestApp, in_time};

const PERSON: &str = "workforce";

fn wish(app: &TestApp, name: &str, flow: &str) -> Value {
    json!({
        "provider": "bedrock", "name": name, "region": "us-east-1", "endpoint_url": app.emulator.url(),
        "login": "identity_center", "flow": flow,
        "fields": {"start_url": "https://d-0000000000.awsapps.com/start", "oidc_region": "eu-central-1"},
    })
}

impl TestApp {
    /// Chooses `option` of the list that the person is shown now; the next list, or the end.
    async fn choose(&self, id: &str, what: &str, option: &str) -> Value {
        let mut view = self.get(&format!("/api/signins/{id}")).await.json();
        while view["prompt"]["what"] != what {
            assert_ne!(view["state"], "failed", "{view}");
            view = self.get(&format!("/api/signins/{id}?version={}", view["version"])).await.json();
        }
        let chosen = self.post(&format!("/api/signins/{id}/choice"), &json!({"choice": option})).await;
        assert_eq!(chosen.status, 200, "{}", chosen.text());
        view["prompt"]["options"].clone()
    }

    /// An account of IAM Identity Center, signed in to; its id.
    async fn worker(&self) -> String {
        let (id, prompt) = self.prompted(&wish(self, "work", "device")).await;
        self.confirm(&prompt);
        self.choose(&id, "aws_account", "111122223333").await;
        self.choose(&id, "role", "Developer").await;
        let account = self.signing_in(&id, "done").await["account"].as_str().expect("an account").to_owned();
        self.activate(&account).await;
        account
    }
}

/// Until so many requests are under way.
async fn waiting(app: &TestApp, count: usize) {
    let look = async {
        while app.running.gateway().limits.under_way() != count {
            tokio::task::yield_now().await;
        }
    };
    in_time(look).await;
}

#[tokio::test]
async fn a_person_of_an_organisation_chooses_an_account_and_a_role() {
    let app = TestApp::sandbox().await;
    for flow in ["device", "browser"] {
        let (id, prompt) = app.prompted(&wish(&app, flow, flow)).await;
        match flow {
            "device" => app.confirm(&prompt),
            _ => assert_eq!(app.browse(prompt["url"].as_str().expect("a page")).await.status, 200),
        }
        let accounts = app.choose(&id, "aws_account", "111122223333").await;
        let labels: Vec<_> =
            accounts.as_array().expect("options").iter().map(|one| one["label"].clone()).collect();
        assert_eq!(labels, ["Development (111122223333)", "Production (444455556666)"], "of both pages");
        let roles = app.choose(&id, "role", "Developer").await;
        assert_eq!(roles.as_array().map(Vec::len), Some(2));
        let account = app.signing_in(&id, "done").await["account"].as_str().expect("an account").to_owned();
        app.activate(&account).await;
        app.said(Dialect::Messages, &hello()).await;
        let view = app.account(&account).await;
        assert_eq!(
            view["credential"],
            json!({"kind": "identity_center", "label": "Developer @ 111122223333"})
        );
        assert!(view["session_ends_ms"].is_i64() && view["sign_in_ends_ms"].is_i64(), "{view}");
    }
    // Where there is nothing to choose, nobody is asked.
    let (id, prompt) = app.prompted(&wish(&app, "prod", "device")).await;
    app.confirm(&prompt);
    app.choose(&id, "aws_account", "444455556666").await;
    let done = app.signing_in(&id, "done").await;
    let label =
        app.account(done["account"].as_str().expect("an account")).await["credential"]["label"].clone();
    assert_eq!(label, "ReadOnly @ 444455556666");
    app.stop().await;
}

#[tokio::test]
async fn keys_are_renewed_for_as_long_as_the_sign_in_lasts() {
    let app = TestApp::sandbox().await;
    let account = app.worker().await;
    app.said(Dialect::Messages, &hello()).await;
    let kiro = app.emulator.kiro();
    assert_eq!((kiro.roles_taken(), kiro.refreshes(PERSON)), (1, 0));
    // The keys are over before their time: fresh ones, with the same sign-in.
    kiro.expire_roles();
    app.said(Dialect::Messages, &hello()).await;
    assert_eq!((kiro.roles_taken(), kiro.refreshes(PERSON)), (2, 0));
    // The token too.
    kiro.expire_roles();
    kiro.expire(PERSON);
    app.said(Dialect::Messages, &hello()).await;
    assert_eq!((kiro.roles_taken(), kiro.refreshes(PERSON)), (3, 1));
    // And fifty at once are one renewal.
    kiro.expire_roles();
    kiro.expire(PERSON);
    let asking = (0..50).map(|_| async { app.said(Dialect::Messages, &hello()).await });
    futures_util::future::join_all(asking).await;
    assert_eq!((kiro.roles_taken(), kiro.refreshes(PERSON)), (4, 2));
    assert_eq!(app.state(&account).await, "ready");
    // Trouble at the portal or the sign-in service is not the person's.
    for operation in [Operation::GetRoleCredentials, Operation::CreateToken] {
        kiro.expire_roles();
        kiro.expire(PERSON);
        // The token is found expired at the portal first, then renewed, then used.
        app.emulator.script().push_when(When::operation(operation), Fault::Refuse(Refusal::of_status(500)));
        let answer = app.ask(Dialect::Messages, &hello()).await;
        assert!(answer.status.is_server_error(), "{operation:?}: {}", answer.text());
        assert_eq!(app.state(&account).await, "ready", "{operation:?}");
        app.activate(&account).await;
        app.said(Dialect::Messages, &hello()).await;
    }
    app.stop().await;
}

#[tokio::test]
async fn a_role_that_was_taken_away_is_said() {
    let app = TestApp::sandbox().await;
    let account = app.worker().await;
    let gone = Refusal::new(403, "ForbiddenException", "No access");
    app.emulator.script().push_when(When::operation(Operation::GetRoleCredentials), Fault::Refuse(gone));
    let answer = app.ask(Dialect::Messages, &hello()).await;
    assert_eq!(answer.status, 401, "{}", answer.text());
    assert!(answer.text().contains("no longer yours"), "{}", answer.text());
    assert_eq!(app.state(&account).await, "needs_sign_in");
    app.stop().await;
}

/// The person is told while they can still act, and requests that come while they do are answered.
#[tokio::test]
async fn requests_wait_for_a_person_who_is_signing_in_again() {
    let app = TestApp::sandbox().await;
    let account = app.worker().await;
    app.said(Dialect::Messages, &hello()).await;
    let before = app.account(&account).await;
    let end = || {
        app.emulator.kiro().expire_roles();
        app.emulator.kiro().revoke(PERSON);
    };
    end();
    let refused = app.ask(Dialect::Messages, &hello()).await;
    assert_eq!(refused.status, 401, "nobody is at it: {}", refused.text());
    assert_eq!(app.state(&account).await, "needs_sign_in");
    // A click in the tray leads there.
    let click = switchboard::tray::Action::Account(account.clone());
    let route = click.take(app.running.gateway()).await;
    assert_eq!(route, Ok(Some(format!("/accounts/{account}/sign-in"))));

    let (id, prompt) = app.prompted(&json!({"account": account})).await;
    let asking = async {
        let three = (0..3).map(|_| async { app.ask(Dialect::Messages, &hello()).await });
        let answers = futures_util::future::join_all(three).await;
        for answer in &answers {
            assert_eq!(answer.status, 200, "{}", answer.text());
        }
        app.row(&answers[0]).await
    };
    let signing_in = async {
        // They are all in, and wait.
        waiting(&app, 3).await;
        app.confirm(&prompt);
        app.signing_in(&id, "done").await
    };
    let (row, done) = tokio::join!(asking, signing_in);
    assert_eq!((&row["status"], &row["error_category"]), (&json!(200), &Value::Null), "{row}");
    assert_eq!(done["account"], account.as_str());
    let after = app.account(&account).await;
    for member in ["id", "name", "position", "credential", "active"] {
        assert_eq!(after[member], before[member], "{member}");
    }

    // Whose sign-in is cancelled, or takes too long, is told.
    end();
    assert_eq!(app.ask(Dialect::Messages, &hello()).await.status, 401);
    let (id, _) = app.prompted(&json!({"account": account})).await;
    let cancelling = async {
        waiting(&app, 1).await;
        let request = app.request("DELETE", &format!("/api/signins/{id}"));
        app.send(request.body(http_body_util::Full::default()).expect("request")).await
    };
    let body = hello();
    let (answer, cancelled) = tokio::join!(app.ask(Dialect::Messages, &body), cancelling);
    assert_eq!((answer.status.as_u16(), cancelled.status.as_u16()), (401, 204), "{}", answer.text());
    app.set(&json!({"timeouts": {"sign_in_s": 1}})).await;
    let (_, _) = app.prompted(&json!({"account": account})).await;
    assert_eq!(app.ask(Dialect::Messages, &hello()).await.status, 401, "after a second");
    app.stop().await;
}

/// Without a refresh token the end is known, and shown.
#[tokio::test]
async fn a_sign_in_that_cannot_be_renewed_has_an_end() {
    let life = Duration::from_secs(1800);
    let app = TestApp::with(KiroConfig { lasting: false, token_life: life, ..KiroConfig::default() }).await;
    let account = app.worker().await;
    app.said(Dialect::Messages, &hello()).await;
    let view = app.account(&account).await;
    let ends = view["sign_in_ends_ms"].as_i64().expect("an end");
    let left = ends - view["created_ms"].as_i64().expect("a time");
    assert!((1_790_000..=1_801_000).contains(&left), "{left}");
    app.emulator.kiro().expire_roles();
    app.emulator.kiro().expire(PERSON);
    let answer = app.ask(Dialect::Messages, &hello()).await;
    assert_eq!(answer.status, 401, "{}", answer.text());
    assert!(answer.text().contains("accounts sign-in"), "{}", answer.text());
    app.stop().await;
}
