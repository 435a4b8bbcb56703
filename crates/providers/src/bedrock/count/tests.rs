use std::time::UNIX_EPOCH;

use base64::Engine as _;
use llm::Request;
use serde_json::{Value, json};
use wire::Detail;

use super::*;
use crate::Provider;
use crate::bedrock::fixture::{anthropic, at, session};
use crate::upstream::{Received, Scripted, upstream};

fn asked(model: &str) -> Request {
    anthropic(&json!({"model": model, "max_tokens": 1, "messages": [{"role": "user", "content": "Hello"}]}))
}

async fn count(
    bedrock: &Bedrock,
    asked: &Request,
    script: impl Fn(usize, &Received) -> Scripted,
) -> (Result<TokenCount, Error>, Vec<Received>) {
    upstream(script, async |endpoint| {
        let session = session(&endpoint);
        let target = bedrock.resolve(&session.account, &asked.model).unwrap();
        bedrock.count_tokens(&session, Call { asked, target: &target, detail: Detail::Full }).await
    })
    .await
}

#[tokio::test]
async fn claude_is_counted_under_its_bare_id() {
    let bedrock = Bedrock::new(at(UNIX_EPOCH));
    let (counted, requests) =
        count(&bedrock, &asked("claude-sonnet-4-6"), |_, _| Scripted::ok(r#"{"inputTokens":11}"#)).await;
    assert_eq!(counted.unwrap(), TokenCount { input: 11, estimated: false });
    assert_eq!(requests[0].line, "POST /model/anthropic.claude-sonnet-4-6/count-tokens");
    let inner = requests[0].json()["input"]["invokeModel"]["body"]
        .as_str()
        .map(|text| STANDARD.decode(text).unwrap());
    let inner: Value = serde_json::from_slice(&inner.unwrap()).unwrap();
    assert_eq!(inner["anthropic_version"], "bedrock-2023-05-31");
    assert_eq!(inner["messages"][0]["content"], "Hello");
    assert!(inner["max_tokens"].is_u64());
}

#[tokio::test]
async fn a_model_that_cannot_be_counted_is_guessed_and_not_asked_again() {
    let bedrock = Bedrock::new(at(UNIX_EPOCH));
    let refused = |_: usize, _: &Received| {
        Scripted::refusal(400, "ValidationException", "The provided model doesn't support counting tokens.")
    };
    for asked_upstream in [1, 0] {
        let (counted, requests) = count(&bedrock, &asked("claude-opus-4-8"), refused).await;
        assert!(counted.unwrap().estimated);
        assert_eq!(requests.len(), asked_upstream);
    }
}

#[tokio::test]
async fn a_failure_is_guessed_over_but_a_bad_credential_is_told() {
    let bedrock = Bedrock::new(at(UNIX_EPOCH));
    let model = asked("claude-sonnet-4-6");
    let (counted, _) =
        count(&bedrock, &model, |_, _| Scripted::refusal(500, "InternalServerException", "")).await;
    assert!(counted.unwrap().estimated);
    let odd = Scripted::ok(r#"{"Output":{"__type":"UnknownOperationException"}}"#);
    let (counted, _) = count(&bedrock, &model, |_, _| odd.clone()).await;
    assert!(counted.unwrap().estimated, "a good status without a count is no count");
    let (counted, _) =
        count(&bedrock, &model, |_, _| Scripted::refusal(403, "ExpiredTokenException", "")).await;
    assert_eq!(counted.unwrap_err().category, Category::Expired);
}

#[tokio::test]
async fn other_models_are_guessed() {
    let bedrock = Bedrock::new(at(UNIX_EPOCH));
    let (counted, requests) = count(&bedrock, &asked("qwen.qwen3-32b-v1:0"), |_, _| Scripted::ok("")).await;
    assert_eq!((counted.unwrap(), requests.len()), (TokenCount { input: 5, estimated: true }, 0));
}
