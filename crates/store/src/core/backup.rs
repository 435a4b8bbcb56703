//! Copies of `core.db`, made after changes and before migrations.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::connection::{self, Format, Shape};
use crate::{Error, files};

/// Copies after changes; those before a migration are kept besides.
const KEPT: usize = 3;
const PREFIX: &str = "core-";

/// The folder of backups.
#[derive(Clone, Debug)]
pub(super) struct Backups {
    folder: PathBuf,
}

impl Backups {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Copies the database to a new backup and drops the oldest.
    pub(super) fn add(&self, connection: &Connection) -> Result<PathBuf, Error> {
        let numbered = self.numbered();
        let next = numbered.last().map_or(1, |(number, _)| number + 1);
        let made = self.write(connection, &format!("{PREFIX}{next:08}.db"))?;
        for (_, old) in numbered.iter().rev().skip(KEPT - 1) {
            files::remove(old);
        }
        Ok(made)
    }

    /// Copies the database as it was in format `version`.
    pub(super) fn keep_before_migration(
        &self,
        connection: &Connection,
        version: i64,
    ) -> Result<PathBuf, Error> {
        self.write(connection, &format!("format-{version}.db"))
    }

    fn write(&self, connection: &Connection, name: &str) -> Result<PathBuf, Error> {
        files::private_folder(&self.folder)?;
        let target = self.folder.join(name);
        let partial = files::with_suffix(&target, ".partial");
        files::remove(&partial);
        // SQLite writes into an existing empty file, which so has the right mode from the first byte.
        files::private_file(&partial)?;
        let path = partial.to_str().ok_or_else(|| {
            Error::files(&partial)(std::io::Error::other("the path of the data folder is not valid UTF-8"))
        })?;
        connection.execute("VACUUM INTO ?1", [path])?;
        files::sync(&partial).map_err(Error::files(&partial))?;
        fs::rename(&partial, &target).map_err(Error::files(&target))?;
        Ok(target)
    }

    /// The newest backup that passes SQLite's check and that we can read.
    pub(super) fn newest_good(&self, shape: Shape) -> Option<PathBuf> {
        let mut candidates: Vec<_> = self.numbered().into_iter().map(|(_, path)| path).collect();
        let mut before: Vec<_> = self.files().filter(|path| name(path).starts_with("format-")).collect();
        before.sort_by_key(|path| {
            name(path).trim_matches(|c: char| !c.is_ascii_digit()).parse::<u64>().unwrap_or(0)
        });
        candidates.splice(0..0, before);
        candidates.into_iter().rev().find(|path| match good(path, shape) {
            Ok(good) => good,
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "a backup cannot be used");
                false
            }
        })
    }

    /// Ascending.
    fn numbered(&self) -> Vec<(u64, PathBuf)> {
        let mut found: Vec<_> = self
            .files()
            .filter_map(|path| {
                let number = name(&path).strip_prefix(PREFIX)?.strip_suffix(".db")?.parse().ok()?;
                Some((number, path))
            })
            .collect();
        found.sort();
        found
    }

    fn files(&self) -> impl Iterator<Item = PathBuf> {
        // A folder that is missing has no backups.
        fs::read_dir(&self.folder).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()))
    }
}

fn name(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
}

fn good(path: &Path, shape: Shape) -> Result<bool, Error> {
    let connection = connection::reader(path)?;
    connection::quick_check(&connection)?;
    Ok(matches!(connection::format(&connection, shape)?, Format::Known(_)))
}
