//! The table of accounts that were removed, kept for a while so that a removal can be taken back.

use rusqlite::{Connection, OptionalExtension};

use super::accounts::{self, AccountRow, StateRow};
use crate::Error;

/// The columns of an account, and when it was removed. Names are not unique here.
pub(super) const V3: &str = "
CREATE TABLE removed_accounts (
    id TEXT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
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
    updated_ms INTEGER NOT NULL,
    removed_ms INTEGER NOT NULL
) STRICT;
";

const COLUMNS: &str = "id, name, provider, region, endpoint_url, options, credential, credential_generation,
    credential_kind, credential_label, position, enabled, state, state_until_ms, error_category, error_message,
    error_ms, created_ms, updated_ms, tags, note";

/// A removed account.
#[derive(Clone, Debug, PartialEq)]
pub struct RemovedRow {
    pub account: AccountRow,
    /// Milliseconds since 1970.
    pub removed_ms: i64,
}

/// Moves an account here. `false` when it is gone already.
pub(super) fn remove(connection: &Connection, id: &str, now_ms: i64) -> Result<bool, Error> {
    connection
        .prepare_cached(&format!(
            "INSERT OR REPLACE INTO removed_accounts ({COLUMNS}, removed_ms)
             SELECT {COLUMNS}, ?2 FROM accounts WHERE id = ?1"
        ))?
        .execute((id, now_ms))?;
    accounts::remove(connection, id)
}

/// The last removed first.
pub(super) fn all(connection: &Connection) -> Result<Vec<RemovedRow>, Error> {
    let mut statement =
        connection.prepare_cached("SELECT * FROM removed_accounts ORDER BY removed_ms DESC, id")?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(RemovedRow { account: accounts::read(row)?, removed_ms: row.get("removed_ms")? });
    }
    Ok(found)
}

/// Moves an account back under `name`, to the end of the order and with nothing held against it. `None` when it is gone.
pub(super) fn restore(connection: &Connection, id: &str, name: &str) -> Result<Option<AccountRow>, Error> {
    let mut statement = connection.prepare_cached("SELECT * FROM removed_accounts WHERE id = ?1")?;
    let mut rows = statement.query([id])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let mut account = accounts::read(row)?;
    name.clone_into(&mut account.name);
    account.state = StateRow::default();
    accounts::add(connection, &mut account)?;
    forget(connection, id)?;
    Ok(Some(account))
}

/// `false` when it was gone already.
pub(super) fn forget(connection: &Connection, id: &str) -> Result<bool, Error> {
    Ok(connection.prepare_cached("DELETE FROM removed_accounts WHERE id = ?1")?.execute([id])? > 0)
}

/// Forgets those removed before `before_ms`; how many there were.
pub(super) fn forget_before(connection: &Connection, before_ms: i64) -> Result<usize, Error> {
    let any: Option<i64> = connection
        .prepare_cached("SELECT 1 FROM removed_accounts WHERE removed_ms < ?1 LIMIT 1")?
        .query_row([before_ms], |row| row.get(0))
        .optional()?;
    if any.is_none() {
        return Ok(0);
    }
    Ok(connection.execute("DELETE FROM removed_accounts WHERE removed_ms < ?1", [before_ms])?)
}
