//! Lines of a streamed answer, written straight into the buffer of the connection.

use bytes::{BufMut, BytesMut};
use llm::Usage;
use serde::Serialize;

use super::usage::{UsageReport, tier};
use crate::Stamp;

/// Ends a stream that the upstream ended by its own rules.
pub(super) const DONE: &[u8] = b"data: [DONE]\n\n";

/// A comment: every SSE parser skips it.
pub(super) const PING: &[u8] = b": keep-alive\n\n";

/// What all chunks of one answer share: clients group chunks by `id` and some refuse chunks without `object`,
/// `created` or `model`.
#[derive(Debug)]
pub(super) struct Line {
    /// `data: {"id":…,"object":…,"created":…,"model":…`
    head: Vec<u8>,
    usage_asked: bool,
    tier_asked: bool,
    /// Known at the end: `,"service_tier":"…"`.
    tier: String,
}

impl Line {
    pub(super) fn new(id: &str, object: &str, stamp: Stamp, model: &str, usage_asked: bool) -> Self {
        let mut head = BytesMut::with_capacity(128 + model.len());
        head.put_slice(b"data: {\"id\":");
        push_json(&mut head, id);
        head.put_slice(b",\"object\":");
        push_json(&mut head, object);
        head.put_slice(b",\"created\":");
        push_json(&mut head, &stamp.created);
        head.put_slice(b",\"model\":");
        push_json(&mut head, model);
        Self { head: head.to_vec(), usage_asked, tier_asked: false, tier: String::new() }
    }

    /// The client named a service tier and wants to hear which one it got.
    pub(super) fn with_tier_asked(self, tier_asked: bool) -> Self {
        Self { tier_asked, ..self }
    }

    /// Takes note of what the lines after the last content tell.
    pub(super) fn settle(&mut self, usage: &Usage) {
        if let Some(tier) = tier(usage, self.tier_asked) {
            self.tier = format!(",\"service_tier\":\"{tier}\"");
        }
    }

    /// Writes a chunk of the first and only choice; `fill` writes what comes after `"index":0,`. Room for `more`
    /// bytes is made ahead.
    pub(super) fn choice(&self, out: &mut BytesMut, more: usize, fill: impl FnOnce(&mut BytesMut)) {
        out.reserve(self.head.len() + more + 128);
        out.put_slice(&self.head);
        out.put_slice(b",\"choices\":[{\"index\":0,");
        fill(out);
        out.put_slice(b"}]");
        out.put_slice(self.tier.as_bytes());
        out.put_slice(if self.usage_asked { b",\"usage\":null}\n\n" } else { b"}\n\n" });
    }

    /// Writes the chunk with the counters, when the client asked for it.
    pub(super) fn usage(&self, out: &mut BytesMut, usage: &Usage) {
        if self.usage_asked {
            out.put_slice(&self.head);
            out.put_slice(b",\"choices\":[],\"usage\":");
            push_json(out, &UsageReport::from(usage));
            out.put_slice(self.tier.as_bytes());
            out.put_slice(b"}\n\n");
        }
    }
}

/// Appends a value as JSON.
pub(super) fn push_json<T: Serialize + ?Sized>(out: &mut BytesMut, value: &T) {
    // Strings, numbers and plain structs always serialise, and a buffer takes every write.
    let _ = serde_json::to_writer(out.writer(), value);
}
