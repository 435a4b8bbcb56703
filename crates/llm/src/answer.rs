//! A whole answer: the fold of a stream, and its reverse.

use bytes::Bytes;
use serde_json::Value;

use crate::{Block, Content, Event, Opening, StopReason, Usage, Wire};

/// Where blocks of calls that no client runs have their arguments, which stream as those of other calls do.
const INPUT: &str = "input";

/// Everything a model said in one turn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    pub id: Option<String>,
    pub model: Option<String>,
    pub content: Vec<Block>,
    /// Where texts come from, in Anthropic's form, each with the index of its text block in `content`.
    pub citations: Vec<(usize, Value)>,
    pub stop: Option<StopReason>,
    pub stop_sequence: Option<String>,
    pub usage: Usage,
}

/// An upstream answer that came in one piece, in the upstream's own words, with the little of it that every
/// request needs already read.
#[derive(Clone, Debug)]
pub struct Whole {
    pub wire: Wire,
    pub json: Bytes,
    pub usage: Usage,
    pub stop: Option<StopReason>,
}

/// Folds events into an [`Answer`].
#[derive(Debug, Default)]
pub struct Collector {
    answer: Answer,
    open: Vec<(u32, usize)>,
}

impl Collector {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next event.
    pub fn push(&mut self, event: Event) {
        match event {
            Event::Start { id, model } => {
                self.answer.id = id.or(self.answer.id.take());
                self.answer.model = model.or(self.answer.model.take());
            }
            Event::BlockStart { index, block } => {
                let content = match block {
                    Opening::Text => Content::Text { text: String::new() },
                    Opening::Thinking => Content::Thinking { text: String::new(), signature: None },
                    Opening::RedactedThinking { data } => Content::RedactedThinking { data },
                    Opening::ToolUse { id, name } => Content::ToolUse { id, name, input: String::new() },
                    Opening::Opaque { wire, value } => Content::Opaque { wire, value },
                };
                self.open.push((index, self.answer.content.len()));
                self.answer.content.push(content.into());
            }
            Event::TextDelta { index, text: more } => {
                if let Some(Content::Text { text }) = self.block(index) {
                    text.push_str(&more);
                }
            }
            Event::ThinkingDelta { index, text: more } => {
                if let Some(Content::Thinking { text, .. }) = self.block(index) {
                    text.push_str(&more);
                }
            }
            Event::SignatureDelta { index, signature: more } => {
                if let Some(Content::Thinking { signature, .. }) = self.block(index) {
                    signature.get_or_insert_default().push_str(&more);
                }
            }
            Event::ToolInputDelta { index, json } => match self.block(index) {
                Some(Content::ToolUse { input, .. }) => input.push_str(&json),
                Some(Content::Opaque { value: Value::Object(members), .. }) => {
                    match members.entry(INPUT).or_insert(Value::Null) {
                        Value::String(input) => input.push_str(&json),
                        input => *input = Value::String(json),
                    }
                }
                _ => {}
            },
            Event::BlockEnd { index } => {
                match self.block(index) {
                    Some(Content::ToolUse { input, .. }) if input.trim().is_empty() => {
                        "{}".clone_into(input);
                    }
                    Some(Content::Opaque { value, .. }) => {
                        if let Some(Value::String(input)) = value.get(INPUT) {
                            let read = serde_json::from_str(input);
                            value[INPUT] = read.unwrap_or_else(|_| Value::Object(serde_json::Map::new()));
                        }
                    }
                    _ => {}
                }
                self.open.retain(|(open, _)| *open != index);
            }
            Event::Usage(usage) => self.answer.usage.merge(&usage),
            Event::Stop { reason, sequence } => {
                self.answer.stop = Some(reason);
                self.answer.stop_sequence = sequence;
            }
            Event::Citation { index, citation } => {
                if let Some(at) = self.place(index) {
                    self.answer.citations.push((at, citation));
                }
            }
            Event::Opaque { .. } => {}
        }
    }

    fn place(&self, index: u32) -> Option<usize> {
        self.open.iter().rev().find(|(open, _)| *open == index).map(|(_, at)| *at)
    }

    fn block(&mut self, index: u32) -> Option<&mut Content> {
        let at = self.place(index)?;
        self.answer.content.get_mut(at).map(|block| &mut block.content)
    }

