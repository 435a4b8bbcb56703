//! What happens before the first content when an account fails: again, another, or an honest error.

use emulator::{Fault, Refusal, When};
use http_body_util::Full;
use serde_json::json;

use super::{Three, failed};
use crate::client::{CLAUDE, Dialect};
use crate::harness::{TestApp, access_key};

/// How often the active account fails, how, and what comes of it.
struct Case {
    name: &'static str,
    fault: fn() -> Fault,
    times: usize,
    /// Who is asked, in order.
    asked: &'static [&'static str],
    status: u16,
    category: &'static str,
    /// How the active account is afterwards.
    state: &'static str,
}

fn refuse(name: &str) -> Fault {
    Fault::Refuse(Refusal::named(name).expect("a known name"))
}

#[rustfmt::skip]
const CASES: &[Case] = &[
    Case { name: "throttled", fault: || refuse("throttle"), times: 1, asked: &["a", "b"], status: 200, category: "rate_limited", state: "cooling" },
    Case { name: "quota", fault: || refuse("daily"), times: 1, asked: &["a"], status: 429, category: "quota", state: "exhausted" },
    Case { name: "wrong", fault: || refuse("conflict"), times: 1, asked: &["a"], status: 400, category: "invalid_request", state: "ready" },
    Case { name: "too long", fault: || refuse("too-long"), times: 1, asked: &["a"], status: 400, category: "context_length", state: "ready" },
    Case { name: "no such model", fault: || refuse("eol"), times: 1, asked: &["a"], status: 404, category: "model_not_found", state: "ready" },
    Case { name: "not allowed", fault: || refuse("denied"), times: 1, asked: &["a"], status: 403, category: "permission_denied", state: "ready" },
    // Plain keys cannot be refreshed.
    Case { name: "expired", fault: || refuse("expired"), times: 1, asked: &["a", "b"], status: 200, category: "expired", state: "needs_sign_in" },
    Case { name: "unknown keys", fault: || refuse("unrecognized"), times: 1, asked: &["a", "b"], status: 200, category: "expired", state: "needs_sign_in" },
    Case { name: "500 once", fault: || refuse("internal"), times: 1, asked: &["a", "a"], status: 200, category: "upstream", state: "ready" },
    Case { name: "500 twice", fault: || refuse("internal"), times: 2, asked: &["a", "a", "b"], status: 200, category: "upstream", state: "ready" },
    Case { name: "503 once", fault: || refuse("unavailable"), times: 1, asked: &["a", "a"], status: 200, category: "overloaded", state: "ready" },
    Case { name: "503 twice", fault: || refuse("unavailable"), times: 2, asked: &["a", "a", "b"], status: 200, category: "overloaded", state: "ready" },
    Case { name: "a page", fault: || Fault::Html, times: 2, asked: &["a", "a", "b"], status: 200, category: "upstream", state: "ready" },
    Case { name: "an exception before content", fault: || Fault::exception_after(1, "serviceUnavailableException"), times: 2, asked: &["a", "a", "b"], status: 200, category: "overloaded", state: "ready" },
    Case { name: "an end before content", fault: || Fault::EndAfter(1), times: 2, asked: &["a", "a", "b"], status: 200, category: "upstream", state: "ready" },
    Case { name: "a reset before a byte", fault: || Fault::CutAfter(0), times: 2, asked: &["a", "a", "b"], status: 200, category: "upstream", state: "ready" },
    Case { name: "slow", fault: || refuse("timeout"), times: 1, asked: &["a", "b"], status: 200, category: "timeout", state: "ready" },
];

#[tokio::test]
async fn each_failure_has_its_way() {
    let three = Three::start().await;
    for case in CASES {
        // Ends the rest that the case before brought.
        three.app.activate(&three.b).await;
        three.app.activate(&three.a).await;
        for _ in 0..case.times {
            three.app.emulator.script().push_when(When::key(access_key("a").id), (case.fault)());
        }
        let before = three.app.emulator.journal().count();
        let answer = three.ask("hello").await;
        let at = format!("{}: {}", case.name, answer.text());
        assert_eq!(answer.status, case.status, "{at}");
        assert_eq!(three.asked_since(before), case.asked, "{at}");
        let row = three.app.row(&answer).await;
        let at = format!("{at}: {row}");
        assert_eq!(row["attempts"], case.asked.len(), "{at}");
        assert_eq!(row["account_name"], *case.asked.last().expect("somebody"), "{at}");
        assert_eq!(failed(&row), vec![("a", case.category); case.times], "{at}");
        assert_eq!(three.state("a").await, case.state, "{at}");
        let retried = (case.asked.len() > 1).then_some("false");
        assert_eq!(answer.header("x-should-retry"), retried.filter(|_| answer.status != 200), "{at}");
        if case.status == 200 {
            assert_eq!(Dialect::Messages.read(&answer).text, "echo: hello", "{at}");
        } else {
            assert_eq!(row["error_category"], case.category, "{at}");
        }
        assert_eq!(three.app.emulator.script().pending(), 0, "{at}");
    }
}

