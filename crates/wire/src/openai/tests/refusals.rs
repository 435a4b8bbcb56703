//! What is refused before an account is chosen, and in which words.

use bytes::Bytes;
use http::HeaderMap;
use llm::{Category, Error};
use serde_json::{Value, json};

use super::{ask, with};
use crate::ServerCodec;
use crate::openai::chat::OpenAiChatServer;

fn refused(body: &Value) -> Error {
    ask(&OpenAiChatServer, &body.to_string()).expect_err("a bad request")
}

fn hello() -> Value {
    json!({ "model": "m", "messages": [{ "role": "user", "content": "hi" }] })
}

#[test]
fn what_the_top_level_must_have() {
    for (body, param, message) in [
        (json!({ "messages": [{}] }), "model", "Missing required parameter: 'model'."),
        (json!({ "model": "", "messages": [{}] }), "model", "Missing required parameter: 'model'."),
        (
            json!({ "model": 3, "messages": [{}] }),
            "model",
            "Invalid type for 'model': expected a string, but got an integer instead.",
        ),
        (json!({ "model": "m" }), "messages", "Missing required parameter: 'messages'."),
        (json!({ "model": "m", "messages": [] }), "messages", "[] is too short - 'messages'"),
        (json!({ "model": "m", "messages": [ ] }), "messages", "[] is too short - 'messages'"),
        (
            json!({ "model": "m", "messages": "hi" }),
            "messages",
            "Invalid type for 'messages': expected an array of objects, but got a string instead.",
        ),
        (
            json!({ "model": "m", "messages": [{}], "stream": "yes" }),
            "stream",
            "Invalid type for 'stream': expected a boolean, but got a string instead.",
        ),
    ] {
        let error = refused(&body);
        assert_eq!(error.category, Category::InvalidRequest);
        assert_eq!(error.param.as_deref(), Some(param));
        assert_eq!(error.message, message);
    }
    assert_eq!(ask(&OpenAiChatServer, "{").expect_err("no JSON").category, Category::InvalidRequest);
}

#[test]
fn what_no_upstream_can_do() {
    for (name, value) in [
        ("n", json!(2)),
        ("logprobs", json!(true)),
        ("top_logprobs", json!(5)),
        ("modalities", json!(["text", "audio"])),
    ] {
        let mut body = hello();
        body[name] = value;
        let error = refused(&body);
        assert_eq!((error.category, error.param.as_deref()), (Category::Unsupported, Some(name)));
    }
    let mut body = hello();
    body["n"] = json!(0);
    assert_eq!(refused(&body).category, Category::InvalidRequest);
}

#[test]
fn what_means_nothing_passes() {
    let mut body = hello();
    for (name, value) in [
        ("n", json!(1)),
        ("logprobs", json!(false)),
        ("top_logprobs", json!(0)),
        ("modalities", json!(["text"])),
        ("stream", Value::Null),
        ("stream_options", Value::Null),
    ] {
        body[name] = value;
    }
    let request = ask(&OpenAiChatServer, &body.to_string()).expect("a good request");
    assert!(!request.stream);
}

#[test]
fn sampling_is_cut_and_noted() {
    let meaning = with(json!({
        "temperature": 1.7, "top_p": 0.5, "top_k": 40, "max_tokens": 10, "max_completion_tokens": 20.0,
        "stop": ["a", "", " "], "seed": 7, "logit_bias": null, "service_tier": "flex", "user": "u",
    }))
    .expect("a meaning");
    assert_eq!(meaning.sampling, llm::Sampling { temperature: Some(1.0), top_p: Some(0.5), top_k: Some(40) });
    assert_eq!(meaning.max_tokens, Some(20));
    assert_eq!(meaning.stop, ["a"]);
    assert_eq!(meaning.tier, Some(llm::Tier::Flex));
    assert_eq!(meaning.user.as_deref(), Some("u"));
    assert_eq!(meaning.adjustments, ["temperature:1", "stop:dropped", "seed:dropped"]);
}

#[test]
fn numbers_out_of_range() {
    for (name, value) in [
        ("temperature", json!(2.1)),
        ("temperature", json!(-0.1)),
        ("temperature", json!("hot")),
        ("top_p", json!(1.1)),
        ("max_tokens", json!(0)),
        ("max_tokens", json!(-1)),
        ("max_completion_tokens", json!(1.5)),
        ("stop", json!(3)),
        ("reasoning_effort", json!("enormous")),
        ("response_format", json!({ "type": "yaml" })),
    ] {
        let error = with(json!({ name: value })).expect_err(name);
        assert_eq!(error.category, Category::InvalidRequest, "{name}");
        assert!(error.param.is_some_and(|param| param.starts_with(name)), "{name}");
    }
}

#[test]
fn names_of_dropped_members_fit_a_header() {
    let mut members = json!({ "evil\r\nx: y": 1, "fine_one": 2 });
    for number in 0..100 {
        members[format!("member_{number}")] = json!(1);
    }
    let notes = with(members).expect("a meaning").adjustments;
    assert!(notes.contains(&"unknown:dropped".to_owned()) && notes.contains(&"fine_one:dropped".to_owned()));
    assert_eq!(notes.len(), 16);
}

#[test]
fn thinking_in_every_form() {
    use llm::{Effort, Thinking};
    for (members, thinking, effort) in [
        (json!({ "reasoning_effort": "high" }), None, Some(Effort::High)),
        (json!({ "reasoning_effort": "none" }), Some(Thinking::Off), Some(Effort::None)),
        (json!({ "reasoning": { "effort": "low" } }), None, Some(Effort::Low)),
        (json!({ "reasoning": { "max_tokens": 2000 } }), Some(Thinking::Budget(2000)), None),
        (json!({ "reasoning": { "enabled": false } }), Some(Thinking::Off), None),
        (json!({ "reasoning": { "max_tokens": 2000 }, "reasoning_effort": "max" }), None, Some(Effort::Max)),
        (
            json!({ "thinking": { "type": "enabled", "budget_tokens": 3000 } }),
            Some(Thinking::Budget(3000)),
            None,
        ),
        (
            json!({ "thinking": { "type": "adaptive" }, "reasoning_effort": "xhigh" }),
            Some(Thinking::Adaptive),
            Some(Effort::XHigh),
        ),
        (json!({ "thinking": { "type": "disabled" } }), Some(Thinking::Off), None),
        (json!({}), None, None),
    ] {
        let meaning = with(members.clone()).expect("a meaning");
        assert_eq!((meaning.thinking, meaning.effort), (thinking, effort), "{members}");
    }
}

#[test]
fn hints_come_from_headers_and_body() {
    let mut headers = HeaderMap::new();
    headers.append("anthropic-beta", "a, b".parse().expect("a value"));
    headers.append("anthropic-beta", "b,c".parse().expect("a value"));
    headers.insert("session-id", "s1".parse().expect("a value"));
    let mut body = hello();
    body["anthropic_beta"] = json!(["c", "d"]);
    let request =
        OpenAiChatServer.read_request(&headers, Bytes::from(body.to_string())).expect("a good request");
    assert_eq!(request.hints.betas, ["a", "b", "c", "d"]);
    assert_eq!(request.hints.session.as_deref(), Some("s1"));
}
