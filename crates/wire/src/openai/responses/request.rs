//! The top level of a request: what is refused at once, and its meaning.

use llm::{Error, Format, Meaning, RawBody, Request, ToolChoice};
use serde::Deserialize;
use serde_json::Value;

use super::conversation;
use super::tools::Kit;
use crate::openai::error::{invalid_type, invalid_value, missing, unsupported};
use crate::openai::notes::Notes;
use crate::openai::parameters::{self, flag, typed};
use crate::openai::reasoning;

/// Members that mean something to us, or are given back. All others are noted as dropped.
const READ: &[&str] = &[
    "model",
    "input",
    "instructions",
    "stream",
    "stream_options",
    "background",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "max_output_tokens",
    "temperature",
    "top_p",
    "top_k",
    "thinking",
    "reasoning",
    "reasoning_effort",
    "text",
    "include",
    "store",
    "metadata",
    "client_metadata",
    "prompt_cache_key",
    "previous_response_id",
    "service_tier",
    "safety_identifier",
    "user",
    "anthropic_beta",
];

/// Checks what can be told without the conversation, before an account is chosen.
pub(super) fn check(raw: &RawBody) -> Result<(), Error> {
    let input = raw.get("input").filter(|input| input.as_ref() != b"null");
    let input = input.ok_or_else(|| missing("input"))?;
    if !input.starts_with(b"[") && !input.starts_with(b"\"") {
        return Err(invalid_type("input", "a string or an array of items", Some(input)));
    }
    if parameters::is_empty_array(input) || input.as_ref() == b"\"\"" {
        return Err(Error::invalid("'input' must not be empty.").with_param("input"));
    }
    if flag(raw, "background")? == Some(true) {
        return Err(unsupported(
            "background",
            "Answers in the background are not available here. Stream the answer instead.",
        ));
    }
    for (name, instead) in [
        (
            "conversation",
            "Send the conversation in 'input', or name the last answer in 'previous_response_id'.",
        ),
        ("prompt", "Prompts kept at OpenAI are not available here. Send 'instructions' and 'input'."),
    ] {
        if raw.get(name).is_some_and(|json| json.as_ref() != b"null") {
            return Err(unsupported(name, format!("Unsupported parameter: '{name}'. {instead}")));
        }
    }
    Ok(())
}

/// Reads the meaning of a request.
pub(super) fn meaning(request: &Request) -> Result<Meaning, Error> {
    let raw = &request.raw;
    let mut notes = Notes::default();
    let mut kit = Kit::read(raw, &mut notes)?;
    let input = raw.get("input").ok_or_else(|| missing("input"))?;
    let instructions = typed(raw, "instructions", "a string")?;
    let read = conversation::read_input(instructions, input, &request.model, &mut kit, &mut notes)?;
    kit.choose(raw)?;
    if conversation::ends_in_trigger(input) && !kit.tools.is_empty() {
        // They stay in sight, because the conversation names them.
        kit.choice = Some(ToolChoice::None);
    }
    let reasoning = reasoning::read(raw)?;
    let sampling = parameters::sampling(raw, &mut notes)?;
    let tier = parameters::tier(raw, &mut notes)?;
    parameters::note_dropped(raw, READ, &mut notes);
    Ok(Meaning {
        system: read.system,
        messages: read.messages,
        tools: kit.tools,
        tool_choice: kit.choice,
        parallel_tools: kit.parallel,
        max_tokens: parameters::max_tokens(raw, &["max_output_tokens"])?,
        sampling,
        stop: Vec::new(),
        thinking: reasoning.thinking,
        effort: reasoning.effort,
        format: format(raw)?,
        tier,
        user: parameters::user(raw)?,
        adjustments: notes.into_tokens(),
    })
}

#[derive(Default, Deserialize)]
struct TextConfig {
    #[serde(default)]
    format: Option<TextFormat>,
}

/// The schema stands beside the type, not in a member of its own as in chat.
#[derive(Deserialize)]
struct TextFormat {
    r#type: String,
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
    let text: TextConfig = typed(raw, "text", "an object")?.unwrap_or_default();
    let Some(format) = text.format else {
        return Ok(None);
    };
    match (format.r#type.as_str(), format.schema) {
        ("text", _) => Ok(None),
        ("json_object", _) => Ok(Some(Format::JsonObject)),
        ("json_schema", Some(schema @ Value::Object(_))) => Ok(Some(Format::JsonSchema {
            name: format.name,
            description: format.description,
            schema,
            strict: format.strict,
        })),
        ("json_schema", Some(_)) => {
            Err(Error::invalid("Invalid type for 'text.format.schema': expected an object.")
                .with_param("text.format.schema"))
        }
        ("json_schema", None) => Err(missing("text.format.schema")),
        (other, _) => {
            Err(invalid_value("text.format.type", other, "'text', 'json_object', and 'json_schema'"))
        }
    }
}
