//! Refusals as a client meets them: status, headers, words.

use bytes::Bytes;
use emulator::{AccessKey, Config, Verdict};
use http::Method;
use serde_json::json;

use crate::caller::{Caller, Identity, emulator, invoke, started};
use crate::{CLAUDE, QWEN};

#[tokio::test]
async fn errors_have_aws_shape() {
    let (_emulator, caller) = emulator();
    let refused = caller.model("gpt-4o", "converse", &json!({ "messages": [] })).await;
    assert_eq!(refused.status, 400);
    assert_eq!(
        refused.header("x-amzn-errortype"),
        "ValidationException:http://internal.amazon.com/coral/com.amazon.bedrock/"
    );
    assert_eq!(refused.json(), json!({ "message": "The provided model identifier is invalid." }));
    assert!(!refused.header("x-amzn-requestid").is_empty() && !refused.header("date").is_empty());
}

#[tokio::test]
async fn callers_are_verified() {
    let temporary = AccessKey::new("ASIATEMP", "secret").with_token("token");
    let expired = AccessKey { expired: true, ..AccessKey::new("AKIAOLD", "secret") };
    let config =
        Config { access_keys: vec![temporary.clone(), expired.clone()], record: true, ..Config::default() };
    let (emulator, caller) = started(config);
    let code = async |identity: Identity| {
        let caller = Caller { identity, ..caller.clone() };
        caller.model(CLAUDE, "invoke", &invoke("hi")).await.code().to_owned()
    };
    assert_eq!(code(Identity::Signs(temporary)).await, "");
    assert_eq!(code(Identity::Signs(expired)).await, "ExpiredTokenException");
    assert_eq!(code(Identity::Signs(AccessKey::new("ASIATEMP", "wrong"))).await, "InvalidSignatureException");
    assert_eq!(code(Identity::Signs(AccessKey::sandbox())).await, "UnrecognizedClientException");
    assert_eq!(code(Identity::Bears("wrong".into())).await, "AccessDeniedException");
    let rows = emulator.journal().requests();
    assert_eq!(rows.len(), 5);
    assert_eq!((&rows[0].verdict, rows[0].key.as_deref()), (&Verdict::Answered, Some("ASIATEMP")));
    assert!(
        matches!(&rows[1].verdict, Verdict::Refused { status: 403, code, .. } if code == "ExpiredTokenException")
    );
    assert_eq!(rows[0].body, invoke("hi").to_string());
    assert_eq!(rows[0].subject, CLAUDE);
}

#[tokio::test]
async fn a_wrong_clock_is_told_the_right_time() {
    let (_emulator, caller) = emulator();
    let late = Caller { offset: -1200, ..caller };
    let refused = late.model(CLAUDE, "invoke", &invoke("hi")).await;
    assert_eq!((refused.status, refused.code()), (403, "InvalidSignatureException"));
    assert!(refused.message().starts_with("Signature expired: "));
    assert!(refused.header("date").ends_with(" GMT"));
}

#[tokio::test]
async fn raw_and_encoded_ids_are_both_taken() {
    let (_emulator, caller) = emulator();
    let body = Bytes::from(invoke("hi").to_string());
    let raw = format!("/model/{CLAUDE}/invoke");
    assert_eq!(caller.send(Method::POST, &raw, body).await.status, 200);
}

#[tokio::test]
async fn unknown_paths_and_other_vendors_bodies_are_refused() {
    let (_emulator, caller) = emulator();
    let unknown = caller.send(Method::POST, "/nothing", Bytes::new()).await;
    assert_eq!((unknown.status, unknown.code()), (404, "UnknownOperationException"));
    assert_eq!(caller.model(QWEN, "invoke", &invoke("hi")).await.status, 400);
    let torn = caller.send(Method::POST, &format!("/model/{QWEN}/converse"), Bytes::from_static(b"{")).await;
    assert!(torn.message().starts_with("Malformed input request:"));
    let huge = caller.model(CLAUDE, "invoke", &invoke(&"x".repeat(5_000_000))).await;
    assert_eq!(huge.message(), "Input is too long for requested model.");
    let tier = caller
        .model(
            CLAUDE,
            "converse",
            &json!({
                "messages": [{ "role": "user", "content": [{ "text": "hi" }] }],
                "serviceTier": { "type": "flex" },
            }),
        )
        .await;
    assert_eq!(tier.message(), "The provided service tier flex is not supported for this model.");
}

#[tokio::test]
async fn a_lenient_emulator_answers_anyway() {
    let (_emulator, caller) = started(Config { strict: false, ..Config::default() });
    let body = json!({ "messages": [{ "role": "user", "content": "hi" }], "model": "x", "stream": true });
    assert_eq!(caller.model(CLAUDE, "invoke", &body).await.json()["content"][0]["text"], "echo: hi");
}
