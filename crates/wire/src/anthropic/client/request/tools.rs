//! The tools, and which of them the model may call.

use std::borrow::Cow;

use llm::{CacheMark, Content, Meaning, Model, StructuredOutput, ToolChoice, ToolKind};
use serde::Serialize;
use serde_json::{Value, json};

use super::super::format::Plan;
use super::super::turns::{Said, Turn};
use crate::anthropic::blocks::CacheControl;
use crate::{ANSWER_TOOL, ToolNames};

#[derive(Serialize)]
pub(super) struct Tool<'a> {
    name: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    input_schema: Cow<'a, Value>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    strict: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_control: Option<CacheControl>,
}

pub(super) fn tools<'a>(
    meaning: &'a Meaning,
    turns: &[Turn<'a>],
    plan: &'a Plan,
    model: &Model,
    names: &'a ToolNames,
    mark: Option<CacheMark>,
    adjustments: &mut Vec<String>,
) -> Vec<Tool<'a>> {
    let mut tools = Vec::with_capacity(meaning.tools.len() + 1);
    for tool in &meaning.tools {
        let schema = match &tool.kind {
            ToolKind::Function => object_schema(&tool.schema),
            ToolKind::Freeform if tool.schema.get("properties").is_some() => object_schema(&tool.schema),
            ToolKind::Freeform => Cow::Owned(json!({
                "type": "object", "properties": {"input": {"type": "string"}}, "required": ["input"]
            })),
            ToolKind::Vendor(_) => {
                adjustments.push(format!("tool.{}:dropped", tool.name));
                continue;
            }
        };
        tools.push(Tool {
            name: names.to_wire(&tool.name),
            description: tool.description.as_deref().filter(|text| !text.is_empty()),
            input_schema: schema,
            strict: tool.strict == Some(true) && model.structured_output == StructuredOutput::Native,
            cache_control: tool.cache.map(Into::into),
        });
    }
    if let Plan::Tool { schema, description, .. } = plan {
        tools.push(Tool {
            name: ANSWER_TOOL.into(),
            description: Some(description),
            input_schema: Cow::Borrowed(schema),
            strict: false,
            cache_control: None,
        });
    }
    if tools.is_empty() {
        from_history(turns, names, &mut tools, adjustments);
    }
    if let (Some(mark), Some(last)) = (mark, tools.last_mut()) {
        last.cache_control = Some(mark.into());
    }
    tools
}

/// A conversation with calls in it is refused without definitions, yet clients leave them out of side requests.
fn from_history<'a>(
    turns: &[Turn<'a>],
    names: &'a ToolNames,
    tools: &mut Vec<Tool<'a>>,
    adjustments: &mut Vec<String>,
) {
    for piece in turns.iter().flat_map(|turn| &turn.pieces) {
        if let Said::Given(Content::ToolUse { name, .. }) = piece.said {
            let name = names.to_wire(name);
            if !tools.iter().any(|tool| tool.name == name) {
                tools.push(Tool {
                    name,
                    description: None,
                    input_schema: Cow::Owned(json!({"type": "object"})),
                    strict: false,
                    cache_control: None,
                });
            }
        }
    }
    if !tools.is_empty() {
        adjustments.push("tools:from_history".to_owned());
    }
}

/// The API wants an object at the root.
fn object_schema(schema: &Value) -> Cow<'_, Value> {
    match schema {
        Value::Object(members) if members.get("type").and_then(Value::as_str) == Some("object") => {
            Cow::Borrowed(schema)
        }
        Value::Object(members) if !members.is_empty() => {
            let mut members = members.clone();
            members.insert("type".to_owned(), Value::from("object"));
            Cow::Owned(Value::Object(members))
        }
        _ => Cow::Owned(json!({"type": "object", "properties": {}})),
    }
}

/// The `tool_choice`, for a request that has tools.
pub(super) fn choice(
    meaning: &Meaning,
    plan: &Plan,
    model: &Model,
    thinking: bool,
    names: &ToolNames,
    adjustments: &mut Vec<String>,
) -> Option<Value> {
    if let Plan::Tool { forced: true, .. } = plan {
        return Some(json!({"type": "tool", "name": ANSWER_TOOL}));
    }
    let from_history = meaning.tools.is_empty() && !matches!(plan, Plan::Tool { .. });
    if from_history {
        return Some(json!({"type": "none"}));
    }
    let can_force = model.forced_tool_use && !thinking;
    let mut choice = match &meaning.tool_choice {
        Some(ToolChoice::None) if !matches!(plan, Plan::Tool { .. }) => return Some(json!({"type": "none"})),
        Some(ToolChoice::Any | ToolChoice::Named(_)) if !can_force => {
            adjustments.push("tool_choice:auto".to_owned());
            json!({"type": "auto"})
        }
        Some(ToolChoice::Any) => json!({"type": "any"}),
        Some(ToolChoice::Named(name)) => json!({"type": "tool", "name": names.to_wire(name)}),
        Some(ToolChoice::Auto | ToolChoice::None) => json!({"type": "auto"}),
        None if meaning.parallel_tools == Some(false) => json!({"type": "auto"}),
        None => return None,
    };
    if meaning.parallel_tools == Some(false) {
        choice["disable_parallel_tool_use"] = Value::Bool(true);
    }
    Some(choice)
}
