use llm::Category::{
    ContextLength, Expired, InvalidRequest, ModelNotFound, NeedsProfile, Overloaded, PermissionDenied, Quota,
    RateLimited, Signature, Suspended, Timeout, TooLarge, Upstream,
};
use serde_json::{Value, json};

use super::*;
use crate::bedrock::read_exception;
use crate::eventstream::{Decoder, encode};

fn read(status: u16, error_type: &str, body: &str) -> Error {
    let head = ErrorHead { status, error_type: Some(error_type), ..ErrorHead::default() };
    read_error(&head, body.as_bytes())
}

/// Every row of the error samples, in both dialects' words: what a client is told follows from the category.
#[test]
fn the_samples_have_their_category() {
    let file = include_str!("../../../tests/fixtures/bedrock/11-errors.json");
    let file: Value = serde_json::from_str(file).expect("JSON");
    let cases = file["cases"].as_array().expect("a list");
    assert_eq!(cases.len(), 17);
    for case in cases {
        let upstream = &case["upstream"];
        let name = upstream["errortype"].as_str().expect("text").split(' ').next().expect("a word");
        let message = upstream["message"].as_str().expect("text");
        let mut body = json!({"message": message});
        if let Some(status) = upstream["extra"].get("originalStatusCode") {
            body["originalStatusCode"] = status.clone();
        }
        let native = name.ends_with("_error");
        if native {
            body = json!({"type": "error", "error": {"type": name, "message": message}});
        }
        let header = format!("{name}:http://internal.amazon.com/coral/com.amazon.bedrock/");
        let error = read_error(
            &ErrorHead {
                status: u16::try_from(upstream["status"].as_u64().expect("a number")).expect("a status"),
                error_type: (!native).then_some(&header),
                request_id: Some("3e5b7d1c"),
                retry_after: upstream["extra"]["retry-after"].as_str(),
            },
            body.to_string().as_bytes(),
        );
        assert_eq!(error.message, message);
        let kind = case["anthropic"]["body"]["error"]["type"].as_str().expect("text");
        let code = case["openai"]["body"]["error"]["code"].as_str();
        let expected: &[_] = match (kind, code) {
            ("invalid_request_error", Some("context_length_exceeded")) => &[ContextLength],
            ("invalid_request_error", Some("model_not_found")) => &[NeedsProfile],
            ("invalid_request_error", _) => &[InvalidRequest],
            ("authentication_error", Some("clock_skew")) => &[Signature],
            ("authentication_error", _) => &[Expired],
            ("permission_error", _) => &[PermissionDenied],
            ("not_found_error", _) => &[ModelNotFound],
            ("rate_limit_error", Some("insufficient_quota")) => &[Quota],
            ("rate_limit_error", _) => &[RateLimited],
            ("overloaded_error", _) => &[Overloaded],
            ("timeout_error", _) => &[Timeout],
            ("api_error", _) => &[Upstream],
            other => panic!("an unknown row: {other:?}"),
        };
        assert!(expected.contains(&error.category), "{name}: {:?}", error.category);
        let told = error.upstream.expect("kept");
        assert_eq!((told.code.as_str(), told.message.as_str()), (name, message));
        assert_eq!(told.request_id.as_deref(), Some("3e5b7d1c"));
        let wait = upstream["extra"]["retry-after"].as_str().map(|_| Duration::from_secs(2));
        assert_eq!(error.retry_after, wait);
    }
}

#[test]
fn names_and_texts_beyond_the_samples() {
    for (status, name, message, category) in [
        (403, "ExpiredToken", "x", Expired),
        (403, "InvalidClientTokenId", "x", Expired),
        (400, "RequestExpired", "x", Signature),
        (403, "IncompleteSignature", "x", Signature),
        (403, "AccessDeniedException", "Bearer Token has expired", Expired),
        (
            403,
            "AccessDeniedException",
            "Authentication failed: Please make sure your API Key is valid.",
            Expired,
        ),
        (403, "AccessDeniedException", "Your account has been suspended", Suspended),
        (400, "ValidationException", "The provided model identifier is invalid.", ModelNotFound),
        (400, "ValidationException", "prompt is too long: 213425 tokens > 200000 maximum", ContextLength),
        (
            400,
            "ValidationException",
            "input length and `max_tokens` exceed context limit: 9 + 9 > 10",
            ContextLength,
        ),
        (400, "ValidationException", "context_management: Extra inputs are not permitted", InvalidRequest),
        (400, "ConflictException", "x", InvalidRequest),
        (200, "UnknownOperationException", "", ModelNotFound),
        (424, "ModelStreamErrorException", "x", Upstream),
        (413, "", "x", TooLarge),
        (418, "", "x", Upstream),
        (503, "", "x", Overloaded),
    ] {
        let error = read(status, name, &json!({"message": message}).to_string());
        assert_eq!(error.category, category, "{status} {name} {message}");
    }
    let body = r#"{"message":"no","originalStatusCode":429}"#;
    assert_eq!(read(424, "ModelErrorException", body).category, RateLimited);
    let body = r#"{"message":"no","originalStatusCode":422}"#;
    assert_eq!(read(424, "ModelErrorException", body).category, InvalidRequest);
}

