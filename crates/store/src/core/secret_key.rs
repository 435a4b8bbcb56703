//! The tables of the key that secrets are encrypted with: its name, and its wrapped copies.

use llm::Sealed;
use rusqlite::{Connection, OptionalExtension};

use super::plain;
use crate::Error;

pub(super) const V4: &str = "
CREATE TABLE secret_key (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    kid TEXT NOT NULL,
    canary TEXT NOT NULL,
    created_ms INTEGER NOT NULL
) STRICT;
CREATE TABLE secret_slots (
    kind TEXT PRIMARY KEY NOT NULL,
    wrapped TEXT NOT NULL,
    parameters TEXT NOT NULL,
    created_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
";

/// What is stored of the key; all of it is useless without a slot's own key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SecretKeyRow {
    /// `None` before there is a key.
    pub kid: Option<String>,
    pub canary: Sealed,
    pub slots: Vec<SlotRow>,
    /// Whether anything is encrypted.
    pub has_sealed: bool,
    /// Whether a secret is stored that a version before encryption wrote.
    pub has_plain: bool,
}

/// A wrapped copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotRow {
    /// A word of the secrets crate.
    pub kind: String,
    pub wrapped: Sealed,
    pub parameters: String,
    /// Milliseconds since 1970.
    pub created_ms: i64,
}

pub(super) fn find(connection: &Connection) -> Result<SecretKeyRow, Error> {
    let known: Option<(String, String)> = connection
        .prepare_cached("SELECT kid, canary FROM secret_key")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let mut statement =
        connection.prepare_cached("SELECT kind, wrapped, parameters, created_ms FROM secret_slots")?;
    let slots = statement.query_map([], |row| {
        Ok(SlotRow {
            kind: row.get(0)?,
            wrapped: Sealed::parse(&row.get::<_, String>(1)?).unwrap_or_default(),
            parameters: row.get(2)?,
            created_ms: row.get(3)?,
        })
    })?;
    let slots = slots.collect::<Result<_, _>>()?;
    let (sealed, plain) = plain::count(connection)?;
    let (kid, canary) = known.unzip();
    Ok(SecretKeyRow {
        kid,
        canary: canary.and_then(|canary| Sealed::parse(&canary)).unwrap_or_default(),
        slots,
        has_sealed: sealed > 0,
        has_plain: plain > 0,
    })
}

/// The first key. `false`, and nothing is changed, when there is one already or something is encrypted.
pub(super) fn begin(
    connection: &Connection,
    kid: &str,
    canary: &Sealed,
    slot: &SlotRow,
) -> Result<bool, Error> {
    let now = find(connection)?;
    if now.kid.is_some() || now.has_sealed {
        return Ok(false);
    }
    // Slots without a key were left by nobody: nothing tells what they would open.
    connection.execute("DELETE FROM secret_slots", [])?;
    connection
        .prepare_cached("INSERT INTO secret_key (id, kid, canary, created_ms) VALUES (1, ?1, ?2, ?3)")?
        .execute((kid, canary.as_str(), slot.created_ms))?;
    put(connection, kid, slot)
}

/// Puts a slot in the place of the one of its kind. `false` when `kid` is not the key.
pub(super) fn put(connection: &Connection, kid: &str, slot: &SlotRow) -> Result<bool, Error> {
    if !is_key(connection, kid)? {
        return Ok(false);
    }
    connection
        .prepare_cached(
            "INSERT INTO secret_slots (kind, wrapped, parameters, created_ms) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (kind) DO UPDATE SET wrapped = excluded.wrapped, parameters = excluded.parameters,
             created_ms = excluded.created_ms",
        )?
        .execute((&slot.kind, slot.wrapped.as_str(), &slot.parameters, slot.created_ms))?;
    Ok(true)
}

/// Removes a slot, but never the last one. `false` when it is that, or is not there.
pub(super) fn remove(connection: &Connection, kind: &str) -> Result<bool, Error> {
    let removed = connection
        .prepare_cached(
            "DELETE FROM secret_slots WHERE kind = ?1 AND (SELECT count(*) FROM secret_slots) > 1",
        )?
        .execute([kind])?;
    Ok(removed > 0)
}

pub(super) fn forget(connection: &Connection) -> Result<(), Error> {
    Ok(connection.execute_batch("DELETE FROM secret_slots; DELETE FROM secret_key;")?)
}

fn is_key(connection: &Connection, kid: &str) -> Result<bool, Error> {
    let found: Option<i64> = connection
        .prepare_cached("SELECT 1 FROM secret_key WHERE kid = ?1")?
        .query_row([kid], |row| row.get(0))
        .optional()?;
    Ok(found.is_some())
}
