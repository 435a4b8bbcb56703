//! The table of conversations.

use rusqlite::{Connection, OptionalExtension, Row};
use serde::Serialize;

use crate::Error;

/// `words` is in lower case: SQLite knows the cases of ASCII alone.
pub(super) const V1: &str = "
CREATE TABLE conversations (
    id TEXT PRIMARY KEY NOT NULL,
    title TEXT NOT NULL,
    model TEXT,
    account_id TEXT,
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL UNIQUE,
    words TEXT NOT NULL,
    messages TEXT NOT NULL
) STRICT;
";

/// A conversation in a list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct ConversationHead {
    pub id: String,
    pub title: String,
    pub model: Option<String>,
    pub account_id: Option<String>,
    /// Milliseconds since 1970.
    pub created_ms: i64,
    /// When it was last stored, milliseconds since 1970; no two have the same.
    pub updated_ms: i64,
}

/// A whole conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConversationRow {
    pub head: ConversationHead,
    /// JSON whose form is the window's own.
    pub messages: String,
}

/// Conversations, the last used first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct ConversationPage {
    pub conversations: Vec<ConversationHead>,
    /// Pass as `before` to go on; `None` at the end.
    pub next: Option<i64>,
}

const HEAD: &str = "id, title, model, account_id, created_ms, updated_ms";

fn head(row: &Row<'_>) -> rusqlite::Result<ConversationHead> {
    Ok(ConversationHead {
        id: row.get(0)?,
        title: row.get(1)?,
        model: row.get(2)?,
        account_id: row.get(3)?,
        created_ms: row.get(4)?,
        updated_ms: row.get(5)?,
    })
}

pub(super) fn page(
    connection: &Connection,
    text: &str,
    before: Option<i64>,
    limit: u32,
) -> Result<ConversationPage, Error> {
    let limit = limit.clamp(1, 200) as usize;
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {HEAD} FROM conversations WHERE updated_ms < ?1 AND (?2 = '' OR instr(words, ?2) > 0)
         ORDER BY updated_ms DESC LIMIT ?3"
    ))?;
    let found = statement.query_map((before.unwrap_or(i64::MAX), text, limit as i64 + 1), head)?;
    let mut conversations = found.collect::<Result<Vec<_>, _>>()?;
    let more = conversations.len() > limit;
    conversations.truncate(limit);
    let next = conversations.last().filter(|_| more).map(|last| last.updated_ms);
    Ok(ConversationPage { conversations, next })
}

pub(super) fn find(connection: &Connection, id: &str) -> Result<Option<ConversationRow>, Error> {
    let mut statement =
        connection.prepare_cached(&format!("SELECT {HEAD}, messages FROM conversations WHERE id = ?1"))?;
    let read = |row: &Row<'_>| Ok(ConversationRow { head: head(row)?, messages: row.get(6)? });
    Ok(statement.query_row([id], read).optional()?)
}

pub(super) fn put(
    connection: &mut Connection,
    row: ConversationRow,
    words: &str,
) -> Result<ConversationHead, Error> {
    let ConversationRow { mut head, messages } = row;
    let transaction = connection.transaction()?;
    let newest: Option<i64> =
        transaction.query_row("SELECT max(updated_ms) FROM conversations", [], |row| row.get(0))?;
    // Pages are cut by this time, so it is nobody else's, whatever the clock says.
    head.updated_ms = head.updated_ms.max(newest.map_or(i64::MIN, |newest| newest + 1));
    transaction
        .prepare_cached(
            "INSERT INTO conversations (id, title, model, account_id, created_ms, updated_ms, words, messages)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (id) DO UPDATE SET title = excluded.title, model = excluded.model,
                 account_id = excluded.account_id, updated_ms = excluded.updated_ms, words = excluded.words,
                 messages = excluded.messages",
        )?
        .execute((
            &head.id,
            &head.title,
            &head.model,
            &head.account_id,
            head.created_ms,
            head.updated_ms,
            words.to_lowercase(),
            messages,
        ))?;
    transaction.commit()?;
    Ok(head)
}

pub(super) fn remove(connection: &Connection, id: &str) -> Result<bool, Error> {
    Ok(connection.prepare_cached("DELETE FROM conversations WHERE id = ?1")?.execute([id])? > 0)
}
