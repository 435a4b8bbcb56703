//! Tools, and the choice among them in words: the wire has no member for it.

use std::borrow::Cow;

use llm::{Category, Content, Error, Meaning, Model, ToolChoice, ToolKind, ToolSupport};
use serde_json::{Value, json};

use super::body::{Schema, Specification, Tool};
use super::manner::Manner;
use super::names::Names;
use super::schema;
use crate::adjustments::Adjustments;

/// Characters of a description. The service refuses 10,241; others saw less refused.
const LONGEST_DESCRIPTION: usize = 9216;
/// From here on people report refusals.
const MANY: usize = 100;

/// The tools to send and the lines that tell the model how to use them.
pub(super) struct Toolbox<'a> {
    pub(super) tools: Vec<Tool<'a>>,
    pub(super) lines: Vec<String>,
}

/// Writes the tools.
///
/// # Errors
/// [`Category::InvalidRequest`] when there are more than the service takes or the model takes none,
/// [`Category::Unsupported`] for tools that would have to run at the service.
pub(super) fn toolbox<'a>(
    meaning: &'a Meaning,
    model: &Model,
    manner: &Manner<'_>,
    names: &'a Names<'a>,
    adjustments: &mut Adjustments,
) -> Result<Toolbox<'a>, Error> {
    let called = meaning
        .messages
        .iter()
        .flat_map(|message| &message.content)
        .any(|block| matches!(block.content, Content::ToolUse { .. }));
    let none = meaning.tool_choice == Some(ToolChoice::None);
    let mut tools = Vec::with_capacity(meaning.tools.len() + names.gone.len());
    if !none || called {
        let mut seen = std::collections::HashSet::new();
        for tool in &meaning.tools {
            if let ToolKind::Vendor(definition) = &tool.kind {
                vendor(tool, definition, names, adjustments)?;
            } else if seen.insert(tool.name.as_str()) {
                tools.push(specification(tool, manner, names, adjustments));
            } else {
                adjustments.note("tools:duplicate");
            }
        }
    }
    // A name that the history uses and nobody defines is refused.
    for name in &names.gone {
        tools.push(stub(names.to_wire(name)));
        adjustments.note("tools:stub");
    }
    if tools.is_empty() {
        return Ok(Toolbox { tools, lines: Vec::new() });
    }
    if model.tools == ToolSupport::No {
        return Err(Error::invalid("This model doesn't support tool use.").with_param("tools"));
    }
    if tools.len() > manner.most_tools {
        let (count, most) = (tools.len(), manner.most_tools);
        return Err(Error::invalid(format!(
            "tools: this request brings {count} tools, and Kiro takes at most {most}. Switch off MCP servers or tools \
             that you do not need, or raise the option `most_tools` of the account."
        ))
        .with_param("tools"));
    }
    if tools.len() > MANY {
        adjustments.note("tools:many");
    }
    let lines = lines(meaning, names, none, adjustments);
    Ok(Toolbox { tools, lines })
}

/// Tools with a form of their vendor's stay behind, but for those whose loss would silently change the answer.
fn vendor(
    tool: &llm::Tool,
    definition: &Value,
    names: &Names<'_>,
    adjustments: &mut Adjustments,
) -> Result<(), Error> {
    let kind = definition.get("type").and_then(Value::as_str).unwrap_or_default();
    if ["web_search", "web_fetch"].iter().any(|server| kind.starts_with(server)) {
        let or = if kind.starts_with("web_search") {
            ", or turn on the option `web_search` of the account: then Kiro's own search takes its place"
        } else {
            ""
        };
        let words = format!(
            "tools: {kind} runs at Anthropic or OpenAI and is not available through Kiro. Remove the tool{or}."
        );
        return Err(Error::new(Category::Unsupported, words).with_param("tools"));
    }
    adjustments.note(format!("tool:{}:dropped", names.tools.to_wire(&tool.name)));
    Ok(())
}

fn lines(meaning: &Meaning, names: &Names<'_>, none: bool, adjustments: &mut Adjustments) -> Vec<String> {
    let choice = match &meaning.tool_choice {
        _ if none => Some("Do not call any tools.".to_owned()),
        Some(ToolChoice::Any) => Some("Call at least one of the tools before you answer.".to_owned()),
        Some(ToolChoice::Named(name)) if names.knows(name) => {
            Some(format!("Call the tool {} before you answer.", names.to_wire(name)))
        }
        Some(ToolChoice::Named(_)) => {
            adjustments.note("tool_choice:dropped");
            None
        }
        _ => None,
    };
    if choice.is_some() {
        adjustments.note("tool_choice:prompt");
    }
    let single = meaning.parallel_tools == Some(false) && !none;
    if single {
        adjustments.note("parallel_tool_calls:prompt");
    }
    let single = single.then(|| "Call at most one tool in this turn.".to_owned());
    choice.into_iter().chain(single).collect()
}

fn specification<'a>(
    tool: &'a llm::Tool,
    manner: &Manner<'_>,
    names: &'a Names<'a>,
    adjustments: &mut Adjustments,
) -> Tool<'a> {
    // An empty description is refused.
    let description = [tool.description.as_deref(), Some(&tool.name)]
        .into_iter()
        .flatten()
        .find(|text| !text.trim().is_empty());
    let description = description.unwrap_or("A tool.");
    let cut = description.char_indices().nth(LONGEST_DESCRIPTION).map(|(at, _)| at);
    if cut.is_some() {
        adjustments.note("tools:description_cut");
    }
    let json = if tool.kind == ToolKind::Freeform && !tool.schema.is_object() {
        Cow::Owned(
            json!({"type": "object", "properties": {"input": {"type": "string"}}, "required": ["input"]}),
        )
    } else {
        schema::clean(&tool.schema, manner.schemas)
    };
    if matches!(json, Cow::Owned(_)) {
        adjustments.note("tools:schema");
    }
    let name = names.to_wire(&tool.name);
    let description = &description[..cut.unwrap_or(description.len())];
    Tool {
        tool_specification: Specification {
            name,
            description: description.into(),
            input_schema: Schema { json },
        },
    }
}

fn stub(name: Cow<'_, str>) -> Tool<'_> {
    Tool {
        tool_specification: Specification {
            name,
            description: "This tool is not available any more. Never call it.".into(),
            input_schema: Schema { json: Cow::Owned(json!({"type": "object", "properties": {}})) },
        },
    }
}
