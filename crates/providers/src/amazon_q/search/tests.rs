use futures_util::StreamExt;
use llm::{Answer, Block, Chunk, Collector, Content, Request, StopReason};
use serde_json::json;

use super::*;
use crate::amazon_q::fixture::{ARN, account, anthropic, good, ide, key, provider, refusal, session, stream};
use crate::upstream::{Received, Scripted, upstream};
use crate::{Account, Bearer, Body, Call, Provider};

fn asked(more: &Value) -> Request {
    let mut body = json!({
        "model": "claude-sonnet-4-5", "max_tokens": 1000, "stream": true,
        "messages": [{"role": "user", "content": "Which Rust is new?"}],
        "tools": [{"type": "web_search_20250305", "name": "web_search"}],
    });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    anthropic(&body)
}

/// A turn that searches.
fn calls(query: &str) -> Scripted {
    stream(&[
        ("assistantResponseEvent", json!({"content": "Let me look."})),
        (
            "toolUseEvent",
            json!({"toolUseId": "tooluse_1", "name": "web_search", "input": json!({"query": query}).to_string(), "stop": true}),
        ),
        (
            "metadataEvent",
            json!({"tokenUsage": {"uncachedInputTokens": 10, "outputTokens": 4, "totalTokens": 14}}),
        ),
        ("meteringEvent", json!({"usage": 0.5, "unit": "credit"})),
    ])
}

fn says(text: &str) -> Scripted {
    stream(&[
        ("assistantResponseEvent", json!({"content": text})),
        (
            "metadataEvent",
            json!({"tokenUsage": {"uncachedInputTokens": 30, "outputTokens": 5, "totalTokens": 35}}),
        ),
        ("meteringEvent", json!({"usage": 0.25, "unit": "credit"})),
    ])
}

fn pages() -> Scripted {
    let page = json!({"title": "News", "url": "https://example.com/a", "snippet": "Rust 1.99 is out."});
    let text = json!({"results": [page], "totalResults": 1, "query": "q", "error": null}).to_string();
    good(
        &json!({"id": "1", "jsonrpc": "2.0", "result": {"isError": false, "content": [{"type": "text", "text": text}]}}),
    )
}

fn profile(toggle: &str) -> Scripted {
    good(&json!({"profile": {"arn": ARN, "optInFeatures": {"mcpConfiguration": {"toggle": toggle}}}}))
}

fn is_chat(request: &Received) -> bool {
    request.header("x-amz-target").is_some_and(|target| target.ends_with("GenerateAssistantResponse"))
}

fn searches(endpoint: &str) -> Account {
    Account { options: json!({"web_search": true}), ..account(endpoint) }
}

/// Asks, and reads what comes until the end or an error.
async fn ask(
    bearer: Bearer,
    asked: &Request,
    script: impl Fn(usize, &Received) -> Scripted,
) -> (Vec<Chunk>, Option<Error>, Vec<Received>) {
    let provider = provider();
    let ((chunks, error), requests) = upstream(script, async |endpoint| {
        let session = session(searches(&endpoint), bearer);
        let target = provider.resolve(&session.account, &asked.model).unwrap();
        let call = Call { asked, target: &target, detail: wire::Detail::Full };
        let Body::Chunks(mut coming) = provider.send(&session, call).await.unwrap().body else {
            panic!("turns")
        };
        let (mut chunks, mut error) = (Vec::new(), None);
        while let Some(chunk) = coming.next().await {
            match chunk {
                Ok(chunk) => chunks.push(chunk),
                Err(failed) => error = Some(failed),
            }
        }
        (chunks, error)
    })
    .await;
    (chunks, error, requests)
}

fn answer(chunks: &[Chunk]) -> Answer {
    let mut collector = Collector::new();
    chunks.iter().flat_map(|chunk| chunk.events.clone()).for_each(|event| collector.push(event));
    collector.finish()
}

