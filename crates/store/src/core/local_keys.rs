//! The table of local keys: what clients on this machine show to us.

use llm::Sealed;
use rusqlite::Connection;
use serde_json::Value;

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

/// What a key may, and how people tell keys apart. `key` is empty for those that are shown once, when they are made.
pub(super) const LIMITED: &str = "
ALTER TABLE local_keys ADD COLUMN hint TEXT NOT NULL DEFAULT '';
ALTER TABLE local_keys ADD COLUMN rules TEXT NOT NULL DEFAULT '{}';
CREATE UNIQUE INDEX local_keys_name ON local_keys (name COLLATE NOCASE);
";

/// A local key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalKeyRow {
    pub id: String,
    pub name: String,
    /// SHA-256 of the key.
    pub hash: [u8; 32],
    /// The key itself, encrypted, so that its owner can read it again; empty for a key that is shown once.
    pub key: Sealed,
    /// How it ends, for people.
    pub hint: String,
    /// What it may, a JSON object.
    pub rules: Value,
    /// Milliseconds since 1970.
    pub created_ms: i64,
}

pub(super) fn all(connection: &Connection) -> Result<Vec<LocalKeyRow>, Error> {
    let mut statement = connection.prepare_cached(
        "SELECT id, name, hash, key, created_ms, hint, rules FROM local_keys ORDER BY created_ms, rowid",
    )?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let rules: String = row.get(6)?;
        found.push(LocalKeyRow {
            id: row.get(0)?,
            name: row.get(1)?,
            hash: row.get(2)?,
            key: Sealed::parse(&row.get::<_, String>(3)?).unwrap_or_default(),
            created_ms: row.get(4)?,
            hint: row.get(5)?,
            rules: serde_json::from_str(&rules)
                .map_err(|source| Error::Json { what: "rules of a local key", source })?,
        });
    }
    Ok(found)
}

pub(super) fn add(connection: &Connection, row: &LocalKeyRow) -> Result<(), Error> {
    connection
        .prepare_cached(
            "INSERT INTO local_keys (id, name, hash, key, created_ms, hint, rules)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute((
            &row.id,
            &row.name,
            row.hash,
            row.key.as_str(),
            row.created_ms,
            &row.hint,
            row.rules.to_string(),
        ))?;
    Ok(())
}

/// Replaces all but the id and the time at which it was made.
pub(super) fn update(connection: &Connection, row: &LocalKeyRow) -> Result<bool, Error> {
    let changed = connection
        .prepare_cached(
            "UPDATE local_keys SET name = ?2, hash = ?3, key = ?4, hint = ?5, rules = ?6 WHERE id = ?1",
        )?
        .execute((&row.id, &row.name, row.hash, row.key.as_str(), &row.hint, row.rules.to_string()))?;
    Ok(changed > 0)
}

pub(super) fn remove(connection: &Connection, id: &str) -> Result<bool, Error> {
    Ok(connection.prepare_cached("DELETE FROM local_keys WHERE id = ?1")?.execute([id])? > 0)
}
