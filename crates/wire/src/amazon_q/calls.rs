//! Calls of tools, put together from their fragments.
//!
//! A call that breaks off must never look like a complete one, and only its last fragment tells. So a call is kept
//! until then, and everything that begins after it waits with it.

use std::collections::{HashSet, VecDeque};

use llm::{Category, Error};
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::lenient::{flag, text};
use super::payload::Payload;
use super::piece::{Call, Piece};

/// The most that may wait for a call to be complete, in bytes.
const MOST: usize = 32 * 1024 * 1024;

/// What a call or a piece costs beside its text: a stream of empty ones must come to an end too.
const EACH: usize = 1024;

/// Puts calls together and keeps the order of pieces.
#[derive(Debug, Default)]
pub(super) struct Calls {
    /// Begins with a call that is not complete, or is empty.
    waiting: VecDeque<Place>,
    /// Bytes in `waiting` and `over`, roughly.
    held: usize,
    /// Ids of calls that are complete or broken: what comes for them later is an echo.
    over: HashSet<String>,
    /// Bytes in `over`, roughly.
    remembered: usize,
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
        self.hold(EACH + size).map(|()| None)
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
                self.hold(EACH + id.len())?;
                self.waiting.push_back(Place::Open(Call { id, ..Call::default() }));
                self.waiting.len() - 1
            }
        };
        let Some(Place::Open(call)) = self.waiting.get_mut(at) else { return Ok(()) };
        let before = call.name.len() + call.input.len();
        if call.name.is_empty() {
            call.name = text(said.name);
        }
        add_input(&mut call.input, said.input);
        let more = (call.name.len() + call.input.len()).saturating_sub(before);
        if flag(said.stop) {
            let call = std::mem::take(call);
            self.remembered += EACH + call.id.len();
            self.over.insert(call.id.clone());
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
                    self.held = self.remembered;
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
        let words = format!("The provider sent tool calls of more than {MOST} bytes.");
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

#[cfg(test)]
mod tests {
    use super::*;

    fn fragment(calls: &mut Calls, json: &str) -> Result<(), Error> {
        calls.fragment(&Payload::read(json.as_bytes())?)
    }

    #[test]
    fn calls_without_end_or_without_content_come_to_an_end() {
        let id = "x".repeat(8000);
        for stop in [false, true] {
            let mut calls = Calls::default();
            let failed = (0..10_000).find(|number| {
                let json = format!(r#"{{"toolUseId":"{id}{number}","name":"Read","stop":{stop}}}"#);
                let failed = fragment(&mut calls, &json).is_err();
                while calls.next().is_some() {}
                failed
            });
            assert!(failed.is_some_and(|count| count > 1_000), "{stop}: {failed:?}");
        }
    }

    #[test]
    fn a_whole_input_takes_the_place_of_longer_pieces() {
        let mut calls = Calls::default();
        let pieces = r#"{"toolUseId":"t","name":"Read","input":"{\"path\": \"a very long one"}"#;
        fragment(&mut calls, pieces).unwrap();
        fragment(&mut calls, r#"{"toolUseId":"t","input":{},"stop":true}"#).unwrap();
        let Some(Piece::Call(call)) = calls.next() else { panic!("a call") };
        assert_eq!(call.input, "{}");
    }
}
