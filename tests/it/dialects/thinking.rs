//! Thinking, in every way to ask for it.

use serde_json::{Value, json};

use crate::client::{CLAUDE, DIALECTS, Dialect, MODELS, NOVA, RICH};
use crate::harness::{Sent, TestApp};

const THOUGHT: &str = "The person wants an answer. I repeat what they said.";

/// The upstream's switch in the last request.
fn switch(app: &TestApp) -> Value {
    let sent = app.emulator.journal().requests().pop().expect("a request").json();
    let fields = &sent["additionalModelRequestFields"];
    [&sent["thinking"], &fields["thinking"], &fields["reasoningConfig"]]
        .into_iter()
        .find(|switch| !switch.is_null())
        .cloned()
        .unwrap_or_default()
}

#[tokio::test]
async fn anthropics_switch_brings_thoughts() {
    let app = TestApp::start().await;
    let ask = async |model: &str, thinking: Value, stream: bool| {
        let mut body = Dialect::Messages.asking(model, "hello", stream);
        body["thinking"] = thinking;
        let said = app.said(Dialect::Messages, &body).await;
        assert_eq!(
            (said.text.as_str(), said.thinking.as_str()),
            ("echo: hello", THOUGHT),
            "{model} {stream}"
        );
        assert!(!said.signature.is_empty(), "clients refuse thoughts without one");
    };
    for stream in [false, true] {
        ask(CLAUDE, json!({"type": "enabled", "budget_tokens": 2048}), stream).await;
        assert_eq!(switch(&app), json!({"type": "enabled", "budget_tokens": 2048}));
        // Sonnet 4.5 thinks within a budget alone.
        ask(CLAUDE, json!({"type": "adaptive"}), stream).await;
        assert_eq!(switch(&app)["type"], "enabled");
        ask("claude-opus-4-8", json!({"type": "adaptive", "display": "summarized"}), stream).await;
        assert_eq!(switch(&app), json!({"type": "adaptive", "display": "summarized"}));
        ask(NOVA, json!({"type": "enabled", "budget_tokens": 2048}), stream).await;
        assert_eq!(switch(&app)["type"], "enabled");
    }
    let mut body = Dialect::Messages.asking(CLAUDE, "hello", true);
    body["thinking"] = json!({"type": "disabled"});
    assert_eq!(app.said(Dialect::Messages, &body).await.thinking, "");
}

#[tokio::test]
async fn reasoning_effort_brings_reasoning_content() {
    let app = TestApp::start().await;
    for model in [CLAUDE, NOVA, "claude-opus-4-8"] {
        for stream in [false, true] {
            let mut body = Dialect::Chat.asking(model, "hello", stream);
            body["reasoning_effort"] = json!("low");
            let answer = app.ask(Dialect::Chat, &body).await;
            let said = Dialect::Chat.read(&answer);
            assert_eq!(
                (said.text.as_str(), said.thinking.as_str()),
                ("echo: hello", THOUGHT),
                "{model} {stream}"
            );
            assert!(app.row(&answer).await["output_tokens"].as_u64() > Some(0));
            body["reasoning_effort"] = json!("none");
            assert_eq!(app.said(Dialect::Chat, &body).await.thinking, "", "{model} {stream}");
        }
    }
}

#[tokio::test]
async fn a_suffix_of_the_model_brings_thoughts() {
    let app = TestApp::start().await;
    for model in MODELS {
        for stream in [false, true] {
            for dialect in DIALECTS {
                let body = dialect.asking(&format!("{model}-thinking"), "hello", stream);
                let body = dialect.limited(body, 20_000);
                let said = app.said(dialect, &body).await;
                assert_eq!(said.text, "echo: hello", "{dialect:?} {model} {stream}");
                assert_eq!(said.model, format!("{model}-thinking"));
                if dialect != Dialect::Completions {
                    assert_eq!(said.thinking, THOUGHT, "{dialect:?} {model} {stream}");
                }
            }
        }
    }
}

#[tokio::test]
async fn thoughts_go_back_with_the_calls_they_led_to() {
    let app = TestApp::start().await;
    for model in MODELS {
        let mut body = Dialect::Messages.asking(model, r#"[[tool:weather {"city":"Rome"}]]"#, true);
        body["thinking"] = json!({"type": "enabled", "budget_tokens": 2048});
        body["tools"] = json!([Dialect::Messages.tool("weather", &json!({"type": "object"}))]);
        let said = app.said(Dialect::Messages, &body).await;
        assert_eq!((said.thinking.as_str(), said.calls.len()), (THOUGHT, 1));
        let turns = body["messages"].as_array_mut().expect("messages");
        turns.push(json!({"role": "assistant", "content": [
            {"type": "thinking", "thinking": said.thinking, "signature": said.signature},
            {"type": "tool_use", "id": said.calls[0].id, "name": "weather", "input": said.calls[0].input},
        ]}));
        turns.push(json!({"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": said.calls[0].id, "content": "sunny"},
        ]}));
        assert_eq!(app.said(Dialect::Messages, &body).await.text, "tool said: sunny", "{model}");
        let sent = app.emulator.journal().requests().pop().expect("a request");
        assert_eq!(sent.text().contains(THOUGHT), model == CLAUDE, "{}", sent.text());
    }
}

#[tokio::test]
async fn sampling_gives_way_to_thinking() {
    let app = TestApp::start().await;
    for dialect in RICH {
        let mut body = dialect.asking(CLAUDE, "hello", true);
        match dialect {
            Dialect::Messages => body["thinking"] = json!({"type": "enabled", "budget_tokens": 2048}),
            _ => body["reasoning_effort"] = json!("low"),
        }
        body["temperature"] = json!(0.2);
        let answer = app.ask(dialect, &body).await;
        assert_eq!(dialect.read(&answer).thinking, THOUGHT, "{dialect:?}");
        assert_eq!(answer.header("x-proxy-adjusted"), Some("temperature:dropped"), "{dialect:?}");
    }
}
