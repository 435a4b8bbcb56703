//! Structured output: natively, through a tool of ours, or by asking.

use llm::{Format, Meaning, Model, StructuredOutput};
use serde_json::{Map, Value, json};

use crate::ANSWER_TOOL;

/// A compiled schema has a size limit; larger ones are refused by the upstream, so they are not tried.
const MOST_PROPERTIES: usize = 64;

/// How a request gets its structured answer.
pub(super) enum Plan {
    None,
    /// `output_config.format` with this schema.
    Native(Value),
    /// A tool with this schema.
    Tool {
        schema: Value,
        description: String,
        forced: bool,
    },
    /// Words in the system prompt.
    Prompt(String),
}

impl Plan {
    pub(super) fn of(meaning: &Meaning, model: &Model, native: bool, thinking: bool) -> Self {
        let (schema, description) = match &meaning.format {
            None => return Self::None,
            Some(Format::JsonObject) => {
                return Self::Prompt(
                    "Answer with one valid JSON object and nothing else: no explanation, no Markdown fences."
                        .to_owned(),
                );
            }
            Some(Format::JsonSchema { schema, description, .. }) => (schema, description),
        };
        let supported = native && model.structured_output != StructuredOutput::No;
        if supported && properties(schema) <= MOST_PROPERTIES {
            let mut schema = schema.clone();
            clean(&mut schema);
            return Self::Native(schema);
        }
        // A tool takes an object alone.
        if schema.get("type").and_then(Value::as_str) != Some("object") {
            return Self::Prompt(format!(
                "Answer with JSON that matches this JSON Schema and nothing else: no explanation, no Markdown fences.\n{schema}"
            ));
        }
        Self::Tool {
            schema: schema.clone(),
            description: description
                .clone()
                .unwrap_or_else(|| "Return the answer through this tool.".to_owned()),
            // With tools of the client's own the model must stay free to call those first.
            forced: model.forced_tool_use && !thinking && meaning.tools.is_empty(),
        }
    }

    /// A sentence for the system prompt.
    pub(super) fn instruction(&self) -> Option<String> {
        match self {
            Self::Prompt(words) => Some(words.clone()),
            Self::Tool { forced: false, .. } => Some(format!(
                "Give your final answer by calling the tool {ANSWER_TOOL} exactly once; write no other text."
            )),
            _ => None,
        }
    }
}

/// Members that hold schemas by name, where a key is no keyword.
const NAMED: [&str; 4] = ["properties", "$defs", "definitions", "patternProperties"];

fn properties(schema: &Value) -> usize {
    match schema {
        Value::Object(members) => {
            members.get("properties").and_then(Value::as_object).map_or(0, Map::len)
                + members.values().map(properties).sum::<usize>()
        }
        Value::Array(items) => items.iter().map(properties).sum(),
        _ => 0,
    }
}

/// Makes a schema fit for the compiler of Anthropic's structured outputs: it wants `additionalProperties: false` on
/// every object and refuses numeric, length and pattern bounds.
fn clean(schema: &mut Value) {
    const REFUSED: [&str; 16] = [
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "minLength",
        "maxLength",
        "pattern",
        "format",
        "default",
        "minItems",
        "maxItems",
        "uniqueItems",
        "minProperties",
        "maxProperties",
        "$schema",
    ];
    match schema {
        Value::Object(members) => {
            members.retain(|name, _| !REFUSED.contains(&name.as_str()));
            if members.get("type").and_then(Value::as_str) == Some("object")
                || members.contains_key("properties")
            {
                members.insert("additionalProperties".to_owned(), json!(false));
            }
            for (name, value) in members {
                match value {
                    Value::Object(named) if NAMED.contains(&name.as_str()) => {
                        named.values_mut().for_each(clean)
                    }
                    Value::Object(_) => clean(value),
                    Value::Array(items) if !matches!(name.as_str(), "enum" | "required" | "examples") => {
                        items.iter_mut().for_each(clean);
                    }
                    _ => {}
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(clean),
        _ => {}
    }
}
