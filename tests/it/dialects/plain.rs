//! A question and its answer, in one piece and in pieces.

use emulator::Operation;
use serde_json::json;

use crate::client::{DIALECTS, Dialect, MODELS, NOVA, Usage};
use crate::harness::{Sent, TestApp};
use crate::sides::{SIDES, Sides};

#[tokio::test]
async fn an_answer_says_the_same_whole_and_streamed() {
    let sides = Sides::start().await;
    let app = &sides.app;
    for dialect in DIALECTS {
        for side in SIDES {
            let model = side.model;
            sides.turn_to(side).await;
            let whole = app.said(dialect, &dialect.asking(model, "hello, wörld 🌍", false)).await;
            let mut streamed = app.said(dialect, &dialect.asking(model, "hello, wörld 🌍", true)).await;
            assert_eq!(whole.text, "echo: hello, wörld 🌍", "{dialect:?} {side:?}");
            assert_eq!(whole.stop, dialect.stop_word("end_turn"));
            assert_eq!(whole.model, model, "clients check that they got the model they asked for");
            let usage = whole.usage.expect("usage");
            assert!(usage.input > 0 && usage.output > 0, "{usage:?}");
            streamed.usage = streamed.usage.or(Some(usage));
            assert_eq!(whole, streamed, "{dialect:?} {side:?}");
        }
    }
    sides.finish().await;
}

#[tokio::test]
async fn headers_and_the_row_tell_who_answered_and_what_it_cost() {
    let app = TestApp::start().await;
    for dialect in DIALECTS {
        for model in MODELS {
            for stream in [false, true] {
                let answer = app.ask(dialect, &dialect.asking(model, "hello", stream)).await;
                let said = dialect.read(&answer);
                let served = answer.header("x-proxy-model").expect("a model");
                assert!(served.contains(model.trim_start_matches("claude-")), "{served}");
                assert_eq!(answer.header("x-proxy-account"), Some("main"));
                assert_eq!(answer.header("x-request-id"), answer.header("request-id"));
                assert_eq!(answer.header("x-should-retry"), None);
                if stream {
                    assert_eq!(answer.header("cache-control"), Some("no-cache"));
                }
                let row = app.row(&answer).await;
                let expected = json!({
                    "dialect": dialect.name(), "method": "POST", "path": dialect.path(),
                    "model_asked": model, "model_served": served, "account_name": "main", "provider": "bedrock",
                    "upstream_wire": if model == NOVA { "bedrock_converse" } else { "anthropic_messages" },
                    "stream": stream, "attempts": 1, "status": 200, "error_category": null, "error_message": null,
                    "upstream_status": null, "usage_estimated": false, "dropped_opaque": 0, "incomplete": false,
                    "stop_reason": "end_turn", "failover_from": null,
                });
                for (name, value) in expected.as_object().expect("an object") {
                    assert_eq!(&row[name], value, "{name} of {row}");
                }
                assert_eq!(said.usage, Some(Usage::of_row(&row)), "{dialect:?} {model} {stream}");
                assert!(row["cost_usd"].as_f64().expect("a cost") > 0.0);
                let (first, total) = (row["first_byte_ms"].as_f64(), row["total_ms"].as_f64());
                assert!(first > Some(0.0) && first <= total, "{first:?} {total:?}");
                assert!(row["upstream_request_id"].is_string(), "{row}");
            }
        }
    }
}

#[tokio::test]
async fn a_first_start_answers_from_the_sandbox() {
    let app = TestApp::sandbox().await;
    for dialect in DIALECTS {
        for model in MODELS {
            for stream in [false, true] {
                let answer = app.ask(dialect, &dialect.asking(model, "hello", stream)).await;
                assert_eq!(dialect.read(&answer).text, "echo: hello");
                assert_eq!(answer.header("x-proxy-account"), Some("Sandbox"));
            }
        }
    }
}

#[tokio::test]
async fn openai_streams_tell_usage_only_when_asked() {
    let app = TestApp::start().await;
    for dialect in [Dialect::Chat, Dialect::Completions] {
        let mut body = dialect.asking(NOVA, "hello", true);
        body.as_object_mut().expect("an object").remove("stream_options");
        let answer = app.ask(dialect, &body).await;
        assert_eq!(dialect.read(&answer).usage, None);
        assert!(!answer.text().contains("\"usage\""));
        assert!(app.row(&answer).await["output_tokens"].as_u64() > Some(0));
    }
}

#[tokio::test]
async fn frames_in_small_pieces_make_the_same_answer() {
    let sides = Sides::start().await;
    let app = &sides.app;
    for dialect in DIALECTS {
        for side in SIDES {
            let model = side.model;
            sides.turn_to(side).await;
            let text = "a longer text, so that several deltas come [[fault:split 7]]";
            let said = app.said(dialect, &dialect.asking(model, text, true)).await;
            assert_eq!(said.text, format!("echo: {text}"));
        }
    }
    sides.finish().await;
}

#[tokio::test]
async fn a_conversation_with_instructions_goes_on() {
    let sides = Sides::start().await;
    let app = &sides.app;
    for side in SIDES {
        let model = side.model;
        sides.turn_to(side).await;
        let turns = json!([
            {"role": "user", "content": "one"},
            {"role": "assistant", "content": "echo: one"},
            {"role": "user", "content": [{"type": "text", "text": "two"}]},
        ]);
        let mut body = Dialect::Messages.talking(model, &turns, true);
        body["system"] = json!("Be brief.");
        assert_eq!(app.said(Dialect::Messages, &body).await.text, "echo: two");

        let mut messages = turns.as_array().expect("turns").clone();
        messages.insert(0, json!({"role": "developer", "content": "Be brief."}));
        let body = Dialect::Chat.talking(model, &messages.into(), true);
        assert_eq!(app.said(Dialect::Chat, &body).await.text, "echo: two");
    }
    let requests = app.emulator.journal().requests();
    for request in requests.iter().filter(|row| row.operation.is_some_and(Operation::generates)) {
        assert!(request.text().contains("Be brief."), "{}", request.text());
    }
    sides.finish().await;
}
