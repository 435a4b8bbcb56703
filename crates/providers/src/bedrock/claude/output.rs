//! `output_config`, `context_management` and the schema of structured output.

use bytes::Bytes;
use llm::{Error, RawBody, StructuredOutput};
use serde_json::{Map, Value};
use wire::compilable;

use super::betas;
use super::notes::Notes;

/// Reads `output_config`, with what older clients put beside it.
pub(super) fn read(body: &mut RawBody) -> Result<Map<String, Value>, Error> {
    let mut output: Map<String, Value> = body.read("output_config")?.unwrap_or_default();
    if let Some(format) = body.read::<Value>("output_format")? {
        output.entry("format").or_insert(format);
    }
    body.remove("output_format");
    Ok(output)
}

/// Writes `output_config` back: the client's bytes when nothing changed, nothing when it is empty.
pub(super) fn write(body: &mut RawBody, output: Map<String, Value>) {
    let before: Option<Map<String, Value>> = body.read("output_config").ok().flatten();
    if output.is_empty() {
        body.remove("output_config");
    } else if before.as_ref() != Some(&output) {
        body.set("output_config", Value::Object(output).to_string());
    }
}

/// Makes `format` fit the model. Returns the words to add to the system prompt where it has to be asked for in
/// words.
pub(super) fn format(
    output: &mut Map<String, Value>,
    support: StructuredOutput,
    refused: bool,
    notes: &mut Notes,
) -> Option<String> {
    if output.shift_remove("task_budget").is_some() {
        notes.dropped("output_config.task_budget");
    }
    if output.get("format").is_some_and(Value::is_null) {
        output.shift_remove("format");
    }
    let schema = output.get_mut("format")?.get_mut("schema")?;
    if support != StructuredOutput::No && !refused && compilable::fits(schema) {
        if compilable::clean(schema) {
            notes.add("output_config.format.schema", "closed");
        }
        return None;
    }
    let words = format!(
        "Answer with one JSON value and nothing else: no introduction, no code fence. It must match this JSON \
         Schema: {schema}"
    );
    output.shift_remove("format");
    notes.add("output_config.format", "prompted");
    Some(words)
}

/// Adds a text at the end of a system prompt, which may be absent, a string or a list of blocks.
pub(super) fn add_to_system(system: Option<&Bytes>, words: &str) -> String {
    let block = serde_json::json!({"type": "text", "text": words}).to_string();
    let text = system.map(|json| String::from_utf8_lossy(json)).unwrap_or_default();
    match text.trim_end().strip_suffix(']') {
        Some(open) if open.trim_end().ends_with('[') => format!("{open}{block}]"),
        Some(open) => format!("{open},{block}]"),
        None if text.starts_with('"') => format!("[{{\"type\":\"text\",\"text\":{text}}},{block}]"),
        None => format!("[{block}]"),
    }
}

/// Keeps the edits that Bedrock makes. Returns the betas they need.
pub(super) fn context_management(body: &mut RawBody, notes: &mut Notes) -> Result<Vec<&'static str>, Error> {
    let Some(mut asked) = body.read::<Map<String, Value>>("context_management")? else {
        return Ok(Vec::new());
    };
    let mut needed = Vec::new();
    let Some(Value::Array(edits)) = asked.get_mut("edits") else {
        body.remove("context_management");
        return Ok(needed);
    };
    let before = edits.len();
    edits.retain(|edit| {
        let beta = match edit.get("type").and_then(Value::as_str).unwrap_or_default() {
            "clear_tool_uses_20250919" => betas::CONTEXT_MANAGEMENT,
            "compact_20260112" => betas::COMPACT,
            other => {
                notes.dropped(&format!("context_management.{other}"));
                return false;
            }
        };
        if !needed.contains(&beta) {
            needed.push(beta);
        }
        true
    });
    if edits.is_empty() {
        body.remove("context_management");
    } else if edits.len() != before {
        body.set("context_management", Value::Object(asked).to_string());
    }
    Ok(needed)
}
