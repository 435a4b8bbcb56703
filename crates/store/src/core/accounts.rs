//! The table of accounts.

use std::collections::HashMap;

use llm::Sealed;
use rusqlite::{Connection, Row, named_params};
use serde_json::Value;

use crate::Error;

pub(super) const V1: &str = "
CREATE TABLE accounts (
    id TEXT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL UNIQUE COLLATE NOCASE,
    provider TEXT NOT NULL,
    region TEXT NOT NULL,
    endpoint_url TEXT,
    options TEXT NOT NULL,
    credential TEXT NOT NULL,
    credential_generation INTEGER NOT NULL,
    credential_kind TEXT NOT NULL,
    credential_label TEXT NOT NULL,
    position INTEGER NOT NULL,
    enabled INTEGER NOT NULL,
    state TEXT NOT NULL,
    state_until_ms INTEGER,
    error_category TEXT,
    error_message TEXT,
    error_ms INTEGER,
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL
) STRICT;
";

/// What the person wrote to an account; both tables, for a removed account keeps it.
pub(super) const LABELS: &str = "
ALTER TABLE accounts ADD COLUMN tags TEXT NOT NULL DEFAULT '[]';
ALTER TABLE accounts ADD COLUMN note TEXT NOT NULL DEFAULT '';
ALTER TABLE removed_accounts ADD COLUMN tags TEXT NOT NULL DEFAULT '[]';
ALTER TABLE removed_accounts ADD COLUMN note TEXT NOT NULL DEFAULT '';
";

/// A stored account.
#[derive(Clone, Debug, PartialEq)]
pub struct AccountRow {
    pub id: String,
    /// Unique without regard to ASCII case.
    pub name: String,
    pub provider: String,
    pub region: String,
    pub endpoint_url: Option<String>,
    /// A JSON object.
    pub options: Value,
    /// The credential's JSON text, encrypted; empty when what is stored has not the form of a ciphertext.
    pub credential: Sealed,
    /// Counts the credentials the person gave, so that a rotation under way cannot overwrite a newer one.
    pub credential_generation: i64,
    pub credential_kind: String,
    pub credential_label: String,
    pub position: i64,
    pub enabled: bool,
    pub state: StateRow,
    /// The person's words to find it by.
    pub tags: Vec<String>,
    /// The person's own text.
    pub note: String,
    /// Milliseconds since 1970.
    pub created_ms: i64,
    /// Milliseconds since 1970.
    pub updated_ms: i64,
}

/// What outlives a restart of an account's state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StateRow {
    /// A word of the accounts crate; empty means ready.
    pub state: String,
    /// Milliseconds since 1970.
    pub until_ms: Option<i64>,
    pub error_category: Option<String>,
    pub error_message: Option<String>,
    /// Milliseconds since 1970.
    pub error_ms: Option<i64>,
}

pub(super) fn all(connection: &Connection) -> Result<Vec<AccountRow>, Error> {
    let mut statement = connection.prepare_cached("SELECT * FROM accounts ORDER BY position, rowid")?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}

pub(super) fn read(row: &Row<'_>) -> Result<AccountRow, Error> {
    let options: String = row.get("options")?;
    Ok(AccountRow {
        id: row.get("id")?,
        name: row.get("name")?,
        provider: row.get("provider")?,
        region: row.get("region")?,
        endpoint_url: row.get("endpoint_url")?,
        options: serde_json::from_str(&options)
            .map_err(|source| Error::Json { what: "account option", source })?,
        credential: Sealed::parse(&row.get::<_, String>("credential")?).unwrap_or_default(),
        credential_generation: row.get("credential_generation")?,
        credential_kind: row.get("credential_kind")?,
        credential_label: row.get("credential_label")?,
        position: row.get("position")?,
        enabled: row.get("enabled")?,
        state: StateRow {
            state: row.get("state")?,
            until_ms: row.get("state_until_ms")?,
            error_category: row.get("error_category")?,
            error_message: row.get("error_message")?,
            error_ms: row.get("error_ms")?,
        },
        // What cannot be read any more is not worth the rest of the row.
        tags: serde_json::from_str(&row.get::<_, String>("tags")?).unwrap_or_default(),
        note: row.get("note")?,
        created_ms: row.get("created_ms")?,
        updated_ms: row.get("updated_ms")?,
    })
}

