//! What the service demands of a request, told strictly. The service itself answers a broken rule with "Improperly
//! formed request." and nothing more, so the rules are checked here, in words of their own: they share no code with
//! the writer nor with the emulator.

use std::collections::HashSet;

use serde_json::{Map, Value};

/// Checks the whole body of a GenerateAssistantResponse request.
///
/// # Errors
/// The first broken rule, and where.
pub(crate) fn check(body: &Value) -> Result<(), String> {
    only(body, "body", &["conversationState", "profileArn", "additionalModelRequestFields"])?;
    let state = member(body, "conversationState")?;
    only(
        state,
        "conversationState",
        &[
            "conversationId",
            "chatTriggerType",
            "agentTaskType",
            "currentMessage",
            "history",
            "agentContinuationId",
        ],
    )?;
    demand(state["chatTriggerType"] == "MANUAL", "chatTriggerType is MANUAL")?;
    demand(state["agentTaskType"] == "vibe", "agentTaskType is vibe")?;
    text(state, "conversationId")?;
    let origin = text(user_of(member(state, "currentMessage")?, "currentMessage")?, "origin")?;
    match origin {
        "AI_EDITOR" => demand(state.get("agentContinuationId").is_none(), "the IDE sends no continuation")?,
        "KIRO_CLI" => text(state, "agentContinuationId").map(|_| ())?,
        other => return Err(format!("origin {other}")),
    }
    if let Some(fields) = body.get("additionalModelRequestFields") {
        demand(fields.as_object().is_some_and(|fields| !fields.is_empty()), "no empty request fields")?;
    }
    let history = state["history"].as_array().ok_or("history is a list")?;
    demand(history.len().is_multiple_of(2), "history has whole pairs")?;

    let mut walk =
        Walk { tools: tools(state)?, model: None, origin, ids: HashSet::new(), waiting: Vec::new() };
    for (at, entry) in history.iter().enumerate() {
        let place = format!("history[{at}]");
        if at % 2 == 0 {
            let user = user_of(entry, &place)?;
            demand(user["userInputMessageContext"].get("tools").is_none(), "no tools in history")?;
            walk.user(user, &place)?;
        } else {
            let assistant = entry
                .get("assistantResponseMessage")
                .ok_or_else(|| format!("{place}: the assistant's turn"))?;
            only(entry, &place, &["assistantResponseMessage"])?;
            walk.assistant(assistant, &place)?;
        }
    }
    walk.user(user_of(&state["currentMessage"], "currentMessage")?, "currentMessage")
}

struct Walk<'a> {
    /// Lower-case names of the tools in the current message.
    tools: HashSet<String>,
    model: Option<&'a str>,
    origin: &'a str,
    /// Ids of all calls so far.
    ids: HashSet<&'a str>,
    /// Calls of the last assistant entry.
    waiting: Vec<&'a str>,
}

impl<'a> Walk<'a> {
    fn user(&mut self, user: &'a Value, place: &str) -> Result<(), String> {
        only(
            user,
            place,
            &["content", "modelId", "origin", "userInputMessageContext", "images", "documents"],
        )?;
        demand(!text(user, "content")?.is_empty(), &format!("{place} has content"))?;
        demand(text(user, "origin")? == self.origin, &format!("{place} has the origin of all"))?;
        let model = text(user, "modelId")?;
        demand(*self.model.get_or_insert(model) == model, &format!("{place} has the model of all"))?;
        for kind in ["images", "documents"] {
            if let Some(list) = user.get(kind) {
                let list = list.as_array().filter(|list| !list.is_empty());
                for medium in list.ok_or_else(|| format!("{place}: {kind} is a list with something in it"))? {
                    check_medium(kind, medium)?;
                }
            }
        }
        let mut answered = Vec::new();
        if let Some(context) = user.get("userInputMessageContext") {
            only(context, place, &["toolResults", "tools"])?;
            demand(context.as_object().is_some_and(|context| !context.is_empty()), "no empty context")?;
            for result in context.get("toolResults").and_then(Value::as_array).into_iter().flatten() {
                answered.push(check_result(result)?);
            }
            demand(answered.is_empty() || !self.tools.is_empty(), "results need tools")?;
        }
        let (mut called, mut results) = (std::mem::take(&mut self.waiting), answered);
        called.sort_unstable();
        results.sort_unstable();
        demand(called == results, &format!("{place} answers {called:?} with {results:?}"))
    }

    fn assistant(&mut self, assistant: &'a Value, place: &str) -> Result<(), String> {
        only(assistant, place, &["content", "toolUses", "reasoningContent"])?;
        demand(!text(assistant, "content")?.is_empty(), &format!("{place} has content"))?;
        if let Some(reasoning) = assistant.get("reasoningContent") {
            let one = reasoning.as_object().filter(|reasoning| reasoning.len() == 1);
            let one = one.ok_or_else(|| format!("{place}: one thought"))?;
            match one.iter().next() {
                Some((kind, thought)) if kind == "reasoningText" => {
                    only(thought, place, &["text", "signature"])?;
                    text(thought, "text").and(text(thought, "signature"))?;
                }
                Some((kind, Value::String(_))) if kind == "redactedContent" => {}
                other => return Err(format!("{place}: {other:?} is no thought")),
            }
        }
        let Some(calls) = assistant.get("toolUses") else { return Ok(()) };
        let calls = calls.as_array().filter(|calls| !calls.is_empty());
        for call in calls.ok_or_else(|| format!("{place}: toolUses is a list with something in it"))? {
            only(call, place, &["toolUseId", "name", "input"])?;
            let id = text(call, "toolUseId")?;
            let fine = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
            demand((1..=64).contains(&id.len()) && id.chars().all(fine), &format!("{id:?} is an id"))?;
            demand(self.ids.insert(id), &format!("{id} is given once"))?;
            let name = text(call, "name")?;
            demand(self.tools.contains(&name.to_lowercase()), &format!("{name} is a tool"))?;
            demand(call["input"].is_object(), "arguments are an object")?;
            self.waiting.push(id);
        }
        Ok(())
    }
}

