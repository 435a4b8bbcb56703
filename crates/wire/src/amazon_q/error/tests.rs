use llm::Category::{
    ContextLength, Expired, InvalidRequest, ModelNotFound, Overloaded, PermissionDenied, Quota, RateLimited,
    Suspended, Timeout, TooLarge, Unsupported, Upstream as Failed,
};
use llm::Wire;
use serde_json::{Value, json};

use super::*;
use crate::ServerCodec;
use crate::amazon_q::read_exception;
use crate::anthropic::server::AnthropicServer;
use crate::eventstream::{Decoder, encode};
use crate::openai::chat::OpenAiChatServer;

fn refused(status: u16, error_type: &str, body: &Value) -> Refused {
    let head = ErrorHead { status, error_type: Some(error_type), ..ErrorHead::default() };
    read_error(&head, body.to_string().as_bytes())
}

fn words(reply: &crate::ErrorReply) -> Value {
    let body: Value = serde_json::from_slice(&reply.body).expect("JSON");
    body["error"].clone()
}

/// Every sample in both manners, as both kinds of clients hear of it.
#[test]
fn the_samples_reach_both_kinds_of_clients() {
    let file = include_str!("../../../tests/fixtures/amazon_q/http-errors.json");
    let file: Value = serde_json::from_str(file).expect("JSON");
    let cases = file["cases"].as_array().expect("a list");
    assert_eq!(cases.len(), 27);
    for case in cases {
        let name = case["case"].as_str().expect("text");
        let status = u16::try_from(case["status"].as_u64().expect("a number")).expect("a status");
        let head = ErrorHead { status, request_id: Some("r-1"), ..ErrorHead::default() };
        let rest = ErrorHead { error_type: case["rest_type"].as_str(), ..head };
        for (head, body) in [(head, &case["json_1_0"]), (rest, &case["rest"])] {
            let refused = read_error(&head, body.to_string().as_bytes());
            let error = &refused.error;
            for (codec, expected) in [
                (&AnthropicServer::new() as &dyn ServerCodec, &case["anthropic"]),
                (&OpenAiChatServer, &case["openai"]),
            ] {
                let reply = codec.write_error(error, "req_1");
                let (said, asked) = (words(&reply), &expected["body"]["error"]);
                assert_eq!(reply.status, expected["status"], "{name}");
                assert_eq!((&said["type"], &said["code"]), (&asked["type"], &asked["code"]), "{name}");
                // Which model was asked for is not known here.
                if error.category != ModelNotFound {
                    let asked = asked["message"].as_str().expect("text").trim_end_matches('.');
                    let said = said["message"].as_str().expect("text");
                    // Clients of Anthropic's API look at the first words, those of OpenAI's at the code.
                    let within = error.category == ContextLength && codec.wire() == Wire::OpenAiChat;
                    assert!(said.starts_with(asked) || (within && said.contains(&asked[1..])), "{said}");
                }
            }
            let upstream = error.upstream.as_deref().expect("kept");
            assert_eq!(upstream.message, body["message"].as_str().expect("text"), "{name}");
            assert_eq!((upstream.status, upstream.request_id.as_deref()), (status, Some("r-1")));
            let wait = body.get("retryAfterMilliseconds").map(|_| Duration::from_secs(300));
            assert_eq!(error.retry_after, wait, "{name}");
            let repair = match name {
                "conversation_limit" => Some(Repair::NewConversation),
                "malformed" => Some(Repair::BareSchemas),
                "tool_mismatch" => Some(Repair::Again),
                "bad_signature" => Some(Repair::DropReasoning),
                "effort_not_supported" => Some(Repair::DropFields),
                _ => None,
            };
            assert_eq!(refused.repair, repair, "{name}");
        }
    }
}

#[test]
fn the_code_keeps_name_and_reason() {
    let body = json!({"message": "x", "reason": "DAILY_REQUEST_COUNT"});
    for (kind, code) in [
        ("ThrottlingException:http://internal/", "ThrottlingException/DAILY_REQUEST_COUNT"),
        ("com.amazon.kiro.runtimeservice#ThrottlingError", "ThrottlingError/DAILY_REQUEST_COUNT"),
    ] {
        let error = refused(429, kind, &body).error;
        assert_eq!((error.category, error.upstream.expect("kept").code.as_str()), (Quota, code));
    }
    let error = refused(429, "", &json!({"__type": "a.b#ThrottlingException:x", "Message": "y"})).error;
    let upstream = error.upstream.expect("kept");
    assert_eq!((upstream.code.as_str(), upstream.message.as_str()), ("ThrottlingException", "y"));
}

#[test]
fn a_reason_we_do_not_know_leaves_the_rest_to_tell() {
    for (status, name, message, category) in [
        (429, "ThrottlingException", "x", RateLimited),
        (400, "ValidationException", "Input is too long.", ContextLength),
        (402, "ServiceQuotaExceededException", "x", Quota),
        (403, "AccessDeniedException", "x", PermissionDenied),
        (500, "InternalServerException", "x", Failed),
        (499, "StrangeException", "x", Failed),
    ] {
        let body = json!({"message": message, "reason": "SOMETHING_NEW"});
        assert_eq!(refused(status, name, &body).error.category, category, "{name}");
    }
}

