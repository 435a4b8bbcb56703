//! What the "model" says: the echo convention, cut to what the request allows.

use llm::{Answer, Content, StopReason};
use serde_json::Value;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::dice::Dice;
use crate::instance;
use crate::turn::Turn;

/// Characters a token, about; real tokenisers differ, counts only have to be plausible and repeatable.
pub(crate) const TOKEN: usize = 4;
/// Characters of a tool result that are repeated.
const SAID: usize = 200;

/// What both dialects ask, without their words.
#[derive(Debug, Default)]
pub(crate) struct Asked<'a> {
    pub(crate) turn: Turn,
    pub(crate) tools: Vec<Tool<'a>>,
    pub(crate) choice: Choice<'a>,
    pub(crate) stop_sequences: Vec<&'a str>,
    pub(crate) max_tokens: u64,
    pub(crate) thinking: Thinking,
    /// The JSON schema that the text must satisfy.
    pub(crate) schema: Option<Value>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Tool<'a> {
    pub(crate) name: &'a str,
    pub(crate) schema: &'a Value,
}

#[derive(Debug, Default, PartialEq)]
pub(crate) enum Choice<'a> {
    #[default]
    Auto,
    None,
    Any,
    Named(&'a str),
}

/// Whether a thinking block comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Thinking {
    #[default]
    Off,
    /// With a signature, its text left out.
    Omitted,
    /// With text and signature.
    Signed,
    /// With text alone, as models other than Claude do.
    Unsigned,
}

/// What was said, and which sequence stopped it.
pub(crate) fn compose(asked: &Asked<'_>, tool_id: &str, dice: &mut Dice) -> Answer {
    let mut answer = Answer { stop: Some(StopReason::EndTurn), ..Answer::default() };
    let mut budget = usize::try_from(asked.max_tokens).unwrap_or(usize::MAX).saturating_mul(TOKEN);
    if let Some(thinking) = thinking(asked, dice) {
        if let Content::Thinking { text, .. } = &thinking {
            budget = budget.saturating_sub(text.len());
        }
        answer.content.push(thinking.into());
    }
    let calls = calls(asked);
    if calls.is_empty() {
        let mut text = words(asked);
        if let Some((at, sequence)) = first_stop(&text, &asked.stop_sequences) {
            text.truncate(at);
            answer.stop = Some(StopReason::StopSequence);
            answer.stop_sequence = Some(sequence.to_owned());
        }
        if cut(&mut text, budget) {
            answer.stop = Some(StopReason::MaxTokens);
            answer.stop_sequence = None;
        }
        if !text.is_empty() {
            answer.content.push(Content::Text { text }.into());
        }
    }
    for (name, mut input) in calls {
        answer.stop = Some(StopReason::ToolUse);
        let short = cut(&mut input, budget);
        budget = budget.saturating_sub(input.len());
        let id = dice.word(tool_id, 22);
        answer.content.push(Content::ToolUse { id, name, input }.into());
        if short {
            answer.stop = Some(StopReason::MaxTokens);
            break;
        }
    }
    answer.usage.output = Some(spoken(&answer));
    answer
}

fn thinking(asked: &Asked<'_>, dice: &mut Dice) -> Option<Content> {
    let text = match asked.thinking {
        Thinking::Off => return None,
        Thinking::Omitted => String::new(),
        Thinking::Signed | Thinking::Unsigned => {
            "The person wants an answer. I repeat what they said.".to_owned()
        }
    };
    // Signatures are base64; four letters more keep the length a multiple of four.
    let signature = (asked.thinking != Thinking::Unsigned).then(|| dice.word("EqkB", 44));
    Some(Content::Thinking { text, signature })
}

fn words(asked: &Asked<'_>) -> String {
    if let Some(schema) = &asked.schema {
        return instance::minimal(schema).to_string();
    }
    match &asked.turn.tool_result {
        Some(result) => format!("tool said: {}", result.chars().take(SAID).collect::<String>()),
        None => format!("echo: {}", asked.turn.prompt()),
    }
}

