//! Tools as every model sees them, whatever they are to the client.

use llm::{CacheMark, Error, MAX_DEPTH, Tool, ToolKind, check_depth};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::notes::Notes;
use super::text::Text;

/// `{"type":"grammar","grammar":{"syntax","definition"}}`; some clients write the grammar's members flat.
#[derive(Debug, Deserialize)]
pub(super) struct CustomFormat {
    #[serde(default)]
    grammar: Option<Grammar>,
    #[serde(flatten)]
    flat: Grammar,
}

#[derive(Debug, Deserialize)]
struct Grammar {
    #[serde(default)]
    syntax: Option<String>,
    #[serde(default)]
    definition: Option<String>,
}

/// A tool that takes JSON.
pub(super) fn function(
    name: String,
    description: Option<String>,
    parameters: Option<Value>,
    strict: Option<bool>,
    cache: Option<CacheMark>,
) -> Tool {
    let mut schema = match parameters {
        Some(Value::Object(schema)) if !schema.is_empty() => schema,
        _ => Map::from_iter([("type".to_owned(), json!("object")), ("properties".to_owned(), json!({}))]),
    };
    // The upstreams refuse a schema that does not say it is an object.
    schema.entry("type").or_insert_with(|| json!("object"));
    Tool {
        name,
        description: description.filter(|text| !text.is_empty()),
        schema: Value::Object(schema),
        strict,
        cache,
        kind: ToolKind::Function,
    }
}

/// A tool that takes plain text. Only OpenAI's models follow a grammar by force; the others are told.
pub(super) fn freeform(
    name: String,
    description: Option<String>,
    format: Option<CustomFormat>,
    cache: Option<CacheMark>,
) -> Tool {
    let mut description = description.unwrap_or_default();
    let grammar = format.map(|format| format.grammar.unwrap_or(format.flat));
    if let Some(Grammar { syntax, definition: Some(definition) }) = grammar {
        if !description.is_empty() {
            description.push_str("\n\n");
        }
        let syntax = syntax.map_or_else(String::new, |syntax| format!(" {syntax}"));
        description.push_str(&format!("The input must match this{syntax} grammar:\n{definition}"));
    }
    Tool {
        name,
        description: (!description.is_empty()).then_some(description),
        schema: json!({
            "type": "object",
            "properties": { "input": { "type": "string", "description": "The tool's whole input, as plain text." } },
            "required": ["input"],
            "additionalProperties": false
        }),
        strict: None,
        cache,
        kind: ToolKind::Freeform,
    }
}

/// Arguments as the JSON text of an object, which is what every upstream wants. The text is the model's own and
/// stays as it is, for prompt caches; what is no object is wrapped.
///
/// # Errors
/// A 400, naming the member by `at`, when it nests too deep.
pub(super) fn object(
    arguments: Option<Text<'_>>,
    at: impl FnOnce() -> String,
    notes: &mut Notes,
) -> Result<String, Error> {
    let arguments = arguments.map(Text::into_owned).unwrap_or_default();
    let text = arguments.trim();
    if text.is_empty() {
        return Ok("{}".to_owned());
    }
    if !check_depth(text.as_bytes(), MAX_DEPTH) {
        return Err(
            Error::invalid(format!("The arguments nest deeper than {MAX_DEPTH} levels.")).with_param(at())
        );
    }
    if text.starts_with('{') && serde_json::from_str::<&RawValue>(text).is_ok() {
        return Ok(if text.len() == arguments.len() { arguments } else { text.to_owned() });
    }
    notes.add("arguments:wrapped");
    Ok(json!({ "_raw": arguments }).to_string())
}

#[derive(Deserialize)]
struct Input {
    input: String,
}

/// Whether the JSON that the model wrote for a custom tool carries a text, as it was told to.
pub(super) fn wraps(json: &str) -> bool {
    serde_json::from_str::<Input>(json).is_ok()
}

/// The text that a custom tool gets, out of the JSON the model wrote for it.
pub(super) fn custom_input(json: &str) -> String {
    if matches!(json.trim(), "" | "{}") {
        return String::new();
    }
    // A model that kept to no schema meant its words all the same.
    serde_json::from_str::<Input>(json).map_or_else(|_| json.to_owned(), |wrapped| wrapped.input)
}
