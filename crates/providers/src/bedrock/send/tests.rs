mod account;
mod native;
mod tools;

use std::time::{Duration, UNIX_EPOCH};

use llm::{Answer, Category, Content, Event, Request, StopReason};
use serde_json::{Value, json};
use wire::Detail;

use super::*;
use crate::Provider;
use crate::bedrock::endpoint::Service;
use crate::bedrock::exchange::headers;
use crate::bedrock::fixture::{anthropic, at, converse_stream, drain, invoke_stream, openai, session};
use crate::upstream::{Received, Scripted, upstream};

const CLAUDE: &str = "claude-sonnet-4-5";
const CLAUDE_ID: &str = "us.anthropic.claude-sonnet-4-5-20250929-v1%3A0";

fn bedrock() -> Bedrock {
    Bedrock::new(at(UNIX_EPOCH + Duration::from_secs(1_795_262_400)))
}

/// Sends `asked` to an upstream that answers by `script`.
async fn send(
    bedrock: &Bedrock,
    asked: &Request,
    script: impl Fn(usize, &Received) -> Scripted,
) -> (Result<Reply, Error>, Vec<Received>) {
    upstream(script, async |endpoint| {
        let session = session(&endpoint);
        let target = bedrock.resolve(&session.account, &asked.model).unwrap();
        let same = asked.stream && target.model.wire == asked.wire;
        let detail = if same { Detail::Control } else { Detail::Full };
        let mut reply = bedrock.send(&session, Call { asked, target: &target, detail }).await?;
        // The upstream goes with this block, so what it streams is taken in here.
        if let Body::Stream { bytes, .. } = &mut reply.body {
            let all: Vec<_> = futures_util::StreamExt::collect(std::mem::replace(
                bytes,
                Box::pin(futures_util::stream::empty()),
            ))
            .await;
            *bytes = Box::pin(futures_util::stream::iter(all));
        }
        Ok(reply)
    })
    .await
}

fn hello() -> Value {
    json!({"model": CLAUDE, "max_tokens": 64, "stream": true, "messages": [{"role": "user", "content": "hi"}]})
}

fn message() -> Value {
    json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5-20250929",
        "content": [{"type": "text", "text": "hello", "new": [1 ]}], "stop_reason": "end_turn", "stop_sequence": null,
        "usage": {"input_tokens": 3, "output_tokens": 5},
    })
}

fn text_of(answer: &Answer) -> &str {
    match &answer.content[0].content {
        Content::Text { text } => text,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn claude_is_streamed_in_the_clients_own_words() {
    let events = [
        json!({"type": "message_start", "message": {"id": "m", "role": "assistant", "content": [], "usage": {"input_tokens": 3, "output_tokens": 1}}}),
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "hello"}}),
        json!({"type": "content_block_stop", "index": 0}),
        json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"input_tokens": 3, "output_tokens": 5}}),
        json!({"type": "message_stop"}),
    ];
    let answer = Scripted::ok(invoke_stream(&events));
    let (reply, requests) = send(&bedrock(), &anthropic(&hello()), |_, _| answer.clone()).await;
    let reply = reply.unwrap();
    assert_eq!(
        (reply.wire, reply.attempts, reply.request_id.as_deref()),
        (Wire::AnthropicMessages, 1, Some("req-1"))
    );
    let frames: Vec<Value> = drain(reply.body)
        .await
        .into_iter()
        .filter_map(|chunk| serde_json::from_slice(&chunk.frame?.json).ok())
        .collect();
    assert_eq!(frames, events);

    let request = &requests[0];
    assert_eq!(request.line, format!("POST /model/{CLAUDE_ID}/invoke-with-response-stream"));
    assert_eq!(request.header("x-amzn-bedrock-accept"), Some("application/json"));
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert!(request.header("authorization").unwrap().contains("/us-east-1/bedrock/aws4_request"));
    let body = request.json();
    assert_eq!(body["anthropic_version"], "bedrock-2023-05-31");
    assert!(body.get("model").is_none() && body.get("stream").is_none());
}

