//! Reads a conversation for what the answer depends on.

use llm::{Answer, Block, Content};
use serde_json::Value;

use crate::amazon_q::model::{Fields, Model};
use crate::compose::{Asked, TOKEN, Thinking, Tool};
use crate::turn::Turn;

/// What the answer needs to be.
pub(super) struct Wanted<'a> {
    pub(super) words: Asked<'a>,
    /// Thoughts come between tags in the text, because the prompt asks so.
    pub(super) tagged: bool,
    /// Thoughts come as an opaque block.
    pub(super) opaque: bool,
}

/// What a client puts around the person's words: (opening, closing).
const AROUND: &[(&str, &str)] = &[
    ("<thinking_mode>", "</thinking_mode>"),
    ("<max_thinking_length>", "</max_thinking_length>"),
    ("<thinking_effort>", "</thinking_effort>"),
    ("<system-reminder>", "</system-reminder>"),
];

pub(super) fn read<'a>(model: &Model, body: &'a Value) -> Wanted<'a> {
    let state = &body["conversationState"];
    let current = &state["currentMessage"]["userInputMessage"];
    let context = &current["userInputMessageContext"];
    let content = current["content"].as_str().unwrap_or_default();
    let fields = &body["additionalModelRequestFields"];
    let native = fields["thinking"]["type"].as_str().is_some_and(|kind| kind != "disabled");
    let words = Asked {
        turn: Turn {
            texts: vec![own_words(content).to_owned()],
            tool_result: context["toolResults"]
                .as_array()
                .and_then(|results| results.last())
                .map(result_text),
        },
        tools: items(&context["tools"])
            .filter_map(|tool| {
                let spec = &tool["toolSpecification"];
                Some(Tool { name: spec["name"].as_str()?, schema: &spec["inputSchema"]["json"] })
            })
            .collect(),
        max_tokens: fields["max_tokens"].as_u64().unwrap_or(model.max_output),
        thinking: match fields["thinking"]["display"].as_str() {
            _ if !native => Thinking::Off,
            Some("omitted") => Thinking::Omitted,
            _ => Thinking::Signed,
        },
        ..Asked::default()
    };
    let opening = state["history"][0]["userInputMessage"]["content"].as_str().unwrap_or_default();
    Wanted {
        words,
        tagged: !native && (asks_thinking(content) || asks_thinking(opening)),
        opaque: model.fields == Fields::Gpt && fields["reasoning"]["effort"] != "none",
    }
}

/// Puts a thought before the text, as models without thoughts of their own do when told to.
pub(super) fn tag_thinking(answer: &mut Answer) {
    const THOUGHT: &str =
        "<thinking>\nThe person wants an answer; `</thinking>` would end this. I repeat it.\n</thinking>\n\n";
    match answer.content.first_mut().map(|block| &mut block.content) {
        Some(Content::Text { text }) => text.insert_str(0, THOUGHT),
        _ => answer.content.insert(0, Block::text(THOUGHT.trim_end())),
    }
}

/// Tokens of the request, without what images weigh.
pub(super) fn input_tokens(body: &Value, length: usize) -> u64 {
    let state = &body["conversationState"];
    let entries = items(&state["history"]).chain(std::iter::once(&state["currentMessage"]));
    let images = entries.flat_map(|entry| items(&entry["userInputMessage"]["images"]));
    let heavy: usize = images.filter_map(|image| image["source"]["bytes"].as_str()).map(str::len).sum();
    (length.saturating_sub(heavy).div_ceil(TOKEN)) as u64
}

fn asks_thinking(text: &str) -> bool {
    ["enabled", "adaptive"]
        .iter()
        .any(|mode| text.contains(&format!("<thinking_mode>{mode}</thinking_mode>")))
}

/// What the person wrote, without what stands around it; all of it when nothing else is there.
fn own_words(content: &str) -> &str {
    let mut rest = content.trim();
    while let Some((opening, closing)) = AROUND.iter().find(|(opening, _)| rest.starts_with(opening)) {
        let Some(end) = rest[opening.len()..].find(closing) else { break };
        rest = rest[opening.len() + end + closing.len()..].trim_start();
    }
    while let (true, Some(at)) = (rest.ends_with(AROUND[3].1), rest.rfind(AROUND[3].0)) {
        rest = rest[..at].trim_end();
    }
    if rest.is_empty() { content } else { rest }
}

fn result_text(result: &Value) -> String {
    let texts = items(&result["content"]).filter_map(|part| {
        part["text"].as_str().map(str::to_owned).or_else(|| part.get("json").map(Value::to_string))
    });
    texts.collect::<Vec<_>>().join("\n")
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests;
