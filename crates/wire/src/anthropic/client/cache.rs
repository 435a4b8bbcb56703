//! Prompt-cache marks for clients that cannot set them.

use llm::{CacheMark, Content, Meaning, Model, Role};

use super::turns::{Said, Turn};

/// Rough number of bytes of text a token stands for.
const BYTES_A_TOKEN: usize = 4;

/// Where marks go besides the turns.
#[derive(Clone, Copy, Default)]
pub(super) struct Marks {
    pub(super) last_tool: Option<CacheMark>,
    pub(super) last_system: Option<CacheMark>,
}

/// Marks the last tool, the last system block and the ends of the last two user turns: four, the most the API takes.
/// The second to last user turn was the last one when the request before was sent, so that its cache entry is found.
/// Does nothing where the client marked anything itself or where too little would be cached.
pub(super) fn mark(
    meaning: &Meaning,
    model: &Model,
    turns: &mut [Turn<'_>],
    wanted: Option<CacheMark>,
) -> Marks {
    let Some(wanted) = wanted else { return Marks::default() };
    let least = model.cache_min_tokens as usize * BYTES_A_TOKEN;
    if marked(meaning) || size(meaning) < least {
        return Marks::default();
    }
    let wanted = CacheMark { ttl: wanted.ttl.filter(|_| model.cache.one_hour) };
    if model.cache.messages {
        let users = turns.iter_mut().rev().filter(|turn| turn.role == Role::User).take(2);
        for turn in users {
            if let Some(last) = turn.pieces.last_mut() {
                last.cache = Some(wanted);
            }
        }
    }
    Marks {
        last_tool: Some(wanted).filter(|_| model.cache.tools),
        last_system: Some(wanted).filter(|_| model.cache.system),
    }
}

fn marked(meaning: &Meaning) -> bool {
    meaning.tools.iter().any(|tool| tool.cache.is_some())
        || meaning.system.iter().any(|block| block.cache.is_some())
        || meaning.messages.iter().any(|message| message.content.iter().any(|block| block.cache.is_some()))
}

fn size(meaning: &Meaning) -> usize {
    let tools: usize = meaning
        .tools
        .iter()
        .map(|tool| tool.description.as_ref().map_or(0, String::len) + tool.schema.to_string().len())
        .sum();
    let blocks = meaning.system.iter().chain(meaning.messages.iter().flat_map(|message| &message.content));
    tools + blocks.map(|block| weight(&block.content)).sum::<usize>()
}

fn weight(content: &Content) -> usize {
    match content {
        Content::Text { text } | Content::Thinking { text, .. } => text.len(),
        Content::ToolUse { input, .. } => input.len(),
        Content::ToolResult { content, .. } => content.iter().map(|block| weight(&block.content)).sum(),
        // A picture is around 1500 tokens whatever its bytes.
        Content::Image { .. } | Content::Document { .. } => 1500 * BYTES_A_TOKEN,
        Content::RedactedThinking { .. } | Content::Opaque { .. } => 0,
    }
}

/// Says whether a turn may carry a mark at its end.
pub(super) const fn markable(said: &Said<'_>) -> bool {
    // The API refuses marks on thinking blocks.
    !matches!(said, Said::Given(Content::Thinking { .. } | Content::RedactedThinking { .. }))
}
