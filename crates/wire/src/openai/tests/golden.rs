//! Translations as files: a new request becomes a test by dropping it into `fixtures/chat`.

use bytes::Bytes;
use llm::{Answer, Content, StopReason, Usage};
use serde_json::Value;

use super::{STAMP, chat, say};
use crate::anthropic::client::EventReader;
use crate::openai::chat::OpenAiChatServer;
use crate::openai::completions::OpenAiCompletionsServer;
use crate::openai::models;
use crate::{Detail, ServerCodec};

#[test]
fn chat_requests_have_a_meaning() {
    insta::glob!("fixtures/chat/*.json", |path| {
        let body = std::fs::read_to_string(path).expect("a fixture");
        insta::assert_debug_snapshot!(chat(&body).meaning().expect("a meaning"));
    });
}

/// What Claude streams inside Bedrock, and what an OpenAI client hears of it.
#[test]
fn a_stream_with_thinking_and_a_tool() {
    let asked = chat(
        r#"{"model":"claude-opus-4-8","stream":true,"stream_options":{"include_usage":true},
            "messages":[{"role":"user","content":"read it"}]}"#,
    );
    let reader = EventReader::default();
    let events = include_str!("../../../tests/fixtures/bedrock/02-invoke-stream.sse")
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .filter_map(|json| reader.read(Bytes::from_static(json.as_bytes()), Detail::Full).expect("readable"))
        .flat_map(|chunk| chunk.events);
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
        citations: vec![],
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
