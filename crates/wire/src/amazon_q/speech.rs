//! Pieces of an answer become blocks: thoughts are told from text, stop sequences and the limit are kept on our side,
//! and blocks get numbers without gaps.

use llm::{Event, Opening, StopReason};

use super::piece::{Call, Piece};
use super::stop_sequences::StopSequences;
use super::thinking_tags::{Part, ThinkingTags};
use super::tokens::Tokens;
use super::way_back::WayBack;

/// Says one answer.
#[derive(Debug)]
pub(super) struct Speech {
    tags: Option<ThinkingTags>,
    stops: StopSequences,
    most: Option<u32>,
    tokens: Tokens,
    /// The number of the next block.
    next: u32,
    open: Option<Open>,
    /// A tool was called.
    called: bool,
    /// We ended the answer: why, and the stop sequence that was hit.
    over: Option<(StopReason, Option<String>)>,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    index: u32,
    sort: Sort,
    /// A thought with its signature: no more belongs to it.
    signed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    Text,
    Thought,
}

impl Speech {
    pub(super) fn new(back: &mut WayBack) -> Self {
        Self {
            tags: back.tagged_thinking.then(ThinkingTags::default),
            stops: StopSequences::new(std::mem::take(&mut back.stop)),
            most: back.max_tokens,
            tokens: Tokens::default(),
            next: 0,
            open: None,
            called: false,
            over: None,
        }
    }

    /// Why we ended the answer, when we did. Nothing is said after that.
    pub(super) const fn over(&self) -> Option<&(StopReason, Option<String>)> {
        self.over.as_ref()
    }

    pub(super) const fn tokens(&self) -> Tokens {
        self.tokens
    }

    /// True once there is something to show.
    pub(super) const fn said(&self) -> bool {
        self.next > 0
    }

    pub(super) const fn called(&self) -> bool {
        self.called
    }

    pub(super) fn say(&mut self, piece: Piece, out: &mut Vec<Event>) {
        if let Piece::Text(text) = piece {
            if self.over.is_none() && !text.is_empty() {
                self.tagged(text, out);
            }
            return;
        }
        self.settle(out);
        if self.over.is_some() {
            return;
        }
        match piece {
            Piece::Text(_) => {}
            Piece::Thought(text) => self.delta(Sort::Thought, text, out),
            Piece::Signature(signature) => {
                let index = self.block(Sort::Thought, out);
                if let Some(open) = &mut self.open {
                    open.signed = true;
                }
                out.push(Event::SignatureDelta { index, signature });
            }
            Piece::Redacted(data) => {
                let index = self.start(Opening::RedactedThinking { data }, out);
                out.push(Event::BlockEnd { index });
            }
            Piece::Call(Call { id, name, input }) => {
                // A limit never cuts a call: half of one is worth nothing.
                self.called = true;
                self.tokens.add(&name);
                self.tokens.add(&input);
                let index = self.start(Opening::ToolUse { id, name }, out);
                out.push(Event::ToolInputDelta { index, json: input });
                out.push(Event::BlockEnd { index });
            }
        }
    }

    /// Nothing more comes.
    pub(super) fn end(&mut self, out: &mut Vec<Event>) {
        self.settle(out);
        self.close(out);
    }

    /// A run of text is over: what was held back is said.
    fn settle(&mut self, out: &mut Vec<Event>) {
        if let Some(part) = self.tags.as_mut().and_then(ThinkingTags::finish) {
            self.part(part, out);
        }
        if self.over.is_none() {
            let text = self.stops.release();
            self.delta(Sort::Text, text, out);
        }
    }

    fn tagged(&mut self, text: String, out: &mut Vec<Event>) {
        match &mut self.tags {
            None => self.text(text, out),
            Some(tags) => tags.push(text).into_iter().for_each(|part| self.part(part, out)),
        }
    }

    fn part(&mut self, part: Part, out: &mut Vec<Event>) {
        if self.over.is_some() {
            return;
        }
        match part {
            Part::Thought(text) => self.delta(Sort::Thought, text, out),
            Part::Text(text) => self.text(text, out),
        }
    }

    fn text(&mut self, text: String, out: &mut Vec<Event>) {
        let (text, hit) = self.stops.push(text);
        self.delta(Sort::Text, text, out);
        if hit.is_some() && self.over.is_none() {
            self.over = Some((StopReason::StopSequence, hit));
        }
    }

    fn delta(&mut self, sort: Sort, mut text: String, out: &mut Vec<Event>) {
        if let Some(most) = self.most {
            let fitting = self.tokens.fitting(&text, most);
            if fitting < text.len() {
                text.truncate(fitting);
                self.over = Some((StopReason::MaxTokens, None));
            }
        }
        if text.is_empty() {
            return;
        }
        self.tokens.add(&text);
        if sort == Sort::Thought && self.open.is_some_and(|open| open.signed) {
            self.close(out);
        }
        let index = self.block(sort, out);
        out.push(match sort {
            Sort::Text => Event::TextDelta { index, text },
            Sort::Thought => Event::ThinkingDelta { index, text },
        });
    }

    /// The open block of that sort, opened if need be.
    fn block(&mut self, sort: Sort, out: &mut Vec<Event>) -> u32 {
        if let Some(open) = self.open.filter(|open| open.sort == sort) {
            return open.index;
        }
        let block = if sort == Sort::Text { Opening::Text } else { Opening::Thinking };
        let index = self.start(block, out);
        self.open = Some(Open { index, sort, signed: false });
        index
    }

    fn start(&mut self, block: Opening, out: &mut Vec<Event>) -> u32 {
        self.close(out);
        let index = self.next;
        self.next += 1;
        out.push(Event::BlockStart { index, block });
        index
    }

    fn close(&mut self, out: &mut Vec<Event>) {
        if let Some(Open { index, .. }) = self.open.take() {
            out.push(Event::BlockEnd { index });
        }
    }
}
