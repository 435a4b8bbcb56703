//! Prompt-cache markers: at most four, long-lived ones before short-lived ones, nothing in them but type and
//! lifetime.

use super::cursor::{Cursor, Field, Span, between, fields, find, named};
use super::edit::{Commas, Edits};
use super::notes::Notes;

/// Markers that one request may carry.
pub(super) const MOST: usize = 4;

/// The markers met so far, in the order the model reads: tools, system, messages.
#[derive(Clone, Copy, Debug)]
pub(super) struct Marks {
    /// The model offers the lifetime of an hour.
    pub(super) one_hour: bool,
    /// Markers still to be taken out, because there are too many; the earliest go first.
    pub(super) surplus: usize,
    /// Markers that stayed.
    pub(super) count: usize,
    /// A short-lived one has come; Anthropic refuses an hour behind it.
    short_seen: bool,
}

impl Marks {
    pub(super) const fn new(one_hour: bool) -> Self {
        Self { one_hour, surplus: 0, count: 0, short_seen: false }
    }

    /// Looks at one `cache_control` and cuts what does not belong. Returns false when the whole member must go.
    pub(super) fn meet(&mut self, text: &[u8], value: Span, edits: &mut Edits, notes: &mut Notes) -> bool {
        if Cursor::at(text, value.start).peek() != Some(b'{') {
            return false;
        }
        if self.surplus > 0 {
            self.surplus -= 1;
            notes.dropped("cache_control");
            return false;
        }
        self.count += 1;
        let members = fields(text, value);
        let keeps_ttl = self.long(find(&members, "ttl").is_some_and(|ttl| is_hour(text, ttl)), notes);
        let mut commas = Commas::default();
        for field in members {
            let span = Span { start: field.start, end: field.value.end };
            if field.is("type") || (field.is("ttl") && (keeps_ttl || self.fits(text, &field))) {
                commas.keep(span, edits);
            } else {
                commas.take_out(span, edits);
            }
        }
        commas.finish(edits);
        true
    }

    /// A marker of our own making, from the one that a client set for the whole request.
    pub(super) fn make(&mut self, hour: bool, notes: &mut Notes) -> &'static str {
        self.count += 1;
        if self.long(hour, notes) { r#"{"type":"ephemeral","ttl":"1h"}"# } else { r#"{"type":"ephemeral"}"# }
    }

    /// A `ttl` of five minutes is legal where lifetimes are offered at all.
    fn fits(&self, text: &[u8], ttl: &Field<'_>) -> bool {
        self.one_hour && between(text, ttl.value).is_some_and(|ttl| named(ttl, "5m"))
    }

    /// Whether an hour may be had here.
    fn long(&mut self, hour: bool, notes: &mut Notes) -> bool {
        let long = hour && self.one_hour && !self.short_seen;
        self.short_seen |= !long;
        if hour && !long {
            notes.add("cache_control.ttl", "5m");
        }
        long
    }
}

/// True for `"1h"`.
pub(super) fn is_hour(text: &[u8], ttl: Span) -> bool {
    between(text, ttl).is_some_and(|ttl| named(ttl, "1h"))
}