#[test]
fn the_name_may_be_in_the_body() {
    let body = r#"{"__type":"com.amazon.coral.service#UnrecognizedClientException","Message":"who?"}"#;
    let error = read_error(&ErrorHead { status: 400, ..ErrorHead::default() }, body.as_bytes());
    assert_eq!((error.category, error.message.as_str()), (Expired, "who?"));
}

#[test]
fn wrapped_words_are_unwrapped() {
    let inner = r#"{"type":"error","error":{"type":"invalid_request_error","message":"messages: too few"}}"#;
    for (message, words) in [
        (format!("{WRAPPER} {inner}"), "messages: too few"),
        (format!("{WRAPPER} tool_choice: no"), "tool_choice: no"),
        (format!("{WRAPPER} "), WRAPPER),
    ] {
        let error = read(400, "ValidationException", &json!({"message": message}).to_string());
        assert_eq!(error.message.trim(), words);
        assert_eq!(error.upstream.expect("kept").message, message);
    }
}

#[test]
fn html_is_kept_and_cut() {
    let body = format!("<html>{}</html>", "é".repeat(4000));
    let error = read_error(&ErrorHead { status: 502, ..ErrorHead::default() }, body.as_bytes());
    assert_eq!(error.category, Upstream);
    assert!(error.message.starts_with("<html>é") && error.message.len() <= LONGEST);
    let error = read_error(&ErrorHead { status: 503, ..ErrorHead::default() }, b"");
    assert_eq!(error.message, "Bedrock answered with status 503 and no message.");
}

#[test]
fn the_person_is_told_what_to_do() {
    let error = read(404, "FTUFormNotFilled", r#"{"message":"Form missing."}"#);
    assert_eq!(error.category, PermissionDenied);
    assert!(error.message.starts_with("Form missing. Fill in Anthropic's use-case form"));
    let text = "Model use case details have not been submitted for this account.";
    let error = read(404, "ResourceNotFoundException", &json!({"message": text}).to_string());
    assert_eq!(error.category, PermissionDenied);
    assert!(error.message.contains("use-case form"));
    let error = read(403, "MPAgreementBeingCreated", r#"{"message":"Wait."}"#);
    assert!(error.message.contains("two minutes"));
}

#[test]
fn exceptions_in_a_stream() {
    let exception = |kind: &str, name: &str, payload: &str| {
        let header = if kind == "exception" { ":exception-type" } else { ":error-code" };
        let mut decoder = Decoder::new();
        let headers = [(":message-type", kind), (header, name), (":error-message", "said in a header")];
        decoder.push(encode(&headers, payload.as_bytes()).into());
        read_exception(&decoder.next().expect("a good frame").expect("a message"))
    };
    for (name, payload, category, status) in [
        ("throttlingException", r#"{"message":"x"}"#, RateLimited, 429),
        ("validationException", r#"{"message":"x"}"#, InvalidRequest, 400),
        ("internalServerException", r#"{"message":"x"}"#, Upstream, 500),
        ("serviceUnavailableException", r#"{"message":"x"}"#, Overloaded, 503),
        ("modelTimeoutException", r#"{"message":"x"}"#, Timeout, 408),
        ("modelStreamErrorException", r#"{"message":"x","originalStatusCode":500}"#, Upstream, 500),
        ("modelStreamErrorException", r#"{"message":"x","originalStatusCode":429}"#, RateLimited, 429),
        (
            "modelStreamErrorException",
            r#"{"originalMessage":"x","originalStatusCode":400}"#,
            InvalidRequest,
            400,
        ),
        ("newException", r#"{"message":"x"}"#, Upstream, 500),
    ] {
        let error = exception("exception", name, payload).expect("an exception");
        assert_eq!((error.category, error.message.as_str()), (category, "x"), "{name}");
        let upstream = error.upstream.expect("kept");
        assert_eq!((upstream.status, upstream.code.as_str()), (status, name));
    }
    let error = exception("error", "InternalError", "").expect("an error");
    assert_eq!((error.category, error.message.as_str()), (Upstream, "said in a header"));
    assert!(exception("event", "", "{}").is_none());
}

#[test]
fn a_missing_permission_is_named() {
    let said = |why: &str| {
        let text = format!(
            "User: arn:aws:iam::123456789012:user/x is not authorized to perform: bedrock:InvokeModel on resource: \
             arn:aws:bedrock:us-east-1::foundation-model/m because {why}"
        );
        let error = read(403, "AccessDeniedException", &json!({"message": text}).to_string());
        assert_eq!(error.category, PermissionDenied);
        error.message
    };
    let lacks = said("no identity-based policy allows the bedrock:InvokeModel action");
    assert!(
        lacks.ends_with("Ask an administrator to allow bedrock:InvokeModel for this identity."),
        "{lacks}"
    );
    let denied = said("of an explicit deny in a service control policy");
    assert!(
        denied.ends_with("A policy denies bedrock:InvokeModel; an administrator must take that back."),
        "{denied}"
    );
}

#[test]
fn an_unknown_operation_is_known_inside_a_good_status() {
    let body =
        br#"{"Output":{"__type":"com.amazon.coral.service#UnknownOperationException"},"Version":"1.0"}"#;
    let error = read_error(&ErrorHead { status: 200, ..ErrorHead::default() }, body);
    assert_eq!(
        (error.category, error.upstream.unwrap().code.as_str()),
        (ModelNotFound, "UnknownOperationException")
    );
}
