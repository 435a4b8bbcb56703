//! Legacy completions.

use llm::{Block, Category, Event, Role, StopReason, Thinking, Usage};
use serde_json::{Value, json};

use super::{STAMP, ask, say};
use crate::ServerCodec;
use crate::openai::completions::OpenAiCompletionsServer;

fn with(name: &str, value: Value) -> Result<llm::Request, llm::Error> {
    let mut body = json!({ "model": "m", "prompt": "once" });
    body[name] = value;
    ask(&OpenAiCompletionsServer, &body.to_string())
}

#[test]
fn a_prompt_is_one_user_message() {
    for prompt in [json!("once"), json!(["once"])] {
        let request = with("prompt", prompt).expect("a good request");
        let meaning = request.meaning().expect("a meaning");
        let [message] = meaning.messages.as_slice() else { panic!("one message") };
        assert_eq!((message.role, message.content.as_slice()), (Role::User, &[Block::text("once")][..]));
        assert_eq!(meaning.thinking, Some(Thinking::Off));
    }
    let request = ask(
        &OpenAiCompletionsServer,
        r#"{"model":"m","prompt":"p","max_tokens":9,"temperature":2,"stop":"x","best_of":1,"echo":false,"suffix":null,"logit_bias":{"1":2}}"#,
    )
    .expect("a good request");
    let meaning = request.meaning().expect("a meaning");
    assert_eq!((meaning.max_tokens, meaning.sampling.temperature), (Some(9), Some(1.0)));
    assert_eq!(meaning.adjustments, ["temperature:1", "logit_bias:dropped"]);
}

#[test]
fn what_is_refused() {
    for (name, value, category) in [
        ("prompt", json!([1, 2]), Category::InvalidRequest),
        ("prompt", json!([[1, 2]]), Category::InvalidRequest),
        ("prompt", json!([]), Category::InvalidRequest),
        ("prompt", json!(""), Category::InvalidRequest),
        ("prompt", json!(3), Category::InvalidRequest),
        ("prompt", Value::Null, Category::InvalidRequest),
        ("prompt", json!(["a", "b"]), Category::Unsupported),
        ("suffix", json!("}"), Category::Unsupported),
        ("echo", json!(true), Category::Unsupported),
        ("best_of", json!(2), Category::Unsupported),
        ("n", json!(2), Category::Unsupported),
        ("logprobs", json!(0), Category::Unsupported),
    ] {
        let error = with(name, value.clone()).expect_err(name);
        assert_eq!((error.category, error.param.as_deref()), (category, Some(name)), "{value}");
    }
}

#[test]
fn a_stream_of_text() {
    let request = ask(
        &OpenAiCompletionsServer,
        r#"{"model":"m","prompt":"p","stream":true,"stream_options":{"include_usage":true}}"#,
    )
    .expect("a good request");
    let said = say(
        OpenAiCompletionsServer.writer(&request, STAMP),
        [
            Event::Start { id: None, model: None },
            Event::ThinkingDelta { index: 0, text: "hm".to_owned() },
            Event::TextDelta { index: 1, text: "a \"time\"".to_owned() },
            Event::Stop { reason: StopReason::ToolUse, sequence: None },
            Event::Usage(Usage { input: Some(1), output: Some(2), ..Usage::default() }),
        ],
    );
    insta::assert_snapshot!(said);
}
