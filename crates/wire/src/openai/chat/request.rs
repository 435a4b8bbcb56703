//! The top level of a chat request: what is refused at once, and its meaning.

use llm::{Error, Format, Meaning, RawBody, Request};
use serde::Deserialize;
use serde_json::Value;

use super::{conversation, tools};
use crate::openai::error::{invalid_type, invalid_value, missing, unsupported};
use crate::openai::notes::Notes;
use crate::openai::parameters::{self, flag, integer, typed};
use crate::openai::reasoning;

/// Members that mean something to us. All others are noted as dropped.
const READ: &[&str] = &[
    "model",
    "messages",
    "stream",
    "stream_options",
    "n",
    "modalities",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "functions",
    "function_call",
    "max_completion_tokens",
    "max_tokens",
    "temperature",
    "top_p",
    "top_k",
    "stop",
    "thinking",
    "reasoning",
    "reasoning_effort",
    "response_format",
    "service_tier",
    "user",
    "anthropic_beta",
];

/// Checks what can be told without the conversation, before an account is chosen.
pub(super) fn check(raw: &RawBody) -> Result<(), Error> {
    let messages = raw.get("messages").ok_or_else(|| missing("messages"))?;
    if !messages.starts_with(b"[") {
        return Err(invalid_type("messages", "an array of objects", Some(messages)));
    }
    if parameters::is_empty_array(messages) {
        return Err(Error::invalid("[] is too short - 'messages'").with_param("messages"));
    }
    parameters::single_choice(raw, "n")?;
    let asked = [
        ("logprobs", flag(raw, "logprobs")? == Some(true)),
        ("top_logprobs", integer(raw, "top_logprobs")?.is_some_and(|top| top > 0)),
    ];
    if let Some((name, _)) = asked.into_iter().find(|(_, asked)| *asked) {
        return Err(unsupported(
            name,
            format!("Unsupported parameter: '{name}'. No upstream gives log probabilities."),
        ));
    }
    let modalities: Vec<String> = typed(raw, "modalities", "an array of strings")?.unwrap_or_default();
    if let Some(other) = modalities.iter().find(|modality| *modality != "text") {
        let other: String = other.chars().take(32).collect();
        return Err(unsupported(
            "modalities",
            format!("Unsupported value: 'modalities' does not support '{other}'. Only 'text' is supported."),
        ));
    }
    parameters::include_usage(raw).map(drop)
}

/// Reads the meaning of a chat request.
pub(super) fn meaning(request: &Request) -> Result<Meaning, Error> {
    let raw = &request.raw;
    let mut notes = Notes::default();
    let messages = raw.get("messages").ok_or_else(|| missing("messages"))?;
    let conversation = conversation::read(messages, &mut notes)?;
    let kit = tools::read(raw)?;
    let reasoning = reasoning::read(raw)?;
    let sampling = parameters::sampling(raw, &mut notes)?;
    let stop = parameters::stop(raw, &mut notes)?;
    let tier = parameters::tier(raw, &mut notes)?;
    parameters::note_dropped(raw, READ, &mut notes);
    Ok(Meaning {
        system: conversation.system,
        messages: conversation.messages,
        tools: kit.tools,
        tool_choice: kit.choice,
        parallel_tools: kit.parallel,
        max_tokens: parameters::max_tokens(raw, &["max_completion_tokens", "max_tokens"])?,
        sampling,
        stop,
        thinking: reasoning.thinking,
        effort: reasoning.effort,
        format: format(raw)?,
        tier,
        user: parameters::user(raw)?,
        adjustments: notes.into_tokens(),
    })
}

#[derive(Deserialize)]
struct ResponseFormat {
    r#type: String,
    #[serde(default)]
    json_schema: Option<JsonSchema>,
}

#[derive(Deserialize)]
struct JsonSchema {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    schema: Option<Value>,
    #[serde(default)]
    strict: Option<bool>,
}

fn format(raw: &RawBody) -> Result<Option<Format>, Error> {
    let Some(format) = raw.read::<ResponseFormat>("response_format")? else {
        return Ok(None);
    };
    match (format.r#type.as_str(), format.json_schema) {
        ("text", _) => Ok(None),
        ("json_object", _) => Ok(Some(Format::JsonObject)),
        (
            "json_schema",
            Some(JsonSchema { name, description, schema: Some(schema @ Value::Object(_)), strict }),
        ) => Ok(Some(Format::JsonSchema { name, description, schema, strict })),
        ("json_schema", Some(JsonSchema { schema: Some(_), .. })) => {
            Err(Error::invalid("Invalid type for 'response_format.json_schema.schema': expected an object.")
                .with_param("response_format.json_schema.schema"))
        }
        ("json_schema", Some(_)) => Err(missing("response_format.json_schema.schema")),
        ("json_schema", None) => Err(missing("response_format.json_schema")),
        (other, _) => {
            Err(invalid_value("response_format.type", other, "'text', 'json_object', and 'json_schema'"))
        }
    }
}
