//! What the account's options and its ARNs change.

use std::sync::Arc;

use super::*;
use crate::Account;

const ARN: &str = "arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/abc";

fn converse_answer() -> Scripted {
    let message = json!({"role": "assistant", "content": [{"text": "hello"}]});
    let usage = json!({"inputTokens": 1, "outputTokens": 1, "totalTokens": 2});
    Scripted::ok(
        json!({"output": {"message": message}, "stopReason": "end_turn", "usage": usage}).to_string(),
    )
}

async fn send_with(
    options: Value,
    asked: &Request,
    script: impl Fn(usize, &Received) -> Scripted,
) -> (Result<Reply, Error>, Vec<Received>) {
    let bedrock = bedrock();
    upstream(script, async |endpoint| {
        let mut session = session(&endpoint);
        let account = Account { options, ..Account::clone(&session.account) };
        session.account = Arc::new(account);
        let target = bedrock.resolve(&session.account, &asked.model).unwrap();
        bedrock.send(&session, Call { asked, target: &target, detail: Detail::Full }).await
    })
    .await
}

#[tokio::test]
async fn a_guardrail_and_a_latency_go_with_every_request() {
    let options = json!({
        "guardrail": {"identifier": "gr-1", "version": "7", "trace": "enabled"}, "latency": "optimized",
    });
    let mut whole = hello();
    whole["stream"] = json!(false);
    let claude = |_: usize, _: &Received| Scripted::ok(message().to_string());
    let (reply, requests) = send_with(options.clone(), &anthropic(&whole), claude).await;
    reply.unwrap();
    let header = |name: &str| requests[0].header(name).unwrap_or_default();
    assert_eq!(header("x-amzn-bedrock-guardrailidentifier"), "gr-1");
    assert_eq!(header("x-amzn-bedrock-guardrailversion"), "7");
    assert_eq!(header("x-amzn-bedrock-trace"), "ENABLED");
    assert_eq!(header("x-amzn-bedrock-performanceconfig-latency"), "optimized");
    assert!(header("authorization").contains("x-amzn-bedrock-guardrailidentifier"), "it is signed");

    whole["model"] = json!("qwen.qwen3-32b-v1:0");
    let (reply, requests) = send_with(options, &anthropic(&whole), |_, _| converse_answer()).await;
    reply.unwrap();
    let body = requests[0].json();
    assert_eq!(
        body["guardrailConfig"],
        json!({"guardrailIdentifier": "gr-1", "guardrailVersion": "7", "trace": "enabled"})
    );
    assert_eq!(body["performanceConfig"], json!({"latency": "optimized"}));
    assert!(requests[0].header("x-amzn-bedrock-guardrailidentifier").is_none());
}

#[tokio::test]
async fn a_full_flex_tier_is_left_only_when_the_person_wants_that() {
    let asked = openai(&json!({
        "model": "qwen.qwen3-32b-v1:0", "service_tier": "flex", "messages": [{"role": "user", "content": "hi"}],
    }));
    let full = |_: usize, request: &Received| match request.json().get("serviceTier") {
        Some(_) => Scripted::refusal(429, "ThrottlingException", "Too many requests"),
        None => converse_answer(),
    };
    let (reply, requests) = send_with(json!({"flex_fallback": "default"}), &asked, full).await;
    let reply = reply.unwrap();
    assert_eq!((reply.attempts, requests.len()), (2, 2));
    assert_eq!(reply.adjustments, ["service_tier:default"]);
    let (reply, requests) = send_with(Value::Null, &asked, full).await;
    assert_eq!((reply.unwrap_err().category, requests.len()), (Category::RateLimited, 1));
}

#[tokio::test]
async fn what_stands_behind_an_arn_is_asked_for_once() {
    let bedrock = bedrock();
    let mut asked = hello();
    asked["model"] = json!(ARN);
    asked["stream"] = json!(false);
    let asked = anthropic(&asked);
    let script = |_: usize, request: &Received| {
        if request.line.starts_with("GET ") {
            let model = "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-opus-4-8";
            Scripted::ok(json!({"models": [{"modelArn": model}]}).to_string())
        } else {
            Scripted::ok(message().to_string())
        }
    };
    let (reply, requests) = send(&bedrock, &asked, script).await;
    reply.unwrap();
    let encoded = "arn%3Aaws%3Abedrock%3Aus-east-1%3A111122223333%3Aapplication-inference-profile%2Fabc";
    let lines: Vec<&str> = requests.iter().map(|request| request.line.as_str()).collect();
    let [get, post] = [format!("GET /inference-profiles/{encoded}"), format!("POST /model/{encoded}/invoke")];
    assert_eq!(lines, [get, post.clone()]);
    let known = bedrock.resolve(&session("http://127.0.0.1:1").account, ARN).unwrap().model;
    assert_eq!((known.id.as_str(), known.name.as_str()), (ARN, "claude-opus-4-8"));
    let (_, requests) = send(&bedrock, &asked, script).await;
    assert_eq!(requests.iter().map(|request| request.line.as_str()).collect::<Vec<_>>(), [post]);
}

#[tokio::test]
async fn an_arn_that_may_not_be_read_goes_to_converse() {
    let bedrock = bedrock();
    let mut asked = hello();
    asked["model"] = json!(ARN);
    asked["stream"] = json!(false);
    let asked = anthropic(&asked);
    let script = |_: usize, request: &Received| {
        if request.line.starts_with("GET ") {
            Scripted::refusal(403, "AccessDeniedException", "not authorized")
        } else {
            converse_answer()
        }
    };
    for requests_sent in [2, 1] {
        let (reply, requests) = send(&bedrock, &asked, script).await;
        reply.unwrap();
        assert_eq!(requests.len(), requests_sent);
        assert!(requests.last().unwrap().line.ends_with("/converse"));
    }
}
