//! Structured output: the service has no word for it, so the model is asked.

use emulator::Fault;
use serde_json::{Value, json};

use super::{adjusted, current};
use crate::client::{CLAUDE, Dialect, RICH};
use crate::harness::TestApp;

fn formatted(dialect: Dialect, schema: Option<&Value>, stream: bool) -> Value {
    let mut body = dialect.asking(CLAUDE, "fill it in", stream);
    match (dialect, schema) {
        (Dialect::Messages, Some(schema)) => {
            body["output_config"] = json!({"format": {"type": "json_schema", "schema": schema}});
        }
        (_, Some(schema)) => {
            body["response_format"] = json!({"type": "json_schema", "json_schema": {"name": "thing", "strict": true, "schema": schema}});
        }
        (_, None) => body["response_format"] = json!({"type": "json_object"}),
    }
    body
}

/// A stream that says `text` in small pieces.
fn saying(text: &str) -> Fault {
    let letters: Vec<char> = text.chars().collect();
    let line = |piece: &[char]| {
        json!({
            "headers": {":message-type": "event", ":event-type": "assistantResponseEvent", ":content-type": "application/json"},
            "payload": {"content": piece.iter().collect::<String>()},
        })
        .to_string()
    };
    let lines: Vec<String> = letters.chunks(3).map(line).collect();
    Fault::replay(&lines.join("\n")).expect("JSON")
}

#[tokio::test]
async fn a_format_is_asked_for_in_words_and_comes_without_a_fence() {
    let (app, _) = TestApp::kiro("social").await;
    let schema =
        json!({"type": "object", "properties": {"kind": {"enum": ["a", "b"]}}, "required": ["kind"]});
    for dialect in RICH {
        for stream in [false, true] {
            let mut asked = vec![formatted(dialect, Some(&schema), stream)];
            if dialect == Dialect::Chat {
                asked.push(formatted(dialect, None, stream));
            }
            for body in asked {
                for text in
                    ["{\"kind\": \"a\"}", "```json\n{\"kind\": \"a\"}\n```", "```\n{\"kind\": \"a\"}\n```\n"]
                {
                    app.emulator.script().push(saying(text));
                    let answer = app.ask(dialect, &body).await;
                    let said = dialect.read(&answer);
                    assert_eq!(adjusted(&answer), ["response_format:prompt"]);
                    let value: Value = serde_json::from_str(&said.text)
                        .unwrap_or_else(|error| panic!("{dialect:?} {stream} {text:?}: {error}: {said:?}"));
                    assert_eq!(value, json!({"kind": "a"}));
                    let content = current(&app.last_chat())["content"].as_str().expect("text").to_owned();
                    assert!(content.starts_with("fill it in\n\nAnswer with one JSON "), "{content}");
                }
            }
        }
    }
    app.finish().await;
}
