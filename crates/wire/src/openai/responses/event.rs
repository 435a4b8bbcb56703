//! Events of a streamed answer, written straight into the buffer of the connection.

use bytes::{BufMut, BytesMut};

use crate::openai::line::push_json;

/// Numbers the events of one answer.
#[derive(Debug, Default)]
pub(super) struct Events {
    sequence: u64,
}

impl Events {
    /// Counts an event that somebody else numbered.
    pub(super) fn pass(&mut self) {
        self.sequence += 1;
    }

    /// Writes an event; `fill` writes its members behind the number, each with its comma in front. Room for `more` bytes is
    /// made ahead.
    pub(super) fn put(
        &mut self,
        out: &mut BytesMut,
        name: &str,
        more: usize,
        fill: impl FnOnce(&mut BytesMut),
    ) {
        out.reserve(2 * name.len() + more + 192);
        out.put_slice(b"event: ");
        out.put_slice(name.as_bytes());
        out.put_slice(b"\ndata: {\"type\":\"");
        out.put_slice(name.as_bytes());
        out.put_slice(b"\",\"sequence_number\":");
        push_json(out, &self.sequence);
        self.sequence += 1;
        fill(out);
        out.put_slice(b"}\n\n");
    }
}

/// Appends `,"name":value`.
pub(super) fn member<T: serde::Serialize + ?Sized>(out: &mut BytesMut, name: &str, value: &T) {
    out.put_slice(b",\"");
    out.put_slice(name.as_bytes());
    out.put_slice(b"\":");
    push_json(out, value);
}

/// Appends `,"name":json`.
pub(super) fn raw_member(out: &mut BytesMut, name: &str, json: &[u8]) {
    out.put_slice(b",\"");
    out.put_slice(name.as_bytes());
    out.put_slice(b"\":");
    out.put_slice(json);
}
