//! What a request's tools say about its way.

use llm::RawBody;
use memchr::memmem;
use serde::Deserialize;

use crate::NameRule;
use crate::openai::text::Text;

/// The tools of a chat request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ChatTools {
    pub(super) any: bool,
    /// Some take plain text.
    pub(super) custom: bool,
    /// All of them can go as they are.
    pub(super) fit: bool,
}

#[derive(Deserialize)]
struct Definition<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow, default)]
    function: Option<Named<'a>>,
    #[serde(borrow, default)]
    custom: Option<Named<'a>>,
}

#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow)]
    name: Text<'a>,
}

/// What is no list of tools fits nowhere; who reads it for its meaning says why.
pub(super) fn chat(raw: &RawBody) -> ChatTools {
    let Some(json) = raw.get("tools").filter(|json| json.as_ref() != b"null") else {
        return ChatTools { fit: true, ..ChatTools::default() };
    };
    let Ok(tools) = serde_json::from_slice::<Vec<Definition<'_>>>(json) else {
        return ChatTools { any: true, ..ChatTools::default() };
    };
    let custom = tools.iter().any(|tool| tool.custom.is_some());
    let fits = |tool: &Definition<'_>| {
        let kind = tool.kind.as_ref().map_or("function", Text::as_str);
        let named = if kind == "custom" { &tool.custom } else { &tool.function };
        matches!(kind, "function" | "custom")
            && named.as_ref().is_some_and(|named| NameRule::Bedrock.legal(named.name.as_str()))
    };
    let marked = memmem::find(json, b"\"cache_control\"").is_some();
    ChatTools { any: !tools.is_empty(), custom, fit: !marked && tools.iter().all(fits) }
}
