//! Thoughts that come between tags inside the text, of models that were asked in words to think.
//!
//! The opening tag counts at the very start alone. A model that thinks about tags writes the closing one too, so that
//! counts only where no quotation mark or back-tick stands before it, outside of a fenced block of code, and with a
//! blank line or the end behind it.

/// The names the tags were seen with.
const NAMES: [&str; 4] = ["thinking", "think", "reasoning", "thought"];

/// A piece of what the model said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Thought(String),
    Text(String),
}

/// Tells thoughts from text while both arrive, cut anywhere.
#[derive(Debug, Default)]
pub(super) struct ThinkingTags {
    state: State,
    /// What cannot be told yet.
    held: String,
}

#[derive(Debug, Default)]
enum State {
    /// Nothing but space so far, or the beginning of a tag.
    #[default]
    Start,
    Thought(Thought),
    /// Behind the closing tag: blank lines go.
    Behind,
    Text,
}

impl ThinkingTags {
    /// Takes the next text.
    pub(super) fn push(&mut self, text: String) -> Vec<Part> {
        let mut parts = Vec::new();
        if matches!(self.state, State::Text) {
            parts.push(Part::Text(text));
            return parts;
        }
        self.held.push_str(&text);
        while self.step(&mut parts) {}
        parts
    }

    /// The text is over for now: what is held is what it looks like.
    pub(super) fn finish(&mut self) -> Option<Part> {
        if matches!(self.state, State::Start) && self.held.is_empty() {
            return None;
        }
        let held = std::mem::take(&mut self.held);
        match std::mem::replace(&mut self.state, State::Text) {
            _ if held.is_empty() => None,
            State::Start | State::Text => Some(Part::Text(held)),
            State::Behind => None,
            // A closing tag is held only where it counts if nothing follows.
            State::Thought(thought) if held.starts_with(&thought.end) => None,
            State::Thought(_) => Some(Part::Thought(held)),
        }
    }

    /// Goes from one state to the next; `false` when more text is needed.
    fn step(&mut self, parts: &mut Vec<Part>) -> bool {
        match &mut self.state {
            State::Start => {
                let seen = self.held.trim_start();
                if let Some((name, rest)) = opening(seen) {
                    self.state = State::Thought(Thought::new(name));
                    self.held = rest.to_owned();
                    return true;
                }
                let undecided = NAMES.iter().any(|name| format!("<{name}>").starts_with(seen));
                if !undecided {
                    self.state = State::Text;
                }
                !undecided
            }
            State::Thought(thought) => {
                let mut certain = String::new();
                let ended = thought.read(&mut self.held, &mut certain);
                if !certain.is_empty() {
                    parts.push(Part::Thought(certain));
                }
                if ended {
                    self.state = State::Behind;
                }
                ended
            }
            State::Behind => {
                let Some(start) = self.held.find(|char: char| !char.is_whitespace()) else { return false };
                // The first line keeps its indentation.
                let line = self.held[..start].rfind('\n').map_or(0, |at| at + 1);
                self.held.drain(..line);
                self.state = State::Text;
                true
            }
            State::Text => {
                if !self.held.is_empty() {
                    parts.push(Part::Text(std::mem::take(&mut self.held)));
                }
                false
            }
        }
    }
}

/// The name of the tag a text begins with, and what follows the tag.
fn opening(text: &str) -> Option<(&'static str, &str)> {
    let text = text.strip_prefix('<')?;
    NAMES.iter().find_map(|&name| Some((name, text.strip_prefix(name)?.strip_prefix('>')?)))
}

/// Within a thought.
#[derive(Debug)]
struct Thought {
    /// The closing tag.
    end: String,
    /// Nothing was thought yet: line breaks behind the opening tag go.
    fresh: bool,
    /// The letter before the next.
    before: char,
    /// Back-ticks at the beginning of the line; `None` behind them.
    ticks: Option<u8>,
    /// Within a fenced block of code.
    fenced: bool,
}

/// What stands behind a closing tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Behind {
    BlankLine,
    Words,
    Nothing,
}

impl Thought {
    fn new(name: &str) -> Self {
        Self { end: format!("</{name}>"), fresh: true, before: '\n', ticks: Some(0), fenced: false }
    }

    /// Moves from `held` to `certain` what is thought for sure. True when the thought is over; its closing tag is
    /// gone then.
    fn read(&mut self, held: &mut String, certain: &mut String) -> bool {
        let mut at = 0;
        let ended = loop {
            let rest = &held[at..];
            let Some(next) = rest.chars().next() else { break false };
            if next == '<' && !self.fenced && !matches!(self.before, '"' | '\'' | '`' | '“' | '‘') {
                if let Some(after) = rest.strip_prefix(&self.end) {
                    match behind(after) {
                        Behind::BlankLine => break true,
                        Behind::Nothing => break false,
                        Behind::Words => {}
                    }
                } else if self.end.starts_with(rest) {
                    break false;
                }
            }
            at += next.len_utf8();
            self.pass(next, certain);
        };
        held.drain(..if ended { at + self.end.len() } else { at });
        ended
    }

    fn pass(&mut self, char: char, certain: &mut String) {
        self.before = char;
        self.ticks = match (char, self.ticks) {
            ('\n', _) => Some(0),
            ('`', Some(2)) => {
                self.fenced = !self.fenced;
                None
            }
            ('`', Some(ticks)) => Some(ticks + 1),
            (' ', Some(0)) => Some(0),
            _ => None,
        };
        self.fresh &= matches!(char, '\n' | '\r');
        if !self.fresh {
            certain.push(char);
        }
    }
}

fn behind(text: &str) -> Behind {
    let mut breaks = 0;
    for char in text.chars() {
        match char {
            '\n' if breaks == 1 => return Behind::BlankLine,
            '\n' => breaks += 1,
            ' ' | '\t' | '\r' => {}
            _ => return Behind::Words,
        }
    }
    Behind::Nothing
}

#[cfg(test)]
mod tests;
