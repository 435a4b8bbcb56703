//! A prompt and its parameters.

use bytes::Bytes;
use llm::{Block, Error, Meaning, Message, RawBody, Request, Role, Thinking};

use crate::openai::error::{invalid_type, missing, unsupported};
use crate::openai::notes::Notes;
use crate::openai::parameters::{self, flag, typed};

/// Members that mean something to us. All others are noted as dropped.
const READ: &[&str] = &[
    "model",
    "prompt",
    "stream",
    "stream_options",
    "n",
    "best_of",
    "echo",
    "suffix",
    "logprobs",
    "max_tokens",
    "temperature",
    "top_p",
    "top_k",
    "stop",
    "user",
    "anthropic_beta",
];

/// Checks everything but the parameters of sampling, before an account is chosen.
pub(super) fn check(raw: &RawBody) -> Result<(), Error> {
    prompt(raw)?;
    parameters::single_choice(raw, "n")?;
    parameters::single_choice(raw, "best_of")?;
    if flag(raw, "echo")? == Some(true) {
        return Err(unsupported("echo", "Unsupported value: 'echo' does not support true here."));
    }
    if typed::<String>(raw, "suffix", "a string")?.is_some_and(|suffix| !suffix.is_empty()) {
        return Err(unsupported(
            "suffix",
            "Unsupported parameter: 'suffix'. The models served here cannot fill in a gap.",
        ));
    }
    if raw.get("logprobs").is_some_and(|json| !matches!(json.as_ref(), b"null" | b"false")) {
        return Err(unsupported(
            "logprobs",
            "Unsupported parameter: 'logprobs'. No upstream gives log probabilities.",
        ));
    }
    parameters::include_usage(raw).map(drop)
}

/// The one prompt: a string, or an array with one string.
fn prompt(raw: &RawBody) -> Result<String, Error> {
    let json = raw.get("prompt").filter(|json| json.as_ref() != b"null").ok_or_else(|| missing("prompt"))?;
    let text: String = match json.first() {
        Some(b'"') => typed(raw, "prompt", "a string")?.unwrap_or_default(),
        Some(b'[') => in_array(json)?,
        _ => return Err(invalid_type("prompt", "a string or an array with one string", Some(json))),
    };
    if text.is_empty() {
        return Err(Error::invalid("The prompt is empty.").with_param("prompt"));
    }
    Ok(text)
}

fn in_array(json: &Bytes) -> Result<String, Error> {
    if let Ok(mut prompts) = serde_json::from_slice::<Vec<String>>(json) {
        return match (prompts.pop(), prompts.is_empty()) {
            (Some(only), true) => Ok(only),
            (None, _) => Err(Error::invalid("[] is too short - 'prompt'").with_param("prompt")),
            (Some(_), false) => Err(unsupported(
                "prompt",
                "Only one prompt a request is supported. Send the others in requests of their own.",
            )),
        };
    }
    Err(Error::invalid(
        "The prompt must be a string or an array with one string. Token arrays are not supported: their vocabulary is another model's.",
    )
    .with_param("prompt"))
}

/// Reads the meaning of a completion request: one user message, no thinking.
pub(super) fn meaning(request: &Request) -> Result<Meaning, Error> {
    let raw = &request.raw;
    let mut notes = Notes::default();
    let sampling = parameters::sampling(raw, &mut notes)?;
    let stop = parameters::stop(raw, &mut notes)?;
    parameters::note_dropped(raw, READ, &mut notes);
    Ok(Meaning {
        messages: vec![Message { role: Role::User, content: vec![Block::text(prompt(raw)?)] }],
        max_tokens: parameters::max_tokens(raw, &["max_tokens"])?,
        sampling,
        stop,
        thinking: Some(Thinking::Off),
        user: parameters::user(raw)?,
        adjustments: notes.into_tokens(),
        ..Meaning::default()
    })
}
