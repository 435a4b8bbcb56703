use llm::{Category, Error};
use serde_json::json;
use wire::ServerCodec;
use wire::anthropic::client::read_error;
use wire::anthropic::server::AnthropicServer;
use wire::bedrock::{self, ErrorHead};

use crate::json;

/// What Bedrock says, what its reader makes of it, what the client hears.
#[test]
fn upstream_errors_become_anthropic_errors() {
    let samples = json(include_bytes!("../fixtures/bedrock/11-errors.json"));
    let cases = samples["cases"].as_array().expect("cases");
    assert!(cases.len() > 15);
    for case in cases {
        let upstream = &case["upstream"];
        let name = upstream["errortype"].as_str().and_then(|name| name.split(' ').next());
        let status = upstream["status"].as_u64().and_then(|status| status.try_into().ok()).expect("a status");
        let head = ErrorHead { status, error_type: name, ..ErrorHead::default() };
        let error =
            bedrock::read_error(&head, json!({"message": upstream["message"]}).to_string().as_bytes());
        let reply = AnthropicServer::new().write_error(&error, "<x-amzn-requestid>");
        assert_eq!(String::from_utf8_lossy(&reply.body), case["anthropic"]["body"].to_string());
        assert_eq!(reply.status, case["anthropic"]["status"], "{upstream}");
    }
}

#[test]
fn every_category_has_a_status_and_a_type() {
    use Category as C;
    let all = [
        C::InvalidRequest,
        C::ContextLength,
        C::Unsupported,
        C::LocalKey,
        C::Forbidden,
        C::UnknownRoute,
        C::MethodNotAllowed,
        C::ModelNotFound,
        C::NeedsProfile,
        C::SlowRequest,
        C::TooLarge,
        C::UnsupportedMedia,
        C::Cancelled,
        C::NoCredentials,
        C::Expired,
        C::Signature,
        C::PermissionDenied,
        C::Suspended,
        C::Quota,
        C::RateLimited,
        C::Overloaded,
        C::Timeout,
        C::Upstream,
        C::Unreachable,
        C::Truncated,
        C::AllCooling,
        C::Unavailable,
        C::Internal,
    ];
    let lines: Vec<String> = all
        .into_iter()
        .map(|category| {
            let reply = AnthropicServer::new().write_error(&Error::new(category, "why"), "");
            format!("{} {} {}", category.name(), reply.status, String::from_utf8_lossy(&reply.body))
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn our_errors_read_back_as_what_they_were() {
    for category in [
        Category::InvalidRequest,
        Category::PermissionDenied,
        Category::ModelNotFound,
        Category::TooLarge,
        Category::RateLimited,
        Category::Overloaded,
        Category::Timeout,
        Category::Upstream,
        Category::Expired,
    ] {
        let reply = AnthropicServer::new().write_error(&Error::new(category, "why"), "req_1");
        let back = read_error(reply.status, &reply.body);
        assert_eq!(back.category, category);
        assert_eq!(back.message, "why");
        let said = back.upstream.expect("the upstream's words");
        assert_eq!((said.status, said.request_id.as_deref()), (reply.status, Some("req_1")));
    }
}

#[test]
fn an_error_page_is_kept_by_its_status() {
    let back = read_error(503, "<html>\u{e4}".repeat(1000).as_bytes());
    assert_eq!(back.category, Category::Overloaded);
    assert!(back.message.starts_with("<html>") && back.message.len() <= 2048);
    assert_eq!(read_error(404, b"").message, "The upstream answered 404.");
    assert_eq!(
        read_error(400, br#"{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 2 > 1"}}"#)
            .category,
        Category::ContextLength
    );
}
