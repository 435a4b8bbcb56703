//! The table of answers that clients of OpenAI's Responses go back to.

use rusqlite::{Connection, OptionalExtension, Row};

use crate::Error;

/// `size` is that of the texts, in bytes, so that their sum needs no look at them.
pub(super) const V2: &str = "
CREATE TABLE responses (
    id TEXT PRIMARY KEY NOT NULL,
    key_id TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    previous TEXT,
    input TEXT NOT NULL,
    response TEXT NOT NULL,
    size INTEGER NOT NULL
) STRICT;
CREATE INDEX responses_by_time ON responses (created_ms, size);
";

/// All of them together are never larger, in bytes; the oldest go first.
const MOST: i64 = 512 * 1024 * 1024;
const DAY_MS: i64 = 24 * 3_600_000;

/// An answer and what it was asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResponseRow {
    /// `resp_…`
    pub id: String,
    /// The local key that asked; empty without one. Nobody else gets to see it.
    pub key_id: String,
    /// Milliseconds since 1970.
    pub created_ms: i64,
    /// The answer before it in the conversation.
    pub previous: Option<String>,
    /// A JSON array of the items that were new in the request.
    pub input: String,
    /// The answer as its client had it, JSON.
    pub response: String,
}

pub(super) fn put(connection: &mut Connection, row: &ResponseRow, days: u32) -> Result<(), Error> {
    let size = i64::try_from(row.input.len() + row.response.len()).unwrap_or(i64::MAX);
    let transaction = connection.transaction()?;
    transaction
        .prepare_cached("DELETE FROM responses WHERE created_ms < ?1")?
        .execute([row.created_ms - i64::from(days) * DAY_MS])?;
    transaction
        .prepare_cached(
            "INSERT OR REPLACE INTO responses (id, key_id, created_ms, previous, input, response, size)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute((&row.id, &row.key_id, row.created_ms, &row.previous, &row.input, &row.response, size))?;
    let mut all: i64 =
        transaction.query_row("SELECT coalesce(sum(size), 0) FROM responses", [], |row| row.get(0))?;
    while all > MOST {
        let oldest: Option<(String, i64)> = transaction
            .query_row("SELECT id, size FROM responses ORDER BY created_ms LIMIT 1", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?;
        let Some((id, size)) = oldest else { break };
        transaction.execute("DELETE FROM responses WHERE id = ?1", [id])?;
        all -= size;
    }
    transaction.commit()?;
    Ok(())
}

const COLUMNS: &str = "SELECT id, key_id, created_ms, previous, input, response FROM responses";

fn read(row: &Row<'_>) -> rusqlite::Result<ResponseRow> {
    Ok(ResponseRow {
        id: row.get(0)?,
        key_id: row.get(1)?,
        created_ms: row.get(2)?,
        previous: row.get(3)?,
        input: row.get(4)?,
        response: row.get(5)?,
    })
}

pub(super) fn find(connection: &Connection, id: &str, key_id: &str) -> Result<Option<ResponseRow>, Error> {
    let mut statement = connection.prepare_cached(&format!("{COLUMNS} WHERE id = ?1 AND key_id = ?2"))?;
    Ok(statement.query_row([id, key_id], read).optional()?)
}

/// Answers say nowhere apart what is in them: those of the key are looked through, the newest first.
pub(super) fn holding(
    connection: &Connection,
    text: &str,
    key_id: &str,
) -> Result<Option<ResponseRow>, Error> {
    let mut statement = connection.prepare_cached(&format!(
        "{COLUMNS} WHERE key_id = ?2 AND instr(response, ?1) > 0 ORDER BY created_ms DESC LIMIT 1"
    ))?;
    Ok(statement.query_row([text, key_id], read).optional()?)
}

pub(super) fn remove(connection: &Connection, id: &str, key_id: &str) -> Result<bool, Error> {
    let mut statement = connection.prepare_cached("DELETE FROM responses WHERE id = ?1 AND key_id = ?2")?;
    Ok(statement.execute([id, key_id])? > 0)
}
