//! Long conversations in short. The client sends all of it and wants one item back that stands for it from then on.

use bytes::{BufMut, Bytes, BytesMut};
use llm::{RawBody, Request, Usage};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::object::Report;
use crate::Stamp;
use crate::openai::parameters;
use crate::openai::text::Text;

/// Asks the model, as the last words of the conversation.
pub(super) const WORDS: &str = "\
The conversation is about to outgrow what you can keep in mind. Write a handover for yourself: whoever goes on has your \
words and nothing else. Say what the user wants, with their own words where they matter; what was decided and why; what \
was done, with the names of files, functions and commands; what was found out; what is left to do, and what comes next. \
Keep to what was said and seen. Call no tools. Answer with the handover alone.";

/// A handover as the model is told it later.
pub(in crate::openai) fn told(summary: &str) -> String {
    format!(
        "The conversation so far was summed up to save room. This is the handover; go on from it without doing again \
         what is done.\n\n{summary}"
    )
}

/// Makes a request for an answer one for a summary.
pub(super) fn ask(raw: &mut RawBody) {
    const TRIGGER: &[u8] = br#"{"type":"compaction_trigger"}"#;
    // With `previous_response_id` alone the whole conversation is elsewhere.
    let input = raw.get("input").filter(|input| input.as_ref() != b"null").cloned().unwrap_or_default();
    let mut asked = BytesMut::with_capacity(input.len() + 128);
    if input.is_empty() {
        asked.put_slice(b"[");
    } else if input.starts_with(b"\"") {
        asked.put_slice(br#"[{"role":"user","content":"#);
        asked.put_slice(&input);
        asked.put_slice(b"},");
    } else if let Some(items) = input.strip_suffix(b"]") {
        asked.put_slice(items);
        if !parameters::is_empty_array(&input) {
            asked.put_slice(b",");
        }
    } else {
        // Refused by whoever reads it.
        return;
    }
    asked.put_slice(TRIGGER);
    asked.put_slice(b"]");
    raw.set("input", asked.freeze());
    raw.set("stream", &b"false"[..]);
    raw.set("store", &b"false"[..]);
}

#[derive(Serialize)]
struct Compacted<'a> {
    id: String,
    object: &'static str,
    created_at: u64,
    output: Vec<&'a RawValue>,
    usage: Report,
}

/// What the user said stays as it was said; the rest is the summary.
pub(super) fn object(asked: &Request, summary: &[Bytes], usage: &Usage, stamp: Stamp) -> Bytes {
    #[derive(Deserialize)]
    struct Speaker<'a> {
        #[serde(borrow, default)]
        role: Option<Text<'a>>,
    }
    let items: Vec<&RawValue> =
        asked.raw.get("input").and_then(|input| serde_json::from_slice(input).ok()).unwrap_or_default();
    let is_user = |item: &&&RawValue| {
        let speaker = serde_json::from_str::<Speaker<'_>>(item.get()).ok();
        speaker.and_then(|speaker| speaker.role).is_some_and(|role| role.as_str() == "user")
    };
    let mut output: Vec<&RawValue> = items.iter().filter(is_user).copied().collect();
    output.extend(summary.iter().filter_map(|item| serde_json::from_slice::<&RawValue>(item).ok()));
    let compacted = Compacted {
        id: super::answer_id(stamp),
        object: "response.compaction",
        created_at: stamp.created,
        output,
        usage: Report::from(usage),
    };
    // Strings, numbers and JSON always serialise.
    serde_json::to_vec(&compacted).unwrap_or_default().into()
}
