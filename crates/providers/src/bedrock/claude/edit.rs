//! Edits to a text: which bytes leave and what comes in their place.

use std::borrow::Cow;

use bytes::Bytes;
use llm::Payload;

use super::cursor::Span;

/// Slices shorter than this are copied into the glue between them instead of travelling as pieces of their own.
const OWN_PIECE: usize = 1024;

/// Glue is handed over at this size, so that a body of many small changes never grows, and moves, as one block.
const GLUE: usize = 64 * 1024;

/// One change. Changes of one text never overlap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Edit {
    pub(super) span: Span,
    pub(super) new: Cow<'static, str>,
}

/// The changes of one text, in any order until they are applied.
#[derive(Clone, Debug, Default)]
pub(super) struct Edits(Vec<Edit>);

impl Edits {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn replace(&mut self, span: Span, new: impl Into<Cow<'static, str>>) {
        self.0.push(Edit { span, new: new.into() });
    }

    pub(super) fn insert(&mut self, at: usize, new: impl Into<Cow<'static, str>>) {
        self.replace(Span { start: at, end: at }, new);
    }

    fn remove(&mut self, start: usize, end: usize) {
        self.replace(Span { start, end }, "");
    }

    /// How many there are, to come back to with [`Self::forget`].
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Forgets all but the first so many: what they changed is itself taken out.
    pub(super) fn forget(&mut self, from: usize) {
        self.0.truncate(from);
    }

    /// The changed text; the client's own bytes when there is nothing to change.
    pub(super) fn apply(self, source: &Bytes) -> Bytes {
        if self.is_empty() {
            return source.clone();
        }
        let mut rope = Rope::default();
        self.apply_to(source, &mut rope);
        rope.finish().to_bytes()
    }

    /// Writes the changed text to a rope: long untouched stretches stay slices of the source.
    pub(super) fn apply_to(mut self, source: &Bytes, rope: &mut Rope) {
        self.0.sort_by_key(|edit| (edit.span.start, edit.span.end));
        let mut at = 0;
        for edit in self.0 {
            if edit.span.start < at || edit.span.end > source.len() {
                debug_assert!(false, "edits overlap");
                continue;
            }
            rope.slice(source, at, edit.span.start);
            rope.text(&edit.new);
            at = edit.span.end;
        }
        rope.slice(source, at, source.len());
    }
}

/// Takes items out of a comma-separated list, with the right commas. Show it every item in order.
#[derive(Debug, Default)]
pub(super) struct Commas {
    kept: bool,
    last_end: Option<usize>,
    leading: Option<usize>,
}

impl Commas {
    pub(super) fn keep(&mut self, item: Span, edits: &mut Edits) {
        if let Some(start) = self.leading.take() {
            edits.remove(start, item.start);
        }
        self.kept = true;
        self.last_end = Some(item.end);
    }

    pub(super) fn take_out(&mut self, item: Span, edits: &mut Edits) {
        match self.last_end {
            Some(end) if self.kept => edits.remove(end, item.end),
            _ => {
                self.leading.get_or_insert(item.start);
            }
        }
        self.last_end = Some(item.end);
    }

    /// Call behind the last item. Returns whether anything stays.
    pub(super) fn finish(self, edits: &mut Edits) -> bool {
        if let (Some(start), Some(end)) = (self.leading, self.last_end) {
            edits.remove(start, end);
        }
        self.kept
    }
}

/// A body in the making.
#[derive(Debug, Default)]
pub(super) struct Rope {
    payload: Payload,
    glue: Vec<u8>,
}

impl Rope {
    pub(super) fn text(&mut self, text: &str) {
        self.glue.extend_from_slice(text.as_bytes());
    }

    pub(super) fn bytes(&mut self, source: &Bytes) {
        self.slice(source, 0, source.len());
    }

    fn slice(&mut self, source: &Bytes, start: usize, end: usize) {
        if end - start < OWN_PIECE {
            if self.glue.len() > GLUE {
                self.payload.push(std::mem::take(&mut self.glue));
            }
            self.glue.extend_from_slice(&source[start..end]);
        } else {
            self.payload.push(std::mem::take(&mut self.glue));
            self.payload.push(source.slice(start..end));
        }
    }

    pub(super) fn finish(mut self) -> Payload {
        self.payload.push(self.glue);
        self.payload
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::super::cursor::Cursor;
    use super::*;

    fn without(text: &str, gone: &[bool]) -> String {
        let source = Bytes::copy_from_slice(text.as_bytes());
        let mut cursor = Cursor::at(&source, 0);
        let (mut edits, mut commas) = (Edits::default(), Commas::default());
        assert!(cursor.enter(b'['));
        let mut at = 0;
        while cursor.next_item() {
            let item = cursor.skip();
            if gone.get(at).copied().unwrap_or(false) {
                commas.take_out(item, &mut edits);
            } else {
                commas.keep(item, &mut edits);
            }
            at += 1;
        }
        commas.finish(&mut edits);
        String::from_utf8(edits.apply(&source).to_vec()).expect("utf-8")
    }

    #[test]
    fn commas_stay_right() {
        let text = "[ 1 , 2 ,3 ]";
        assert_eq!(without(text, &[true, false, false]), "[ 2 ,3 ]");
        assert_eq!(without(text, &[false, true, false]), "[ 1 ,3 ]");
        assert_eq!(without(text, &[false, false, true]), "[ 1 , 2 ]");
        assert_eq!(without(text, &[true, true, false]), "[ 3 ]");
        assert_eq!(without(text, &[true, true, true]), "[  ]");
        assert_eq!(without("[]", &[]), "[]");
    }

    proptest! {
        #[test]
        fn what_is_left_is_what_was_kept(gone in prop::collection::vec(any::<bool>(), 0..8)) {
            let all: Vec<usize> = (0..gone.len()).collect();
            let text = serde_json::to_string(&all).expect("json");
            let left: Vec<usize> = all.iter().copied().filter(|at| !gone[*at]).collect();
            let got: Value = serde_json::from_str(&without(&text, &gone)).expect("still JSON");
            prop_assert_eq!(got, serde_json::json!(left));
        }
    }

    #[test]
    fn long_stretches_are_not_copied() {
        let source = Bytes::from(format!("[{}1,2]", " ".repeat(10_000)));
        let mut edits = Edits::default();
        edits.insert(source.len() - 1, ",3");
        let mut rope = Rope::default();
        edits.apply_to(&source, &mut rope);
        let payload = rope.finish();
        assert_eq!(payload.pieces()[0].as_ptr(), source.as_ptr());
        assert!(payload.to_bytes().ends_with(b"1,2,3]"));
    }
}
