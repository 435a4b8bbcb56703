//! Thoughts: of models that have a switch for them, and of those that must be asked in words.

use serde_json::{Value, json};

use super::{OPUS, adjusted, current};
use crate::client::{CLAUDE, DIALECTS, Dialect, RICH};
use crate::harness::TestApp;

/// What the emulator thinks where there is a switch.
const THOUGHT: &str = "The person wants an answer. I repeat what they said.";
/// What it thinks between tags; it talks about the tag.
const TAGGED: &str = "The person wants an answer; `</thinking>` would end this. I repeat it.\n";

const NATIVE: [&str; 2] = [OPUS, "claude-sonnet-4-6"];

async fn start() -> TestApp {
    let (app, _) = TestApp::kiro("social").await;
    app.learn_models().await;
    app
}

fn fields(app: &TestApp) -> Value {
    app.last_chat()["additionalModelRequestFields"].clone()
}

#[tokio::test]
async fn a_model_with_a_switch_is_told_to_think() {
    let app = start().await;
    let dialect = Dialect::Messages;
    for model in NATIVE {
        for stream in [false, true] {
            for (thinking, effort) in [
                (json!({"type": "adaptive"}), None),
                (json!({"type": "enabled", "budget_tokens": 2048}), Some("low")),
            ] {
                let mut body = dialect.limited(dialect.asking(model, "hello", stream), 8000);
                body["thinking"] = thinking;
                let answer = app.ask(dialect, &body).await;
                let said = dialect.read(&answer);
                assert_eq!((said.text.as_str(), said.thinking.as_str()), ("echo: hello", THOUGHT), "{model}");
                assert!(!said.signature.is_empty(), "clients refuse thoughts without one");
                let sent = fields(&app);
                assert_eq!(sent["thinking"], json!({"type": "adaptive", "display": "summarized"}));
                assert_eq!(sent["output_config"]["effort"].as_str(), effort, "{sent}");
                assert_eq!(sent["max_tokens"], 8000);
                assert_eq!(current(&app.last_chat())["content"], "hello", "no words of ours");
            }
            let mut body = dialect.asking(model, "hello", stream);
            body["thinking"] = json!({"type": "disabled"});
            assert_eq!(app.said(dialect, &body).await.thinking, "");
            assert_eq!(fields(&app)["thinking"], json!({"type": "disabled"}));
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn reasoning_effort_tells_how_much() {
    let app = start().await;
    let dialect = Dialect::Chat;
    for model in NATIVE {
        for stream in [false, true] {
            let mut body = dialect.asking(model, "hello", stream);
            body["reasoning_effort"] = json!("medium");
            let said = app.said(dialect, &body).await;
            assert_eq!((said.text.as_str(), said.thinking.as_str()), ("echo: hello", THOUGHT), "{model}");
            assert_eq!(fields(&app)["output_config"], json!({"effort": "medium"}));
            body["reasoning_effort"] = json!("none");
            assert_eq!(app.said(dialect, &body).await.thinking, "");
        }
    }
    // Sonnet 4.6 knows no `xhigh`: the nearest that it knows, and said so.
    let mut body = dialect.asking("claude-sonnet-4-6", "hello", true);
    body["reasoning_effort"] = json!("xhigh");
    let answer = app.ask(dialect, &body).await;
    assert_eq!(adjusted(&answer), ["effort:high"]);
    app.finish().await;
}

/// Nobody asked for the list before: a request that wants thoughts asks itself, because only the list tells how.
#[tokio::test]
async fn the_list_is_asked_for_when_it_is_needed() {
    let (app, _) = TestApp::kiro("social").await;
    let mut body = Dialect::Messages.asking(OPUS, "hello", true);
    app.said(Dialect::Messages, &body).await;
    assert_eq!(fields(&app), Value::Null);
    body["thinking"] = json!({"type": "adaptive"});
    let said = app.said(Dialect::Messages, &body).await;
    assert_eq!(said.thinking, THOUGHT);
    app.finish().await;
}

#[tokio::test]
async fn a_suffix_of_the_model_brings_thoughts() {
    let app = start().await;
    for (model, thought) in [(OPUS, THOUGHT), ("claude-sonnet-4-6", THOUGHT), (CLAUDE, TAGGED)] {
        for dialect in DIALECTS {
            for stream in [false, true] {
                let body =
                    dialect.limited(dialect.asking(&format!("{model}-thinking"), "hello", stream), 20_000);
                let said = app.said(dialect, &body).await;
                assert_eq!(said.text, "echo: hello", "{dialect:?} {model} {stream}");
                assert_eq!(said.model, format!("{model}-thinking"));
                if RICH.contains(&dialect) {
                    assert_eq!(said.thinking, thought, "{dialect:?} {model} {stream}");
                }
            }
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn a_model_without_a_switch_is_asked_in_words() {
    for kind in ["social", "api-key"] {
        let (app, _) = TestApp::kiro(kind).await;
        for dialect in RICH {
            for stream in [false, true] {
                let mut body = dialect.limited(dialect.asking(CLAUDE, "hello", stream), 20_000);
                match dialect {
                    Dialect::Messages => body["thinking"] = json!({"type": "enabled", "budget_tokens": 4096}),
                    _ => body["reasoning_effort"] = json!("low"),
                }
                let answer = app.ask(dialect, &body).await;
                let said = dialect.read(&answer);
                assert_eq!(
                    (said.text.as_str(), said.thinking.as_str()),
                    ("echo: hello", TAGGED),
                    "{dialect:?}"
                );
                assert!(adjusted(&answer).contains(&"thinking:prompt".to_owned()), "{:?}", adjusted(&answer));
                let chat = app.last_chat();
                let content = current(&chat)["content"].as_str().expect("text").to_owned();
                assert!(content.starts_with("<thinking_mode>enabled</thinking_mode>"), "{content}");
                assert!(content.ends_with("\n\nhello"), "{content}");
                assert_eq!(chat.get("additionalModelRequestFields"), None);
                // Nobody asked: nothing is thought, and tags in the text are the person's own.
                let text = "a <thinking> b </thinking>\n\nc";
                let said = app.said(dialect, &dialect.asking(CLAUDE, text, stream)).await;
                assert_eq!((said.text, said.thinking.as_str()), (format!("echo: {text}"), ""));
            }
        }
        app.finish().await;
    }
}

#[tokio::test]
async fn thoughts_go_back_with_the_calls_they_led_to() {
    let app = start().await;
    let dialect = Dialect::Messages;
    for (model, thought, kept) in [(OPUS, THOUGHT, true), (CLAUDE, TAGGED, false)] {
        for stream in [false, true] {
            let mut body = dialect.asking(model, r#"[[tool:weather {"city":"Rome"}]]"#, stream);
            body["thinking"] = json!({"type": "enabled", "budget_tokens": 2048});
            body["max_tokens"] = json!(20_000);
            body["tools"] = json!([dialect.tool("weather", &json!({"type": "object"}))]);
            let said = app.said(dialect, &body).await;
            assert_eq!((said.thinking.as_str(), said.calls.len()), (thought, 1), "{model}");
            let turns = body["messages"].as_array_mut().expect("messages");
            turns.push(json!({"role": "assistant", "content": [
                {"type": "thinking", "thinking": said.thinking, "signature": said.signature},
                {"type": "tool_use", "id": said.calls[0].id, "name": "weather", "input": said.calls[0].input},
            ]}));
            turns.push(json!({"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": said.calls[0].id, "content": "sunny"},
            ]}));
            let answer = app.ask(dialect, &body).await;
            assert_eq!(dialect.read(&answer).text, "tool said: sunny", "{model}");
            assert_eq!(app.row(&answer).await["attempts"], 1, "the signature is taken back");
            let chat = app.last_chat();
            assert_eq!(chat.to_string().contains(thought), kept, "{chat:#}");
            assert_eq!(adjusted(&answer).contains(&"thinking:history_dropped".to_owned()), !kept);
        }
    }
    app.finish().await;
}

/// A thought of another vendor's, as after a change of the account: refused once, and left out from then on.
#[tokio::test]
async fn a_signature_that_is_refused_is_left_out() {
    let app = start().await;
    let dialect = Dialect::Messages;
    let said = {
        let mut body = dialect.asking(OPUS, "hello", true);
        body["thinking"] = json!({"type": "adaptive"});
        app.said(dialect, &body).await
    };
    for stream in [false, true] {
        let turns = json!([
            {"role": "user", "content": format!("hello {stream}")},
            {"role": "assistant", "content": [
                // Signed for other words.
                {"type": "thinking", "thinking": "something else", "signature": said.signature},
                {"type": "text", "text": "echo: hello"},
            ]},
            {"role": "user", "content": "go on"},
        ]);
        for attempts in [2, 1] {
            let answer = app.ask(dialect, &dialect.talking(OPUS, &turns, stream)).await;
            assert_eq!(dialect.read(&answer).text, "echo: go on");
            assert!(adjusted(&answer).contains(&"reasoning:dropped".to_owned()), "{:?}", adjusted(&answer));
            assert_eq!(app.row(&answer).await["attempts"], attempts);
        }
    }
    app.finish().await;
}

/// GPT's thoughts are for GPT alone: they pass through the client unread and come back.
#[tokio::test]
async fn a_thought_that_only_its_model_reads_goes_there_and_back() {
    let app = start().await;
    let dialect = Dialect::Messages;
    for stream in [false, true] {
        let mut body = dialect.asking("gpt-5.6-sol", "hello", stream);
        body["thinking"] = json!({"type": "enabled", "budget_tokens": 2048});
        body["max_tokens"] = json!(20_000);
        let said = app.said(dialect, &body).await;
        assert_eq!((said.text.as_str(), said.thinking.as_str()), ("echo: hello", ""));
        assert!(!said.redacted.is_empty(), "{said:?}");
        assert_eq!(fields(&app)["reasoning"]["effort"], "low");
        let turns = body["messages"].as_array_mut().expect("messages");
        turns.push(json!({"role": "assistant", "content": [
            {"type": "redacted_thinking", "data": said.redacted}, {"type": "text", "text": said.text},
        ]}));
        turns.push(json!({"role": "user", "content": "go on"}));
        let answer = app.ask(dialect, &body).await;
        assert_eq!(dialect.read(&answer).text, "echo: go on");
        let chat = app.last_chat();
        let spoken = &chat["conversationState"]["history"][1]["assistantResponseMessage"];
        assert_eq!(spoken["reasoningContent"], json!({"redactedContent": said.redacted}));
    }
    app.finish().await;
}

/// A client of Responses keeps a thought as one sealed item and gives it back.
#[tokio::test]
async fn a_sealed_thought_comes_back_signed() {
    let app = start().await;
    for stream in [false, true] {
        let mut body =
            Dialect::Responses.asking("claude-sonnet-4-6", r#"[[tool:weather {"city":"Rome"}]]"#, stream);
        body["tools"] = json!([Dialect::Responses.tool("weather", &json!({"type": "object"}))]);
        body["reasoning"] = json!({"effort": "low"});
        let said = app.said(Dialect::Responses, &body).await;
        assert_eq!((said.thinking.as_str(), said.calls.len()), (THOUGHT, 1));
        assert!(!said.signature.is_empty());
        body["input"] = json!([
            {"role": "user", "content": body["input"]},
            {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": said.signature},
            {"type": "function_call", "call_id": said.calls[0].id, "name": "weather", "arguments": "{}"},
            {"type": "function_call_output", "call_id": said.calls[0].id, "output": "sunny"},
        ]);
        assert_eq!(app.said(Dialect::Responses, &body).await.text, "tool said: sunny");
        let sent = app.last_chat().to_string();
        assert!(sent.contains(THOUGHT) && sent.contains("signature"), "{sent}");
    }
    app.finish().await;
}
