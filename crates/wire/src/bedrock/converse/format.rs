//! Structured output: natively where the model has it, else through a tool that stands for the answer, else in words.

use std::borrow::Cow;

use llm::{Format, Model, StructuredOutput, ToolSupport};
use serde_json::{Map, Value, json};

use super::shape::{Choice, Schema, Tool, ToolConfig, ToolSpec};
use crate::{ANSWER_TOOL, compilable, in_words};

/// How the answer will be made to fit.
pub(super) enum Plan {
    /// `outputConfig`.
    Native(Value),
    /// A tool whose input is the answer; `forced` when the model may be made to call it.
    Tool { schema: Value, forced: bool },
    /// This sentence in the system prompt.
    Words(String),
}

/// Decides. `tools`: the client brought its own, so that none may be forced. `thinking`: the same.
pub(super) fn plan(format: &Format, model: &Model, tools: bool, thinking: bool) -> Plan {
    let Format::JsonSchema { name, description, schema, .. } = format else {
        return Plan::Words(in_words::ask(format));
    };
    if model.structured_output != StructuredOutput::No && compilable::fits(schema) {
        let mut schema = schema.clone();
        compilable::clean(&mut schema);
        let mut inner = Map::new();
        if let Some(name) = name {
            inner.insert("name".to_owned(), name.as_str().into());
        }
        if let Some(description) = description {
            inner.insert("description".to_owned(), description.as_str().into());
        }
        inner.insert("schema".to_owned(), schema.to_string().into());
        return Plan::Native(
            json!({"textFormat": {"type": "json_schema", "structure": {"jsonSchema": inner}}}),
        );
    }
    // A tool's input is always an object.
    let object = schema.get("type").is_none_or(|kind| kind == "object");
    if model.tools == ToolSupport::No || !object {
        return Plan::Words(in_words::ask(format));
    }
    let forced = model.forced_tool_use && !tools && !thinking;
    Plan::Tool { schema: schema.clone(), forced }
}

/// Adds the answer's tool to the others. Returns the sentence that asks for it where it cannot be forced.
pub(super) fn add_tool<'a>(
    config: &mut Option<ToolConfig<'a>>,
    schema: Value,
    forced: bool,
) -> Option<&'static str> {
    let mut schema = schema;
    if let Value::Object(members) = &mut schema
        && !members.contains_key("type")
    {
        members.insert("type".to_owned(), "object".into());
    }
    let config = config.get_or_insert(ToolConfig { tools: Vec::new(), tool_choice: None });
    config.tools.push(Tool::ToolSpec(ToolSpec {
        name: ANSWER_TOOL.into(),
        description: "Return the answer through this tool.".into(),
        input_schema: Schema { json: Cow::Owned(schema) },
        strict: None,
    }));
    if forced {
        config.tool_choice = Some(Choice::Tool { name: ANSWER_TOOL.into() });
        None
    } else {
        Some("Give your final answer by calling the tool json_tool_call, and only so.")
    }
}
