//! The way back from what a request writer had to change.
//!
//! A tool got a shorter name; a model without structured output was made to answer through a tool, or was asked in
//! words and may wrap its JSON in a code fence. Whoever reads the answer turns that back here, on its meaning.

mod fence;

use llm::{Answer, Collector, Event, Opening, StopReason, replay};

use crate::ToolNames;
use fence::Fence;

/// The tool through which a model without structured output gives its answer.
pub const ANSWER_TOOL: &str = "json_tool_call";

/// What was changed in one request.
#[derive(Clone, Debug, Default)]
pub struct Undo {
    pub names: ToolNames,
    /// The input of [`ANSWER_TOOL`] is the text of the answer.
    pub answer_tool: bool,
    /// JSON was asked for in words: a code fence around the answer goes.
    pub fence: bool,
}

impl Undo {
    /// True when there is nothing to turn back.
    #[must_use]
    pub fn is_identity(&self) -> bool {
        self.names.is_identity() && !self.answer_tool && !self.fence
    }
}

/// Turns one answer back, event by event or as a whole.
#[derive(Debug, Default)]
pub struct Restorer {
    undo: Undo,
    /// The answer was called for; only the first call counts.
    answered: bool,
    /// The block of that call while it is open.
    answer: Option<u32>,
    /// The model called a tool of the client too.
    other_tools: bool,
    /// The fence of the text block that is open.
    fenced: Option<(u32, Fence)>,
    /// Text that may be talk before the answer, and what came after it, kept until a tool is called or the model
    /// stops: talk beside JSON would spoil it.
    held: Vec<Event>,
    /// Open blocks that are left out.
    skipped: Vec<u32>,
    /// Upstream's and our index of open blocks, where blocks may be left out.
    numbers: Vec<(u32, u32)>,
    next: u32,
}

impl Restorer {
    #[must_use]
    pub fn new(undo: Undo) -> Self {
        Self { undo, ..Self::default() }
    }

    /// The names that were sent and what they were.
    #[must_use]
    pub const fn names(&self) -> &ToolNames {
        &self.undo.names
    }

    /// Turns a whole answer back.
    pub fn answer(mut self, answer: &mut Answer) {
        if self.undo.is_identity() {
            return;
        }
        let mut events = Vec::new();
        replay(answer).into_iter().for_each(|event| self.event(event, &mut events));
        let mut collector = Collector::new();
        events.into_iter().for_each(|event| collector.push(event));
        *answer = collector.finish();
    }

    /// Appends to `out` what the event means to the client. Where an answer is expected through [`ANSWER_TOOL`],
    /// text is kept until a tool is called or the model stops.
    pub fn event(&mut self, mut event: Event, out: &mut Vec<Event>) {
        if !self.undo.answer_tool {
            return self.restore(event, out);
        }
        let ends = matches!(event, Event::BlockEnd { .. });
        match &event {
            Event::BlockStart { index, block: Opening::ToolUse { name, .. } } if name == ANSWER_TOOL => {
                if self.answered {
                    self.skipped.push(*index);
                    return;
                }
                self.answered = true;
                self.answer = Some(*index);
                self.drop_talk();
                self.release(out);
            }
            // After the answer there is nothing left to say.
            Event::BlockStart { index, block: Opening::Text } if self.answered => {
                self.skipped.push(*index);
                return;
            }
            Event::BlockStart { block: Opening::Text, .. } => {
                self.held.push(event);
                return;
            }
            Event::BlockStart { block: Opening::ToolUse { .. }, .. } | Event::Stop { .. } => {
                self.release(out)
            }
            _ => {
                let Some(index) = index_mut(&mut event).copied() else { return out.push(event) };
                if self.skipped.contains(&index) {
                    self.skipped.retain(|skipped| !ends || *skipped != index);
                    return;
                }
                if !self.held.is_empty() {
                    self.held.push(event);
                    return;
                }
            }
        }
        self.number(event, out);
    }

