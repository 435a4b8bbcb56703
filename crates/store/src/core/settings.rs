//! The table of settings: a key and a JSON value.

use std::collections::BTreeMap;

use rusqlite::Connection;
use serde_json::Value;

use crate::Error;

pub(super) const V1: &str = "
CREATE TABLE settings (
    key TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
";

pub(super) fn all(connection: &Connection) -> Result<BTreeMap<String, Value>, Error> {
    let mut statement = connection.prepare_cached("SELECT key, value FROM settings")?;
    let mut rows = statement.query([])?;
    let mut found = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let text: String = row.get(1)?;
        let value = serde_json::from_str(&text).map_err(|source| Error::Json { what: "setting", source })?;
        found.insert(row.get(0)?, value);
    }
    Ok(found)
}

pub(super) fn put(connection: &Connection, changes: &[(String, Option<Value>)]) -> Result<(), Error> {
    for (key, value) in changes {
        match value {
            Some(value) => connection
                .prepare_cached(
                    "INSERT INTO settings (key, value) VALUES (?1, ?2)
                     ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                )?
                .execute((key, value.to_string()))?,
            None => connection.prepare_cached("DELETE FROM settings WHERE key = ?1")?.execute([key])?,
        };
    }
    Ok(())
}
