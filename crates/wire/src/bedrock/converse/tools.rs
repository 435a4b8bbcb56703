//! Tools and the choice among them.

use std::borrow::Cow;

use llm::{Content, Error, Meaning, Model, StructuredOutput, ToolChoice, ToolKind, ToolSupport};
use serde_json::{Value, json};

use super::cache::CacheBudget;
use super::family;
use super::shape::{Choice, Schema, Tool, ToolConfig, ToolSpec};
use crate::ToolNames;
use crate::adjustments::Adjustments;

/// Every name a request uses, in the order in which names are given out.
pub(super) fn names(meaning: &Meaning) -> impl Iterator<Item = &str> + Clone {
    let defined = meaning.tools.iter().map(|tool| tool.name.as_str());
    let called = meaning.messages.iter().flat_map(|message| &message.content).filter_map(|block| {
        if let Content::ToolUse { name, .. } = &block.content { Some(name.as_str()) } else { None }
    });
    let chosen = match &meaning.tool_choice {
        Some(ToolChoice::Named(name)) => Some(name.as_str()),
        _ => None,
    };
    defined.chain(called).chain(chosen)
}

/// What to send as `toolConfig`, and whether the model must be told in words to call nothing.
pub(super) struct Toolbox<'a> {
    pub(super) config: Option<ToolConfig<'a>>,
    pub(super) hands_off: bool,
}

/// Writes the tools. `thinking`: the model thinks, so that no tool may be forced on Claude and Nova.
///
/// # Errors
/// [`llm::Category::InvalidRequest`] when the model has no tools at all.
pub(super) fn toolbox<'a>(
    meaning: &'a Meaning,
    model: &Model,
    names: &'a ToolNames,
    thinking: bool,
    cache: &mut CacheBudget,
    adjustments: &mut Adjustments,
) -> Result<Toolbox<'a>, Error> {
    let history = meaning
        .messages
        .iter()
        .flat_map(|message| &message.content)
        .any(|block| matches!(block.content, Content::ToolUse { .. } | Content::ToolResult { .. }));
    let none = meaning.tool_choice == Some(ToolChoice::None);
    let mut tools = Vec::with_capacity(meaning.tools.len() + 1);
    if !none || history {
        for tool in &meaning.tools {
            if matches!(tool.kind, ToolKind::Vendor(_)) {
                adjustments.note(format!("tool:{}:dropped", names.to_wire(&tool.name)));
                continue;
            }
            tools.push(Tool::ToolSpec(specification(tool, model, names)));
            tools.extend(cache.tool(tool.cache).map(Tool::CachePoint));
        }
    }
    let mut hands_off = none && history;
    if tools.is_empty() {
        if !history {
            return Ok(Toolbox { config: None, hands_off: false });
        }
        // "The toolConfig field must be defined when using toolUse and toolResult content blocks."
        tools.push(Tool::ToolSpec(ToolSpec {
            name: "unavailable".into(),
            description: "This tool is not available any more. Never call it.".into(),
            input_schema: Schema { json: Cow::Owned(json!({"type": "object", "properties": {}})) },
            strict: None,
        }));
        adjustments.note("tools:placeholder");
        hands_off = true;
    }
    if model.tools == ToolSupport::No {
        return Err(Error::invalid("This model doesn't support tool use.").with_param("tools"));
    }
    if meaning.parallel_tools == Some(false) {
        // Converse has no word for it.
        adjustments.note("parallel_tool_calls:dropped");
    }
    let tool_choice = if hands_off { None } else { choice(meaning, model, names, thinking, adjustments) };
    Ok(Toolbox { config: Some(ToolConfig { tools, tool_choice }), hands_off })
}

fn choice<'a>(
    meaning: &'a Meaning,
    model: &Model,
    names: &'a ToolNames,
    thinking: bool,
    adjustments: &mut Adjustments,
) -> Option<Choice<'a>> {
    let forced = match meaning.tool_choice.as_ref()? {
        ToolChoice::None => return None,
        ToolChoice::Auto => return Some(Choice::Auto {}),
        ToolChoice::Any => Choice::Any {},
        ToolChoice::Named(name) => Choice::Tool { name: names.to_wire(name) },
    };
    if model.forced_tool_use && !(thinking && (model.is_claude() || family::nova(model))) {
        return Some(forced);
    }
    adjustments.note("tool_choice:auto");
    Some(Choice::Auto {})
}

fn specification<'a>(tool: &'a llm::Tool, model: &Model, names: &'a ToolNames) -> ToolSpec<'a> {
    // Strict tools came and went with structured output on Claude; other models refuse the member.
    let strict =
        tool.strict.filter(|_| model.is_claude() && model.structured_output == StructuredOutput::Native);
    // An empty description is refused.
    let description =
        tool.description.as_deref().filter(|text| !text.trim().is_empty()).unwrap_or(&tool.name);
    let mut json = object_schema(tool);
    if family::kimi_k3(model) && has_look_around(&json) {
        drop_look_around(json.to_mut());
    }
    ToolSpec {
        name: names.to_wire(&tool.name),
        description: description.into(),
        input_schema: Schema { json },
        strict,
    }
}

/// A schema whose root says that it is an object.
fn object_schema(tool: &llm::Tool) -> Cow<'_, Value> {
    match &tool.schema {
        Value::Object(members) if members.get("type").is_some_and(|kind| kind == "object") => {
            Cow::Borrowed(&tool.schema)
        }
        Value::Object(members) => {
            let mut schema = members.clone();
            schema.insert("type".to_owned(), "object".into());
            Cow::Owned(schema.into())
        }
        _ if tool.kind == ToolKind::Freeform => Cow::Owned(
            json!({"type": "object", "properties": {"input": {"type": "string"}}, "required": ["input"]}),
        ),
        _ => Cow::Owned(json!({"type": "object", "properties": {}})),
    }
}

fn looks_around(pattern: &Value) -> bool {
    pattern.as_str().is_some_and(|text| ["(?=", "(?!", "(?<=", "(?<!"].iter().any(|look| text.contains(look)))
}

fn has_look_around(schema: &Value) -> bool {
    match schema {
        Value::Object(members) => members
            .iter()
            .any(|(name, value)| (name == "pattern" && looks_around(value)) || has_look_around(value)),
        Value::Array(items) => items.iter().any(has_look_around),
        _ => false,
    }
}

fn drop_look_around(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            if members.get("pattern").is_some_and(looks_around) {
                members.shift_remove("pattern");
            }
            members.values_mut().for_each(drop_look_around);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_look_around),
        _ => {}
    }
}
