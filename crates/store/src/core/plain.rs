//! The columns that hold secrets, and those in them that a version before encryption stored as they are.

use llm::{Sealed, Secret};
use rusqlite::Connection;

use crate::Error;

/// Every column that holds secrets: table, the column that names the row, the column itself.
const COLUMNS: [(&str, &str, &str); 4] = [
    ("accounts", "id", "credential"),
    ("removed_accounts", "id", "credential"),
    ("rotations", "account_id", "credential"),
    ("local_keys", "id", "key"),
];

/// How a ciphertext begins; no credential (JSON) and no key (`sk-`) does.
const SEALED: &str = "v1|%";

/// A secret that is not encrypted yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlainRow {
    pub table: &'static str,
    pub row: String,
    pub secret: Secret,
}

/// How many secrets are encrypted, and how many are not; where the text is empty there is none. Tables that an older format
/// lacks have none.
pub(crate) fn count(connection: &Connection) -> Result<(i64, i64), Error> {
    let mut counted = (0, 0);
    for (table, _, column) in COLUMNS {
        let known: bool = connection.query_row(
            "SELECT count(*) > 0 FROM sqlite_schema WHERE type = 'table' AND name = ?1",
            [table],
            |row| row.get(0),
        )?;
        if !known {
            continue;
        }
        let (sealed, all): (i64, i64) = connection
            .prepare_cached(&format!(
                "SELECT coalesce(sum({column} LIKE ?1), 0), coalesce(sum({column} <> ''), 0) FROM {table}"
            ))?
            .query_row([SEALED], |row| Ok((row.get(0)?, row.get(1)?)))?;
        counted = (counted.0 + sealed, counted.1 + all - sealed);
    }
    Ok(counted)
}

pub(super) fn all(connection: &Connection) -> Result<Vec<PlainRow>, Error> {
    let mut found = Vec::new();
    for (table, id, column) in COLUMNS {
        let mut statement = connection.prepare_cached(&format!(
            "SELECT {id}, {column} FROM {table} WHERE {column} NOT LIKE ?1 AND {column} <> ''"
        ))?;
        let mut rows = statement.query([SEALED])?;
        while let Some(row) = rows.next()? {
            let secret = Secret::new(row.get::<_, String>(1)?);
            found.push(PlainRow { table, row: row.get(0)?, secret });
        }
    }
    Ok(found)
}

/// Removes every row that has a secret.
pub(super) fn empty(connection: &Connection) -> Result<(), Error> {
    for (table, ..) in COLUMNS {
        connection.execute(&format!("DELETE FROM {table}"), [])?;
    }
    Ok(())
}

/// Puts the ciphertext in the place of each secret that is still the one that was encrypted.
pub(super) fn seal(connection: &Connection, sealed: &[(PlainRow, Sealed)]) -> Result<(), Error> {
    for (plain, sealed) in sealed {
        for (_, id, column) in COLUMNS.iter().filter(|(table, ..)| *table == plain.table) {
            connection
                .prepare_cached(&format!(
                    "UPDATE {} SET {column} = ?3 WHERE {id} = ?1 AND {column} = ?2",
                    plain.table
                ))?
                .execute((&plain.row, plain.secret.expose(), sealed.as_str()))?;
        }
    }
    Ok(())
}
