//! Accounts that rest: nobody waits in a queue, everybody is told when to come back.

use emulator::{Fault, Refusal};
use serde_json::json;

use super::failed;
use crate::client::{CLAUDE, DIALECTS, Dialect, MODELS};
use crate::harness::TestApp;
use crate::upstream::{Prepared, Upstream};

fn throttled(retry_after: &str) -> Prepared {
    Prepared::refusal(429, "ThrottlingException", "Too many requests").with("retry-after", retry_after)
}

#[tokio::test]
async fn an_account_rests_as_long_as_it_was_told() {
    let upstream = Upstream::start().await;
    let app = TestApp::sandbox().await;
    let id = app.add_account_at("own", &upstream).await;
    upstream.prepare(throttled("77"));
    for dialect in DIALECTS {
        for stream in [false, true] {
            let answer = app.ask(dialect, &dialect.asking(MODELS[0], "hello", stream)).await;
            assert_eq!(answer.status, 429, "{}", answer.text());
            let wait: u64 = answer.header("retry-after").expect("a time").parse().expect("seconds");
            assert!((70..=77).contains(&wait), "{wait}");
            dialect.error(&answer.json());
            let row = app.row(&answer).await;
            let first = row["error_category"] == "rate_limited";
            assert!(first || row["error_category"] == "all_cooling", "{row}");
            assert_eq!(row["attempts"], i32::from(first), "{row}");
        }
    }
    assert_eq!(upstream.received().len(), 1, "who rests is not asked");
    assert_eq!(app.account(&id).await["state"]["kind"], "cooling");
    // The person's word ends the rest.
    app.activate(&id).await;
    upstream.prepare(Prepared::saying("rested"));
    assert_eq!(
        app.said(Dialect::Messages, &Dialect::Messages.asking(CLAUDE, "hello", true)).await.text,
        "rested"
    );
}

#[tokio::test]
async fn a_short_wait_is_waited_out() {
    let upstream = Upstream::start().await;
    let app = TestApp::sandbox().await;
    app.add_account_at("own", &upstream).await;
    upstream.prepare(throttled("1"));
    upstream.prepare(Prepared::saying("at last"));
    let answer = app.ask(Dialect::Messages, &Dialect::Messages.asking(CLAUDE, "hello", true)).await;
    assert_eq!(Dialect::Messages.read(&answer).text, "at last");
    let row = app.row(&answer).await;
    assert_eq!((failed(&row), &row["attempts"]), (vec![("own", "rate_limited")], &json!(2)), "{row}");
    assert!(row["first_byte_ms"].as_f64() >= Some(1000.0), "{row}");
}

#[tokio::test]
async fn five_failures_in_a_row_close_an_account() {
    let app = TestApp::sandbox().await;
    let id = app.add_account("main").await;
    let ask = Dialect::Messages.asking(CLAUDE, "hello", true);
    // Each request tries twice.
    for _ in 0..6 {
        app.emulator.script().push(Fault::Refuse(Refusal::of_status(503)));
    }
    for turn in 0..3 {
        let answer = app.ask(Dialect::Messages, &ask).await;
        assert_eq!(answer.status, 529, "{turn}: {}", answer.text());
    }
    assert_eq!(app.account(&id).await["state"]["kind"], "cooling");
    let asked = app.emulator.journal().count();
    let answer = app.ask(Dialect::Messages, &ask).await;
    assert_eq!(answer.status, 429, "{}", answer.text());
    let wait: u64 = answer.header("retry-after").expect("a time").parse().expect("seconds");
    assert!((20..=31).contains(&wait), "{wait}");
    assert_eq!(app.emulator.journal().count(), asked);
    app.activate(&id).await;
    app.emulator.script().clear();
    assert!(app.said(Dialect::Messages, &ask).await.ended);
    assert_eq!(app.account(&id).await["state"]["kind"], "ready");
}