/// The tools of the current message, by lower-case name.
fn tools(state: &Value) -> Result<HashSet<String>, String> {
    let context = &state["currentMessage"]["userInputMessage"]["userInputMessageContext"];
    let mut names = HashSet::new();
    for tool in context.get("tools").and_then(Value::as_array).into_iter().flatten() {
        only(tool, "tools", &["toolSpecification"])?;
        let tool = member(tool, "toolSpecification")?;
        only(tool, "toolSpecification", &["name", "description", "inputSchema"])?;
        let name = text(tool, "name")?;
        let fine = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        demand(
            (1..=63).contains(&name.len())
                && name.starts_with(|c: char| c.is_ascii_alphabetic())
                && name.chars().all(fine),
            &format!("{name:?} is a name"),
        )?;
        let description = text(tool, "description")?;
        demand(
            !description.trim().is_empty() && description.chars().count() <= 9216,
            &format!("the description of {name} is neither empty nor too long"),
        )?;
        demand(names.insert(name.to_lowercase()), &format!("{name} is there once"))?;
        check_schema(name, member(member(tool, "inputSchema")?, "json")?)?;
    }
    Ok(names)
}

fn check_schema(tool: &str, schema: &Value) -> Result<(), String> {
    let wrong = |what: &str| Err(format!("the schema of {tool}: {what}"));
    if schema["type"] != "object" || !schema["properties"].is_object() {
        return wrong("the root is no object with properties");
    }
    if ["anyOf", "oneOf", "allOf"].iter().any(|word| schema.get(word).is_some()) {
        return wrong("a choice at the root");
    }
    // Schemas still to look at; names of properties are no keywords.
    let mut left = vec![schema];
    while let Some(schema) = left.pop() {
        let Value::Object(rules) = schema else { continue };
        for (word, value) in rules {
            match word.as_str() {
                "$schema" | "$id" | "$ref" | "$defs" | "definitions" | "additionalProperties" => {
                    return wrong(word);
                }
                "required" if value.as_array().is_none_or(Vec::is_empty) => return wrong("required"),
                "properties" => match value.as_object() {
                    Some(properties) => left.extend(properties.values()),
                    None => return wrong("properties"),
                },
                "items" | "not" | "contains" => left.push(value),
                "anyOf" | "oneOf" | "allOf" => left.extend(value.as_array().into_iter().flatten()),
                _ => {}
            }
        }
    }
    Ok(())
}

fn check_result(result: &Value) -> Result<&str, String> {
    only(result, "toolResults", &["toolUseId", "status", "content"])?;
    demand(result["status"] == "success" || result["status"] == "error", "a result's status")?;
    let content = result["content"].as_array().filter(|content| !content.is_empty());
    for piece in content.ok_or("a result has content")? {
        only(piece, "a result", &["text"])?;
        demand(!text(piece, "text")?.is_empty(), "a result has words")?;
    }
    text(result, "toolUseId")
}

fn check_medium(kind: &str, medium: &Value) -> Result<(), String> {
    let formats: &[&str] = if kind == "images" {
        &["png", "jpeg", "gif", "webp"]
    } else {
        text(medium, "name").and_then(|name| demand(!name.is_empty(), "a document has a name"))?;
        &["pdf", "csv", "doc", "docx", "xls", "xlsx", "html", "txt", "md"]
    };
    demand(formats.contains(&text(medium, "format")?), &format!("{kind} have a known format"))?;
    let bytes = text(member(medium, "source")?, "bytes")?;
    demand(!bytes.starts_with("data:"), "bytes are plain base64")
}

fn user_of<'a>(entry: &'a Value, place: &str) -> Result<&'a Value, String> {
    only(entry, place, &["userInputMessage"])?;
    entry.get("userInputMessage").ok_or_else(|| format!("{place}: the user's turn"))
}

fn member<'a>(value: &'a Value, name: &str) -> Result<&'a Value, String> {
    value.get(name).ok_or_else(|| format!("{name} is missing"))
}

fn text<'a>(value: &'a Value, name: &str) -> Result<&'a str, String> {
    value.get(name).and_then(Value::as_str).ok_or_else(|| format!("{name} is text"))
}

/// No other members, and above all no cache points.
fn only(value: &Value, place: &str, names: &[&str]) -> Result<(), String> {
    let members: &Map<String, Value> = value.as_object().ok_or_else(|| format!("{place} is an object"))?;
    match members.keys().find(|name| !names.contains(&name.as_str())) {
        Some(other) => Err(format!("{place} has no member {other}")),
        None => Ok(()),
    }
}

fn demand(holds: bool, rule: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(rule.to_owned()) }
}
