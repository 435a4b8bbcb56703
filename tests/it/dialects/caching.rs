//! Prompt caching.

use serde_json::json;

use crate::client::{CLAUDE, Dialect, MODELS, RICH, Usage};
use crate::harness::TestApp;

#[tokio::test]
async fn a_marked_prompt_is_written_once_and_read_then() {
    let app = TestApp::start().await;
    for dialect in RICH {
        for model in MODELS {
            for stream in [false, true] {
                // Each case has a prompt of its own: the cache is shared by all.
                let long = format!("{dialect:?} {model} {stream}: {}", "know this by heart. ".repeat(400));
                let marked = json!([{"type": "text", "text": long, "cache_control": {"type": "ephemeral"}}]);
                let mut body = dialect.asking(model, "hello", stream);
                match dialect {
                    Dialect::Messages => body["system"] = marked,
                    _ => {
                        let turns = body["messages"].as_array_mut().expect("messages");
                        turns.insert(0, json!({"role": "system", "content": marked}));
                    }
                }
                let mut used = Vec::new();
                for _ in 0..2 {
                    let answer = app.ask(dialect, &body).await;
                    let usage = dialect.read(&answer).usage.expect("usage");
                    assert_eq!(usage, Usage::of_row(&app.row(&answer).await));
                    used.push(usage);
                }
                let [first, second] = used[..] else { panic!("two") };
                assert!(first.cache_write > 1024 && first.cache_read == 0, "{dialect:?} {model} {first:?}");
                assert_eq!((second.cache_read, second.cache_write), (first.cache_write, 0));
                assert_eq!(first.input, second.input);
            }
        }
    }
}

#[tokio::test]
async fn marks_go_to_claude_as_they_are() {
    let app = TestApp::start().await;
    let mark = json!({"type": "ephemeral", "ttl": "1h"});
    let mut body = Dialect::Messages.asking(CLAUDE, "hello", false);
    body["system"] = json!([{"type": "text", "text": "a", "cache_control": mark}]);
    body["tools"] = json!([{"name": "t", "input_schema": {"type": "object"}, "cache_control": mark}]);
    body["messages"][0]["content"] =
        json!([{"type": "text", "text": "hello", "cache_control": {"type": "ephemeral"}}]);
    app.said(Dialect::Messages, &body).await;
    let sent: serde_json::Value =
        serde_json::from_slice(&app.emulator.journal().requests()[0].body).expect("JSON");
    for member in ["system", "tools", "messages"] {
        assert_eq!(sent[member], body[member]);
    }
}
