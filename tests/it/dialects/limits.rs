//! Limits of the answer: stop sequences, length, and what is brought into the upstream's range.

use serde_json::{Value, json};

use crate::client::{CLAUDE, DIALECTS, Dialect, MODELS, NOVA};
use crate::harness::TestApp;
use crate::sides::{CONVERSE, SIDES, Sides};

/// What an answer tells of the changes to its request: the header, after a look at the row.
async fn adjusted(app: &TestApp, dialect: Dialect, body: &Value) -> Vec<String> {
    let answer = app.ask(dialect, body).await;
    assert!(dialect.read(&answer).ended);
    let told: Vec<String> = answer
        .header("x-proxy-adjusted")
        .map(|list| list.split("; ").map(str::to_owned).collect())
        .unwrap_or_default();
    assert_eq!(app.row(&answer).await["adjustments"], json!(told));
    told
}

#[tokio::test]
async fn a_stop_sequence_ends_an_answer() {
    let sides = Sides::start().await;
    let app = &sides.app;
    for dialect in DIALECTS.into_iter().filter(|dialect| *dialect != Dialect::Responses) {
        for side in SIDES {
            let model = side.model;
            sides.turn_to(side).await;
            for stream in [false, true] {
                let mut body = dialect.asking(model, "one END two", stream);
                match dialect {
                    Dialect::Messages => body["stop_sequences"] = json!(["END"]),
                    Dialect::Chat => body["stop"] = json!(["END", "never"]),
                    _ => body["stop"] = json!("END"),
                }
                let answer = app.ask(dialect, &body).await;
                let said = dialect.read(&answer);
                assert_eq!(said.text, "echo: one ", "{dialect:?} {side:?} {stream}");
                assert_eq!(said.stop, dialect.stop_word("stop_sequence"));
                if dialect == Dialect::Messages && side != CONVERSE {
                    assert_eq!(said.stop_sequence.as_deref(), Some("END"));
                }
                assert_eq!(app.row(&answer).await["stop_reason"], "stop_sequence");
            }
        }
    }
    sides.finish().await;
}

#[tokio::test]
async fn a_short_limit_cuts_an_answer() {
    let app = TestApp::start().await;
    for dialect in DIALECTS {
        for model in MODELS {
            for stream in [false, true] {
                let body = dialect.limited(dialect.asking(model, "hello", stream), 2);
                let answer = app.ask(dialect, &body).await;
                let said = dialect.read(&answer);
                assert_eq!(
                    (said.text.as_str(), said.stop.as_str()),
                    ("echo: he", dialect.stop_word("max_tokens"))
                );
                assert_eq!(app.row(&answer).await["stop_reason"], "max_tokens");
            }
        }
    }
}

#[tokio::test]
async fn a_limit_above_the_models_own_is_lowered() {
    let app = TestApp::start().await;
    for dialect in DIALECTS {
        for model in MODELS {
            for stream in [false, true] {
                let body = dialect.limited(dialect.asking(model, "hello", stream), 10_000_000);
                assert_eq!(adjusted(&app, dialect, &body).await, ["max_tokens:64000"], "{dialect:?} {model}");
            }
        }
    }
}

#[tokio::test]
async fn openai_requests_need_no_limit() {
    let sides = Sides::start().await;
    let app = &sides.app;
    for dialect in [Dialect::Chat, Dialect::Completions] {
        for side in SIDES {
            let model = side.model;
            sides.turn_to(side).await;
            let mut body = dialect.asking(model, "hello", false);
            body.as_object_mut().expect("an object").remove("max_tokens");
            assert_eq!(app.said(dialect, &body).await.text, "echo: hello");
        }
    }
    sides.turn_to(CONVERSE).await;
    let mut body = Dialect::Chat.asking(NOVA, "hello", false);
    body["max_completion_tokens"] = json!(2);
    assert_eq!(app.said(Dialect::Chat, &body).await.text, "echo: he", "beats max_tokens");
    sides.finish().await;
}

#[tokio::test]
async fn sampling_out_of_range_is_adjusted_and_told() {
    let app = TestApp::start().await;
    for dialect in [Dialect::Chat, Dialect::Completions] {
        for model in MODELS {
            let mut body = dialect.asking(model, "hello", true);
            body["temperature"] = json!(1.7);
            body["seed"] = json!(7);
            let told = adjusted(&app, dialect, &body).await;
            assert_eq!(told, ["temperature:1", "seed:dropped"], "{dialect:?} {model}");
        }
    }
    // Claude since 4.5 takes one of the two.
    for dialect in DIALECTS {
        let mut body = dialect.asking(CLAUDE, "hello", false);
        body["temperature"] = json!(0.5);
        body["top_p"] = json!(0.9);
        assert_eq!(adjusted(&app, dialect, &body).await, ["top_p:dropped"], "{dialect:?}");
        let mut body = dialect.asking(NOVA, "hello", false);
        body["temperature"] = json!(0.5);
        body["top_p"] = json!(0.9);
        assert!(adjusted(&app, dialect, &body).await.is_empty(), "{dialect:?}");
    }
}

#[tokio::test]
async fn the_service_tier_falls_back() {
    let app = TestApp::start().await;
    let tier = |model| {
        let mut body = Dialect::Chat.asking(model, "hello", false);
        body["service_tier"] = json!("flex");
        body
    };
    assert_eq!(adjusted(&app, Dialect::Chat, &tier(CLAUDE)).await, ["service_tier:dropped"]);
    assert!(adjusted(&app, Dialect::Chat, &tier(NOVA)).await.is_empty());
    // Sold without tiers: the refusal is healed, and the next request knows.
    for _ in 0..2 {
        assert_eq!(adjusted(&app, Dialect::Chat, &tier("nova-lite")).await, ["service_tier:refused"]);
    }
    assert_eq!(app.emulator.journal().count(), 5);
}
