//! What these surfaces refuse, in words that are plausible.

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::Maker;
use crate::Refusal;
use crate::bedrock::model::Model;

type Checked = Result<(), Refusal>;

/// The members of a chat request.
const CHAT: &[&str] = &[
    "model",
    "messages",
    "stream",
    "stream_options",
    "max_completion_tokens",
    "max_tokens",
    "temperature",
    "top_p",
    "presence_penalty",
    "frequency_penalty",
    "stop",
    "logit_bias",
    "logprobs",
    "top_logprobs",
    "seed",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "response_format",
    "reasoning_effort",
    "service_tier",
    "user",
    "metadata",
    "verbosity",
    "prompt_cache_key",
    "safety_identifier",
];

/// The members of a Responses request.
const RESPONSES: &[&str] = &[
    "model",
    "input",
    "instructions",
    "stream",
    "stream_options",
    "max_output_tokens",
    "temperature",
    "top_p",
    "top_logprobs",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "reasoning",
    "text",
    "include",
    "store",
    "metadata",
    "prompt_cache_key",
    "safety_identifier",
    "service_tier",
    "truncation",
    "user",
    "max_tool_calls",
];

pub(super) fn refuse(code: &'static str, param: &str, message: String) -> Refusal {
    Refusal::validation(message).with("code", code).with("param", param)
}

pub(super) fn unknown(param: &str) -> Refusal {
    refuse("unknown_parameter", param, format!("Unknown parameter: '{param}'."))
}

/// For parameters that other models have.
pub(super) fn unsupported(param: &str, hint: &str) -> Refusal {
    let message = format!("Unsupported parameter: '{param}' is not supported with this model.{hint}");
    refuse("unsupported_parameter", param, message)
}

pub(super) fn invalid(param: &str, message: impl Into<String>) -> Refusal {
    refuse("invalid_value", param, message.into())
}

pub(super) fn members(body: &Map<String, Value>, known: &[&str], at: &str) -> Checked {
    match body.keys().find(|name| !known.contains(&name.as_str())) {
        Some(name) => Err(unknown(&format!("{at}{name}"))),
        None => Ok(()),
    }
}

pub(super) fn chat(model: &Model, maker: Maker, body: &Value) -> Checked {
    let Some(given) = body.as_object() else { return Err(invalid("body", "Expected an object.")) };
    members(given, CHAT, "")?;
    let has = |name: &str| given.get(name).is_some_and(|value| !value.is_null());
    let hosted = maker != Maker::Oss;
    if maker == Maker::Gpt && has("max_tokens") {
        return Err(unsupported("max_tokens", " Use 'max_completion_tokens' instead."));
    }
    limit(model, body["max_completion_tokens"].as_u64().or(body["max_tokens"].as_u64()), hosted)?;
    if hosted && has("stop") {
        return Err(Refusal::validation(
            "This model doesn't support the stopSequences field. Remove stopSequences and try again.",
        ));
    }
    let reasons = model.thinks() && body["reasoning_effort"] != "none";
    sampling(maker, reasons, has)?;
    effort("reasoning_effort", &body["reasoning_effort"], model, maker)?;
    let tools = body["tools"].as_array().map_or(0, Vec::len);
    if tools > 0 && reasons && model.id.starts_with("openai.gpt-5.6") {
        return Err(invalid(
            "tools",
            "Function tools with reasoning are not supported for this model in /v1/chat/completions. Use \
             /v1/responses or set reasoning_effort to 'none'.",
        ));
    }
    if tools == 0 && (has("tool_choice") || has("parallel_tool_calls")) {
        return Err(invalid("tool_choice", "'tool_choice' is only allowed when 'tools' are specified."));
    }
    if maker == Maker::Oss && has("logit_bias") {
        return Err(unsupported("logit_bias", ""));
    }
    if has("stream_options") && body["stream"] != true {
        return Err(invalid(
            "stream_options",
            "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
        ));
    }
    for (at, tool) in body["tools"].as_array().into_iter().flatten().enumerate() {
        let kind = tool["type"].as_str().unwrap_or_default();
        if kind != "function" && !(kind == "custom" && maker == Maker::Gpt) {
            return Err(invalid(&format!("tools[{at}].type"), format!("Invalid value: '{kind}'.")));
        }
        name(&tool[kind]["name"], &format!("tools[{at}].{kind}.name"))?;
        let known: &[&str] = &["type", kind];
        members(tool.as_object().unwrap_or(&Map::new()), known, &format!("tools[{at}]."))?;
    }
    messages(model, &body["messages"])
}

