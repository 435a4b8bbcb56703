//! The small answers: models and token counts.

use bytes::Bytes;
use serde::Serialize;
use serde_json::json;

/// A model as `/v1/models` shows it.
#[derive(Clone, Copy, Debug)]
pub struct ModelCard<'a> {
    pub id: &'a str,
    pub display_name: &'a str,
    /// Context window in tokens; 0 when unknown.
    pub max_input_tokens: u32,
    /// Largest `max_tokens`; 0 when unknown.
    pub max_tokens: u32,
}

#[derive(Serialize)]
struct Written<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    id: &'a str,
    display_name: &'a str,
    created_at: &'static str,
    #[serde(skip_serializing_if = "is_zero")]
    max_input_tokens: u32,
    #[serde(skip_serializing_if = "is_zero")]
    max_tokens: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl<'a> From<&ModelCard<'a>> for Written<'a> {
    fn from(card: &ModelCard<'a>) -> Self {
        Self {
            kind: "model",
            id: card.id,
            display_name: card.display_name,
            // The API writes the epoch for a model whose release date is not known.
            created_at: "1970-01-01T00:00:00Z",
            max_input_tokens: card.max_input_tokens,
            max_tokens: card.max_tokens,
        }
    }
}

/// Which part of the list is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Entries wanted, 1 to 1000.
    pub limit: usize,
    pub after_id: Option<String>,
    pub before_id: Option<String>,
}

impl Default for Page {
    /// The API's own default of 20 entries from the start.
    fn default() -> Self {
        Self { limit: 20, after_id: None, before_id: None }
    }
}

impl Page {
    /// Reads `limit`, `after_id` and `before_id` of a query string; what is missing or makes no sense keeps its
    /// default.
    #[must_use]
    pub fn from_query(query: &str) -> Self {
        let mut page = Self::default();
        for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            let value = percent_encoding::percent_decode_str(value).decode_utf8_lossy();
            match name {
                "limit" => page.limit = value.parse().unwrap_or(page.limit).clamp(1, 1000),
                "after_id" if !value.is_empty() => page.after_id = Some(value.into_owned()),
                "before_id" if !value.is_empty() => page.before_id = Some(value.into_owned()),
                _ => {}
            }
        }
        page
    }
}

/// Writes the answer of `GET /v1/models`. An id that is not in the list leaves the page where it was.
#[must_use]
pub fn write_models(cards: &[ModelCard<'_>], page: &Page) -> Bytes {
    let place = |id: &Option<String>| {
        let id = id.as_deref()?;
        cards.iter().position(|card| card.id == id)
    };
    let (shown, has_more) = if let Some(end) = place(&page.before_id) {
        let start = end.saturating_sub(page.limit);
        (&cards[start..end], start > 0)
    } else {
        let start = place(&page.after_id).map_or(0, |at| at + 1);
        let end = start.saturating_add(page.limit).min(cards.len());
        (&cards[start..end], end < cards.len())
    };
    let data: Vec<Written<'_>> = shown.iter().map(Written::from).collect();
    let body = json!({
        "data": data,
        "has_more": has_more,
        "first_id": shown.first().map(|card| card.id),
        "last_id": shown.last().map(|card| card.id),
    });
    Bytes::from(body.to_string())
}

/// Writes the answer of `GET /v1/models/{id}`.
#[must_use]
pub fn write_model(card: &ModelCard<'_>) -> Bytes {
    Bytes::from(serde_json::to_vec(&Written::from(card)).unwrap_or_default())
}

/// Writes the answer of `POST /v1/messages/count_tokens`.
#[must_use]
pub fn write_token_count(input: u64) -> Bytes {
    Bytes::from(json!({ "input_tokens": input }).to_string())
}
