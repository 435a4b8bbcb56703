//! Structured output: natively, through a tool of ours, or by asking.

use llm::{Format, Meaning, Model, StructuredOutput};
use serde_json::Value;

use crate::{ANSWER_TOOL, compilable};

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
        if supported && compilable::fits(schema) {
            let mut schema = schema.clone();
            compilable::clean(&mut schema);
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
