//! A backup in the place of the data. What is there is kept in a file beside it; nothing is ever removed.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite::backup::{Backup as Transfer, StepResult};

use super::file::SHAPE;
use super::newest::Newest;
use crate::backups::{self, Backup, BackupKind, Backups};
use crate::connection::{self, Format, Shape};
use crate::{Error, files};

/// What a file that was replaced is called beside the one in its place.
const REPLACED: &str = "replaced";
/// Tables that every format has.
const TABLES: [&str; 3] = ["accounts", "local_keys", "settings"];

/// What became of a restore.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// Where the data from before is kept; `None` when there was none.
    pub aside: Option<PathBuf>,
    /// Credentials that were rotated since the backup was made: the newer ones stay, for the older are void.
    pub carried: usize,
}

/// Whether accounts can be restored from this file: whole, ours, and of a format we know. The whole file is read.
///
/// # Errors
/// [`Error::Damaged`], [`Error::TooNew`], [`Error::NotOurs`].
pub(crate) fn check(connection: &Connection, shape: Shape) -> Result<i64, Error> {
    let said: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if said != "ok" {
        return Err(Error::Damaged(said));
    }
    ours(connection, shape)
}

/// The same, with indexes not compared with their tables.
pub(crate) fn check_quickly(connection: &Connection, shape: Shape) -> Result<i64, Error> {
    connection::quick_check(connection)?;
    ours(connection, shape)
}

fn ours(connection: &Connection, shape: Shape) -> Result<i64, Error> {
    let found = match connection::format(connection, shape)? {
        Format::Known(found) => found,
        Format::Newer { found, known } => return Err(Error::TooNew { found, known }),
        Format::Empty => return Err(Error::NotOurs),
    };
    // A log has formats of its own, and what runs by itself in a database was put there by somebody else.
    let (tables, alien): (i64, i64) = connection.query_row(
        "SELECT coalesce(sum(type = 'table' AND name IN (?1, ?2, ?3)), 0),
                coalesce(sum(type IN ('trigger', 'view')), 0) FROM sqlite_schema",
        TABLES,
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    if tables == TABLES.len() as i64 && alien == 0 { Ok(found) } else { Err(Error::NotOurs) }
}

/// Puts a backup in the place of what `connection` has, in one transaction of SQLite's: who reads meanwhile sees the
/// one or the other.
pub(super) fn live(
    connection: &mut Connection,
    backups: &Backups,
    name: &str,
    keep: &[&str],
) -> Result<Restored, Error> {
    let (backup, path) = backups.find(name)?;
    if backup.kind == BackupKind::Log {
        return Err(Error::NotOurs);
    }
    let source = connection::reader(&path)?;
    check(&source, SHAPE)?;
    let newest = Newest::of(connection, keep)?;
    let aside = backups.keep_beside(connection, REPLACED)?;
    let all = Transfer::new(&source, connection)?.step(-1)?;
    if all != StepResult::Done {
        return Err(Error::Busy);
    }
    drop(source);
    connection::migrate(connection, SHAPE)?;
    let carried = newest.put(connection)?;
    connection.execute_batch("PRAGMA wal_checkpoint(PASSIVE)")?;
    backups.add(connection)?;
    Ok(Restored { aside: Some(aside), carried })
}

/// Restores accounts, settings and keys of the data folder `folder` from `source`, which may lie anywhere. For a folder
/// that no instance has open, whatever state its own file is in; that file is moved aside. Settings named by `keep` stay
/// where there are any. Blocks.
///
/// # Errors
/// When `source` is no whole backup of a format we know: then nothing has changed.
pub fn restore(folder: &Path, source: &Path, keep: &[&str]) -> Result<Restored, Error> {
    files::private_folder(folder)?;
    let data = folder.join("core.db");
    let copied = files::with_suffix(&data, ".restoring");
    take(source, &copied)?;
    // As far as it can be read: it may be damaged, or newer than we are.
    let newest = if data.exists() {
        connection::reader(&data).and_then(|present| Newest::of(&present, keep)).unwrap_or_default()
    } else {
        Newest::default()
    };
    let aside = if data.exists() { Some(files::move_aside(&data, REPLACED)?) } else { None };
    fs::rename(&copied, &data).map_err(Error::files(&data))?;
    files::sync(&data).map_err(Error::files(&data))?;
    let mut writer = connection::writer(&data, SHAPE, false)?;
    connection::migrate(&mut writer, SHAPE)?;
    let carried = newest.put(&mut writer)?;
    Backups::of(folder).add(&writer)?;
    writer.close().map_err(|(_, error)| error)?;
    Ok(Restored { aside, carried })
}

/// Brings a file from elsewhere into the folder of backups.
///
/// # Errors
/// As [`restore`].
pub fn bring(folder: &Path, source: &Path, now_ms: i64) -> Result<Backup, Error> {
    let connection = open(source)?;
    Backups::of(folder).add_dated(&connection, BackupKind::Person, now_ms)
}

/// Copies a backup, with what may still be in a -wal beside it.
fn take(source: &Path, target: &Path) -> Result<(), Error> {
    backups::copy(&open(source)?, target)
}

fn open(source: &Path) -> Result<Connection, Error> {
    fs::metadata(source).map_err(Error::files(source))?;
    let connection = connection::reader(source)?;
    check(&connection, SHAPE)?;
    Ok(connection)
}