pub(super) fn add(connection: &Connection, row: &mut AccountRow) -> Result<(), Error> {
    row.position =
        connection
            .query_row("SELECT coalesce(max(position) + 1, 0) FROM accounts", [], |found| found.get(0))?;
    connection
        .prepare_cached(
            "INSERT INTO accounts VALUES (:id, :name, :provider, :region, :endpoint_url, :options, :credential,
             :generation, :kind, :label, :position, :enabled, :state, :until, :category, :message, :error_ms,
             :created, :updated, :tags, :note)",
        )?
        .execute(named_params! {
            ":id": row.id, ":name": row.name, ":provider": row.provider, ":region": row.region,
            ":endpoint_url": row.endpoint_url, ":options": row.options.to_string(),
            ":credential": row.credential.as_str(), ":generation": row.credential_generation,
            ":kind": row.credential_kind, ":label": row.credential_label, ":position": row.position,
            ":enabled": row.enabled, ":state": row.state.state, ":until": row.state.until_ms,
            ":category": row.state.error_category, ":message": row.state.error_message,
            ":error_ms": row.state.error_ms, ":created": row.created_ms, ":updated": row.updated_ms,
            ":tags": Value::from(row.tags.clone()).to_string(), ":note": row.note,
        })?;
    Ok(())
}

pub(super) fn update(connection: &Connection, row: &AccountRow) -> Result<bool, Error> {
    let changed = connection
        .prepare_cached(
            "UPDATE accounts SET name = :name, region = :region, endpoint_url = :endpoint_url, options = :options,
             credential = iif(:generation > credential_generation, :credential, credential),
             credential_generation = max(:generation, credential_generation),
             credential_kind = :kind, credential_label = :label, enabled = :enabled, updated_ms = :updated,
             tags = :tags, note = :note
             WHERE id = :id",
        )?
        .execute(named_params! {
            ":id": row.id, ":name": row.name, ":region": row.region, ":endpoint_url": row.endpoint_url,
            ":options": row.options.to_string(), ":credential": row.credential.as_str(),
            ":generation": row.credential_generation, ":kind": row.credential_kind,
            ":label": row.credential_label, ":enabled": row.enabled, ":updated": row.updated_ms,
            ":tags": Value::from(row.tags.clone()).to_string(), ":note": row.note,
        })?;
    Ok(changed > 0)
}

pub(super) fn remove(connection: &Connection, id: &str) -> Result<bool, Error> {
    Ok(connection.prepare_cached("DELETE FROM accounts WHERE id = ?1")?.execute([id])? > 0)
}

pub(super) fn rotate(
    connection: &Connection,
    id: &str,
    generation: i64,
    credential: &Sealed,
) -> Result<bool, Error> {
    let changed = connection
        .prepare_cached("UPDATE accounts SET credential = ?3 WHERE id = ?1 AND credential_generation = ?2")?
        .execute((id, generation, credential.as_str()))?;
    Ok(changed > 0)
}

pub(super) fn set_state(connection: &Connection, id: &str, state: &StateRow) -> Result<bool, Error> {
    let changed = connection
        .prepare_cached(
            "UPDATE accounts SET state = ?2, state_until_ms = ?3, error_category = ?4, error_message = ?5,
             error_ms = ?6 WHERE id = ?1",
        )?
        .execute((
            id,
            &state.state,
            state.until_ms,
            &state.error_category,
            &state.error_message,
            state.error_ms,
        ))?;
    Ok(changed > 0)
}

pub(super) fn order(connection: &Connection, ids: &[String]) -> Result<(), Error> {
    let mut rows = all(connection)?;
    let places: HashMap<&str, usize> =
        ids.iter().enumerate().rev().map(|(place, id)| (id.as_str(), place)).collect();
    rows.sort_by_key(|row| places.get(row.id.as_str()).copied().unwrap_or(ids.len()));
    let mut statement = connection.prepare_cached("UPDATE accounts SET position = ?2 WHERE id = ?1")?;
    for (position, row) in rows.iter().enumerate() {
        statement.execute((&row.id, position as i64))?;
    }
    Ok(())
}
