//! Answers that clients of Responses go back to: `store`, `previous_response_id` and references to items.
//!
//! Clients that keep a conversation themselves say so, and nothing of it is kept here.

mod shelf;

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use llm::{Category, Chunk, Error, RawBody, Request, Wire};
use memchr::memmem;
use serde::Deserialize;
use serde_json::value::RawValue;
use store::ResponseRow;
use wire::{ChunkWriter, Stamp};

use crate::keys::LocalKey;
use crate::state::Gateway;

pub(crate) use shelf::{input_items, remove, show};

/// Answers that a conversation may go back.
const TURNS: usize = 1000;
/// Longest conversation that is put together again, in bytes: as much as a client could send.
const LARGEST: usize = 32 * 1024 * 1024;

/// An answer to keep once it is complete.
pub(crate) struct Keep {
    gateway: Arc<Gateway>,
    row: ResponseRow,
    days: u32,
}

/// The key that an answer belongs to; requests without one share theirs.
pub(crate) fn owner(key: Option<&LocalKey>) -> &str {
    key.map_or("", |key| key.id.as_str())
}

/// Puts the conversation that a request goes on with in front of it. Gives back what keeps its answer, where the client
/// and the person want that.
///
/// # Errors
/// A 400 when the conversation is not kept, or too long by now.
pub(crate) async fn recall(
    gateway: &Arc<Gateway>,
    asked: &mut Request,
    key: Option<&LocalKey>,
    stamp: Stamp,
) -> Result<Option<Keep>, Error> {
    if asked.wire != Wire::OpenAiResponses {
        return Ok(None);
    }
    let days = gateway.settings.load().responses_days;
    let previous: Option<String> = asked.raw.read("previous_response_id")?;
    let wanted: Option<bool> = asked.raw.read("store")?;
    let own = items(&asked.raw);
    let own = if memmem::find(&own, b"\"item_reference\"").is_some() {
        resolve(gateway, &own, owner(key)).await
    } else {
        own
    };
    let mut before = Vec::new();
    if let Some(id) = &previous {
        if days == 0 {
            let message =
                "Answers are not kept here: send the conversation in 'input', or set responses_days.";
            return Err(Error::new(Category::Unsupported, message).with_param("previous_response_id"));
        }
        before = chain(gateway, id, owner(key)).await?;
    }
    let keeps = days > 0 && wanted != Some(false) && own.len() <= LARGEST / 2;
    asked.raw.set("store", if keeps { &b"true"[..] } else { &b"false"[..] });
    let input = String::from_utf8_lossy(&own).into_owned();
    asked.raw.set("input", joined(&before, &own)?);
    Ok(keeps.then(|| Keep {
        gateway: Arc::clone(gateway),
        row: ResponseRow {
            id: wire::openai::responses::answer_id(stamp),
            key_id: owner(key).to_owned(),
            created_ms: gateway.now_ms(),
            previous,
            input,
            response: String::new(),
        },
        days,
    }))
}

/// What the client sent, as a list of items in any case.
fn items(raw: &RawBody) -> Bytes {
    match raw.get("input") {
        Some(text) if text.starts_with(b"\"") => {
            let mut item =
                br#"[{"type":"message","role":"user","content":[{"type":"input_text","text":"#.to_vec();
            item.extend_from_slice(text);
            item.extend_from_slice(b"}]}]");
            item.into()
        }
        Some(items) => items.clone(),
        None => Bytes::from_static(b"[]"),
    }
}

/// The answers of a conversation, the first first.
async fn chain(gateway: &Gateway, last: &str, key: &str) -> Result<Vec<ResponseRow>, Error> {
    let mut rows: Vec<ResponseRow> = Vec::new();
    let mut next = Some(last.to_owned());
    while let Some(id) = next.take() {
        let found = gateway.office.chats.response(&id, key).await.map_err(unreadable)?;
        let Some(row) = found else {
            let id: String = id.chars().take(80).collect();
            let error = Error::invalid(format!("Previous response with id '{id}' not found."));
            return Err(error.with_code("previous_response_not_found").with_param("previous_response_id"));
        };
        next.clone_from(&row.previous);
        rows.push(row);
        if rows.len() > TURNS {
            return Err(too_long());
        }
    }
    rows.reverse();
    Ok(rows)
}

fn unreadable(error: store::Error) -> Error {
    tracing::warn!(%error, "kept answers cannot be read");
    Error::new(Category::Internal, "The answers kept here cannot be read. Send the conversation in 'input'.")
}

fn too_long() -> Error {
    Error::new(
        Category::TooLarge,
        "The conversation behind previous_response_id is too long. Begin a new one, or send it in 'input'.",
    )
}

#[derive(Deserialize)]
struct Said<'a> {
    #[serde(borrow)]
    output: Vec<&'a RawValue>,
}