/// Output tokens within what the model has, and at least 16 of hosted ones.
pub(super) fn limit(model: &Model, asked: Option<u64>, hosted: bool) -> Checked {
    let Some(asked) = asked else { return Ok(()) };
    if asked > model.max_output {
        let most = model.max_output;
        return Err(invalid(
            "max_tokens",
            format!(
                "max_tokens is too large: {asked}. This model supports at most {most} completion tokens."
            ),
        ));
    }
    if hosted && asked < 16 {
        let message =
            format!("Integer below minimum value. Expected a value >= 16, but got {asked} instead.");
        return Err(invalid("max_tokens", message));
    }
    Ok(())
}

pub(super) fn sampling(maker: Maker, reasons: bool, has: impl Fn(&str) -> bool) -> Checked {
    let refused: &[&str] = match maker {
        Maker::Gpt => {
            &["temperature", "top_p", "presence_penalty", "frequency_penalty", "logprobs", "top_logprobs"]
        }
        Maker::Grok => &["presence_penalty", "frequency_penalty", "logprobs", "top_logprobs"],
        Maker::Oss => &[],
    };
    match refused.iter().find(|name| reasons && has(name)) {
        Some(name) => Err(unsupported(name, "")),
        None => Ok(()),
    }
}

pub(super) fn effort(param: &str, given: &Value, model: &Model, maker: Maker) -> Checked {
    let Some(word) = given.as_str() else { return Ok(()) };
    let known: &[&str] = match maker {
        Maker::Oss => &["low", "medium", "high"],
        Maker::Gpt if model.id.starts_with("openai.gpt-5") => &["none", "low", "medium", "high", "xhigh"],
        _ => &["low", "medium", "high", "xhigh"],
    };
    if known.contains(&word) || model.is_magic() {
        return Ok(());
    }
    let known = known.join("', '");
    Err(invalid(param, format!("Invalid value: '{word}'. Supported values are: '{known}'.")))
}

pub(super) fn name(given: &Value, param: &str) -> Checked {
    let name = given.as_str().unwrap_or_default();
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if !name.is_empty() && name.len() <= 64 && name.bytes().all(letter) {
        return Ok(());
    }
    let message = format!(
        "Invalid '{param}': string does not match pattern. Expected a string that matches the pattern \
         '^[a-zA-Z0-9_-]{{1,64}}$'."
    );
    Err(invalid(param, message))
}

