//! `/api/conversations`: what was said in the window's chat.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use store::{ConversationHead, ConversationPage, ConversationRow};

use super::json::{Asked, Id, Large};
use super::{Desk, Refusal};

/// Conversations of a page unless told.
const ROWS: u32 = 50;
/// Longest title, in characters.
const TITLE: usize = 200;
/// What a search looks through of one conversation, in bytes.
const WORDS: usize = 512 * 1024;

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Question {
    text: String,
    /// `next` of the page before.
    before: Option<i64>,
    /// 1 to 200.
    limit: Option<u32>,
}

/// A conversation as the window sends it. Left out, `title` becomes the first words.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Draft {
    title: Option<String>,
    model: Option<String>,
    account_id: Option<String>,
    /// JSON whose form is the window's own.
    messages: Box<RawValue>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub(super) struct Conversation {
    #[serde(flatten)]
    head: ConversationHead,
    #[cfg_attr(feature = "types", ts(type = "unknown"))]
    messages: Box<RawValue>,
}

pub(super) async fn list(
    State(desk): State<Arc<Desk>>,
    Asked(question): Asked<Question>,
) -> Result<Json<ConversationPage>, Refusal> {
    let limit = question.limit.unwrap_or(ROWS);
    Ok(Json(desk.chats().page(question.text.trim(), question.before, limit).await?))
}

pub(super) async fn add(
    State(desk): State<Arc<Desk>>,
    Large(draft): Large<Draft>,
) -> Result<(StatusCode, Json<ConversationHead>), Refusal> {
    let id = uuid::Uuid::now_v7().simple().to_string();
    let now_ms = desk.gateway.now_ms();
    Ok((StatusCode::CREATED, Json(put(&desk, id, now_ms, draft).await?)))
}

pub(super) async fn show(State(desk): State<Arc<Desk>>, Id(id): Id) -> Result<Json<Conversation>, Refusal> {
    let found = desk.chats().find(&id).await?.ok_or_else(missing)?;
    let messages = RawValue::from_string(found.messages).map_err(|_| missing())?;
    Ok(Json(Conversation { head: found.head, messages }))
}

pub(super) async fn change(
    State(desk): State<Arc<Desk>>,
    Id(id): Id,
    Large(draft): Large<Draft>,
) -> Result<Json<ConversationHead>, Refusal> {
    let before = desk.chats().find(&id).await?.ok_or_else(missing)?.head;
    let title = draft.title.or(Some(before.title));
    Ok(Json(put(&desk, id, before.created_ms, Draft { title, ..draft }).await?))
}

pub(super) async fn remove(State(desk): State<Arc<Desk>>, Id(id): Id) -> Result<StatusCode, Refusal> {
    if desk.chats().remove(&id).await? { Ok(StatusCode::NO_CONTENT) } else { Err(missing()) }
}

async fn put(desk: &Desk, id: String, created_ms: i64, draft: Draft) -> Result<ConversationHead, Refusal> {
    let mut words = String::new();
    // The extractor has parsed it already: it is JSON.
    let messages: Value = serde_json::from_str(draft.messages.get()).unwrap_or_default();
    collect(&messages, &mut words);
    let title = draft.title.filter(|title| !title.trim().is_empty());
    let title = title.unwrap_or_else(|| words.lines().next().unwrap_or_default().to_owned());
    let title: String = title.trim().chars().take(TITLE).collect();
    words.insert(0, '\n');
    words.insert_str(0, &title);
    let head = ConversationHead {
        id,
        title,
        model: draft.model,
        account_id: draft.account_id,
        created_ms,
        updated_ms: desk.gateway.now_ms(),
    };
    let row = ConversationRow { head, messages: draft.messages.get().to_owned() };
    Ok(desk.chats().put(row, words).await?)
}

/// The texts of a conversation: the strings named `text` or `content`, wherever they are.
fn collect(value: &Value, words: &mut String) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, words)),
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(text) if matches!(name.as_str(), "text" | "content") => {
                        if words.len() + text.len() <= WORDS {
                            words.push_str(text);
                            words.push('\n');
                        }
                    }
                    member => collect(member, words),
                }
            }
        }
        _ => {}
    }
}

fn missing() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "conversation_not_found", "There is no such conversation")
}