#[tokio::test]
async fn others_step_in_in_the_persons_order_and_two_are_enough() {
    let three = Three::start().await;
    three.ordered(&["c", "b", "a"]).await;
    assert_eq!(three.ask("[[fault:throttle]]").await.status, 429);
    assert_eq!(three.asked_since(0), ["a", "c"]);
    // Those two rest now.
    let answer = three.ask("hello").await;
    assert_eq!(answer.header("x-proxy-account"), Some("b"));
    assert_eq!(three.asked_since(2), ["b"]);
}

#[tokio::test]
async fn the_person_may_forbid_others_and_allow_them_for_quotas() {
    let three = Three::start().await;
    three.app.set(&json!({"failover": {"on_quota": true}})).await;
    three.app.emulator.script().push_when(When::key(access_key("a").id), refuse("daily"));
    assert_eq!(three.ask("hello").await.header("x-proxy-account"), Some("b"));
    assert_eq!(three.state("a").await, "exhausted");
    three.app.set(&json!({"failover": {"enabled": false}})).await;
    three.app.activate(&three.b).await;
    let before = three.app.emulator.journal().count();
    assert_eq!(three.ask("[[fault:throttle]]").await.status, 429);
    assert_eq!(three.asked_since(before), ["b"]);
}

#[tokio::test]
async fn nobody_steps_in_after_content() {
    let three = Three::start().await;
    let fault = Fault::exception_after(4, "serviceUnavailableException");
    three.app.emulator.script().push_when(When::key(access_key("a").id), fault);
    let answer = three.ask(&"many words ".repeat(20)).await;
    let said = Dialect::Messages.read(&answer);
    assert!(!said.ended && said.error.is_some(), "{said:?}");
    assert_eq!(three.asked_since(0), ["a"]);
    let row = three.app.row(&answer).await;
    assert_eq!((&row["incomplete"], &row["account_name"]), (&json!(true), &json!("a")), "{row}");
}

#[tokio::test]
async fn an_account_that_cannot_be_reached_is_stepped_in_for() {
    let three = Three::start().await;
    // Bound and closed again: nobody listens there.
    let gone = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let id = three.app.add_account_with("gone", &format!("http://{gone}"), &access_key("main")).await;
    three.app.activate(&id).await;
    let answer = three.ask("hello").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let row = three.app.row(&answer).await;
    assert_eq!(failed(&row), [("gone", "unreachable"), ("gone", "unreachable")]);
    assert_eq!(row["attempts"], 3, "{row}");
    assert_eq!(three.app.account(&id).await["state"]["kind"], "ready");
}

/// The upstream's clock is not ours: the date of its answer tells by how much, and the next try is signed with it.
#[tokio::test]
async fn a_clock_that_is_wrong_is_made_good_once() {
    let app = TestApp::start().await;
    let ask = Dialect::Messages.asking(CLAUDE, "hello [[fault:skew 1800]]", true);
    for attempts in [2, 1] {
        let answer = app.ask(Dialect::Messages, &ask).await;
        assert!(Dialect::Messages.read(&answer).ended);
        assert_eq!(app.row(&answer).await["attempts"], attempts);
    }
}

#[tokio::test]
async fn a_model_that_an_account_does_not_have_goes_to_one_that_has_it() {
    let app = TestApp::sandbox().await;
    app.add_account("a").await;
    let key = access_key("b");
    let body = json!({
        "name": "b", "provider": "bedrock", "region": "eu-west-1", "endpoint_url": app.emulator.url(),
        "credential": {"kind": "access_key", "access_key_id": key.id, "secret_access_key": key.secret},
    });
    let added = app.post("/api/accounts", &body).await;
    assert_eq!(added.status, 201, "{}", added.text());
    app.activate(added.json()["id"].as_str().expect("an id")).await;
    // Only the list of an account tells what its region has.
    assert_eq!(app.get("/api/models?refresh=true").await.status, 200);
    for (model, account) in [("deepseek-r1", "a"), ("nova-2-lite", "b")] {
        let request = app.request("POST", Dialect::Chat.path());
        let asked = Dialect::Chat.asking(model, "hello", true).to_string();
        let answer = app.send(request.body(Full::from(asked)).expect("request")).await;
        assert_eq!(answer.header("x-proxy-account"), Some(account), "{model}: {}", answer.text());
        assert_eq!(app.row(&answer).await["attempts"], 1);
    }
}

/// Every account fails, and a hundred clients ask at the same moment: what is tried again stays within the bucket, also
/// what goes on to another account.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_of_failures_is_no_storm_of_attempts() {
    const CLIENTS: usize = 100;
    let three = Three::start().await;
    let before = three.app.emulator.journal().count();
    let asking = (0..CLIENTS).map(|number| {
        let body =
            Dialect::Messages.asking(CLAUDE, &format!("[[fault:status 503]] {number}"), number % 2 == 0);
        let app = &three.app;
        async move { app.ask(Dialect::Messages, &body).await.status }
    });
    let statuses = futures_util::future::join_all(asking).await;
    assert!(statuses.iter().all(|status| status.is_server_error() || *status == 429), "{statuses:?}");
    let extra = (three.app.emulator.journal().count() - before).saturating_sub(CLIENTS);
    assert!(extra <= CLIENTS / 5 + 20, "{extra} more attempts");
    three.app.stop().await;
}