#[tokio::test]
async fn claude_answers_whole_to_who_does_not_stream() {
    let mut asked = hello();
    asked["stream"] = json!(false);
    let answer = Scripted::ok(message().to_string());
    let (reply, requests) = send(&bedrock(), &anthropic(&asked), |_, _| answer.clone()).await;
    let Body::Whole(whole) = reply.unwrap().body else { panic!("whole") };
    assert_eq!(whole.json, message().to_string());
    assert_eq!((whole.usage.output, whole.stop), (Some(5), Some(StopReason::EndTurn)));
    assert_eq!(requests[0].line, format!("POST /model/{CLAUDE_ID}/invoke"));
    assert_eq!(requests[0].header("accept"), Some("application/json"));

    asked["max_tokens"] = json!(30_000);
    let (reply, requests) = send(&bedrock(), &anthropic(&asked), |_, _| answer.clone()).await;
    assert!(matches!(reply.unwrap().body, Body::Whole(_)), "the service's own words, however long");
    assert!(requests[0].line.ends_with("/invoke"));
}

#[tokio::test]
async fn a_long_answer_for_another_dialect_is_streamed() {
    let asked =
        json!({"model": CLAUDE, "max_tokens": 30_000, "messages": [{"role": "user", "content": "hi"}]});
    let (reply, requests) = send(&bedrock(), &openai(&asked), |_, _| Scripted::ok("")).await;
    assert!(matches!(reply.unwrap().body, Body::Stream { .. }), "a silent wait would be cut on the way");
    assert!(requests[0].line.ends_with("/invoke-with-response-stream"));
}

#[tokio::test]
async fn an_openai_client_gets_claudes_meaning() {
    let asked =
        json!({"model": CLAUDE, "service_tier": "flex", "messages": [{"role": "user", "content": "hi"}]});
    let answer = Scripted::ok(message().to_string());
    let (reply, requests) = send(&bedrock(), &openai(&asked), |_, _| answer.clone()).await;
    let reply = reply.unwrap();
    assert!(reply.adjustments.contains(&"service_tier:dropped".to_owned()), "{:?}", reply.adjustments);
    let Body::Answer(answer) = reply.body else { panic!("meaning") };
    assert_eq!(text_of(&answer), "hello");
    assert_eq!(requests[0].json()["messages"][0]["role"], "user");
    assert_eq!(requests[0].header("x-amzn-bedrock-service-tier"), None);
}

#[tokio::test]
async fn other_models_go_through_converse() {
    let events = [
        ("messageStart", json!({"role": "assistant"})),
        ("contentBlockDelta", json!({"contentBlockIndex": 0, "delta": {"text": "hello"}})),
        ("contentBlockStop", json!({"contentBlockIndex": 0})),
        ("messageStop", json!({"stopReason": "end_turn"})),
        (
            "metadata",
            json!({"usage": {"inputTokens": 3, "outputTokens": 5, "totalTokens": 8}, "metrics": {"latencyMs": 1}}),
        ),
    ];
    let mut asked = hello();
    asked["model"] = json!("qwen.qwen3-32b-v1:0");
    let answer = Scripted::ok(converse_stream(&events));
    let (reply, requests) = send(&bedrock(), &anthropic(&asked), |_, _| answer.clone()).await;
    let reply = reply.unwrap();
    assert_eq!(reply.wire, Wire::BedrockConverse);
    let said = drain(reply.body)
        .await
        .into_iter()
        .flat_map(|chunk| chunk.events)
        .any(|event| matches!(event, Event::TextDelta { text, .. } if text == "hello"));
    assert!(said);
    assert_eq!(requests[0].line, "POST /model/qwen.qwen3-32b-v1%3A0/converse-stream");
    assert_eq!(requests[0].json()["messages"][0]["content"][0]["text"], "hi");
}

#[tokio::test]
async fn a_refused_beta_is_left_out_and_remembered() {
    let bedrock = bedrock();
    let mut asked = anthropic(&hello());
    asked.hints.betas = vec!["context-management-2025-06-27".into()];
    let script = |_: usize, request: &Received| match request.json().get("anthropic_beta") {
        Some(_) => Scripted::refusal(400, "ValidationException", "invalid beta flag"),
        None => Scripted::ok(""),
    };
    let (reply, requests) = send(&bedrock, &asked, script).await;
    let reply = reply.unwrap();
    assert_eq!((reply.attempts, requests.len()), (2, 2));
    assert!(reply.adjustments.contains(&"anthropic_beta:refused".to_owned()), "{:?}", reply.adjustments);

    let (reply, requests) = send(&bedrock, &asked, script).await;
    assert_eq!((reply.unwrap().attempts, requests.len()), (1, 1), "once is enough");
}

