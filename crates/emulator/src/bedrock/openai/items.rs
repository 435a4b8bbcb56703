//! The items of a Responses request, and the order they must have.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::check::{invalid, members, picture, refuse};
use super::responses::SEAL;
use crate::Refusal;
use crate::bedrock::model::Model;

type Checked = Result<(), Refusal>;

pub(super) fn check(model: &Model, input: &Value) -> Checked {
    let items = match input {
        Value::String(text) if !text.is_empty() => return Ok(()),
        Value::Array(items) if !items.is_empty() => items,
        _ => return Err(invalid("input", "Invalid 'input': expected a string or a list of items.")),
    };
    let mut open: HashSet<&str> = HashSet::new();
    for (at, item) in items.iter().enumerate() {
        let at = format!("input[{at}]");
        let given = item.as_object().ok_or_else(|| invalid(&at, "Expected an object."))?;
        let kind = item["type"].as_str().unwrap_or("message");
        let call_id = item["call_id"].as_str().unwrap_or_default();
        match kind {
            "message" => {
                members(given, &["type", "role", "content", "id", "status", "phase"], &format!("{at}."))?;
                let role = item["role"].as_str().unwrap_or_default();
                if !["system", "developer", "user", "assistant"].contains(&role) {
                    return Err(invalid(&format!("{at}.role"), format!("Invalid value: '{role}'.")));
                }
                parts(model, &item["content"], &format!("{at}.content"))?;
            }
            "reasoning" => {
                let sealed = item["encrypted_content"].as_str();
                let Some(sealed) = sealed else {
                    let message = format!(
                        "Item with id '{}' not found. Items are not persisted when `store` is set to false.",
                        item["id"].as_str().unwrap_or_default()
                    );
                    return Err(refuse("item_not_found", &at, message));
                };
                if !sealed.starts_with(SEAL) {
                    let message = "The encrypted content for this item could not be verified.";
                    return Err(refuse("invalid_encrypted_content", &at, message.to_owned()));
                }
            }
            "function_call" | "custom_tool_call" => {
                if call_id.is_empty() || !item["name"].is_string() {
                    return Err(invalid(&at, "Missing required parameter: 'call_id' or 'name'."));
                }
                open.insert(call_id);
            }
            "function_call_output" | "custom_tool_call_output" => {
                if !open.remove(call_id) {
                    let message =
                        format!("No tool call found for function call output with call_id {call_id}.");
                    return Err(invalid(&at, message));
                }
                parts(model, &item["output"], &format!("{at}.output"))?;
            }
            "compaction" | "apply_patch_call" | "apply_patch_call_output" => {}
            _ if kind.starts_with("mcp_")
                || kind.starts_with("tool_search")
                || kind.starts_with("computer") => {}
            _ => return Err(invalid(&format!("{at}.type"), format!("Invalid value: '{kind}'."))),
        }
    }
    match open.into_iter().next() {
        Some(call) => Err(invalid("input", format!("No tool output found for function call {call}."))),
        None => Ok(()),
    }
}

fn parts(model: &Model, content: &Value, at: &str) -> Checked {
    for (place, part) in content.as_array().into_iter().flatten().enumerate() {
        let at = format!("{at}[{place}]");
        let kind = part["type"].as_str().unwrap_or_default();
        let known: &[&str] = match kind {
            "input_text" => &["type", "text", "prompt_cache_breakpoint"],
            "output_text" => &["type", "text", "annotations", "logprobs"],
            "refusal" => &["type", "refusal"],
            "input_image" => &["type", "image_url", "detail", "file_id"],
            "input_file" => &["type", "file_data", "filename", "file_id", "file_url"],
            _ => return Err(invalid(&format!("{at}.type"), format!("Invalid value: '{kind}'."))),
        };
        members(part.as_object().unwrap_or(&Map::new()), known, &format!("{at}."))?;
        if kind == "input_image" {
            picture(model, &part["image_url"], &format!("{at}.image_url"))?;
        }
    }
    Ok(())
}
