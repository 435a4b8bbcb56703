//! Structured output where an upstream has no word for it: the model is asked.

use llm::Format;

/// The sentence that asks for an answer in this format.
pub(crate) fn ask(format: &Format) -> String {
    match format {
        Format::JsonObject => {
            "Answer with one JSON object only, without a code fence and without any other text.".to_owned()
        }
        Format::JsonSchema { schema, .. } => {
            format!("Answer with one JSON value only, without a code fence, valid for this schema: {schema}")
        }
    }
}
