//! Anthropic's own API at AWS: on the runtime under profile ids, on the second inference service under foundation ids,
//! where tokens are counted too.

use bytes::Bytes;
use http::request::Parts;
use serde_json::{Value, json};

use super::Invocation;
use super::cache::Prefixes;
use super::host::Host;
use super::invoke::{self, Checked, refuse, render};
use super::model::{self, MODELS, Model, Thoughts};
use crate::Refusal;
use crate::dice::Dice;
use crate::refusal::in_anthropics_words;
use crate::reply::Reply;

/// The top-level keys of a message. Version and betas are in headers.
const KEYS: &[&str] = &[
    "model",
    "stream",
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

/// The top-level keys of a question for a count.
const COUNTED: &[&str] =
    &["model", "messages", "system", "tools", "tool_choice", "thinking", "output_config"];

/// What both hosts know.
const BETAS: &[&str] = &[
    "claude-code-20250219",
    "interleaved-thinking-2025-05-14",
    "context-management-2025-06-27",
    "effort-2025-11-24",
    "structured-outputs-2025-11-13",
    "tool-search-tool-2025-10-19",
    "compact-2026-01-12",
    "computer-use-2025-01-24",
    "computer-use-2025-11-24",
    "thinking-binding-controls-2026-08-01",
    "thinking-display-updates-2026-08-18",
];
const RUNTIME_BETAS: &[&str] = &[
    "thinking-token-count-2026-05-13",
    "mid-conversation-system-2026-04-07",
    "structured-outputs-2025-12-15",
];
const MANTLE_BETAS: &[&str] = &[
    "context-1m-2025-08-07",
    "fine-grained-tool-streaming-2025-05-14",
    "output-128k-2025-02-19",
    "token-efficient-tools-2025-02-19",
    "tool-examples-2025-10-29",
];

/// Headers of InvokeModel that this API does not have.
const FOREIGN: [&str; 4] = [
    "x-amzn-bedrock-guardrailidentifier",
    "x-amzn-bedrock-service-tier",
    "x-amzn-bedrock-performanceconfig-latency",
    "x-amzn-bedrock-trace",
];

/// The model behind the id of an inference profile.
pub(super) fn by_profile(id: &str, region: Option<&str>) -> Result<&'static Model, Refusal> {
    let model = model::resolve(id, region)?;
    if id.starts_with("arn:") {
        return Err(Refusal::validation("The provided model identifier is invalid."));
    }
    served(model, id)
}

/// The model of a foundation id.
pub(super) fn by_bare_id(id: &str) -> Result<&'static Model, Refusal> {
    if id.starts_with("test.") {
        return model::resolve(id, None);
    }
    let model = MODELS.iter().find(|model| model.id == id && !model.retired());
    served(model.ok_or_else(|| not_found(id))?, id)
}

/// Both hosts have Claude since Opus 4.7, and Haiku 4.5.
fn served(model: &'static Model, id: &str) -> Result<&'static Model, Refusal> {
    let new = matches!(model.thoughts, Thoughts::Adaptive | Thoughts::Always);
    let has = model.is_magic() || model.is_claude() && (new || model.id.contains("haiku-4-5"));
    if has { Ok(model) } else { Err(not_found(id)) }
}

fn not_found(id: &str) -> Refusal {
    Refusal::new(404, "ResourceNotFoundException", format!("model: {id}"))
}

/// What the runtime's front end answers where it does not know an operation: all is well, and a name inside.
pub(super) fn unknown_operation() -> Reply {
    Reply::json(&json!({
        "Output": { "__type": "com.amazon.coral.service#UnknownOperationException" }, "Version": "1.0",
    }))
}

pub(super) fn answer(
    invocation: &Invocation<'_>,
    host: Host,
    body: &Value,
    dice: &mut Dice,
) -> Result<Reply, Refusal> {
    if invocation.strict {
        let betas = head(invocation.head, host, invocation.model)?;
        members(body, KEYS)?;
        if !body["output_config"]["format"].is_null() {
            return refuse("output_config.format", "Extra inputs are not permitted");
        }
        invoke::inside(invocation.model, body, betas)?;
    }
    let answer = invoke::composed(invocation, body, dice)?;
    Ok(match body["stream"].as_bool() {
        Some(true) => Reply::sse(render::server_sent(answer), exception),
        _ => Reply::json(&render::whole(&answer)),
    })
}

/// Counting, which only the second inference service has.
pub(super) fn count(strict: bool, id: &str, head_of: &Parts, body: &Value) -> Result<Reply, Refusal> {
    let model = by_bare_id(id)?;
    if strict {
        let betas = head(head_of, Host::Mantle, model)?;
        members(body, COUNTED)?;
        // No answer is limited here, but what follows knows none without a limit.
        let mut limited = body.clone();
        limited["max_tokens"] = model.max_output.into();
        invoke::inside(model, &limited, betas)?;
    }
    let mut prefixes = Prefixes::new(&[], u64::MAX);
    for part in ["tools", "system", "messages"] {
        if let Some(part) = body.get(part) {
            prefixes.block(part);
        }
    }
    Ok(Reply::json(&json!({ "input_tokens": prefixes.tokens().max(1) })))
}

/// Checks version and betas, and returns these.
fn head<'a>(head: &'a Parts, host: Host, model: &Model) -> Result<Vec<&'a str>, Refusal> {
    let text = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
    match text("anthropic-version") {
        Some("2023-06-01") => {}
        Some(other) => return refuse("anthropic-version", &format!("\"{other}\" is not a valid version")),
        None => return refuse("anthropic-version", "header is required"),
    }
    if let Some(foreign) = FOREIGN.iter().find(|name| head.headers.contains_key(**name)) {
        return refuse(foreign, "This header is not supported on this endpoint");
    }
    let own = if host == Host::Mantle { MANTLE_BETAS } else { RUNTIME_BETAS };
    let Some(given) = text("anthropic-beta") else { return Ok(Vec::new()) };
    let betas: Vec<&str> = given.split(',').map(str::trim).collect();
    let unknown = |beta: &&&str| !BETAS.contains(beta) && !own.contains(beta) && !model.is_magic();
    let wrong: Vec<String> = betas.iter().filter(unknown).map(|beta| format!("`{beta}`")).collect();
    if wrong.is_empty() {
        return Ok(betas);
    }
    Err(Refusal::validation(format!(
        "Unexpected value(s) {} for the `anthropic-beta` header. Please consult our documentation at \
         docs.anthropic.com or try again without the header.",
        wrong.join(", ")
    )))
}

fn members(body: &Value, known: &[&str]) -> Checked {
    let Some(members) = body.as_object() else {
        return Err(Refusal::validation("The request body is not valid JSON: expected an object."));
    };
    match members.keys().find(|key| !known.contains(&key.as_str())) {
        Some(extra) => refuse(extra, "Extra inputs are not permitted"),
        None => Ok(()),
    }
}

/// An exception within the stream.
fn exception(name: &str, message: &str) -> Bytes {
    let (kind, _) = in_anthropics_words(name, 500);
    render::sent(&json!({ "type": "error", "error": { "type": kind, "message": message } }))
}