#[tokio::test]
async fn refused_members_are_left_out_one_after_the_other() {
    let bedrock = bedrock();
    let mut asked = hello();
    asked["messages"] = json!([{"role": "user", "content": [
        {"type": "text", "text": "a", "x_one": 1, "x_two": {"y": 2}},
        {"type": "text", "text": "b", "x_one": 1},
    ]}]);
    let asked = anthropic(&asked);
    let script = |_: usize, request: &Received| {
        let body = String::from_utf8(request.body.clone()).unwrap();
        match ["x_one", "x_two"].into_iter().find(|name| body.contains(name)) {
            Some(name) => Scripted::refusal(
                400,
                "ValidationException",
                &format!("messages.0.content.0.text.{name}: Extra inputs are not permitted"),
            ),
            None => Scripted::ok(""),
        }
    };
    let (reply, requests) = send(&bedrock, &asked, script).await;
    assert_eq!((reply.unwrap().attempts, requests.len()), (3, 3));
    assert_eq!(
        requests[2].json()["messages"][0]["content"],
        json!([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}])
    );
    let (reply, _) = send(&bedrock, &asked, script).await;
    assert_eq!(reply.unwrap().attempts, 1);
}

#[tokio::test]
async fn healing_has_an_end() {
    let endless = |at: usize, _: &Received| {
        let member = ["temperature", "top_k", "stop_sequences", "system"][at];
        Scripted::refusal(400, "ValidationException", &format!("{member}: Extra inputs are not permitted"))
    };
    let asked = json!({
        "model": CLAUDE, "max_tokens": 64, "temperature": 1, "top_k": 1, "stop_sequences": ["x"],
        "system": "s", "stream": true, "messages": [{"role": "user", "content": "hi"}],
    });
    let (reply, requests) = send(&bedrock(), &anthropic(&asked), endless).await;
    assert_eq!(reply.unwrap_err().category, Category::InvalidRequest);
    assert_eq!(requests.len(), 4);
}

#[tokio::test]
async fn an_error_that_teaches_nothing_is_told_at_once() {
    let refused = |_: usize, _: &Received| {
        Scripted::refusal(400, "ValidationException", "messages: roles must alternate")
    };
    let (reply, requests) = send(&bedrock(), &anthropic(&hello()), refused).await;
    let error = reply.unwrap_err();
    assert_eq!((error.category, requests.len()), (Category::InvalidRequest, 1));
    let upstream = error.upstream.unwrap();
    assert_eq!((upstream.status, upstream.code.as_str()), (400, "ValidationException"));
    assert_eq!(upstream.request_id.as_deref(), Some("req-0"));
}

#[tokio::test]
async fn a_wrong_clock_is_told_with_the_difference() {
    let skewed = |_: usize, _: &Received| {
        let mut answer =
            Scripted::refusal(403, "InvalidSignatureException", "Signature expired: 20261121T120000Z");
        answer.headers.push(("date", "Sat, 21 Nov 2026 12:10:00 GMT".into()));
        answer
    };
    let (reply, _) = send(&bedrock(), &anthropic(&hello()), skewed).await;
    let error = reply.unwrap_err();
    assert_eq!(error.category, Category::Signature);
    assert_eq!(error.upstream.unwrap().clock_offset, Some(600));
}

#[tokio::test]
async fn an_unknown_operation_with_a_good_status_is_an_error() {
    let odd = |_: usize, _: &Received| {
        let mut answer = Scripted::refusal(200, "UnknownOperationException", "");
        answer.body = b"{}".to_vec();
        answer
    };
    let (reply, _) = send(&bedrock(), &anthropic(&hello()), odd).await;
    assert_eq!(reply.unwrap_err().category, Category::ModelNotFound);
}

#[tokio::test]
async fn a_bare_id_that_needs_a_profile_gets_one() {
    let bedrock = bedrock();
    let mut asked = hello();
    asked["model"] = json!("qwen.qwen9-new-v1:0");
    let asked = anthropic(&asked);
    let script = |_: usize, request: &Received| {
        if request.line.contains("/us.qwen.qwen9-new-v1%3A0/") {
            Scripted::ok("")
        } else {
            let words = "Invocation of model ID qwen.qwen9-new-v1:0 with on-demand throughput isn\u{2019}t supported. Retry your request with the ID or ARN of an inference profile that contains this model.";
            Scripted::refusal(400, "ValidationException", words)
        }
    };
    let (reply, requests) = send(&bedrock, &asked, script).await;
    let reply = reply.unwrap();
    assert_eq!((reply.attempts, requests.len()), (2, 2));
    assert!(reply.adjustments.contains(&"model:inference_profile".to_owned()), "{:?}", reply.adjustments);
    let (reply, _) = send(&bedrock, &asked, script).await;
    assert_eq!(reply.unwrap().attempts, 1);
}

