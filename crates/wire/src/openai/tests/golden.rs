//! Translations as files: a new request becomes a test by dropping it into `fixtures/chat`.

use llm::{Answer, Content, Event, Opening, StopReason, Usage};
use serde_json::Value;

use super::{STAMP, chat, say};
use crate::ServerCodec;
use crate::openai::chat::OpenAiChatServer;
use crate::openai::completions::OpenAiCompletionsServer;
use crate::openai::models;

#[test]
fn chat_requests_have_a_meaning() {
    insta::glob!("fixtures/chat/*.json", |path| {
        let body = std::fs::read_to_string(path).expect("a fixture");
        insta::assert_debug_snapshot!(chat(&body).meaning().expect("a meaning"));
    });
}

#[test]
fn a_stream_with_thinking_and_a_tool() {
    let asked = chat(
        r#"{"model":"claude-opus-4-8","stream":true,"stream_options":{"include_usage":true},
            "messages":[{"role":"user","content":"read it"}]}"#,
    );
    let id = "toolu_bdrk_01Bb2Cc3Dd4Ee5Ff6Gg7Hh8I".to_owned();
    let text = |index, text: &str| Event::TextDelta { index, text: text.to_owned() };
    let json = |json: &str| Event::ToolInputDelta { index: 2, json: json.to_owned() };
    let read = Usage { input: Some(9), cache_read: Some(18_204), cache_write: Some(412), ..Usage::default() };
    let events = [
        Event::Start { id: Some("msg_bdrk_01".to_owned()), model: Some("claude-opus-4-8".to_owned()) },
        Event::Usage(Usage { output: Some(1), ..read }),
        Event::BlockStart { index: 0, block: Opening::Thinking },
        Event::ThinkingDelta { index: 0, text: "The file must be opened first.".to_owned() },
        Event::SignatureDelta { index: 0, signature: "Ev8BCkYI".to_owned() },
        Event::BlockEnd { index: 0 },
        Event::BlockStart { index: 1, block: Opening::Text },
        text(1, "Let me look — "),
        text(1, "one moment."),
        Event::BlockEnd { index: 1 },
        Event::BlockStart { index: 2, block: Opening::ToolUse { id, name: "Read".to_owned() } },
        json(""),
        json("{\"file_path\": \"no"),
        json("tes.txt\"}"),
        Event::BlockEnd { index: 2 },
        Event::Usage(Usage { output: Some(71), ..Usage::default() }),
        Event::Stop { reason: StopReason::ToolUse, sequence: None },
    ];
    let said = say(OpenAiChatServer.writer(&asked, STAMP), events);
    pretty_assert(&said, include_str!("fixtures/stream-with-thinking-and-a-tool.sse"));
}

/// Compares event by event, so that a failure shows one line.
fn pretty_assert(said: &str, expected: &str) {
    for (said, expected) in said.split("\n\n").zip(expected.split("\n\n")) {
        assert_eq!(said, expected);
    }
    assert_eq!(said, expected);
}

fn sum() -> Answer {
    Answer {
        id: Some("msg_bdrk_01".to_owned()),
        model: Some("claude-haiku-4-5-20251001".to_owned()),
        content: vec![
            Content::Thinking { text: "Simple sum.".to_owned(), signature: Some("Ev8BCkYI".to_owned()) }
                .into(),
            Content::Text { text: "2 + 2 = ".to_owned() }.into(),
            Content::Text { text: "4".to_owned() }.into(),
        ],
        stop: Some(StopReason::StopSequence),
        stop_sequence: Some("END".to_owned()),
        usage: Usage {
            input: Some(20),
            output: Some(31),
            cache_read: Some(0),
            cache_write: Some(0),
            thinking: Some(12),
            ..Usage::default()
        },
    }
}

fn same_json(said: &[u8], expected: &str) {
    let said: Value = serde_json::from_slice(said).expect("JSON");
    let expected: Value = serde_json::from_str(expected).expect("JSON");
    // As text, so that the order of the members counts.
    assert_eq!(said.to_string(), expected.to_string());
}

#[test]
fn an_answer_in_one_piece() {
    let asked = chat(r#"{"model":"claude-haiku-4-5","messages":[{"role":"user","content":"2 + 2 ="}]}"#);
    let said = OpenAiChatServer.write_answer(&asked, &sum(), STAMP);
    same_json(&said, include_str!("fixtures/answer-in-one-piece.json"));
}

#[test]
fn a_completion_in_one_piece() {
    let asked = super::ask(
        &OpenAiCompletionsServer,
        r#"{"model":"claude-haiku-4-5","prompt":"2 + 2 =","max_tokens":64,"stop":["END"]}"#,
    )
    .expect("a good request");
    let said = OpenAiCompletionsServer.write_answer(&asked, &sum(), STAMP);
    same_json(&said, include_str!("fixtures/completion-in-one-piece.json"));
}

#[test]
fn models_have_four_members() {
    let entry = models::Entry { id: "deepseek.v3-v1:0", created: 7, owned_by: "deepseek" };
    let single = r#"{"id":"deepseek.v3-v1:0","object":"model","created":7,"owned_by":"deepseek"}"#;
    assert_eq!(models::single(entry), single);
    assert_eq!(models::list([entry, entry]), format!(r#"{{"object":"list","data":[{single},{single}]}}"#));
}