    /// Forgets the text blocks that are held.
    fn drop_talk(&mut self) {
        let Self { held, skipped, .. } = self;
        held.retain_mut(|event| {
            let (opens, ends) = (
                matches!(event, Event::BlockStart { block: Opening::Text, .. }),
                matches!(event, Event::BlockEnd { .. }),
            );
            let Some(index) = index_mut(event).copied() else { return true };
            if opens {
                skipped.push(index);
            }
            let talk = skipped.contains(&index);
            if talk && ends {
                skipped.retain(|skipped| *skipped != index);
            }
            !talk
        });
    }

    fn release(&mut self, out: &mut Vec<Event>) {
        for event in std::mem::take(&mut self.held) {
            self.number(event, out);
        }
    }

    /// Gives blocks numbers without the gaps of those that are left out.
    fn number(&mut self, mut event: Event, out: &mut Vec<Event>) {
        let opens = matches!(event, Event::BlockStart { .. });
        let ends = matches!(event, Event::BlockEnd { .. });
        if let Some(index) = index_mut(&mut event) {
            let theirs = *index;
            if opens {
                self.numbers.push((theirs, self.next));
                self.next += 1;
            }
            let Some((_, ours)) = self.numbers.iter().rev().find(|(open, _)| *open == theirs) else { return };
            *index = *ours;
            if ends {
                self.numbers.retain(|(open, _)| *open != theirs);
            }
            if self.answer == Some(theirs) {
                event = as_text(event);
                self.answer = self.answer.filter(|_| !ends);
            }
        }
        self.restore(event, out);
    }

    fn restore(&mut self, event: Event, out: &mut Vec<Event>) {
        match event {
            Event::BlockStart { index, block: Opening::ToolUse { id, name } } => {
                self.other_tools = true;
                let name = self.undo.names.to_client(&name).to_owned();
                out.push(Event::BlockStart { index, block: Opening::ToolUse { id, name } });
            }
            Event::BlockStart { index, block: Opening::Text } => {
                if self.undo.fence {
                    self.fenced = Some((index, Fence::default()));
                }
                out.push(Event::BlockStart { index, block: Opening::Text });
            }
            Event::TextDelta { index, text } => {
                let text = match &mut self.fenced {
                    Some((fenced, fence)) if *fenced == index => fence.push(&text),
                    _ => text,
                };
                if !text.is_empty() {
                    out.push(Event::TextDelta { index, text });
                }
            }
            Event::BlockEnd { index } => {
                if let Some((_, fence)) = self.fenced.take_if(|(fenced, _)| *fenced == index) {
                    let text = fence.finish();
                    if !text.is_empty() {
                        out.push(Event::TextDelta { index, text });
                    }
                }
                out.push(Event::BlockEnd { index });
            }
            Event::Stop { reason: StopReason::ToolUse, sequence } if self.answered && !self.other_tools => {
                out.push(Event::Stop { reason: StopReason::EndTurn, sequence });
            }
            other => out.push(other),
        }
    }
}

/// The answer's call as the text it stands for.
fn as_text(event: Event) -> Event {
    match event {
        Event::BlockStart { index, .. } => Event::BlockStart { index, block: Opening::Text },
        Event::ToolInputDelta { index, json } => Event::TextDelta { index, text: json },
        other => other,
    }
}

