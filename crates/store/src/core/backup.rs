//! Copies of `core.db`, made after changes and before migrations.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::plain;
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

    /// Copies the database beside itself, under a name that no backup takes the place of.
    pub(super) fn keep_beside(&self, connection: &Connection, why: &str) -> Result<PathBuf, Error> {
        let data = self.folder.parent().unwrap_or(&self.folder);
        let name = |number: u32| data.join(format!("core.db.{why}-{number}"));
        let target = (1..).map(name).find(|path| !path.exists()).unwrap_or_else(|| name(0));
        self.write_to(connection, target)
    }

    fn write(&self, connection: &Connection, name: &str) -> Result<PathBuf, Error> {
        files::private_folder(&self.folder)?;
        self.write_to(connection, self.folder.join(name))
    }

    fn write_to(&self, connection: &Connection, target: PathBuf) -> Result<PathBuf, Error> {
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

    /// Removes every backup that holds a secret which is not encrypted, its bytes overwritten; how many there were.
    pub(super) fn wipe_plain(&self) -> Result<usize, Error> {
        let mut wiped = 0;
        for path in self.files().filter(|path| path.extension().is_some_and(|ending| ending == "db")) {
            // One that cannot be read is looked at when it is needed; it may hold anything.
            let plain = connection::reader(&path).and_then(|backup| plain::count(&backup));
            if plain.is_ok_and(|(_, plain)| plain > 0) {
                files::wipe(&path)?;
                wiped += 1;
            }
        }
        Ok(wiped)
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
