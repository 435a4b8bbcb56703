//! `$ref` within one schema, followed only so far that no schema can make us write for ever.

use percent_encoding::percent_decode_str;
use serde_json::Value;

/// Schemas within schemas below which references are no longer followed. A body nests 128 levels at most, but each
/// reference could add as many again, and what is written must not exhaust anybody's stack.
const DEEPEST: usize = 64;
/// Nodes written before references are no longer followed: a few definitions that name each other twice would grow
/// without end otherwise.
const MOST_NODES: usize = 20_000;

/// Finds what references of one schema stand for.
pub(super) struct References<'a> {
    root: &'a Value,
    visited: usize,
    depth: usize,
}

/// The references that led to a place.
pub(super) struct Trail<'t> {
    reference: &'t str,
    above: Option<&'t Trail<'t>>,
}

impl Trail<'_> {
    pub(super) const fn root() -> Self {
        Self { reference: "#", above: None }
    }

    fn holds(&self, reference: &str) -> bool {
        self.reference == reference || self.above.is_some_and(|above| above.holds(reference))
    }
}

impl<'a> References<'a> {
    pub(super) const fn new(root: &'a Value) -> Self {
        Self { root, visited: 0, depth: 0 }
    }

    /// A schema begins.
    pub(super) const fn enter(&mut self) {
        self.visited += 1;
        self.depth += 1;
    }

    /// The schema that began last ends.
    pub(super) const fn leave(&mut self) {
        self.depth -= 1;
    }

    /// The schema behind `#/...`; `None` for what lies elsewhere or nowhere.
    pub(super) fn target(&self, reference: &str) -> Option<&'a Value> {
        let pointer = percent_decode_str(reference.strip_prefix('#')?).decode_utf8().ok()?;
        self.root.pointer(&pointer)
    }

    /// The trail one reference further; `None` when it has been here before or has come too far.
    pub(super) fn follow<'t>(&self, reference: &'t str, trail: &'t Trail<'t>) -> Option<Trail<'t>> {
        let further = self.visited < MOST_NODES && self.depth < DEEPEST && !trail.holds(reference);
        further.then_some(Trail { reference, above: Some(trail) })
    }
}
