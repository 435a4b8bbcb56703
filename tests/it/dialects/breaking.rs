//! Answers that break off: after content the client gets an error event and never an end that looks like one.

use std::time::Duration;

use serde_json::{Value, json};

use crate::client::{DIALECTS, Dialect};
use crate::sides::{BEDROCK, SIDES, Side, Sides};

/// A fault in the middle, and the category that the row names.
const BREAKS: [(&str, &str); 7] = [
    ("exception-after 4 throttlingException", "rate_limited"),
    ("exception-after 4 serviceUnavailableException", "overloaded"),
    ("exception-after 4 modelStreamErrorException", "upstream"),
    ("exception-after 4 internalServerException", "upstream"),
    ("cut-after 1500", "truncated"),
    ("end-after 5", "truncated"),
    ("garbage 5", "upstream"),
];

/// Kiro tells an answer in more and smaller pieces, and its wire has no end of its own: a body that ends between two
/// frames is complete.
const KIRO_BREAKS: [(&str, &str); 7] = [
    ("exception-after 12 ThrottlingException", "rate_limited"),
    ("exception-after 12 serviceUnavailableException", "overloaded"),
    ("exception-after 12 internalServerException", "upstream"),
    ("exception-after 12 SomethingNewException", "upstream"),
    ("cut-after 2500", "truncated"),
    ("clip-after 2500", "truncated"),
    ("garbage 12", "upstream"),
];

fn breaks(side: Side) -> &'static [(&'static str, &'static str)] {
    if side.is_kiro() { &KIRO_BREAKS } else { &BREAKS }
}

/// Long enough that every break is in the middle of it.
fn text(fault: &str) -> String {
    format!("{} [[fault:{fault}]]", "many words ".repeat(40))
}

fn assert_broken(row: &Value, category: &str) {
    assert_eq!(row["error_category"], category, "{row}");
    assert_eq!((&row["status"], &row["incomplete"]), (&json!(200), &json!(true)), "{row}");
    assert_eq!((&row["attempts"], &row["failover_from"]), (&json!(1), &json!(null)), "{row}");
    assert!(row["first_byte_ms"].is_number() && row["stop_reason"].is_null(), "{row}");
}

#[tokio::test]
async fn a_stream_that_breaks_ends_in_an_error_event() {
    let sides = Sides::start().await;
    let app = &sides.app;
    for dialect in DIALECTS {
        for side in SIDES {
            let model = side.model;
            for &(fault, category) in breaks(side) {
                sides.turn_to(side).await;
                let before = app.emulator.journal().count();
                let answer = app.ask(dialect, &dialect.asking(model, &text(fault), true)).await;
                let said = dialect.read(&answer);
                let at = format!("{dialect:?} {side:?} {fault}: {}", answer.text());
                assert!(!said.ended && said.stop.is_empty(), "{at}");
                assert!(said.text.starts_with("echo: many"), "{at}");
                let error = said.error.unwrap_or_else(|| panic!("no error event: {at}"));
                let (kind, _, message) = dialect.error(&error);
                let row = app.row(&answer).await;
                assert_broken(&row, category);
                assert_eq!(row["error_message"], message.as_str());
                if category == "overloaded" {
                    assert_eq!(
                        kind,
                        if dialect == Dialect::Messages { "overloaded_error" } else { "server_error" }
                    );
                }
                assert_eq!(app.emulator.journal().count() - before, 1, "{at}");
            }
        }
    }
    sides.finish().await;
}

#[tokio::test]
async fn a_stalled_stream_ends_in_an_error_event() {
    let sides = Sides::start().await;
    let app = &sides.app;
    app.set(&json!({"timeouts": {"idle_s": 1}})).await;
    for dialect in DIALECTS {
        for side in SIDES {
            let model = side.model;
            sides.turn_to(side).await;
            let answer = app.ask(dialect, &dialect.asking(model, &text("stall-after 5"), true)).await;
            let said = dialect.read(&answer);
            assert!(!said.ended && said.error.is_some(), "{}", answer.text());
            assert_broken(&app.row(&answer).await, "timeout");
        }
    }
    tokio::time::timeout(Duration::from_secs(1), app.emulator.journal().wait_idle()).await.expect("closed");
    sides.finish().await;
}

#[tokio::test]
async fn an_answer_that_never_begins_times_out() {
    let sides = Sides::start().await;
    let app = &sides.app;
    app.set(&json!({"timeouts": {"first_byte_s": 1}})).await;
    for side in SIDES {
        for stream in [false, true] {
            sides.turn_to(side).await;
            let body = Dialect::Messages.asking(side.model, "[[fault:delay 60000]]", stream);
            let answer = app.ask(Dialect::Messages, &body).await;
            assert_eq!(answer.status, 504, "{side:?}: {}", answer.text());
            assert_eq!(app.row(&answer).await["error_category"], "timeout");
        }
    }
    sides.finish().await;
}

#[tokio::test]
async fn a_stream_that_breaks_before_content_is_an_honest_status() {
    let sides = Sides::start().await;
    let app = &sides.app;
    for dialect in DIALECTS {
        for side in SIDES {
            let model = side.model;
            sides.turn_to(side).await;
            let fault = "[[fault:exception-after 1 internalServerException]]";
            let answer = app.ask(dialect, &dialect.asking(model, fault, true)).await;
            assert_eq!(answer.status, 500, "{dialect:?} {side:?}: {}", answer.text());
            assert_eq!(answer.header("x-should-retry"), Some("false"));
            let row = app.row(&answer).await;
            assert_eq!((&row["attempts"], &row["incomplete"]), (&json!(2), &json!(false)), "{row}");
            assert_eq!(row["failover_from"].as_array().map(Vec::len), Some(2), "{row}");
        }
    }
    sides.finish().await;
}

/// Long answers are fetched as a stream also for clients that want one piece, except where the upstream's own words
/// go out.
#[tokio::test]
async fn a_whole_answer_is_never_made_of_half_a_stream() {
    let sides = Sides::start().await;
    let app = &sides.app;
    for dialect in DIALECTS {
        for side in SIDES {
            let model = side.model;
            if (dialect, side) == (Dialect::Messages, BEDROCK) {
                continue;
            }
            for &(fault, category) in breaks(side) {
                sides.turn_to(side).await;
                let body = dialect.limited(dialect.asking(model, &text(fault), false), 30_000);
                let answer = app.ask(dialect, &body).await;
                let at = format!("{dialect:?} {side:?} {fault}: {}", answer.text());
                assert!(answer.status.as_u16() >= 400, "{at}");
                dialect.error(&answer.json());
                let row = app.row(&answer).await;
                assert_eq!(row["error_category"], category, "{at}");
                assert_eq!(row["status"], answer.status.as_u16(), "{at}");
            }
        }
    }
    sides.finish().await;
}

#[tokio::test]
async fn a_cut_whole_answer_is_an_error() {
    let sides = Sides::start().await;
    let app = &sides.app;
    for dialect in DIALECTS {
        for side in SIDES {
            let model = side.model;
            sides.turn_to(side).await;
            let answer =
                app.ask(dialect, &dialect.asking(model, "hello [[fault:cut-after 50]]", false)).await;
            assert_eq!(answer.status, 502, "{dialect:?} {side:?}: {}", answer.text());
            assert_eq!(app.row(&answer).await["error_category"], "truncated");
        }
    }
    sides.finish().await;
}