/// The index of the block an event belongs to.
const fn index_mut(event: &mut Event) -> Option<&mut u32> {
    match event {
        Event::BlockStart { index, .. }
        | Event::TextDelta { index, .. }
        | Event::ThinkingDelta { index, .. }
        | Event::SignatureDelta { index, .. }
        | Event::ToolInputDelta { index, .. }
        | Event::Citation { index, .. }
        | Event::BlockEnd { index } => Some(index),
        Event::Start { .. } | Event::Usage(_) | Event::Stop { .. } | Event::Opaque { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use llm::{Block, Content};

    use super::*;
    use crate::NameRule;

    fn answer(content: Vec<Block>, stop: StopReason) -> Answer {
        Answer { content, stop: Some(stop), ..Answer::default() }
    }

    fn call(name: &str, input: &str) -> Block {
        Content::ToolUse { id: "t".into(), name: name.into(), input: input.into() }.into()
    }

    /// Both ways of turning an answer back, which must agree.
    fn restore(undo: &Undo, mut given: Answer) -> Answer {
        let mut streamed = Restorer::new(undo.clone());
        let mut collector = Collector::new();
        for event in replay(&given) {
            let mut out = Vec::new();
            streamed.event(event, &mut out);
            out.into_iter().for_each(|event| collector.push(event));
        }
        Restorer::new(undo.clone()).answer(&mut given);
        assert_eq!(collector.finish(), given);
        given
    }

    #[test]
    fn tools_get_their_names_back() {
        let names = ToolNames::new(["a b"], NameRule::Bedrock);
        let wire = names.to_wire("a b").into_owned();
        let undo = Undo { names, ..Undo::default() };
        let given = answer(vec![Block::text("x"), call(&wire, "{}"), call("c", "{}")], StopReason::ToolUse);
        let back = answer(vec![Block::text("x"), call("a b", "{}"), call("c", "{}")], StopReason::ToolUse);
        assert_eq!(restore(&undo, given), back);
        assert!(!undo.is_identity() && Undo::default().is_identity());
    }

    #[test]
    fn the_answer_tool_is_the_text() {
        let undo = Undo { answer_tool: true, ..Undo::default() };
        let given = answer(vec![call(ANSWER_TOOL, "{\"a\":1}")], StopReason::ToolUse);
        assert_eq!(restore(&undo, given), answer(vec![Block::text("{\"a\":1}")], StopReason::EndTurn));
        let both = answer(vec![call(ANSWER_TOOL, "{}"), call("other", "{}")], StopReason::ToolUse);
        assert_eq!(restore(&undo, both).stop, Some(StopReason::ToolUse));
        let foreign = answer(vec![call(ANSWER_TOOL, "{}")], StopReason::ToolUse);
        assert_eq!(restore(&Undo::default(), foreign.clone()), foreign);
    }

    #[test]
    fn talk_before_the_answer_goes_and_other_text_stays() {
        let undo = Undo { answer_tool: true, ..Undo::default() };
        let thought: Block = Content::Thinking { text: "hm".into(), signature: None }.into();
        let given = vec![thought.clone(), Block::text("Here:"), call(ANSWER_TOOL, "{}")];
        let back = answer(vec![thought, Block::text("{}")], StopReason::EndTurn);
        assert_eq!(restore(&undo, answer(given, StopReason::ToolUse)), back);

        let asks = answer(vec![Block::text("I look."), call("other", "{}")], StopReason::ToolUse);
        assert_eq!(restore(&undo, asks.clone()), asks);
        let plain = answer(vec![Block::text("{}")], StopReason::EndTurn);
        assert_eq!(restore(&undo, plain.clone()), plain);
    }

    #[test]
    fn a_thought_between_talk_and_answer_stays_and_later_talk_goes() {
        let undo = Undo { answer_tool: true, ..Undo::default() };
        let thought: Block = Content::Thinking { text: "hm".into(), signature: None }.into();
        let given = vec![
            Block::text("Let me see."),
            thought.clone(),
            call(ANSWER_TOOL, "{}"),
            Block::text("There you are."),
            call(ANSWER_TOOL, "{\"again\":1}"),
        ];
        let back = answer(vec![thought, Block::text("{}")], StopReason::EndTurn);
        assert_eq!(restore(&undo, answer(given, StopReason::ToolUse)), back);
    }

    #[test]
    fn blocks_after_the_dropped_talk_move_up() {
        let mut restorer = Restorer::new(Undo { answer_tool: true, ..Undo::default() });
        let given =
            answer(vec![Block::text("a"), call(ANSWER_TOOL, "{}"), call("b", "{}")], StopReason::ToolUse);
        let mut out = Vec::new();
        replay(&given).into_iter().for_each(|event| restorer.event(event, &mut out));
        let opened: Vec<u32> = out
            .iter()
            .filter_map(|event| match event {
                Event::BlockStart { index, .. } => Some(*index),
                _ => None,
            })
            .collect();
        assert_eq!(opened, [0, 1]);
    }

    #[test]
    fn fences_go() {
        let undo = Undo { fence: true, ..Undo::default() };
        let given = answer(vec![Block::text("```json\n{\"a\":1}\n```\n")], StopReason::EndTurn);
        assert_eq!(restore(&undo, given), answer(vec![Block::text("{\"a\":1}")], StopReason::EndTurn));
    }
}