#[test]
fn without_a_reason_the_text_tells() {
    for (status, message, category, repair) in [
        (400, "Improperly formed request.", InvalidRequest, Some(Repair::BareSchemas)),
        (400, "Invalid tool use format.", InvalidRequest, Some(Repair::Again)),
        (400, "Invalid model. Please select a different model to continue.", ModelNotFound, None),
        (400, "Invalid profileArn", InvalidRequest, None),
        (400, "Maximum AgenticChat reached for this month.", Quota, None),
        (401, "The bearer token included in the request is invalid.", Expired, None),
        (400, "The bearer token included in the request is invalid.", Expired, None),
        (403, "The security token included in the request is expired", Expired, None),
        (402, "You have reached the limit.", Quota, None),
        (403, "Your User ID (1) temporarily is suspended.", Suspended, None),
        (429, "Too many requests, please wait before trying again.", RateLimited, None),
        (500, "I am experiencing high traffic, please try again shortly.", Overloaded, None),
        (
            400,
            "additionalModelRequestFields: thinking.type is not allowed",
            Unsupported,
            Some(Repair::DropFields),
        ),
        (400, "Invalid signature in thinking block", InvalidRequest, Some(Repair::DropReasoning)),
        (400, "Unknown operation GenerateAssistantResponse", Failed, Some(Repair::OtherHost)),
        (403, "Invalid signature", PermissionDenied, Some(Repair::OtherHost)),
        (403, "User is not authorized to make this call.", PermissionDenied, None),
    ] {
        let refused = refused(status, "", &json!({"message": message, "reason": null}));
        assert_eq!((refused.error.category, refused.repair), (category, repair), "{message}");
    }
}

#[test]
fn the_status_is_the_last_word() {
    for (status, category, repair) in [
        (400, InvalidRequest, None),
        (401, Expired, None),
        (402, Quota, None),
        (403, PermissionDenied, None),
        (404, Failed, Some(Repair::OtherHost)),
        (405, Failed, Some(Repair::OtherHost)),
        (413, TooLarge, None),
        (429, RateLimited, None),
        (502, Failed, None),
        (503, Overloaded, None),
        (504, Timeout, None),
    ] {
        let head = ErrorHead { status, ..ErrorHead::default() };
        for body in ["", "null", "[1]", "<html><h1>Sorry</h1></html>"] {
            let refused = read_error(&head, body.as_bytes());
            assert_eq!((refused.error.category, refused.repair), (category, repair), "{status} {body}");
            assert!(!refused.error.message.contains("<html>") && !refused.error.message.is_empty());
            assert_eq!(refused.error.upstream.expect("kept").message, body);
        }
    }
    let unknown = refused(404, "ResourceNotFoundException", &json!({"message": "no"}));
    assert_eq!((unknown.error.category, unknown.repair), (ModelNotFound, Some(Repair::OtherHost)));
    let page = read_error(&ErrorHead { status: 502, ..ErrorHead::default() }, "é".repeat(4000).as_bytes());
    assert!(page.error.upstream.expect("kept").message.len() <= LONGEST);
}

#[test]
fn members_of_a_wrong_kind_cost_nothing() {
    let body = json!({"message": 7, "reason": ["x"], "retryAfterMilliseconds": "soon", "__type": {}});
    let head = ErrorHead { status: 429, retry_after: Some(" 2.5 "), ..ErrorHead::default() };
    let error = read_error(&head, body.to_string().as_bytes()).error;
    assert_eq!((error.category, error.retry_after), (RateLimited, Some(Duration::from_millis(2500))));
    let endless = json!({"retryAfterMilliseconds": 1e300});
    assert_eq!(refused(429, "", &endless).error.retry_after, None);
}

#[test]
fn the_person_is_told_what_to_do() {
    let reason =
        |status, reason| refused(status, "x", &json!({"message": "id 4711", "reason": reason})).error;
    let suspended = reason(403, "TEMPORARILY_SUSPENDED").message;
    assert!(suspended.contains("app.kiro.dev") && !suspended.contains("4711"));
    assert!(reason(402, "MONTHLY_REQUEST_COUNT").message.contains("overages"));
    assert_eq!(
        reason(400, "IMAGE_SIZE_EXCEEDED").message,
        "A picture has too many bytes; make it smaller. id 4711"
    );
    let denied = refused(403, "", &json!({"message": "User is not authorized to make this call."})).error;
    assert!(denied.message.contains("the right profile_arn"));
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
        ("error", r#"{"message":"x","reason":null}"#, Failed, 500),
        ("ThrottlingException", r#"{"message":"x"}"#, RateLimited, 429),
        ("ThrottlingException", r#"{"message":"x","reason":"INSUFFICIENT_MODEL_CAPACITY"}"#, Overloaded, 429),
        ("ValidationException", r#"{"message":"x"}"#, InvalidRequest, 400),
        ("ContentLengthExceededException", "", ContextLength, 400),
        ("InternalServerException", r#"{"reason":"MODEL_TEMPORARILY_UNAVAILABLE"}"#, Overloaded, 500),
        ("ServiceQuotaExceededException", r#"{"reason":"MONTHLY_REQUEST_COUNT"}"#, Quota, 402),
        ("AccessDeniedException", r#"{"message":"Token expired"}"#, Expired, 403),
        ("ServiceUnavailableException", "{}", Overloaded, 503),
        ("NewException", r#"{"message":"x"}"#, Failed, 500),
    ] {
        let error = exception("exception", name, payload).expect("an exception");
        assert_eq!((error.category, error.upstream.expect("kept").status), (category, status), "{name}");
    }
    let error = exception("error", "Strange", "").expect("an error");
    assert_eq!((error.category, error.message.as_str()), (Failed, "said in a header"));
    assert!(exception("event", "", "{}").is_none());
}
