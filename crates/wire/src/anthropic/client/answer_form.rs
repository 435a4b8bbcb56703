//! Structured output that the upstream could not do by itself, turned back into plain text.

use llm::{Answer, Collector, Event, Opening, StopReason, replay};

use super::format::TOOL;

/// The shape in which a structured answer comes back; see [`super::Written::form`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AnswerForm {
    /// As the client expects it.
    #[default]
    Plain,
    /// As the arguments of a tool of ours; text before the call is talk and not the answer.
    JsonTool,
    /// As text that may stand between Markdown fences.
    Fenced,
}

/// Unwraps the events of one answer.
#[derive(Debug, Default)]
pub struct Unwrap {
    form: AnswerForm,
    /// Events of text blocks, kept until it is known whether they are the answer.
    held: Vec<Event>,
    /// Upstream's and our index of blocks that are open.
    open: Vec<(u32, u32)>,
    /// Upstream's indexes of text blocks that are kept.
    texts: Vec<u32>,
    /// Upstream's index of our tool's block.
    answer: Option<u32>,
    answered: bool,
    other_tools: bool,
    next: u32,
}

impl Unwrap {
    #[must_use]
    pub fn new(form: AnswerForm) -> Self {
        Self { form, ..Self::default() }
    }

    /// Takes a step's events and returns what the client shall see of them. Text that may not be the answer stays
    /// here until the stop event.
    #[must_use]
    pub fn push(&mut self, events: Vec<Event>) -> Vec<Event> {
        if self.form == AnswerForm::Plain {
            return events;
        }
        let mut out = Vec::with_capacity(events.len());
        for event in events {
            self.step(event, &mut out);
        }
        out
    }

    /// The stream is over: what was kept for a stop event that never came.
    #[must_use]
    pub fn finish(&mut self) -> Vec<Event> {
        let mut out = Vec::new();
        self.release(&mut out);
        out
    }

    /// A whole answer, unwrapped.
    #[must_use]
    pub fn answer(form: AnswerForm, answer: Answer) -> Answer {
        if form == AnswerForm::Plain {
            return answer;
        }
        let mut collector = Collector::new();
        let mut unwrap = Self::new(form);
        let events = unwrap.push(replay(&answer));
        events.into_iter().chain(unwrap.finish()).for_each(|event| collector.push(event));
        collector.finish()
    }

    fn step(&mut self, event: Event, out: &mut Vec<Event>) {
        match event {
            Event::BlockStart { index, block: Opening::Text } => self.texts.push(index),
            Event::BlockStart { index, block: Opening::ToolUse { ref name, .. } }
                if name == TOOL && self.form == AnswerForm::JsonTool =>
            {
                // A second call would make two answers.
                if !self.answered {
                    self.answered = true;
                    self.answer = Some(index);
                    self.held.clear();
                    self.open(index, Opening::Text, out);
                } else {
                    self.texts.push(index);
                }
            }
            Event::BlockStart { index, block } => {
                self.other_tools |= matches!(block, Opening::ToolUse { .. });
                self.open(index, block, out);
            }
            Event::ToolInputDelta { index, json } if self.answer == Some(index) => {
                self.forward(index, out, |index| Event::TextDelta { index, text: json });
            }
            Event::TextDelta { index, .. } | Event::Citation { index, .. } if self.texts.contains(&index) => {
                self.held.push(event);
            }
            Event::ToolInputDelta { index, .. } if self.texts.contains(&index) => {}
            Event::BlockEnd { index } if self.texts.contains(&index) => {
                self.texts.retain(|text| *text != index)
            }
            Event::BlockEnd { index } => {
                self.forward(index, out, |index| Event::BlockEnd { index });
                self.open.retain(|(theirs, _)| *theirs != index);
                self.answer = self.answer.filter(|answer| *answer != index);
            }
            Event::TextDelta { index, text } => {
                self.forward(index, out, |index| Event::TextDelta { index, text })
            }
            Event::ThinkingDelta { index, text } => {
                self.forward(index, out, |index| Event::ThinkingDelta { index, text });
            }
            Event::SignatureDelta { index, signature } => {
                self.forward(index, out, |index| Event::SignatureDelta { index, signature });
            }
            Event::ToolInputDelta { index, json } => {
                self.forward(index, out, |index| Event::ToolInputDelta { index, json });
            }
            Event::Citation { index, citation } => {
                self.forward(index, out, |index| Event::Citation { index, citation });
            }
            Event::Stop { reason, sequence } => {
                self.release(out);
                let reason = match reason {
                    StopReason::ToolUse if self.answered && !self.other_tools => StopReason::EndTurn,
                    reason => reason,
                };
                out.push(Event::Stop { reason, sequence });
            }
            Event::Start { .. } | Event::Usage(_) | Event::Opaque { .. } => out.push(event),
        }
    }

    fn open(&mut self, theirs: u32, block: Opening, out: &mut Vec<Event>) {
        self.open.push((theirs, self.next));
        out.push(Event::BlockStart { index: self.next, block });
        self.next += 1;
    }

    fn forward(&self, theirs: u32, out: &mut Vec<Event>, event: impl FnOnce(u32) -> Event) {
        if let Some((_, ours)) = self.open.iter().rev().find(|(open, _)| *open == theirs) {
            out.push(event(*ours));
        }
    }

    /// The text that was kept is the answer after all.
    fn release(&mut self, out: &mut Vec<Event>) {
        let mut text = String::new();
        for event in std::mem::take(&mut self.held) {
            if let Event::TextDelta { text: more, .. } = event {
                text.push_str(&more);
            }
        }
        if self.answered || text.is_empty() {
            return;
        }
        let text = if self.form == AnswerForm::Fenced { unfence(&text).to_owned() } else { text };
        let index = self.next;
        self.next += 1;
        out.extend([
            Event::BlockStart { index, block: Opening::Text },
            Event::TextDelta { index, text },
            Event::BlockEnd { index },
        ]);
    }
}

/// The text between Markdown fences, when the whole of it stands between them.
fn unfence(text: &str) -> &str {
    let trimmed = text.trim();
    let inside = trimmed.strip_prefix("```").and_then(|rest| rest.strip_suffix("```"));
    match inside.and_then(|inside| inside.split_once('\n')) {
        // The first line names the language.
        Some((language, body)) if !language.trim().contains(char::is_whitespace) => body.trim(),
        _ => trimmed,
    }
}

#[cfg(test)]
mod tests;
