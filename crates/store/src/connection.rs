//! Opening a database file: pragmas in the one order that works, and migrations.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::Error;

/// What is particular to a file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// `FULL` or `NORMAL`.
    pub synchronous: &'static str,
    /// What is deleted is overwritten with zeros.
    pub secure_delete: bool,
    /// Migrations, each a list of statements a table; after the n-th the file has `user_version` n. A shipped one is
    /// never edited.
    pub steps: &'static [&'static [&'static str]],
}

/// How a writer finds the format of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// None yet.
    Empty,
    /// Ours, or older and to be migrated from.
    Known(i64),
    Newer {
        found: i64,
        known: i64,
    },
}

const BUSY: Duration = Duration::from_secs(5);

/// Opens the file for writing. `auto_vacuum` must come before WAL: afterwards SQLite ignores it without a word.
pub(crate) fn writer(file: &Path, shape: Shape, fresh: bool) -> Result<Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    connection.busy_timeout(BUSY)?;
    if fresh {
        // Nothing can be lost yet, so making the file need not wait for the disk; the writer thread syncs it
        // before its first commit.
        connection.execute_batch("PRAGMA synchronous = OFF; PRAGMA auto_vacuum = INCREMENTAL;")?;
    }
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON; PRAGMA journal_size_limit = 16777216;",
    )?;
    connection.pragma_update(None, "secure_delete", shape.secure_delete)?;
    if !fresh {
        connection.pragma_update(None, "synchronous", shape.synchronous)?;
    }
    Ok(connection)
}

/// Opens the file for reading.
pub(crate) fn reader(file: &Path) -> Result<Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    connection.busy_timeout(BUSY)?;
    Ok(connection)
}

pub(crate) fn format(connection: &Connection, shape: Shape) -> Result<Format, Error> {
    let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let known = shape.steps.len() as i64;
    Ok(match found {
        0 => Format::Empty,
        _ if found > known => Format::Newer { found, known },
        _ => Format::Known(found),
    })
}

/// Brings the file to the newest format, one transaction a step, and sets its durability.
pub(crate) fn migrate(connection: &mut Connection, shape: Shape) -> Result<(), Error> {
    let from: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    for (index, step) in shape.steps.iter().enumerate().skip(usize::try_from(from).unwrap_or(0)) {
        let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        for table in *step {
            transaction.execute_batch(table)?;
        }
        transaction.pragma_update(None, "user_version", index as i64 + 1)?;
        transaction.commit()?;
    }
    connection.pragma_update(None, "synchronous", shape.synchronous)?;
    Ok(())
}

/// SQLite's own check of the whole file, indexes against tables left out.
///
/// # Errors
/// [`Error::Damaged`] with its first complaint.
pub(crate) fn quick_check(connection: &Connection) -> Result<(), Error> {
    let said: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if said == "ok" { Ok(()) } else { Err(Error::Damaged(said)) }
}
