//! Structured output.

use serde_json::{Value, json};

use crate::client::{CLAUDE, Dialect, NOVA, RICH};
use crate::harness::TestApp;

/// Claude and Qwen have it, Nova is asked through a tool.
const CAPABLE: [&str; 3] = [CLAUDE, "qwen3-32b", NOVA];

fn schema() -> Value {
    json!({
        "type": "object",
        "properties": {"name": {"type": "string", "minLength": 1}, "kind": {"enum": ["a", "b"]}},
        "required": ["name", "kind"],
        "additionalProperties": false,
    })
}

fn formatted(dialect: Dialect, model: &str, stream: bool) -> Value {
    let mut body = dialect.asking(model, "fill it in", stream);
    match dialect {
        Dialect::Messages => {
            body["output_config"] = json!({"format": {"type": "json_schema", "schema": schema()}})
        }
        _ => {
            body["response_format"] = json!({"type": "json_schema", "json_schema": {"name": "thing", "strict": true, "schema": schema()}});
        }
    }
    body
}

#[tokio::test]
async fn an_answer_fits_its_schema() {
    let app = TestApp::start().await;
    for dialect in RICH {
        for model in CAPABLE {
            for stream in [false, true] {
                let said = app.said(dialect, &formatted(dialect, model, stream)).await;
                let value: Value = serde_json::from_str(&said.text)
                    .unwrap_or_else(|error| panic!("{dialect:?} {model} {stream}: {error}: {said:?}"));
                assert_eq!(value["kind"], "a");
                assert!(value["name"].is_string());
                assert!(said.calls.is_empty(), "the tool that stands for the answer is ours alone");
                assert_eq!(said.stop, dialect.stop_word("end_turn"), "{dialect:?} {model} {stream}");
            }
        }
    }
}

#[tokio::test]
async fn a_refused_schema_is_asked_for_otherwise() {
    let app = TestApp::start().await;
    let refusal = emulator::Refusal::validation("output_config.format: the schema cannot be compiled");
    for dialect in RICH {
        let app = if dialect == Dialect::Messages { &app } else { &TestApp::start().await };
        app.emulator.script().push(emulator::Fault::Refuse(refusal.clone()));
        let answer = app.ask(dialect, &formatted(dialect, CLAUDE, true)).await;
        assert!(dialect.read(&answer).ended, "{}", answer.text());
        let told = answer.header("x-proxy-adjusted").unwrap_or_default();
        assert!(told.contains("response_format:refused"), "{dialect:?}: {told}");
        assert_eq!(app.row(&answer).await["attempts"], 2);
    }
}

#[tokio::test]
async fn json_objects_are_asked_for_in_words() {
    let app = TestApp::start().await;
    for model in CAPABLE {
        let mut body = Dialect::Chat.asking(model, "fill it in", true);
        body["response_format"] = json!({"type": "json_object"});
        app.said(Dialect::Chat, &body).await;
    }
    for sent in app.emulator.journal().requests() {
        assert!(String::from_utf8_lossy(&sent.body).contains("JSON object"), "{sent:?}");
    }
}