/// The blocks' kinds.
fn kinds(answer: &Answer) -> Vec<String> {
    let kind = |block: &Block| match &block.content {
        Content::Text { text } => text.clone(),
        Content::ToolUse { name, .. } => format!("call of {name}"),
        Content::Opaque { value, .. } => match &value["content"]["error_code"] {
            Value::String(code) => code.clone(),
            _ => value["type"].as_str().unwrap().to_owned(),
        },
        other => format!("{other:?}"),
    };
    answer.content.iter().map(kind).collect()
}

#[tokio::test]
async fn two_turns_are_one_answer() {
    let script = |at: usize, request: &Received| match request.line.as_str() {
        "POST /mcp" => pages(),
        _ if !is_chat(request) => profile("ON"),
        _ if at == 0 => calls("rust"),
        _ => says("It is 1.99."),
    };
    let (chunks, error, requests) = ask(ide(), &asked(&json!({})), script).await;
    assert!(error.is_none(), "{error:?}");
    let answer = answer(&chunks);
    assert_eq!(kinds(&answer), ["Let me look.", "server_tool_use", "web_search_tool_result", "It is 1.99."]);
    assert_eq!(answer.stop, Some(StopReason::EndTurn));
    let usage = answer.usage;
    assert_eq!((usage.input, usage.output, usage.credits), (Some(40), Some(9), Some(0.75)));
    assert_eq!((usage.web_searches, usage.estimated), (Some(1), false));
    // The call is seen before anybody searches.
    let of =
        |kind: &str| chunks.iter().position(|chunk| format!("{:?}", chunk.events).contains(kind)).unwrap();
    assert!(of("server_tool_use") < of("web_search_tool_result"));

    assert_eq!(requests.len(), 4);
    let mcp = &requests[2];
    assert_eq!((mcp.line.as_str(), mcp.header("x-amzn-kiro-profile-arn")), ("POST /mcp", Some(ARN)));
    assert_eq!(mcp.header("content-type"), Some("application/json"));
    let call = mcp.json();
    assert_eq!((&call["jsonrpc"], &call["method"]), (&json!("2.0"), &json!("tools/call")));
    assert_eq!(call["params"], json!({"name": "web_search", "arguments": {"query": "rust"}}));
    let state = requests[3].json()["conversationState"].clone();
    let spoken = &state["history"][1]["assistantResponseMessage"];
    assert_eq!(
        (&spoken["content"], &spoken["toolUses"][0]["input"]),
        (&json!("Let me look."), &json!({"query": "rust"}))
    );
    let current = &state["currentMessage"]["userInputMessage"]["userInputMessageContext"];
    assert_eq!(
        current["toolResults"][0]["content"][0]["text"],
        "News\nhttps://example.com/a\nRust 1.99 is out."
    );
    assert_eq!(requests[0].json()["conversationState"]["conversationId"], state["conversationId"]);
}

#[tokio::test]
async fn an_organisation_that_forbids_tools_is_asked_once_and_heeded() {
    let turns = std::sync::atomic::AtomicUsize::new(0);
    let script = |_: usize, request: &Received| match request.line.as_str() {
        "POST /mcp" => panic!("it is forbidden"),
        _ if !is_chat(request) => profile("OFF"),
        _ if turns.fetch_add(1, std::sync::atomic::Ordering::Relaxed) < 2 => calls("rust"),
        _ => says("I do not know."),
    };
    let (chunks, _, requests) = ask(ide(), &asked(&json!({})), script).await;
    let answer = answer(&chunks);
    let call = ["Let me look.", "server_tool_use", "unavailable"];
    assert_eq!(kinds(&answer), [&call[..], &call[..], &["I do not know."]].concat());
    assert_eq!(answer.usage.web_searches, Some(0));
    assert_eq!(requests.iter().filter(|request| !is_chat(request)).count(), 1);
}

