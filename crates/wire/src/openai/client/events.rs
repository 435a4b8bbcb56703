//! The blocks of an answer that its upstream tells without borders.

use llm::{Event, Opening};

/// Opens and ends blocks as what is told changes.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    next: u32,
    open: Option<Open>,
    /// The upstream's numbers of calls, and our blocks. They stay open together: their pieces may take turns.
    calls: Vec<(u32, u32)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Open {
    Thought(u32),
    Text(u32),
}

impl Blocks {
    pub(super) fn think(&mut self, text: String, out: &mut Vec<Event>) {
        if text.is_empty() {
            return;
        }
        let index = match self.open {
            Some(Open::Thought(index)) => index,
            _ => {
                let index = self.start(Opening::Thinking, out);
                self.open = Some(Open::Thought(index));
                index
            }
        };
        out.push(Event::ThinkingDelta { index, text });
    }

    pub(super) fn say(&mut self, text: String, out: &mut Vec<Event>) {
        if text.is_empty() {
            return;
        }
        let index = match self.open {
            Some(Open::Text(index)) => index,
            _ => {
                let index = self.start(Opening::Text, out);
                self.open = Some(Open::Text(index));
                index
            }
        };
        out.push(Event::TextDelta { index, text });
    }

    /// A call begins. `number` is the upstream's.
    pub(super) fn call(&mut self, number: u32, id: String, name: String, out: &mut Vec<Event>) {
        let index = self.start(Opening::ToolUse { id, name }, out);
        self.calls.push((number, index));
    }

    /// Whether the call has begun.
    pub(super) fn calls(&self, number: u32) -> bool {
        self.calls.iter().any(|(known, _)| *known == number)
    }

    /// How many calls have begun.
    pub(super) fn called(&self) -> usize {
        self.calls.len()
    }

    pub(super) fn input(&self, number: u32, json: String, out: &mut Vec<Event>) {
        let call = self.calls.iter().find(|(known, _)| *known == number);
        if let Some((_, index)) = call.filter(|_| !json.is_empty()) {
            out.push(Event::ToolInputDelta { index: *index, json });
        }
    }

    /// The answer is over.
    pub(super) fn close(&mut self, out: &mut Vec<Event>) {
        self.end(out);
        out.extend(self.calls.drain(..).map(|(_, index)| Event::BlockEnd { index }));
    }

    fn start(&mut self, block: Opening, out: &mut Vec<Event>) -> u32 {
        self.end(out);
        let index = self.next;
        self.next += 1;
        out.push(Event::BlockStart { index, block });
        index
    }

    fn end(&mut self, out: &mut Vec<Event>) {
        if let Some(Open::Thought(index) | Open::Text(index)) = self.open.take() {
            out.push(Event::BlockEnd { index });
        }
    }
}

/// An id of a call that no other answer of the conversation has. Some upstreams number calls from 0 in each.
pub(super) fn own_id(id: &str, seed: &str, number: usize) -> String {
    let digits = id.trim_start_matches("call").trim_start_matches('_');
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) || digits.len() > 4 {
        return id.to_owned();
    }
    let seed: String = seed.bytes().filter(u8::is_ascii_alphanumeric).map(char::from).collect();
    let seed = &seed[seed.len().saturating_sub(16)..];
    format!("call_{seed}_{number}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_positions_get_another_id() {
        let seed = "chatcmpl-3e5b7d1c-0000-4000-8000-0123456789ab";
        for (id, own) in [
            ("call_0", "call_80000123456789ab_1"),
            ("0", "call_80000123456789ab_1"),
            ("", "call_80000123456789ab_1"),
            ("call_abc0", "call_abc0"),
            ("call_12345678", "call_12345678"),
        ] {
            assert_eq!(own_id(id, seed, 1), own);
        }
    }
}
