//! The tools of the current message, and those that earlier calls name.

use std::collections::HashSet;

use serde_json::Value;

use super::{Broken, Checked, Talk, hidden, schema};

/// People report failures from 120 tools on.
const MOST_TOOLS: usize = 119;
/// Characters of a description; the next one is too many.
const MOST_DESCRIPTION: usize = 10_240;

pub(super) fn check(talk: &Talk<'_>, strict_schemas: bool) -> Checked {
    if talk.tools.len() > MOST_TOOLS {
        return hidden(format!("{} tools, {MOST_TOOLS} are taken", talk.tools.len()));
    }
    let results = |message: &Value| message["userInputMessageContext"]["toolResults"].is_array();
    let any = talk.history.iter().any(|entry| results(&entry["userInputMessage"])) || results(talk.current);
    if any && talk.tools.is_empty() {
        return Err(Broken::hidden("TOOL_CONFIG_MISSING", "toolResults without any tools"));
    }
    let mut names = HashSet::new();
    for (at, tool) in talk.tools.iter().enumerate() {
        let name = specification(tool, &format!("tools.{at}"), strict_schemas)?;
        if !names.insert(name) {
            return Err(Broken::hidden("TOOL_DUPLICATE", format!("two tools are called {name}")));
        }
    }
    let lower: HashSet<_> = names.iter().map(|name| name.to_ascii_lowercase()).collect();
    for (at, entry) in talk.history.iter().enumerate() {
        let calls = entry["assistantResponseMessage"]["toolUses"].as_array().into_iter().flatten();
        let mut called = calls.filter_map(|call| call["name"].as_str());
        if let Some(name) = called.find(|name| !lower.contains(&name.to_ascii_lowercase())) {
            return hidden(format!("history.{at}: {name} is not among the tools"));
        }
    }
    Ok(())
}

fn specification<'a>(tool: &'a Value, place: &str, strict_schemas: bool) -> Result<&'a str, Broken> {
    let members: Vec<_> = tool.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
    if members != ["toolSpecification"] {
        return hidden(format!("{place} is {members:?}, wanted toolSpecification alone"));
    }
    let specification = &tool["toolSpecification"];
    let name = specification["name"].as_str().unwrap_or_default();
    let legal = |letter: u8| letter.is_ascii_alphanumeric() || letter == b'_' || letter == b'-';
    if !(name.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && name.len() <= 64
        && name.bytes().all(legal))
    {
        return hidden(format!("{place}: the name {name:?}"));
    }
    match specification["description"].as_str() {
        None | Some("") => return hidden(format!("{place}: no description")),
        Some(text) if text.chars().count() > MOST_DESCRIPTION => {
            return hidden(format!("{place}: the description has more than {MOST_DESCRIPTION} characters"));
        }
        Some(_) => {}
    }
    schema::check(&specification["inputSchema"]["json"], strict_schemas).map_err(|complaint| {
        let why = format!("{place} ({name}): {}", complaint.why);
        if complaint.strict {
            Broken::told(Some("TOOL_SCHEMA_INVALID"), super::IMPROPER, why)
        } else {
            Broken::hidden("TOOL_SCHEMA_INVALID", why)
        }
    })?;
    Ok(name)
}
