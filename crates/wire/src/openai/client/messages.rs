//! The messages of a chat request: what an upstream with OpenAI's own rules does not take is found, and taken out where
//! nothing is lost by it.

use bytes::{BufMut, Bytes, BytesMut};
use llm::{Error, RawBody, Wire};
use memchr::memmem;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::anthropic::peek;
use crate::openai::attachment;
use crate::openai::media::{self, DataUrl};
use crate::openai::notes::Notes;
use crate::openai::text::Text;

/// What clients send back of thoughts, each in the manner of another server.
const THOUGHTS: [&str; 4] = ["reasoning_content", "reasoning_details", "reasoning", "thinking_blocks"];

/// What becomes of them.
#[derive(Debug)]
pub(super) enum Passed {
    Same,
    Changed(Bytes),
    /// They must be read for their meaning.
    Closed(&'static str),
}

/// A picture's address: an object in the API, a string with some clients.
#[derive(Deserialize)]
#[serde(untagged)]
enum Address<'a> {
    Wrapped {
        #[serde(borrow)]
        url: Text<'a>,
    },
    Plain(#[serde(borrow)] Text<'a>),
}

#[derive(Deserialize)]
struct Part<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow, default)]
    image_url: Option<Address<'a>>,
}

pub(super) fn pass(messages: &Bytes, notes: &mut Notes) -> Result<Passed, Error> {
    if memmem::find(messages, b"\"cache_control\"").is_some() {
        return Ok(Passed::Closed("cache_control"));
    }
    let Ok(items) = serde_json::from_slice::<Vec<&RawValue>>(messages) else {
        return Ok(Passed::Closed("messages"));
    };
    let mut changed = None;
    for (number, item) in items.iter().enumerate() {
        let text = item.get().as_bytes();
        if peek::member(text, b"role") == Some(b"\"function\"") {
            return Ok(Passed::Closed("functions"));
        }
        if let Some(why) = content(text, number)? {
            return Ok(Passed::Closed(why));
        }
        if let Some(shorter) = without_thoughts(messages, text, notes) {
            changed.get_or_insert_with(|| vec![None; items.len()])[number] = Some(shorter);
        }
    }
    let Some(changed) = changed else { return Ok(Passed::Same) };
    let mut list = BytesMut::with_capacity(messages.len());
    for (item, changed) in items.iter().zip(changed) {
        list.put_u8(if list.is_empty() { b'[' } else { b',' });
        list.put_slice(changed.as_deref().unwrap_or(item.get().as_bytes()));
    }
    list.put_u8(b']');
    Ok(Passed::Changed(list.freeze()))
}

/// Why the parts of a message cannot go as they are.
fn content(message: &[u8], number: usize) -> Result<Option<&'static str>, Error> {
    let parts = peek::member(message, b"content").filter(|content| content.starts_with(b"["));
    let Some(parts) = parts else { return Ok(None) };
    let Ok(parts) = serde_json::from_slice::<Vec<Part<'_>>>(parts) else { return Ok(Some("messages")) };
    for (at, part) in parts.into_iter().enumerate() {
        match (part.kind.as_ref().map(Text::as_str), part.image_url) {
            (Some("thinking" | "redacted_thinking" | "reasoning"), _) => return Ok(Some("thinking")),
            (Some("image_url"), Some(Address::Wrapped { url } | Address::Plain(url))) => {
                if let Some(why) =
                    picture(url.as_str(), || format!("messages[{number}].content[{at}].image_url"))?
                {
                    return Ok(Some(why));
                }
            }
            _ => {}
        }
    }
    Ok(None)
}

/// Why a picture cannot go as it is: some clients leave the prefix out, or name another kind than it is.
///
/// # Errors
/// A 400 for one that is elsewhere, which is never fetched.
pub(super) fn picture(url: &str, at: impl FnOnce() -> String) -> Result<Option<&'static str>, Error> {
    if url.starts_with("s3://") {
        return Ok(None);
    }
    match DataUrl::parse(url) {
        Some(data) if media::sniff(data.base64).is_some_and(|kind| kind != data.media_type) => {
            Ok(Some("media_type"))
        }
        Some(_) => Ok(None),
        None if media::sniff(url).is_some() => Ok(Some("media_type")),
        None => Err(attachment::elsewhere(at())),
    }
}

/// The message without what other servers told of thoughts; `None` when there is nothing of it.
fn without_thoughts(all: &Bytes, message: &[u8], notes: &mut Notes) -> Option<Bytes> {
    if memmem::find(message, b"\"reasoning").is_none() && memmem::find(message, b"\"thinking_").is_none() {
        return None;
    }
    let mut body = RawBody::parse(Wire::OpenAiChat, &all.slice_ref(message)).ok()?;
    let mut shorter = false;
    for name in THOUGHTS {
        if body.remove(name).is_some() {
            notes.add_dropped(name);
            shorter = true;
        }
    }
    shorter.then(|| body.to_payload().to_bytes())
}
