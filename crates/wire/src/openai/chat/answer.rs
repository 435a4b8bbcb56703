//! A chat answer in one piece.

use bytes::Bytes;
use llm::{Answer, Content, Request};
use serde::Serialize;

use super::annotation::{Annotation, shown};
use super::calls::{Calls, Form};
use crate::Stamp;
use crate::openai::annotation::Annotations;
use crate::openai::tool::custom_input;
use crate::openai::usage::{self, UsageReport};

#[derive(Serialize)]
struct Completion<'a> {
    id: &'a str,
    object: &'static str,
    created: u64,
    model: &'a str,
    choices: [Choice<'a>; 1],
    usage: UsageReport,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_tier: Option<&'static str>,
}

#[derive(Serialize)]
struct Choice<'a> {
    index: u32,
    message: Spoken<'a>,
    logprobs: Option<()>,
    finish_reason: &'static str,
}

#[derive(Serialize)]
struct Spoken<'a> {
    role: &'static str,
    /// Null when there are calls and no words.
    content: Option<String>,
    refusal: Option<()>,
    #[serde(skip_serializing_if = "String::is_empty")]
    reasoning_content: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<Call<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    function_call: Option<Function<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    annotations: Vec<Annotation<'a>>,
}

#[derive(Serialize)]
struct Call<'a> {
    id: &'a str,
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    function: Option<Function<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom: Option<Custom<'a>>,
}

#[derive(Serialize)]
struct Function<'a> {
    name: &'a str,
    arguments: &'a str,
}

#[derive(Serialize)]
struct Custom<'a> {
    name: &'a str,
    input: String,
}

/// Text blocks are joined without a separator: they are pieces of one text, cut by citations or tool calls.
pub(super) fn write(id: &str, asked: &Request, answer: &Answer, stamp: Stamp) -> Bytes {
    let calls = Calls::of(&asked.raw);
    let mut annotations = Annotations::default();
    let mut text = String::new();
    let mut spoken = Spoken {
        role: "assistant",
        content: None,
        refusal: None,
        reasoning_content: String::new(),
        tool_calls: Vec::new(),
        function_call: None,
        annotations: Vec::new(),
    };
    for (at, block) in answer.content.iter().enumerate() {
        match &block.content {
            Content::Text { text: more } => {
                text.push_str(more);
                annotations.begin();
                annotations.say(more);
                answer
                    .citations
                    .iter()
                    .filter(|(cited, _)| *cited == at)
                    .for_each(|(_, citation)| annotations.cite(citation));
                annotations.end();
            }
            Content::Thinking { text: more, .. } if !asked.hints.hide_thinking => {
                spoken.reasoning_content.push_str(more)
            }
            Content::ToolUse { id, name, input } => {
                let arguments = if input.is_empty() { "{}" } else { input };
                match calls.form(name) {
                    Form::Legacy => {
                        spoken.function_call.get_or_insert(Function { name, arguments });
                    }
                    Form::Custom => spoken.tool_calls.push(Call {
                        id,
                        r#type: "custom",
                        function: None,
                        custom: Some(Custom { name, input: custom_input(input) }),
                    }),
                    Form::Function => spoken.tool_calls.push(Call {
                        id,
                        r#type: "function",
                        function: Some(Function { name, arguments }),
                        custom: None,
                    }),
                }
            }
            _ => {}
        }
    }
    spoken.annotations = shown(annotations.all());
    let called = !spoken.tool_calls.is_empty() || spoken.function_call.is_some();
    spoken.content = (!text.is_empty() || !called).then_some(text);
    let completion = Completion {
        id,
        object: "chat.completion",
        created: stamp.created,
        model: &asked.model,
        choices: [Choice {
            index: 0,
            message: spoken,
            logprobs: None,
            finish_reason: calls.finish_reason(answer.stop.as_ref(), called),
        }],
        usage: UsageReport::from(&answer.usage),
        service_tier: usage::tier(&answer.usage, super::tier_asked(asked)),
    };
    // Plain structs of strings and numbers always serialise.
    serde_json::to_vec(&completion).unwrap_or_default().into()
}

/// An upstream's own answer for clients that are to see no thoughts.
pub(super) fn without_thoughts(json: &Bytes) -> Bytes {
    let Ok(mut answer) = serde_json::from_slice::<serde_json::Value>(json) else { return json.clone() };
    let choices = answer.get_mut("choices").and_then(serde_json::Value::as_array_mut);
    let messages = choices.into_iter().flatten().filter_map(|choice| choice.get_mut("message"));
    for message in messages.filter_map(serde_json::Value::as_object_mut) {
        message.retain(|name, _| !name.starts_with("reasoning"));
    }
    Bytes::from(answer.to_string())
}
