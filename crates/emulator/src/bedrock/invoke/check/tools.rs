//! Tool definitions and the tool choice.

use std::collections::HashSet;

use serde_json::Value;

use super::{Ask, Checked, is_name, list, only, refuse, say, schema, string};

/// Tools with a vendor's version that run at the client, and the beta they need.
const VERSIONED: &[(&str, Option<&str>)] = &[
    ("bash_20250124", None),
    ("text_editor_20250124", None),
    ("text_editor_20250429", None),
    ("text_editor_20250728", None),
    ("memory_20250818", Some("context-management-2025-06-27")),
    ("computer_20250124", Some("computer-use-2025-01-24")),
    ("computer_20251124", Some("computer-use-2025-11-24")),
    ("tool_search_tool_regex_20251119", Some("tool-search-tool-2025-10-19")),
    ("tool_search_tool_bm25_20251119", Some("tool-search-tool-2025-10-19")),
];

pub(super) fn check(ask: &Ask<'_>) -> Checked {
    let tools = list(&ask.body["tools"], "tools")?;
    let mut names = HashSet::new();
    for (at, tool) in tools.iter().enumerate() {
        if !names.insert(definition(ask, tool, at)?) {
            return refuse("tools", "Tool names must be unique.");
        }
    }
    choice(ask, &names)
}

/// Checks a tool and gives its name.
fn definition<'a>(ask: &Ask<'_>, tool: &'a Value, at: usize) -> Result<&'a str, super::Refusal> {
    match tool["type"].as_str() {
        None | Some("custom") => custom(ask, tool, at),
        Some(kind) => {
            let known = VERSIONED.iter().find(|(name, _)| *name == kind);
            let allowed = known.is_some_and(|(_, beta)| beta.is_none_or(|beta| ask.has_beta(beta)));
            let searches = kind.starts_with("tool_search_tool");
            if !allowed || (searches && !ask.model.has_tool_search()) {
                let tags: Vec<_> = VERSIONED.iter().map(|(name, _)| format!("'{name}'")).collect();
                let words = format!(
                    "Input tag '{kind}' found using 'type' does not match any of the expected tags: 'custom', {}",
                    tags.join(", ")
                );
                return refuse(&format!("tools.{at}"), &words);
            }
            string(&tool["name"], &format!("tools.{at}.{kind}.name"))
        }
    }
}

fn custom<'a>(ask: &Ask<'_>, tool: &'a Value, at: usize) -> Result<&'a str, super::Refusal> {
    let path = format!("tools.{at}.custom");
    let mut known = vec!["type", "name", "description", "input_schema", "cache_control"];
    if ask.model.has_formats() {
        known.push("strict");
    }
    if ask.has_beta("tool-examples-2025-10-29") {
        known.push("input_examples");
    }
    let tools = ask.body["tools"].as_array().into_iter().flatten();
    if tools.filter_map(|tool| tool["type"].as_str()).any(|kind| kind.starts_with("tool_search_tool")) {
        known.push("defer_loading");
    }
    only(tool, &known, &path)?;
    let name = string(&tool["name"], &format!("{path}.name"))?;
    if !is_name(name, 128) {
        return refuse(&format!("{path}.name"), "String should match pattern '^[a-zA-Z0-9_-]{1,128}$'");
    }
    if !tool["description"].is_null() {
        string(&tool["description"], &format!("{path}.description"))?;
    }
    let path = format!("{path}.input_schema");
    let input = &tool["input_schema"];
    if input.is_null() {
        return refuse(&path, "Field required");
    }
    if !input.is_object() {
        return refuse(&path, "Input should be a valid dictionary");
    }
    match &input["type"] {
        Value::Null => return refuse(&format!("{path}.type"), "Field required"),
        Value::String(kind) if kind == "object" => {}
        _ => return refuse(&format!("{path}.type"), "Input should be 'object'"),
    }
    if ["anyOf", "oneOf", "allOf"].iter().any(|word| input.get(word).is_some()) {
        return refuse(&path, "input_schema does not support oneOf, allOf, or anyOf at the top level");
    }
    if !schema::is_schema(input) {
        return refuse(
            &path,
            "JSON schema is invalid. It must match JSON Schema draft 2020-12 \
             (https://json-schema.org/draft/2020-12). Learn more about tool use at \
             https://docs.claude.com/en/docs/tool-use.",
        );
    }
    Ok(name)
}

fn choice(ask: &Ask<'_>, names: &HashSet<&str>) -> Checked {
    let choice = &ask.body["tool_choice"];
    if choice.is_null() {
        return Ok(());
    }
    let kind = string(&choice["type"], "tool_choice.type")?;
    let known: &[&str] = match kind {
        "auto" | "any" => &["type", "disable_parallel_tool_use"],
        "tool" => &["type", "name", "disable_parallel_tool_use"],
        "none" => &["type"],
        other => {
            let words = format!(
                "Input tag '{other}' found using 'type' does not match any of the expected tags: 'any', 'auto', \
                 'none', 'tool'"
            );
            return refuse("tool_choice", &words);
        }
    };
    only(choice, known, &format!("tool_choice.{kind}"))?;
    if names.is_empty() {
        return refuse("tool_choice", "tool_choice may only be specified while providing tools.");
    }
    if kind == "tool" {
        let name = string(&choice["name"], "tool_choice.tool.name")?;
        if !names.contains(name) {
            return say(format!("Tool '{name}' not found in provided tools"));
        }
    }
    if matches!(kind, "any" | "tool") {
        if !ask.model.can_be_forced() {
            return say(format!("tool_choice.type: '{kind}' is not supported for this model."));
        }
        if matches!(ask.body["thinking"]["type"].as_str(), Some("enabled" | "adaptive")) {
            return say("Thinking may not be enabled when tool_choice forces tool use.");
        }
    }
    Ok(())
}
