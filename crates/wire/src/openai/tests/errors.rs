//! Errors of the upstream and of our own, as clients see them.

use bytes::BytesMut;
use llm::{Category, Error};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{STAMP, chat, chunk};
use crate::ServerCodec;
use crate::bedrock::{ErrorHead, read_error};
use crate::openai::chat::OpenAiChatServer;

#[derive(Deserialize)]
struct Samples {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    upstream: UpstreamCase,
    openai: Expected,
}

#[derive(Deserialize)]
struct UpstreamCase {
    status: u16,
    errortype: String,
    message: String,
}

#[derive(Deserialize)]
struct Expected {
    status: u16,
    body: Value,
}

/// What Bedrock says, what its reader makes of it, what the client hears.
#[test]
fn upstream_errors_become_openai_errors() {
    let samples = include_str!("../../../tests/fixtures/bedrock/11-errors.json");
    let samples: Samples = serde_json::from_str(samples).expect("cases");
    assert!(samples.cases.len() > 15);
    for Case { upstream, openai } in samples.cases {
        let name = upstream.errortype.split(' ').next().unwrap_or_default();
        let head = ErrorHead { status: upstream.status, error_type: Some(name), ..ErrorHead::default() };
        let mut error = read_error(&head, json!({ "message": upstream.message }).to_string().as_bytes());
        if let Some(said) = error.upstream.as_deref_mut() {
            said.clock_offset = Some(-600);
        }
        let reply = OpenAiChatServer.write_error(&error, "req_1");
        assert_eq!(String::from_utf8_lossy(&reply.body), openai.body.to_string());
        assert_eq!(reply.status, openai.status, "{}", openai.body);
    }
}

#[test]
fn our_own_errors() {
    let said = |category, message: &str| {
        let reply = OpenAiChatServer.write_error(&Error::new(category, message), "req_1");
        format!("{} {}", reply.status, String::from_utf8_lossy(&reply.body))
    };
    insta::assert_snapshot!(
        [
            said(Category::UnknownRoute, "Unknown request URL: GET /v1/nothing."),
            said(Category::LocalKey, "Incorrect API key provided."),
            said(Category::MethodNotAllowed, "Use POST."),
            said(Category::TooLarge, "The body is larger than 32 MiB."),
            said(Category::UnsupportedMedia, "Send application/json."),
            said(Category::AllCooling, "Every account is resting."),
            said(Category::NoCredentials, "Run aws sso login."),
            said(Category::Signature, "The signature is wrong."),
            said(Category::Truncated, "The upstream closed the stream early."),
            said(Category::Unreachable, "Connection refused."),
            said(Category::Unavailable, "The proxy is paused."),
            said(Category::Internal, "A \"bug\".\n"),
        ]
        .join("\n")
    );
}

#[test]
fn an_error_in_a_stream_is_its_last_word() {
    let asked = chat(r#"{"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}]}"#);
    let mut writer = OpenAiChatServer.writer(&asked, STAMP);
    let mut out = BytesMut::new();
    let text = llm::Event::TextDelta { index: 0, text: "half".to_owned() };
    writer.write(&chunk(vec![text.clone()]), &mut out);
    let before = out.len();
    writer.error(&Error::new(Category::Truncated, "cut"), &mut out);
    let end = out.len();
    writer.write(&chunk(vec![text]), &mut out);
    writer.ping(&mut out);
    writer.finish(&mut out);
    writer.error(&Error::new(Category::Internal, "again"), &mut out);
    assert_eq!(out.len(), end);
    assert_eq!(
        &out[before..],
        &b"data: {\"error\":{\"message\":\"cut\",\"type\":\"server_error\",\"param\":null,\"code\":\"upstream_error\"}}\n\n"[..]
    );
}
