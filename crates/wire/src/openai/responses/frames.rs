//! Events of an upstream that speaks this wire itself: its own words, but for what an answer is known and kept by.

use bytes::{BufMut, Bytes, BytesMut};
use llm::{Frame, Request};

use super::object::one_line;
use crate::Stamp;
use crate::anthropic::peek;
use crate::openai::graft::graft;
use crate::openai::line::push_json;

/// Members of the `response` object that are ours to say.
#[derive(Debug)]
pub(super) struct Own([(&'static [u8], Bytes); 4]);

impl Own {
    pub(super) fn new(asked: &Request, stamp: Stamp) -> Self {
        let quoted = |text: &str| {
            let mut json = BytesMut::new();
            push_json(&mut json, text);
            json.freeze()
        };
        let given = |name: &str, usual: &'static [u8]| {
            asked.raw.get(name).map_or(Bytes::from_static(usual), one_line)
        };
        Self([
            (b"id", quoted(&super::answer_id(stamp))),
            (b"model", quoted(&asked.model)),
            (b"previous_response_id", given("previous_response_id", b"null")),
            (b"store", given("store", b"false")),
        ])
    }

    /// Appends an upstream's `response` object, which is all of `json` or a piece of it.
    fn object(&self, json: &[u8], object: &[u8], out: &mut BytesMut) {
        let edits = self.0.iter().filter_map(|(name, own)| Some((peek::member(object, name)?, own.as_ref())));
        graft(json, edits.collect(), out);
    }

    /// An answer in one piece.
    pub(super) fn whole(&self, json: &Bytes) -> Bytes {
        let mut out = BytesMut::new();
        self.object(json, json, &mut out);
        out.freeze()
    }

    /// Appends an event.
    pub(super) fn event(&self, frame: &Frame, out: &mut BytesMut) {
        out.put_slice(b"event: ");
        out.put_slice(frame.name.as_bytes());
        out.put_slice(b"\ndata: ");
        let json = one_line(&frame.json);
        match peek::member(&json, b"response") {
            Some(object) => self.object(&json, object, out),
            None => out.put_slice(&json),
        }
        out.put_slice(b"\n\n");
    }
}
