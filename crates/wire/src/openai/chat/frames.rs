//! Chunks of an upstream that speaks this wire itself: its own words, under the name the client asked for.

use std::borrow::Cow;

use bytes::{BufMut, Bytes, BytesMut};
use memchr::memmem;
use serde_json::Value;

use crate::anthropic::peek;
use crate::openai::graft::graft;
use crate::openai::line::push_json;

/// What an upstream's chunks are changed by.
#[derive(Debug)]
pub(super) struct Frames {
    /// The name as JSON.
    model: Bytes,
    usage_asked: bool,
}

impl Frames {
    pub(super) fn new(model: &str, usage_asked: bool) -> Self {
        let mut name = BytesMut::with_capacity(model.len() + 2);
        push_json(&mut name, model);
        Self { model: name.freeze(), usage_asked }
    }

    /// Writes a chunk. Counters are always asked for, and given to those who asked for them.
    pub(super) fn put(&self, json: &Bytes, thinking: bool, out: &mut BytesMut) {
        let uncounted = !self.usage_asked && peek::member(json, b"usage").is_some();
        if uncounted
            && peek::member(json, b"choices").is_some_and(|list| peek::array_is_empty(list) == Some(true))
        {
            return;
        }
        let json = match (uncounted, thinking || memmem::find(json, b"\"reasoning").is_none()) {
            (false, true) => Cow::Borrowed(json),
            (_, thinking) => match edited(json, !uncounted, thinking) {
                Some(json) => Cow::Owned(json),
                None => return,
            },
        };
        out.put_slice(b"data: ");
        let name = peek::member(&json, b"model").map(|old| (old, self.model.as_ref()));
        graft(&json, name.into_iter().collect(), out);
        out.put_slice(b"\n\n");
    }
}

/// The chunk without counters or thoughts; `None` when nothing is left of it.
fn edited(json: &Bytes, usage: bool, thinking: bool) -> Option<Bytes> {
    let Ok(mut chunk) = serde_json::from_slice::<Value>(json) else { return Some(json.clone()) };
    if let (false, Some(members)) = (usage, chunk.as_object_mut()) {
        members.shift_remove("usage");
    }
    let mut empty = false;
    if let (false, Some(choice)) = (thinking, chunk.pointer_mut("/choices/0")) {
        if let Some(delta) = choice.get_mut("delta").and_then(Value::as_object_mut) {
            let before = delta.len();
            delta.retain(|name, _| !name.starts_with("reasoning"));
            empty = delta.is_empty() && before > 0;
        }
        empty &= choice.get("finish_reason").is_none_or(Value::is_null);
    }
    (!empty).then(|| Bytes::from(chunk.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(frames: &Frames, json: &str, thinking: bool) -> String {
        let mut out = BytesMut::new();
        frames.put(&Bytes::copy_from_slice(json.as_bytes()), thinking, &mut out);
        String::from_utf8(out.to_vec()).expect("UTF-8")
    }

    #[test]
    fn words_stay_as_they_came() {
        let frames = Frames::new("my \"gpt\"", true);
        let json = r#"{"id":"c","x" : 1.50,"model":"gpt-6-sol","choices":[{"index":0,"delta":{"content":"a","reasoning_content":"b"}}],"usage":null}"#;
        let named = json.replace("\"gpt-6-sol\"", r#""my \"gpt\"""#);
        assert_eq!(put(&frames, json, true), format!("data: {named}\n\n"));
        let plain = named.replace(r#","reasoning_content":"b""#, "").replace("\"x\" : 1.50", "\"x\":1.5");
        assert_eq!(put(&frames, json, false), format!("data: {plain}\n\n"));
    }

    #[test]
    fn counters_go_to_those_who_asked() {
        let (asked, not_asked) = (Frames::new("m", true), Frames::new("m", false));
        let last = r#"{"model":"m","choices":[],"usage":{"prompt_tokens":3}}"#;
        assert_eq!(put(&asked, last, true), format!("data: {last}\n\n"));
        assert_eq!(put(&not_asked, last, true), "");
        let piece = r#"{"model":"m","choices":[{"delta":{"content":"a"}}],"usage":null}"#;
        assert_eq!(
            put(&not_asked, piece, true),
            "data: {\"model\":\"m\",\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n"
        );
    }

    #[test]
    fn a_chunk_of_thoughts_alone_goes() {
        let frames = Frames::new("m", true);
        let thought = r#"{"model":"m","choices":[{"delta":{"reasoning_content":"b"},"finish_reason":null}]}"#;
        assert_eq!(put(&frames, thought, false), "");
        let last = thought.replace("null", "\"stop\"");
        assert!(put(&frames, &last, false).contains(r#""delta":{},"finish_reason":"stop""#));
    }
}
