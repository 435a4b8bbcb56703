//! What InvokeModel refuses in a Claude body, in the words of the service. The first fault found is told, as there.

mod blocks;
mod history;
mod images;
mod marks;
mod schema;
mod settings;
#[cfg(test)]
mod tests;
mod tools;

pub(in crate::bedrock) use images::sniff;
pub(in crate::bedrock) use schema::compiles;
use serde_json::Value;

use super::super::model::Model;
use crate::Refusal;

pub(in crate::bedrock) type Checked = Result<(), Refusal>;

/// The top-level keys that InvokeModel takes; `model` and `stream` are in the path.
const KEYS: &[&str] = &[
    "anthropic_version",
    "anthropic_beta",
    "max_tokens",
    "messages",
    "system",
    "stop_sequences",
    "temperature",
    "top_p",
    "top_k",
    "tools",
    "tool_choice",
    "thinking",
    "output_config",
    "context_management",
    "metadata",
];

/// The betas that InvokeModel knows. One unknown flag fails the whole request.
const BETAS: &[&str] = &[
    "interleaved-thinking-2025-05-14",
    "context-management-2025-06-27",
    "effort-2025-11-24",
    "tool-search-tool-2025-10-19",
    "tool-examples-2025-10-29",
    "compact-2026-01-12",
    "context-1m-2025-08-07",
    "computer-use-2025-01-24",
    "computer-use-2025-11-24",
    "fine-grained-tool-streaming-2025-05-14",
    "thinking-binding-controls-2026-08-01",
    "thinking-display-updates-2026-08-18",
    "dangerous-tool-use-2026-09-03",
];

/// Reads the request while it is checked.
struct Ask<'a> {
    model: &'static Model,
    body: &'a Value,
    betas: Vec<&'a str>,
}

impl Ask<'_> {
    fn has_beta(&self, name: &str) -> bool {
        // Every beta is on for the magic models: only their fault is of interest.
        self.model.is_magic() || self.betas.contains(&name)
    }
}

pub(in crate::bedrock) fn check(model: &'static Model, body: &Value) -> Checked {
    let Some(members) = body.as_object() else {
        return Err(Refusal::validation(
            "Malformed input request: expected type: JSONObject, found: other, please reformat your input and try \
             again.",
        ));
    };
    version(&body["anthropic_version"])?;
    let betas = betas(model, &body["anthropic_beta"])?;
    if let Some(extra) = members.keys().find(|key| !KEYS.contains(&key.as_str())) {
        return refuse(extra, "Extra inputs are not permitted");
    }
    inside(model, body, betas)
}

/// What is told of a body whose top level is in order, on every route.
pub(in crate::bedrock) fn inside<'a>(model: &'static Model, body: &'a Value, betas: Vec<&'a str>) -> Checked {
    let ask = Ask { model, body, betas };
    if body["messages"].is_null() {
        return refuse("messages", "Field required");
    }
    settings::check(&ask)?;
    tools::check(&ask)?;
    blocks::check(&ask)?;
    history::check(&ask)?;
    marks::check(&ask)
}

fn version(version: &Value) -> Checked {
    match version {
        Value::Null => refuse("anthropic_version", "Field required"),
        Value::String(version) if version == "bedrock-2023-05-31" => Ok(()),
        _ => refuse("anthropic_version", "Input should be 'bedrock-2023-05-31'"),
    }
}

fn betas<'a>(model: &Model, betas: &'a Value) -> Result<Vec<&'a str>, Refusal> {
    let invalid = || Refusal::validation("invalid beta flag");
    let list = match betas {
        Value::Null => return Ok(Vec::new()),
        Value::Array(list) if !list.is_empty() => list,
        _ => return Err(invalid()),
    };
    list.iter()
        .map(|beta| {
            let beta =
                beta.as_str().filter(|beta| BETAS.contains(beta) || model.is_magic()).ok_or_else(invalid)?;
            let for_sonnet_4 = beta == "context-1m-2025-08-07" && !model.id.contains("sonnet-4");
            if for_sonnet_4 { Err(invalid()) } else { Ok(beta) }
        })
        .collect()
}

/// 400 with a path in front, as pydantic puts it.
pub(in crate::bedrock) fn refuse<T>(path: &str, complaint: &str) -> Result<T, Refusal> {
    Err(Refusal::validation(format!("{path}: {complaint}")))
}

/// 400 without a path.
fn say<T>(message: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::validation(message))
}

/// Refuses members that are not in the list.
fn only(value: &Value, known: &[&str], path: &str) -> Checked {
    let Some(members) = value.as_object() else {
        return refuse(path, "Input should be a valid dictionary");
    };
    match members.keys().find(|key| !known.contains(&key.as_str())) {
        Some(extra) => refuse(&format!("{path}.{extra}"), "Extra inputs are not permitted"),
        None => Ok(()),
    }
}

/// A required string.
fn string<'a>(value: &'a Value, path: &str) -> Result<&'a str, Refusal> {
    match value {
        Value::Null => refuse(path, "Field required"),
        Value::String(text) => Ok(text),
        _ => refuse(path, "Input should be a valid string"),
    }
}

/// An optional list.
fn list<'a>(value: &'a Value, path: &str) -> Result<&'a [Value], Refusal> {
    match value {
        Value::Null => Ok(&[]),
        Value::Array(items) => Ok(items),
        _ => refuse(path, "Input should be a valid list"),
    }
}

/// Letters, digits, `_` and `-`, between one and `most` of them.
fn is_name(text: &str, most: usize) -> bool {
    let allowed = |letter: u8| letter.is_ascii_alphanumeric() || matches!(letter, b'_' | b'-');
    (1..=most).contains(&text.len()) && text.bytes().all(allowed)
}
