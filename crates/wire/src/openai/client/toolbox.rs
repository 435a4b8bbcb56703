//! The tools of a Responses request: those that run at OpenAI are left out.

use bytes::{BufMut, Bytes, BytesMut};
use llm::RawBody;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::NameRule;
use crate::openai::notes::Notes;
use crate::openai::text::Text;

/// What becomes of them.
#[derive(Debug)]
pub(super) enum Toolbox {
    Same,
    Changed(Bytes),
    /// They must be read for their meaning.
    Closed,
}

#[derive(Deserialize)]
struct Definition<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow, default)]
    name: Option<Text<'a>>,
    #[serde(borrow, default)]
    tools: Option<Vec<Definition<'a>>>,
}

/// Whether a kind of tool runs at OpenAI, where nobody here can reach it.
pub(super) fn is_hosted(kind: &str) -> bool {
    ["web_search", "image_generation", "code_interpreter", "file_search", "x_search"]
        .iter()
        .any(|hosted| kind.starts_with(hosted))
}

/// `more` are tools that came among the items.
pub(super) fn pass(raw: &RawBody, more: &[&RawValue], notes: &mut Notes) -> Toolbox {
    let given = raw.get("tools").filter(|json| json.as_ref() != b"null");
    let mut tools: Vec<&RawValue> = match given.map(|json| serde_json::from_slice(json)) {
        None => Vec::new(),
        Some(Ok(tools)) => tools,
        Some(Err(_)) => return Toolbox::Closed,
    };
    let all = tools.len();
    tools.extend(more);
    let mut kept = Vec::with_capacity(tools.len());
    for tool in &tools {
        let Ok(definition) = serde_json::from_str::<Definition<'_>>(tool.get()) else {
            return Toolbox::Closed;
        };
        let kind = definition.kind.as_ref().map_or("function", Text::as_str);
        if is_hosted(kind) {
            notes.add_dropped_tool(kind);
        } else if fits(kind, &definition) {
            kept.push(tool.get());
        } else {
            return Toolbox::Closed;
        }
    }
    if kept.len() == all && more.is_empty() {
        return Toolbox::Same;
    }
    let mut list = BytesMut::from(&b"["[..]);
    for (at, tool) in kept.iter().enumerate() {
        if at > 0 {
            list.put_u8(b',');
        }
        list.put_slice(tool.as_bytes());
    }
    list.put_u8(b']');
    Toolbox::Changed(list.freeze())
}

/// Shells have no form of their own there, and a name must be one that the upstream takes.
fn fits(kind: &str, definition: &Definition<'_>) -> bool {
    let named =
        |tool: &Definition<'_>| tool.name.as_ref().is_some_and(|name| NameRule::Bedrock.legal(name.as_str()));
    match kind {
        "function" | "custom" => named(definition),
        "namespace" => definition.tools.iter().flatten().all(named),
        "mcp" | "apply_patch" | "tool_search" => true,
        kind => kind.starts_with("computer"),
    }
}
