//! Opening `logs.db`. The log is worth less than a start: what is damaged is moved aside.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::{captures, row, stats};
use crate::connection::{self, Format, Shape};
use crate::{Error, files};

pub(super) const SHAPE: Shape = Shape {
    synchronous: "NORMAL",
    secure_delete: false,
    steps: &[&[row::V1, stats::V1], &[row::V2, stats::V2], &[captures::V3], &[row::KEYS]],
};

/// A file up to this size is checked whole before it is used; a larger one in the background.
const CHECKED_AT_ONCE: u64 = 4 << 20;
/// Damaged files that are kept.
const KEPT: usize = 2;

pub(super) struct Opened {
    /// `None` when a newer version wrote the file.
    pub writer: Option<Connection>,
    pub next_id: i64,
    /// The whole file should be checked while it is in use.
    pub unchecked: bool,
}

pub(super) fn open(file: &Path) -> Result<Opened, Error> {
    match attempt(file) {
        Err(error) if error.is_damage() || error.is_wrong_schema() => {
            tracing::error!(%error, "logs.db is damaged; the log starts empty");
            move_aside(file)?;
            attempt(file)
        }
        other => other,
    }
}

fn attempt(file: &Path) -> Result<Opened, Error> {
    if files::private_file(file)? {
        return Ok(Opened { writer: Some(create(file)?), next_id: 1, unchecked: false });
    }
    let reader = connection::reader(file)?;
    if let Format::Newer { found, known } = connection::format(&reader, SHAPE)? {
        tracing::warn!(found, known, "logs.db was written by a newer version; requests are not logged");
        return Ok(Opened { writer: None, next_id: 0, unchecked: false });
    }
    drop(reader);
    let mut writer = connection::writer(file, SHAPE, false)?;
    let size = fs::metadata(file).map_err(Error::files(file))?.len();
    if size <= CHECKED_AT_ONCE {
        connection::quick_check(&writer)?;
    }
    connection::migrate(&mut writer, SHAPE)?;
    // Rows may all be cleaned away; their ids are not given again.
    let next_id = writer.query_row(
        "SELECT max(coalesce((SELECT max(id) FROM requests), 0),
                    coalesce((SELECT max(last_id) FROM hours WHERE kind = 0), 0)) + 1",
        [],
        |row| row.get(0),
    )?;
    Ok(Opened { writer: Some(writer), next_id, unchecked: size > CHECKED_AT_ONCE })
}

/// Makes an empty file and opens it.
pub(super) fn create(file: &Path) -> Result<Connection, Error> {
    files::private_file(file)?;
    let mut writer = connection::writer(file, SHAPE, true)?;
    connection::migrate(&mut writer, SHAPE)?;
    Ok(writer)
}

/// Renames a damaged file, and forgets all but the newest few of those before it.
pub(super) fn move_aside(file: &Path) -> Result<PathBuf, Error> {
    let aside = files::move_aside(file, files::DAMAGED)?;
    let mut kept: Vec<(std::time::SystemTime, PathBuf)> = fs::read_dir(file.parent().unwrap_or(file))
        .map_err(Error::files(file))?
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let name = entry.file_name();
            let number = name.to_str()?.strip_prefix("logs.db.damaged-")?;
            number.parse::<u32>().ok()?;
            Some((entry.metadata().ok()?.modified().ok()?, entry.path()))
        })
        .collect();
    kept.sort();
    for (_, old) in kept.iter().rev().skip(KEPT).filter(|(_, old)| *old != aside) {
        files::remove(old);
    }
    Ok(aside)
}
