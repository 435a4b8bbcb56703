//! Responses requests and answers as files: a new request becomes a test by dropping it into `fixtures/responses`.

use bytes::Bytes;
use llm::{Event, StopReason};

use super::{STAMP, ask, say};
use crate::anthropic::client::EventReader;
use crate::openai::responses::OpenAiResponsesServer;
use crate::{Detail, ServerCodec};

#[test]
fn requests_have_a_meaning() {
    insta::glob!("fixtures/responses/*.json", |path| {
        let body = std::fs::read_to_string(path).expect("a fixture");
        let asked = ask(&OpenAiResponsesServer::new(), &body).expect("a good request");
        insta::assert_debug_snapshot!(asked.meaning().expect("a meaning"));
    });
}

const ASKED: &str = r#"{"model":"claude-opus-4-8","stream":true,"input":"read it","store":false,
    "include":["reasoning.encrypted_content"],"reasoning":{"effort":"high","summary":"auto"},
    "metadata":{
        "a": "b"
    },
    "tools":[{"type":"namespace","name":"mcp__jira__","tools":[{"type":"function","name":"get_issue"}]},
        {"type":"custom","name":"apply_patch"},{"type":"local_shell"},{"type":"shell"},{"type":"apply_patch"}]}"#;

/// What Claude streams: thoughts, words, a call in a namespace and one in plain text.
fn source() -> Vec<Event> {
    let reader = EventReader::default();
    include_str!("fixtures/responses-source.sse")
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .filter_map(|json| reader.read(Bytes::from_static(json.as_bytes()), Detail::Full).expect("readable"))
        .flat_map(|chunk| chunk.events)
        .collect()
}

#[test]
fn a_stream_with_thoughts_words_and_calls() {
    let asked = ask(&OpenAiResponsesServer::new(), ASKED).expect("a good request");
    let said = say(OpenAiResponsesServer::new().writer(&asked, STAMP), source());
    insta::assert_snapshot!(said);
}

#[test]
fn an_answer_in_one_piece_says_the_same() {
    let asked = ask(&OpenAiResponsesServer::new(), ASKED).expect("a good request");
    let said = say(OpenAiResponsesServer::new().writer(&asked, STAMP), source());
    let last = said.rsplit("data: ").next().expect("a last event");
    let last: serde_json::Value = serde_json::from_str(last).expect("JSON");
    let mut collector = llm::Collector::new();
    source().into_iter().for_each(|event| collector.push(event));
    let whole = OpenAiResponsesServer::new().write_answer(&asked, &collector.finish(), STAMP);
    let whole: serde_json::Value = serde_json::from_slice(&whole).expect("JSON");
    assert_eq!(whole, last["response"]);
}

/// Every other kind of item, every other end.
#[test]
fn rarer_events() {
    let asked = ask(&OpenAiResponsesServer::new(), ASKED).expect("a good request");
    let call = |index, name: &str, json: &str| {
        let block = llm::Opening::ToolUse { id: format!("call_{index}"), name: name.to_owned() };
        [
            Event::BlockStart { index, block },
            Event::ToolInputDelta { index, json: json.to_owned() },
            Event::BlockEnd { index },
        ]
    };
    let web =
        serde_json::json!({"type": "web_search_result_location", "url": "https://a.example", "title": "A"});
    let mut events = vec![
        Event::BlockStart { index: 0, block: llm::Opening::RedactedThinking { data: "b3Bh".to_owned() } },
        Event::BlockEnd { index: 0 },
        Event::BlockStart { index: 1, block: llm::Opening::Text },
        Event::TextDelta { index: 1, text: "caf\u{e9}".to_owned() },
        Event::Citation { index: 1, citation: web },
        Event::BlockEnd { index: 1 },
    ];
    events.extend(call(2, "local_shell", r#"{"command":"ls","timeout_ms":5}"#));
    events.extend(call(3, "shell", r#"{"commands":["ls","pwd"]}"#));
    events.extend(call(4, "apply_patch_2", r#"{"type":"create_file","path":"a","diff":"+b"}"#));
    events.extend(call(5, "unknown", ""));
    events.extend(call(6, "mcp__jira__get_issue", r#"{"key":"#));
    events.push(Event::Stop { reason: StopReason::MaxTokens, sequence: None });
    insta::assert_snapshot!(say(OpenAiResponsesServer::new().writer(&asked, STAMP), events));
}

#[test]
fn a_summary_is_one_item() {
    let asked = r#"{"model":"m","stream":true,"input":[{"role":"user","content":"hi"},{"type":"compaction_trigger"}]}"#;
    let asked = ask(&OpenAiResponsesServer::new(), asked).expect("a good request");
    let events = |text: &str| {
        [
            Event::BlockStart { index: 0, block: llm::Opening::Text },
            Event::TextDelta { index: 0, text: text.to_owned() },
            Event::BlockEnd { index: 0 },
        ]
    };
    insta::assert_snapshot!(say(OpenAiResponsesServer::new().writer(&asked, STAMP), events("They said hi.")));
    let nothing = say(OpenAiResponsesServer::new().writer(&asked, STAMP), events(" "));
    assert!(nothing.contains("event: response.failed\n"), "{nothing}");
    assert!(asked.meaning().expect("a meaning").messages.len() == 2);
}

#[test]
fn failures_have_a_code_that_clients_act_on() {
    use llm::{Category, Error};
    let asked = ask(&OpenAiResponsesServer::new(), ASKED).expect("a good request");
    for (error, code, message) in [
        (Error::new(Category::ContextLength, "Too long."), "context_length_exceeded", "Too long."),
        (Error::invalid("No."), "invalid_prompt", "No."),
        (Error::new(Category::Quota, "Used up."), "insufficient_quota", "Used up."),
        (
            Error::new(Category::RateLimited, "Slow down.")
                .with_retry_after(std::time::Duration::from_millis(2100)),
            "rate_limit_exceeded",
            "Slow down. Please try again in 3s.",
        ),
        (Error::new(Category::Overloaded, "Busy."), "overloaded", "Busy."),
        (Error::new(Category::Internal, "Oh."), "internal_error", "Oh."),
    ] {
        let mut out = bytes::BytesMut::new();
        let mut writer = OpenAiResponsesServer::new().writer(&asked, STAMP);
        writer.error(&error, &mut out);
        writer.finish(&mut out);
        writer.ping(&mut out);
        let said = String::from_utf8(out.to_vec()).expect("UTF-8");
        assert!(said.starts_with("event: response.created\n"), "{said}");
        let last = said.trim_end().rsplit("data: ").next().expect("an event");
        let last: serde_json::Value = serde_json::from_str(last).expect("JSON");
        assert_eq!(last["type"], "response.failed");
        assert_eq!(last["response"]["status"], "failed");
        assert_eq!(last["response"]["error"], serde_json::json!({"code": code, "message": message}));
    }
}