#[tokio::test]
async fn a_model_that_never_stops_searching_is_stopped() {
    for (more, searches) in [
        (json!({"tools": [{"type": "web_search_20250305", "name": "web_search", "max_uses": 2}]}), 2),
        (json!({}), 10),
    ] {
        let script = |_: usize, request: &Received| if is_chat(request) { calls("rust") } else { pages() };
        let (chunks, error, requests) = ask(key(), &asked(&more), script).await;
        assert!(error.is_none(), "{error:?}");
        let answer = answer(&chunks);
        assert_eq!(answer.stop, Some(StopReason::EndTurn));
        let count = |kind: &str| kinds(&answer).iter().filter(|known| *known == kind).count();
        assert_eq!((count("web_search_tool_result"), count("max_uses_exceeded")), (searches, 3));
        assert_eq!(requests.iter().filter(|request| !is_chat(request)).count(), searches);
        // The ordinary tool is gone once nothing comes of it, and only its name stays.
        let last = requests.last().unwrap().json();
        let tools = &last["conversationState"]["currentMessage"]["userInputMessage"]["userInputMessageContext"]
            ["tools"];
        assert!(
            tools[0]["toolSpecification"]["description"].as_str().unwrap().contains("not available"),
            "{tools}"
        );
    }
}

#[tokio::test]
async fn the_limit_of_the_answer_counts_over_all_turns() {
    let script = |_: usize, request: &Received| if is_chat(request) { calls("rust") } else { pages() };
    // What is left of seven does not reach for another call; and of four, which the first turn took, nothing is left.
    for (most, turns) in [(7, 2), (4, 1)] {
        let (chunks, _, requests) = ask(key(), &asked(&json!({"max_tokens": most})), script).await;
        let answer = answer(&chunks);
        assert_eq!((answer.stop, answer.usage.output), (Some(StopReason::MaxTokens), Some(most)));
        assert_eq!(requests.iter().filter(|request| is_chat(request)).count(), turns);
    }
}

#[tokio::test]
async fn a_turn_that_fails_is_asked_for_once_more_and_then_told() {
    let script = |at: usize, request: &Received| match request.line.as_str() {
        "POST /mcp" => pages(),
        _ if at == 0 => calls("rust"),
        _ => refusal(500, "InternalServerException", None, "Encountered an unexpected error."),
    };
    let (chunks, error, requests) = ask(key(), &asked(&json!({})), script).await;
    assert_eq!(kinds(&answer(&chunks)), ["Let me look.", "server_tool_use", "web_search_tool_result"]);
    assert_eq!(answer(&chunks).stop, None, "it did not end");
    assert_eq!(error.expect("told").category, Category::Upstream);
    assert_eq!(requests.len(), 4);
}

#[tokio::test]
async fn what_the_endpoint_refuses_is_told_the_model_and_the_client() {
    for (mcp, code) in [
        (refusal(429, "ThrottlingException", None, "Too many requests"), "too_many_requests"),
        (refusal(500, "InternalServerException", None, "No"), "unavailable"),
        (refusal(403, "AccessDeniedException", Some("FEATURE_NOT_SUPPORTED"), "No"), "unavailable"),
        (refusal(400, "ValidationException", None, "No"), "unavailable"),
        (
            good(&json!({"id": "1", "jsonrpc": "2.0", "error": {"code": -32602, "message": "No"}})),
            "invalid_tool_input",
        ),
        (Scripted::ok("<html>"), "unavailable"),
    ] {
        let script = |at: usize, request: &Received| match request.line.as_str() {
            "POST /mcp" => mcp.clone(),
            _ if at == 0 => calls("rust"),
            _ => says("I do not know."),
        };
        let (chunks, error, _) = ask(key(), &asked(&json!({})), script).await;
        assert!(error.is_none(), "{error:?}");
        assert_eq!(kinds(&answer(&chunks)), ["Let me look.", "server_tool_use", code, "I do not know."]);
    }
}
