//! The table of credentials that a vendor rotated for accounts that are not stored.
//!
//! A refresh token of the environment is void after its first use; what took its place is kept here, for the next
//! start finds the same environment.

use llm::Sealed;
use rusqlite::{Connection, OptionalExtension};

use crate::Error;

pub(super) const V2: &str = "
CREATE TABLE rotations (
    account_id TEXT PRIMARY KEY NOT NULL,
    origin TEXT NOT NULL,
    credential TEXT NOT NULL
) STRICT, WITHOUT ROWID;
";

pub(super) fn find(connection: &Connection, account_id: &str, origin: &str) -> Result<Option<Sealed>, Error> {
    let found: Option<String> = connection
        .prepare_cached("SELECT credential FROM rotations WHERE account_id = ?1 AND origin = ?2")?
        .query_row((account_id, origin), |row| row.get(0))
        .optional()?;
    Ok(found.map(|text| Sealed::parse(&text).unwrap_or_default()))
}

pub(super) fn put(
    connection: &Connection,
    account_id: &str,
    origin: &str,
    credential: &Sealed,
) -> Result<(), Error> {
    connection
        .prepare_cached(
            "INSERT INTO rotations VALUES (?1, ?2, ?3)
             ON CONFLICT (account_id) DO UPDATE SET origin = excluded.origin, credential = excluded.credential",
        )?
        .execute((account_id, origin, credential.as_str()))?;
    Ok(())
}
