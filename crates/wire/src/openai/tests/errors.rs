//! Errors of the upstream and of our own, as clients see them.

use bytes::BytesMut;
use llm::{Category, Error, Upstream};
use serde::Deserialize;
use serde_json::Value;

use super::{STAMP, chat, chunk};
use crate::ServerCodec;
use crate::openai::chat::OpenAiChatServer;

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

/// What the upstream's reader makes of the cases; the reader itself is not under test here.
fn category(case: &UpstreamCase) -> Category {
    let says = |words: &str| case.message.contains(words);
    match case.errortype.as_str() {
        "ValidationException" if says("too long") => Category::ContextLength,
        "ValidationException" if says("on-demand throughput") => Category::ModelNotFound,
        "ValidationException" => Category::InvalidRequest,
        "AccessDeniedException" => Category::PermissionDenied,
        "ExpiredTokenException" | "UnrecognizedClientException" => Category::Expired,
        "InvalidSignatureException" => Category::Signature,
        "ResourceNotFoundException" => Category::ModelNotFound,
        "ThrottlingException" if says("per day") => Category::Quota,
        "ThrottlingException" => Category::RateLimited,
        "ServiceQuotaExceededException" => Category::Quota,
        "ModelNotReadyException" | "ServiceUnavailableException" => Category::Overloaded,
        "ModelTimeoutException" => Category::Timeout,
        "ModelErrorException" | "InternalServerException" => Category::Upstream,
        _ => Category::Overloaded,
    }
}

#[test]
fn upstream_errors_become_openai_errors() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("fixtures/errors.json")).expect("cases");
    assert!(cases.len() > 15);
    for Case { upstream, openai } in cases {
        let error = Error::new(category(&upstream), &upstream.message).with_upstream(Upstream {
            status: upstream.status,
            code: upstream.errortype,
            message: upstream.message,
            request_id: None,
            clock_offset: Some(-600),
        });
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
