//! The table of local keys: what clients on this machine show to us.

use llm::Sealed;
use rusqlite::Connection;

use crate::Error;

pub(super) const V1: &str = "
CREATE TABLE local_keys (
    id TEXT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    key TEXT NOT NULL,
    created_ms INTEGER NOT NULL
) STRICT;
";

/// A local key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalKeyRow {
    pub id: String,
    pub name: String,
    /// SHA-256 of the key.
    pub hash: [u8; 32],
    /// The key itself, encrypted, so that its owner can read it again.
    pub key: Sealed,
    /// Milliseconds since 1970.
    pub created_ms: i64,
}

pub(super) fn all(connection: &Connection) -> Result<Vec<LocalKeyRow>, Error> {
    let mut statement = connection.prepare_cached(
        "SELECT id, name, hash, key, created_ms FROM local_keys ORDER BY created_ms, rowid",
    )?;
    let rows = statement.query_map([], |row| {
        Ok(LocalKeyRow {
            id: row.get(0)?,
            name: row.get(1)?,
            hash: row.get(2)?,
            key: Sealed::parse(&row.get::<_, String>(3)?).unwrap_or_default(),
            created_ms: row.get(4)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn add(connection: &Connection, row: &LocalKeyRow) -> Result<(), Error> {
    connection
        .prepare_cached(
            "INSERT INTO local_keys (id, name, hash, key, created_ms) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute((&row.id, &row.name, row.hash, row.key.as_str(), row.created_ms))?;
    Ok(())
}

pub(super) fn remove(connection: &Connection, id: &str) -> Result<bool, Error> {
    Ok(connection.prepare_cached("DELETE FROM local_keys WHERE id = ?1")?.execute([id])? > 0)
}