fn messages(model: &Model, messages: &Value) -> Checked {
    const KNOWN: &[&str] =
        &["role", "content", "name", "tool_calls", "tool_call_id", "refusal", "audio", "annotations"];
    let mut open: HashSet<&str> = HashSet::new();
    let all = messages.as_array().map_or(&[][..], Vec::as_slice);
    if all.is_empty() {
        return Err(invalid("messages", "[] is too short - 'messages'"));
    }
    for (at, message) in all.iter().enumerate() {
        let given = message.as_object().ok_or_else(|| invalid("messages", "Expected objects."))?;
        members(given, KNOWN, &format!("messages[{at}]."))?;
        let role = message["role"].as_str().unwrap_or_default();
        match role {
            "tool" => {
                if !open.remove(message["tool_call_id"].as_str().unwrap_or_default()) {
                    return Err(invalid(
                        &format!("messages[{at}].role"),
                        "Invalid parameter: messages with role 'tool' must be a response to a preceding message with \
                         'tool_calls'.",
                    ));
                }
            }
            "system" | "developer" | "user" | "assistant" if open.is_empty() => {}
            "system" | "developer" | "user" | "assistant" => {
                return Err(invalid(
                    &format!("messages[{at}].role"),
                    "An assistant message with 'tool_calls' must be followed by tool messages responding to each \
                     'tool_call_id'.",
                ));
            }
            _ => {
                return Err(invalid(
                    &format!("messages[{at}].role"),
                    format!(
                        "Invalid value: '{role}'. Supported values are: 'system', 'assistant', 'user', 'tool', and \
                             'developer'."
                    ),
                ));
            }
        }
        for call in message["tool_calls"].as_array().into_iter().flatten() {
            open.insert(call["id"].as_str().unwrap_or_default());
        }
        for (place, part) in message["content"].as_array().into_iter().flatten().enumerate() {
            let at = format!("messages[{at}].content[{place}]");
            let kind = part["type"].as_str().unwrap_or_default();
            if !matches!(kind, "text" | "image_url" | "file" | "refusal") {
                return Err(invalid(&format!("{at}.type"), format!("Invalid value: '{kind}'.")));
            }
            members(part.as_object().unwrap_or(&Map::new()), &["type", kind], &format!("{at}."))?;
            if kind == "image_url" {
                picture(model, &part["image_url"]["url"], &format!("{at}.image_url"))?;
            }
        }
    }
    Ok(())
}

/// A picture rides in the request or lies in S3.
pub(super) fn picture(model: &Model, url: &Value, at: &str) -> Checked {
    let url = url.as_str().unwrap_or_default();
    if !model.sees() {
        return Err(invalid(at, "This model does not support image inputs."));
    }
    if url.starts_with("s3://") {
        return Ok(());
    }
    let data = url.strip_prefix("data:image/").and_then(|rest| rest.split_once(";base64,"));
    let Some((kind, data)) = data else {
        return Err(invalid(at, "Only data: and s3:// image URLs are supported."));
    };
    let bytes = STANDARD.decode(data).unwrap_or_default();
    match crate::bedrock::invoke::sniff(&bytes) {
        Some(found) if found == format!("image/{kind}") => Ok(()),
        _ => Err(invalid(at, "The image data you provided does not represent a valid image.")),
    }
}

pub(super) fn responses(model: &Model, maker: Maker, body: &Value) -> Checked {
    let Some(given) = body.as_object() else { return Err(invalid("body", "Expected an object.")) };
    members(given, RESPONSES, "")?;
    let has = |name: &str| given.get(name).is_some_and(|value| !value.is_null());
    limit(model, body["max_output_tokens"].as_u64(), true)?;
    let reasons = model.thinks() && body["reasoning"]["effort"] != "none";
    sampling(maker, reasons, has)?;
    effort("reasoning.effort", &body["reasoning"]["effort"], model, maker)?;
    if let Some(reasoning) = body["reasoning"].as_object() {
        members(reasoning, &["effort", "summary", "generate_summary", "context"], "reasoning.")?;
    }
    for (at, tool) in body["tools"].as_array().into_iter().flatten().enumerate() {
        let at = format!("tools[{at}]");
        let kind = tool["type"].as_str().unwrap_or_default();
        match kind {
            "function" | "custom" => name(&tool["name"], &format!("{at}.name"))?,
            "namespace" => {
                for inner in tool["tools"].as_array().into_iter().flatten() {
                    name(&inner["name"], &format!("{at}.tools.name"))?;
                }
            }
            "mcp" | "apply_patch" | "tool_search" => {}
            _ if kind.starts_with("computer") => {}
            _ => {
                let message = format!(
                    "Invalid value: '{kind}'. Supported values are: 'function', 'mcp', 'custom', 'apply_patch', \
                     'namespace', 'tool_search', and 'computer'."
                );
                return Err(invalid(&format!("{at}.type"), message));
            }
        }
    }
    let hosted = |what: &Value| what.as_str().is_some_and(|what| what.contains("web_search"));
    if body["include"].as_array().is_some_and(|include| include.iter().any(hosted)) {
        return Err(invalid("include", "Hosted tools are not supported."));
    }
    Ok(())
}
