//! Models that turn out to have fewer tools than the list says.

use super::*;

const NO_TOOLS: &str = "This model doesn't support tool use.";

fn formatted() -> Value {
    let schema = json!({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]});
    json!({
        "model": "deepseek-r1", "messages": [{"role": "user", "content": "hi"}],
        "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": schema}},
    })
}

fn calling(model: &str) -> Value {
    json!({
        "model": model, "messages": [{"role": "user", "content": "hi"}], "tool_choice": "required",
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}],
    })
}

fn answer() -> Scripted {
    let message = json!({"role": "assistant", "content": [{"text": "{}"}]});
    let usage = json!({"inputTokens": 1, "outputTokens": 1, "totalTokens": 2});
    Scripted::ok(
        json!({"output": {"message": message}, "stopReason": "end_turn", "usage": usage}).to_string(),
    )
}

fn without_tools(_: usize, request: &Received) -> Scripted {
    match request.json().get("toolConfig") {
        Some(_) => Scripted::refusal(400, "ValidationException", NO_TOOLS),
        None => answer(),
    }
}

fn without_force(_: usize, request: &Received) -> Scripted {
    let words = "This model doesn't support the toolConfig.toolChoice.any field. Remove it and try again.";
    match request.json()["toolConfig"]["toolChoice"].get("any") {
        Some(_) => Scripted::refusal(400, "ValidationException", words),
        None => answer(),
    }
}

#[tokio::test]
async fn a_format_is_asked_for_in_words_where_there_are_no_tools() {
    let bedrock = bedrock();
    let (reply, requests) = send(&bedrock, &openai(&formatted()), without_tools).await;
    let reply = reply.unwrap();
    assert_eq!((reply.attempts, requests.len()), (2, 2));
    assert!(reply.adjustments.contains(&"tools:refused".to_owned()), "{:?}", reply.adjustments);
    let system = requests[1].json()["system"].to_string();
    assert!(system.contains("valid for this schema"), "{system}");

    let (reply, _) = send(&bedrock, &openai(&formatted()), without_tools).await;
    assert_eq!(reply.unwrap().attempts, 1, "once is enough");
}

#[tokio::test]
async fn a_client_with_tools_is_told_that_there_are_none() {
    let bedrock = bedrock();
    for sent in [1, 0] {
        let (reply, requests) = send(&bedrock, &openai(&calling("deepseek-r1")), without_tools).await;
        let error = reply.unwrap_err();
        assert_eq!((error.category, error.message.as_str()), (Category::InvalidRequest, NO_TOOLS));
        assert_eq!(requests.len(), sent, "asked once, then known");
    }
}

#[tokio::test]
async fn a_tool_that_cannot_be_forced_is_offered() {
    let bedrock = bedrock();
    let (reply, requests) = send(&bedrock, &openai(&calling("qwen3-32b")), without_force).await;
    let reply = reply.unwrap();
    assert_eq!((reply.attempts, requests.len()), (2, 2));
    assert!(reply.adjustments.contains(&"tool_choice:refused".to_owned()), "{:?}", reply.adjustments);
    assert_eq!(requests[1].json()["toolConfig"]["toolChoice"], json!({"auto": {}}));

    let (reply, _) = send(&bedrock, &openai(&calling("qwen3-32b")), without_force).await;
    assert_eq!(reply.unwrap().attempts, 1, "once is enough");
}