/// The calls that markers spell, in the last tool result if there is one, else in the prompt; without them the one
/// that a forced choice demands of a prompt.
fn calls(asked: &Asked<'_>) -> Vec<(String, String)> {
    if asked.choice == Choice::None {
        return Vec::new();
    }
    let result = asked.turn.tool_result.as_ref();
    let mut calls: Vec<_> = result
        .map_or(asked.turn.texts.as_slice(), std::slice::from_ref)
        .iter()
        .flat_map(|text| markers(text))
        .filter_map(|(name, input)| {
            let tool = asked.tools.iter().find(|tool| stands_for(tool.name, name))?;
            Some((tool.name.to_owned(), arguments(tool.schema, input)))
        })
        .collect();
    let forced = match asked.choice {
        _ if result.is_some() => None,
        Choice::Any => asked.tools.first(),
        Choice::Named(name) => asked.tools.iter().find(|tool| tool.name == name),
        Choice::Auto | Choice::None => None,
    };
    if let (true, Some(tool)) = (calls.is_empty(), forced) {
        calls.push((tool.name.to_owned(), instance::minimal(tool.schema).to_string()));
    }
    calls
}

/// Arguments are always an object; any other JSON becomes the tool's first member, as for a tool that takes one text.
fn arguments(schema: &Value, input: &str) -> String {
    if input.starts_with('{') {
        return input.to_owned();
    }
    let first = schema["properties"].as_object().and_then(|members| members.keys().next());
    let name = Value::from(first.map_or("input", String::as_str));
    format!("{{{name}:{input}}}")
}

/// `[[tool:NAME JSON]]`, several in a row; without JSON the arguments are `{}`. The JSON may hold `]]` itself.
fn markers(text: &str) -> Vec<(&str, &str)> {
    const OPENING: &str = "[[tool:";
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(OPENING) {
        rest = &rest[at + OPENING.len()..];
        let end = rest.find(|letter: char| letter.is_whitespace() || letter == ']').unwrap_or(rest.len());
        let (name, tail) = rest.split_at(end);
        let mut values = serde_json::Deserializer::from_str(tail).into_iter::<&RawValue>();
        let (input, tail) = match values.next() {
            Some(Ok(input)) => (input.get(), &tail[values.byte_offset()..]),
            _ => ("{}", tail),
        };
        if !name.is_empty() && tail.trim_start().starts_with("]]") {
            found.push((name, input));
        }
    }
    found
}

/// Whether the request's tool is the one that the marker names. A proxy shortens names that the service would
/// refuse, and ends the short form in the first digits of the original's SHA-256.
fn stands_for(tool: &str, name: &str) -> bool {
    if tool == name {
        return true;
    }
    let Some((_, ending)) = tool.rsplit_once('_') else { return false };
    matches!(ending.len(), 8 | 12) && hex::encode(Sha256::digest(name)).starts_with(ending)
}

fn first_stop<'a>(text: &str, sequences: &[&'a str]) -> Option<(usize, &'a str)> {
    let found = sequences.iter().filter(|sequence| !sequence.is_empty());
    found.filter_map(|sequence| Some((text.find(sequence)?, *sequence))).min()
}

/// Cuts at a character border; says whether something was cut off.
fn cut(text: &mut String, most: usize) -> bool {
    let short = text.len() > most;
    if short {
        text.truncate(text.floor_char_boundary(most));
    }
    short
}

/// Output tokens of what was said, at least one.
fn spoken(answer: &Answer) -> u64 {
    let letters: usize = answer
        .content
        .iter()
        .map(|block| match &block.content {
            Content::Text { text } | Content::Thinking { text, .. } => text.len(),
            Content::ToolUse { name, input, .. } => name.len() + input.len(),
            _ => 0,
        })
        .sum();
    letters.div_ceil(TOKEN).max(1) as u64
}

/// Cuts a text into deltas at character borders: small ones, so that a short answer streams too, but not so many
/// that a long one drowns in frames.
pub(crate) fn deltas(text: &str) -> Vec<String> {
    let size = (text.len() / 64).clamp(12, 16_384);
    let mut rest = text;
    let mut deltas = Vec::new();
    while !rest.is_empty() {
        let at = rest.ceil_char_boundary(size.min(rest.len()));
        deltas.push(rest[..at].to_owned());
        rest = &rest[at..];
    }
    deltas
}

#[cfg(test)]
mod tests;