/// All that was said, as one list.
fn joined(before: &[ResponseRow], own: &Bytes) -> Result<Bytes, Error> {
    if before.is_empty() {
        return Ok(own.clone());
    }
    let mut list = BytesMut::from(&b"["[..]);
    let mut add = |json: &str| {
        if list.len() > 1 {
            list.extend_from_slice(b",");
        }
        list.extend_from_slice(json.as_bytes());
        if list.len() > LARGEST { Err(too_long()) } else { Ok(()) }
    };
    let broken = |_| Error::new(Category::Internal, "An answer kept here cannot be read.");
    for row in before {
        let asked: Vec<&RawValue> = serde_json::from_str(&row.input).map_err(broken)?;
        let said: Said<'_> = serde_json::from_str(&row.response).map_err(broken)?;
        asked.iter().chain(&said.output).try_for_each(|item| add(item.get()))?;
    }
    let own: Vec<&RawValue> = serde_json::from_slice(own)
        .map_err(|error| Error::invalid(format!("input: {error}")).with_param("input"))?;
    own.iter().try_for_each(|item| add(item.get()))?;
    list.extend_from_slice(b"]");
    Ok(list.freeze())
}

#[derive(Deserialize)]
struct Named<'a> {
    #[serde(rename = "type", default)]
    kind: Option<&'a str>,
    #[serde(default)]
    id: Option<&'a str>,
}

/// Puts items in the place of their names. Our ids of items hold the id of their answer; those of an upstream that speaks
/// this wire itself do not.
async fn resolve(gateway: &Gateway, list: &Bytes, key: &str) -> Bytes {
    let Ok(items) = serde_json::from_slice::<Vec<&RawValue>>(list) else {
        return list.clone();
    };
    let mut resolved: Vec<Box<RawValue>> = Vec::with_capacity(items.len());
    for item in items {
        let named = serde_json::from_str::<Named<'_>>(item.get()).ok();
        let named = named.filter(|named| named.kind == Some("item_reference")).and_then(|named| named.id);
        let found = match named {
            Some(id) => find(gateway, id, key).await,
            None => None,
        };
        resolved.push(found.unwrap_or_else(|| item.to_owned()));
    }
    serde_json::to_vec(&resolved).map_or_else(|_| list.clone(), Bytes::from)
}

async fn find(gateway: &Gateway, id: &str, key: &str) -> Option<Box<RawValue>> {
    let answer = format!("resp_{}", id.split('_').nth(1)?);
    let row = match gateway.office.chats.response(&answer, key).await.ok()? {
        Some(row) => row,
        None => gateway.office.chats.response_holding(&format!("\"{id}\""), key).await.ok()??,
    };
    let said: Said<'_> = serde_json::from_str(&row.response).ok()?;
    let is_it = |item: &&&RawValue| {
        serde_json::from_str::<Named<'_>>(item.get()).is_ok_and(|named| named.id == Some(id))
    };
    said.output.iter().find(is_it).map(|item| (*item).to_owned())
}

impl Keep {
    /// Keeps an answer that is complete.
    pub(crate) fn whole(mut self, response: &[u8]) {
        #[derive(Deserialize)]
        struct Ended<'a> {
            status: &'a str,
        }
        let Ok(text) = std::str::from_utf8(response) else { return };
        if serde_json::from_str::<Ended<'_>>(text).is_ok_and(|ended| ended.status != "failed") {
            text.clone_into(&mut self.row.response);
            // On its way before the client can ask for it; nobody waits for the disk.
            drop(self.gateway.office.chats.keep_response(self.row, self.days));
        }
    }

    /// The writer of an answer that is kept.
    pub(crate) fn over(self, writer: Box<dyn ChunkWriter>) -> Box<dyn ChunkWriter> {
        Box::new(Keeping { writer, keep: Some(self) })
    }
}

/// Listens to the end of a streamed answer, which repeats all of it.
struct Keeping {
    writer: Box<dyn ChunkWriter>,
    keep: Option<Keep>,
}

impl ChunkWriter for Keeping {
    fn write(&mut self, chunk: &Chunk, out: &mut BytesMut) {
        self.writer.write(chunk, out);
    }

    fn ping(&mut self, out: &mut BytesMut) {
        self.writer.ping(out);
    }

    fn finish(&mut self, out: &mut BytesMut) {
        #[derive(Deserialize)]
        struct Last<'a> {
            #[serde(borrow)]
            response: &'a RawValue,
        }
        let from = out.len();
        self.writer.finish(out);
        let Some(keep) = self.keep.take() else { return };
        let written = &out[from..];
        let last = memmem::rfind(written, b"\ndata: ").and_then(|at| written.get(at + 7..));
        if let Some(Ok(last)) = last.map(serde_json::from_slice::<Last<'_>>) {
            keep.whole(last.response.get().as_bytes());
        }
    }

    fn error(&mut self, error: &Error, out: &mut BytesMut) {
        self.keep = None;
        self.writer.error(error, out);
    }
}
