//! Calls of tools, put together from their fragments.
//!
//! A call that breaks off must never look like a complete one, and only its last fragment tells. So a call is kept
//! until then, and everything that begins after it waits with it.

use std::collections::VecDeque;

use llm::{Category, Error};
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::lenient::{flag, text};
use super::payload::Payload;
use super::piece::{Call, Piece};

/// The most that may wait for a call to be complete, in bytes.
const MOST: usize = 32 * 1024 * 1024;

/// Puts calls together and keeps the order of pieces.
#[derive(Debug, Default)]
pub(super) struct Calls {
    /// Begins with a call that is not complete, or is empty.
    waiting: VecDeque<Place>,
    /// Bytes in `waiting`, roughly.
    held: usize,
    /// Ids of calls that are complete or broken: what comes for them later is an echo.
    over: Vec<String>,
    /// Calls that broke off, or whose input is no JSON object.
    pub(super) broken: Vec<String>,
}

#[derive(Debug)]
enum Place {
    Ready(Piece),
    Open(Call),
}

impl Calls {
    /// Takes a piece that is no call; gives it back when nothing waits.
    ///
    /// # Errors
    /// [`Category::Upstream`] when more waits than can be meant.
    pub(super) fn pass(&mut self, piece: Piece) -> Result<Option<Piece>, Error> {
        if self.waiting.is_empty() {
            return Ok(Some(piece));
        }
        let size = match &piece {
            Piece::Text(text) | Piece::Thought(text) | Piece::Signature(text) | Piece::Redacted(text) => {
                text.len()
            }
            Piece::Call(call) => call.input.len(),
        };
        self.waiting.push_back(Place::Ready(piece));
        self.hold(size).map(|()| None)
    }

    /// Takes a fragment. The first may come without input, any may come without a name, and one without an id
    /// belongs to the call that is under way.
    ///
    /// # Errors
    /// [`Category::Upstream`] when more waits than can be meant.
    pub(super) fn fragment(&mut self, said: &Payload<'_>) -> Result<(), Error> {
        let id = text(said.tool_use_id);
        if self.over.contains(&id) {
            return Ok(());
        }
        let known = self
            .waiting
            .iter()
            .rposition(|place| matches!(place, Place::Open(call) if id.is_empty() || call.id == id));
        let at = match known {
            Some(at) => at,
            // Its result could never be sent back.
            None if id.is_empty() => return Ok(()),
            None => {
                self.waiting.push_back(Place::Open(Call { id, ..Call::default() }));
                self.waiting.len() - 1
            }
        };
        let Some(Place::Open(call)) = self.waiting.get_mut(at) else { return Ok(()) };
        if call.name.is_empty() {
            call.name = text(said.name);
        }
        let before = call.input.len();
        add_input(&mut call.input, said.input);
        let more = call.input.len() - before;
        if flag(said.stop) {
            let call = std::mem::take(call);
            self.over.push(call.id.clone());
            match complete(call) {
                Ok(call) => self.waiting[at] = Place::Ready(Piece::Call(call)),
                Err(name) => {
                    self.broken.push(name);
                    self.waiting.remove(at);
                }
            }
        }
        self.hold(more)
    }

    /// The next piece that waits for nothing.
    pub(super) fn next(&mut self) -> Option<Piece> {
        match self.waiting.pop_front()? {
            Place::Ready(piece) => {
                if self.waiting.is_empty() {
                    self.held = 0;
                }
                Some(piece)
            }
            open @ Place::Open(_) => {
                self.waiting.push_front(open);
                None
            }
        }
    }

    /// No fragment comes any more: open calls are broken.
    pub(super) fn end(&mut self) {
        let Self { waiting, broken, .. } = self;
        waiting.retain_mut(|place| match place {
            Place::Ready(_) => true,
            Place::Open(call) => {
                broken.push(std::mem::take(&mut call.name));
                false
            }
        });
    }

    fn hold(&mut self, more: usize) -> Result<(), Error> {
        self.held += more;
        if self.held <= MOST {
            return Ok(());
        }
        let words = format!("The provider sent a tool call of more than {MOST} bytes.");
        Err(Error::new(Category::Upstream, words))
    }
}

/// Input comes as pieces of a JSON text; an object in its place is the whole input.
fn add_input(input: &mut String, more: Option<&RawValue>) {
    match more.map(RawValue::get) {
        Some(object) if object.starts_with('{') => object.clone_into(input),
        _ => input.push_str(&text(more)),
    }
}

/// The call with an input that is a JSON object, `{}` where it is empty; the name of a broken one.
fn complete(mut call: Call) -> Result<Call, String> {
    let input = call.input.trim();
    if input.is_empty() || input == "null" {
        "{}".clone_into(&mut call.input);
    } else if !input.starts_with('{') || serde_json::from_str::<IgnoredAny>(input).is_err() {
        return Err(call.name);
    }
    if call.name.is_empty() { Err(call.name) } else { Ok(call) }
}
