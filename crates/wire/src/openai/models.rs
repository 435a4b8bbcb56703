//! `GET /v1/models` and `GET /v1/models/{id}` in OpenAI's shape.

use bytes::Bytes;
use serde::Serialize;

/// A model as the list shows it.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// The name clients may ask for; may contain `/` and `:`.
    pub id: &'a str,
    /// Seconds since 1970; 0 when unknown.
    pub created: u64,
    /// The vendor, e.g. `anthropic`.
    pub owned_by: &'a str,
}

#[derive(Serialize)]
struct Shown<'a> {
    id: &'a str,
    object: &'static str,
    created: u64,
    owned_by: &'a str,
}

#[derive(Serialize)]
struct List<'a> {
    object: &'static str,
    data: Vec<Shown<'a>>,
}

impl<'a> From<Entry<'a>> for Shown<'a> {
    fn from(entry: Entry<'a>) -> Self {
        Self { id: entry.id, object: "model", created: entry.created, owned_by: entry.owned_by }
    }
}

/// The whole list, in the order given.
#[must_use]
pub fn list<'a>(entries: impl IntoIterator<Item = Entry<'a>>) -> Bytes {
    let data = entries.into_iter().map(Into::into).collect();
    to_bytes(&List { object: "list", data })
}

/// One model.
#[must_use]
pub fn single(entry: Entry<'_>) -> Bytes {
    to_bytes(&Shown::from(entry))
}

fn to_bytes(value: &impl Serialize) -> Bytes {
    // Strings and numbers always serialise.
    serde_json::to_vec(value).unwrap_or_default().into()
}
