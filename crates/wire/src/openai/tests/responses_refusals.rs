//! What a Responses request is refused for, in the API's own words.

use llm::{Category, Error};
use serde_json::{Value, json};

use super::ask;
use crate::openai::responses::OpenAiResponsesServer;

fn refused(members: Value) -> Error {
    let mut body = json!({"model": "m", "input": "hi"});
    for (name, value) in members.as_object().expect("an object") {
        body[name] = value.clone();
    }
    let asked = ask(&OpenAiResponsesServer::new(), &body.to_string());
    asked.and_then(|asked| asked.meaning().cloned()).expect_err("a refusal")
}

#[test]
fn what_cannot_be_served_is_refused_by_name() {
    for (members, param) in [
        (json!({"input": null}), "input"),
        (json!({"input": 7}), "input"),
        (json!({"input": []}), "input"),
        (json!({"input": ""}), "input"),
        (json!({"model": ""}), "model"),
        (json!({"background": true}), "background"),
        (json!({"conversation": "conv_1"}), "conversation"),
        (json!({"prompt": {"id": "p"}}), "prompt"),
        (json!({"input": [{"role": "user"}]}), "input[0].content"),
        (json!({"input": [{"role": "robot", "content": "x"}]}), "input[0].role"),
        (json!({"input": [{}]}), "input[0].type"),
        (json!({"input": [{"type": "message", "content": "x"}]}), "input[0].role"),
        (json!({"input": ["hi"]}), "input[0]"),
        (json!({"input": [{"role": "user", "content": [{"type": "video"}]}]}), "input[0].content[0].type"),
        (
            json!({"input": [{"role": "user", "content": [{"type": "input_image", "image_url": "https://a/b.png"}]}]}),
            "input[0].content[0].image_url",
        ),
        (
            json!({"input": [{"role": "user", "content": [{"type": "input_image", "file_id": "f"}]}]}),
            "input[0].content[0].file_id",
        ),
        (
            json!({"input": [{"role": "user", "content": [{"type": "input_file", "file_url": "https://a"}]}]}),
            "input[0].content[0].file_url",
        ),
        (json!({"input": [{"type": "function_call", "name": "f"}]}), "input[0].call_id"),
        (json!({"input": [{"type": "function_call", "call_id": "c"}]}), "input[0].name"),
        (json!({"tools": [{"type": "function"}]}), "tools[0].name"),
        (
            json!({"tools": [{"type": "function", "name": "f"}], "tool_choice": {"type": "function", "name": "g"}}),
            "tool_choice",
        ),
        (
            json!({"tools": [{"type": "function", "name": "f"}], "tool_choice": {"type": "web_search"}}),
            "tool_choice",
        ),
        (json!({"tools": [{"type": "function", "name": "f"}], "tool_choice": "maybe"}), "tool_choice"),
        (json!({"text": {"format": {"type": "json_schema", "name": "x"}}}), "text.format.schema"),
        (json!({"text": {"format": {"type": "xml"}}}), "text.format.type"),
        (json!({"reasoning": {"effort": "much"}}), "reasoning.effort"),
        (json!({"max_output_tokens": 0}), "max_output_tokens"),
        (json!({"temperature": 3}), "temperature"),
    ] {
        let error = refused(members.clone());
        assert_eq!(error.param.as_deref(), Some(param), "{members}: {error}");
        assert!(matches!(error.category, Category::InvalidRequest | Category::Unsupported), "{members}");
    }
}

#[test]
fn choices_lead_to_the_names_that_models_see() {
    use llm::ToolChoice;
    let tools = json!([
        {"type": "function", "name": "f"},
        {"type": "namespace", "name": "ns", "tools": [{"type": "function", "name": "f"}]},
        {"type": "local_shell"},
    ]);
    for (choice, expected, left) in [
        (json!("required"), ToolChoice::Any, 3),
        (json!({"type": "function", "name": "f"}), ToolChoice::Named("f".into()), 3),
        (json!({"type": "function", "namespace": "ns", "name": "f"}), ToolChoice::Named("ns__f".into()), 3),
        (json!({"type": "local_shell"}), ToolChoice::Named("local_shell".into()), 3),
        (
            json!({"type": "allowed_tools", "mode": "required", "tools": [{"type": "local_shell"}]}),
            ToolChoice::Any,
            1,
        ),
    ] {
        let body = json!({"model": "m", "input": "hi", "tools": tools, "tool_choice": choice});
        let asked = ask(&OpenAiResponsesServer::new(), &body.to_string()).expect("a good request");
        let meaning = asked.meaning().expect("a meaning");
        assert_eq!(meaning.tool_choice.as_ref(), Some(&expected), "{choice}");
        assert_eq!(meaning.tools.len(), left);
    }
}

#[test]
fn an_answer_finds_its_call_wherever_it_stands() {
    let input = json!([
        {"role": "user", "content": "go"},
        {"type": "function_call", "call_id": "a", "name": "f", "arguments": "{}"},
        {"type": "function_call", "call_id": "b", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "b", "output": "B"},
        {"role": "user", "content": "and"},
        {"role": "assistant", "content": "well"},
        {"type": "function_call_output", "call_id": "a", "output": "A"},
        {"type": "function_call_output", "call_id": "nobody", "output": "?"},
    ]);
    let body = json!({"model": "m", "input": input});
    let asked = ask(&OpenAiResponsesServer::new(), &body.to_string()).expect("a good request");
    let meaning = asked.meaning().expect("a meaning");
    let shape: Vec<(llm::Role, usize)> =
        meaning.messages.iter().map(|message| (message.role, message.content.len())).collect();
    use llm::Role::{Assistant, User};
    assert_eq!(shape, [(User, 1), (Assistant, 2), (User, 3), (Assistant, 1)]);
    assert!(meaning.adjustments.contains(&"tool_result:dropped".to_owned()));
}