#[tokio::test]
async fn a_tier_that_is_not_sold_is_given_up() {
    let bedrock = bedrock();
    let asked = json!({
        "model": "qwen.qwen3-32b-v1:0", "service_tier": "flex", "messages": [{"role": "user", "content": "hi"}],
    });
    let whole = json!({
        "output": {"message": {"role": "assistant", "content": [{"text": "hello"}]}},
        "stopReason": "end_turn", "usage": {"inputTokens": 3, "outputTokens": 5, "totalTokens": 8},
    });
    let script = |_: usize, request: &Received| match request.json().get("serviceTier") {
        Some(_) => {
            Scripted::refusal(400, "ValidationException", "The service tier is not supported for this model.")
        }
        None => Scripted::ok(whole.to_string()),
    };
    let (reply, requests) = send(&bedrock, &openai(&asked), script).await;
    let reply = reply.unwrap();
    assert_eq!(requests[0].json()["serviceTier"]["type"], "flex");
    assert_eq!(reply.attempts, 2);
    let Body::Answer(answer) = reply.body else { panic!("whole") };
    assert_eq!(text_of(&answer), "hello");
    let (reply, _) = send(&bedrock, &openai(&asked), script).await;
    assert_eq!(reply.unwrap().attempts, 1);
}

#[tokio::test]
async fn a_model_that_cannot_stream_tools_answers_whole() {
    let bedrock = bedrock();
    let asked = anthropic(&json!({
        "model": "qwen.qwen3-32b-v1:0", "max_tokens": 64, "stream": true,
        "tools": [{"name": "t", "input_schema": {"type": "object"}}], "messages": [{"role": "user", "content": "hi"}],
    }));
    let whole = json!({
        "output": {"message": {"role": "assistant", "content": [{"toolUse": {"toolUseId": "u", "name": "t", "input": {}}}]}},
        "stopReason": "tool_use", "usage": {"inputTokens": 3, "outputTokens": 5, "totalTokens": 8},
    });
    let script = |_: usize, request: &Received| {
        if request.line.ends_with("/converse-stream") {
            Scripted::refusal(
                400,
                "ValidationException",
                "This model doesn't support tool use in streaming mode.",
            )
        } else {
            Scripted::ok(whole.to_string())
        }
    };
    for attempts in [2, 1] {
        let (reply, _) = send(&bedrock, &asked, script).await;
        let reply = reply.unwrap();
        assert_eq!(reply.attempts, attempts);
        let Body::Answer(answer) = reply.body else { panic!("whole") };
        assert_eq!(answer.stop, Some(StopReason::ToolUse));
    }
    let mut without_tools = hello();
    without_tools["model"] = json!("qwen.qwen3-32b-v1:0");
    let (_, requests) = send(&bedrock, &anthropic(&without_tools), |_, _| Scripted::ok("")).await;
    assert!(requests[0].line.ends_with("/converse-stream"), "without tools it streams");
}

#[tokio::test]
async fn what_is_too_long_is_not_sent() {
    let (answer, requests) = upstream(
        |_, _| Scripted::ok(""),
        async |endpoint| {
            let url = endpoint::model_url(&endpoint, "m", "invoke").unwrap();
            let payload = llm::Payload::from(vec![b' '; 25_000_001]);
            bedrock()
                .post(&session(&endpoint), Service::Runtime, url, headers(Operation::Invoke, None), payload)
                .await
        },
    )
    .await;
    assert_eq!((answer.unwrap_err().category, requests.len()), (Category::TooLarge, 0));
}

#[tokio::test]
async fn the_sandbox_is_signed_for_and_needs_no_credential() {
    let (opened, _) = upstream(
        |_, _| Scripted::ok(""),
        async |endpoint| {
            let at = at(UNIX_EPOCH);
            let sandbox = Bedrock::sandbox(endpoint.clone(), at.http, at.clock);
            let account =
                Arc::new(Account { endpoint_url: None, ..Account::clone(&session(&endpoint).account) });
            assert!(sandbox.check(&account, &json!({"kind": "none"})).is_ok());
            let opened = sandbox.open(&account, &llm::Secret::new(""), crate::Why::First).await.unwrap();
            assert_eq!(opened.session.account.endpoint_url.as_deref(), Some(endpoint.as_str()));
            let target = sandbox.resolve(&account, CLAUDE).unwrap();
            let asked = anthropic(&hello());
            sandbox
                .send(&opened.session, Call { asked: &asked, target: &target, detail: Detail::Control })
                .await
        },
    )
    .await;
    assert_eq!(opened.unwrap().attempts, 1);
}
