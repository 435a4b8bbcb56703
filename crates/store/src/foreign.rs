//! SQLite files of other programs: read, never changed, and nothing is left beside them.

#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension};

use crate::Error;
use crate::files::with_suffix;

/// How long the other program may be at it; it keeps a lock for moments.
const BUSY: Duration = Duration::from_secs(1);

/// Longest text that is read, in bytes.
const LONGEST: i64 = 64 * 1024;

/// The texts under `keys` in a table of another program that has the columns `key` and `value`; `None` for what is not there
/// or is longer than 64 KiB. Blocks.
///
/// # Errors
/// When the file is no SQLite database, or cannot be read now.
pub fn foreign_texts(file: &Path, table: &'static str, keys: &[&str]) -> Result<Vec<Option<String>>, Error> {
    let connection = open(file)?;
    let known = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1";
    if connection.query_row(known, [table], |_| Ok(())).optional()?.is_none() {
        return Ok(vec![None; keys.len()]);
    }
    let wanted =
        format!("SELECT CAST(value AS TEXT) FROM \"{table}\" WHERE key = ?1 AND length(value) <= ?2");
    let mut statement = connection.prepare(&wanted)?;
    let mut text = |key: &&str| {
        // A value that is null or no text is as good as none.
        statement.query_row((*key, LONGEST), |row| row.get(0).or(Ok(None))).optional().map(Option::flatten)
    };
    Ok(keys.iter().map(&mut text).collect::<Result<_, _>>()?)
}

/// Opens the file so that neither it nor its folder changes.
fn open(file: &Path) -> Result<Connection, Error> {
    let mut flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut name = file.as_os_str().to_owned();
    // A reader of a database with a write-ahead log makes the log's index where it is missing. Where it is missing nobody has the
    // database open, so that it stands still; only a program that was killed leaves a log without a reader.
    if has_log(file)? && !(with_suffix(file, "-wal").exists() && with_suffix(file, "-shm").exists()) {
        flags |= OpenFlags::SQLITE_OPEN_URI;
        name = format!("file:{}?immutable=1", escaped(file)).into();
    }
    let connection = Connection::open_with_flags(name, flags)?;
    connection.busy_timeout(BUSY)?;
    // What stands in there is somebody else's: it may not call functions of ours.
    connection.execute_batch("PRAGMA trusted_schema = OFF; PRAGMA query_only = ON;")?;
    Ok(connection)
}

/// Whether the database has a write-ahead log, by its header.
fn has_log(file: &Path) -> Result<bool, Error> {
    let mut header = [0; 20];
    match File::open(file).and_then(|mut open| open.read_exact(&mut header)) {
        Ok(()) => Ok(header[18] == 2),
        // An empty file is an empty database.
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(Error::files(file)(error)),
    }
}

/// A path as an address has it.
fn escaped(file: &Path) -> String {
    let path = file.to_string_lossy().replace('\\', "/");
    let mut escaped = String::with_capacity(path.len() + 1);
    // `file:C:/...` would be taken for a relative path.
    if !path.starts_with('/') {
        escaped.push('/');
    }
    for letter in path.chars() {
        match letter {
            '%' => escaped.push_str("%25"),
            '?' => escaped.push_str("%3f"),
            '#' => escaped.push_str("%23"),
            other => escaped.push(other),
        }
    }
    escaped
}