    /// The answer as far as it is known.
    #[must_use]
    pub const fn so_far(&self) -> &Answer {
        &self.answer
    }

    /// The answer so far; complete once the reader saw the wire's own end.
    #[must_use]
    pub fn finish(self) -> Answer {
        self.answer
    }
}

/// The events a stream of this answer would have had: for upstreams that answer whole and clients that stream.
#[must_use]
pub fn replay(answer: &Answer) -> Vec<Event> {
    let mut events = vec![Event::Start { id: answer.id.clone(), model: answer.model.clone() }];
    let mut index = 0;
    for (at, block) in answer.content.iter().enumerate() {
        let (opening, deltas) = match &block.content {
            Content::Text { text } => {
                let mut deltas = vec![Event::TextDelta { index, text: text.clone() }];
                let cited = answer.citations.iter().filter(|(cited, _)| *cited == at);
                deltas
                    .extend(cited.map(|(_, citation)| Event::Citation { index, citation: citation.clone() }));
                (Opening::Text, deltas)
            }
            Content::Thinking { text, signature } => {
                let mut deltas = vec![Event::ThinkingDelta { index, text: text.clone() }];
                if let Some(signature) = signature {
                    deltas.push(Event::SignatureDelta { index, signature: signature.clone() });
                }
                (Opening::Thinking, deltas)
            }
            Content::RedactedThinking { data } => (Opening::RedactedThinking { data: data.clone() }, vec![]),
            Content::ToolUse { id, name, input } => (
                Opening::ToolUse { id: id.clone(), name: name.clone() },
                vec![Event::ToolInputDelta { index, json: input.clone() }],
            ),
            Content::Opaque { wire, value } => {
                let mut value = value.clone();
                let mut deltas = Vec::new();
                if let Some(Value::Object(input)) = value.get_mut(INPUT)
                    && !input.is_empty()
                {
                    let json = Value::Object(std::mem::take(input)).to_string();
                    deltas.push(Event::ToolInputDelta { index, json });
                }
                (Opening::Opaque { wire: *wire, value }, deltas)
            }
            // A model never answers with these.
            Content::Image { .. } | Content::Document { .. } | Content::ToolResult { .. } => continue,
        };
        events.push(Event::BlockStart { index, block: opening });
        events.extend(deltas);
        events.push(Event::BlockEnd { index });
        index += 1;
    }
    events.push(Event::Usage(answer.usage));
    if let Some(reason) = answer.stop.clone() {
        events.push(Event::Stop { reason, sequence: answer.stop_sequence.clone() });
    }
    events
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opaque(value: Value) -> Block {
        Content::Opaque { wire: Wire::AnthropicMessages, value }.into()
    }

    #[test]
    fn a_replayed_answer_collects_to_itself() {
        let answer = Answer {
            id: Some("msg_1".into()),
            model: Some("m".into()),
            content: vec![
                Content::Thinking { text: "hm".into(), signature: Some("sig".into()) }.into(),
                Block::text("hello"),
                Content::ToolUse { id: "t".into(), name: "n".into(), input: "{\"a\":1}".into() }.into(),
                opaque(serde_json::json!({"type": "server_tool_use", "input": {"query": "q"}})),
                opaque(serde_json::json!({"type": "web_search_tool_result", "content": []})),
            ],
            citations: vec![(1, serde_json::json!({"type": "char_location"}))],
            stop: Some(StopReason::ToolUse),
            stop_sequence: None,
            usage: Usage { input: Some(3), output: Some(4), ..Usage::default() },
        };
        let mut collector = Collector::new();
        replay(&answer).into_iter().for_each(|event| collector.push(event));
        assert_eq!(collector.finish(), answer);
    }

    #[test]
    fn a_tool_call_without_arguments_has_an_empty_object() {
        let mut collector = Collector::new();
        collector.push(Event::BlockStart {
            index: 0,
            block: Opening::ToolUse { id: "t".into(), name: "n".into() },
        });
        collector.push(Event::BlockEnd { index: 0 });
        let answer = collector.finish();
        assert!(matches!(&answer.content[0].content, Content::ToolUse { input, .. } if input == "{}"));
    }
}
