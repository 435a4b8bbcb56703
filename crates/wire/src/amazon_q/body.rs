//! The body of GenerateAssistantResponse as it is written. A message is an object with one member.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::arguments::Arguments;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Body<'a> {
    pub(super) conversation_state: State<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) profile_arn: Option<&'a str>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub(super) additional_model_request_fields: Map<String, Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct State<'a> {
    pub(super) conversation_id: &'a str,
    pub(super) chat_trigger_type: &'static str,
    pub(super) agent_task_type: &'static str,
    pub(super) current_message: Entry<'a>,
    pub(super) history: Vec<Entry<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) agent_continuation_id: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Entry<'a> {
    UserInputMessage(UserInput<'a>),
    AssistantResponseMessage(AssistantResponse<'a>),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UserInput<'a> {
    pub(super) content: Cow<'a, str>,
    pub(super) model_id: &'a str,
    pub(super) origin: &'static str,
    #[serde(skip_serializing_if = "Context::is_empty")]
    pub(super) user_input_message_context: Context<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) images: Vec<Image<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) documents: Vec<Document<'a>>,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Context<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) tool_results: Vec<ToolResult<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) tools: Vec<Tool<'a>>,
}

impl Context<'_> {
    fn is_empty(&self) -> bool {
        self.tool_results.is_empty() && self.tools.is_empty()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AssistantResponse<'a> {
    pub(super) content: Cow<'a, str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) tool_uses: Vec<ToolUse<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reasoning_content: Option<Reasoning<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ToolUse<'a> {
    pub(super) tool_use_id: Cow<'a, str>,
    pub(super) name: Cow<'a, str>,
    pub(super) input: Arguments<'a>,
}

/// One value an entry, in this nested form only.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Reasoning<'a> {
    ReasoningText { text: &'a str, signature: &'a str },
    RedactedContent(&'a str),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ToolResult<'a> {
    pub(super) tool_use_id: Cow<'a, str>,
    pub(super) status: &'static str,
    pub(super) content: Vec<Text<'a>>,
}

#[derive(Serialize)]
pub(super) struct Text<'a> {
    pub(super) text: Cow<'a, str>,
}

#[derive(Serialize)]
pub(super) struct Image<'a> {
    pub(super) format: &'static str,
    pub(super) source: Source<'a>,
}

#[derive(Serialize)]
pub(super) struct Document<'a> {
    pub(super) name: String,
    pub(super) format: &'static str,
    pub(super) source: Source<'a>,
}

/// Base64 text.
#[derive(Serialize)]
pub(super) struct Source<'a> {
    pub(super) bytes: Cow<'a, str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Tool<'a> {
    pub(super) tool_specification: Specification<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Specification<'a> {
    pub(super) name: Cow<'a, str>,
    pub(super) description: Cow<'a, str>,
    pub(super) input_schema: Schema<'a>,
}

#[derive(Serialize)]
pub(super) struct Schema<'a> {
    pub(super) json: Cow<'a, Value>,
}
