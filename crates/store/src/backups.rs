//! The folder of backups: copies of `core.db` and, where the person asked, of `logs.db`. Every file in it is whole,
//! private, and a database by itself.

mod name;

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

pub use self::name::{Backup, BackupKind};
use crate::connection::{self, Shape};
use crate::core::{plain, restore};
use crate::{Error, files};

/// Copies after changes; those before a migration are kept besides.
const KEPT: usize = 3;
const PARTIAL: &str = ".partial";

/// The folder of backups.
#[derive(Clone, Debug)]
pub(crate) struct Backups {
    folder: PathBuf,
}

impl Backups {
    /// Those of the data in `data`.
    pub(crate) fn of(data: &Path) -> Self {
        Self { folder: data.join("backups") }
    }

    /// Every backup, newest first.
    pub(crate) fn list(&self) -> Vec<Backup> {
        let mut found: Vec<_> = self.files().filter_map(|path| name::read(&path)).collect();
        found.sort_by(|one, other| (other.made_ms, &other.name).cmp(&(one.made_ms, &one.name)));
        found
    }

    /// The file of a backup that is there.
    ///
    /// # Errors
    /// [`Error::NoBackup`]; a name that leads elsewhere is none.
    pub(crate) fn find(&self, name: &str) -> Result<(Backup, PathBuf), Error> {
        let backup = self.list().into_iter().find(|backup| backup.name == name).ok_or(Error::NoBackup)?;
        let path = self.folder.join(&backup.name);
        Ok((backup, path))
    }

    pub(crate) fn remove(&self, name: &str) -> Result<(), Error> {
        let (_, path) = self.find(name)?;
        fs::remove_file(&path).map_err(Error::files(path))
    }

    /// Copies the database to a new backup and drops the oldest.
    pub(crate) fn add(&self, connection: &Connection) -> Result<PathBuf, Error> {
        let changes = self.ranked(BackupKind::Change);
        let next = changes.last().map_or(1, |last| name::rank(last).unsigned_abs() + 1);
        let made = self.write(connection, &name::of_change(next))?;
        self.drop_oldest(&changes, KEPT - 1);
        Ok(made)
    }

    /// Copies the database to a backup that carries the time.
    pub(crate) fn add_dated(
        &self,
        connection: &Connection,
        kind: BackupKind,
        now_ms: i64,
    ) -> Result<Backup, Error> {
        // Two within a millisecond are two.
        let mut made_ms = now_ms;
        while self.folder.join(name::of_time(kind, made_ms)).exists() {
            made_ms += 1;
        }
        let made = self.write(connection, &name::of_time(kind, made_ms))?;
        name::read(&made).ok_or(Error::NoBackup)
    }

    /// Drops all but the newest scheduled ones.
    pub(crate) fn keep_scheduled(&self, most: usize) {
        self.drop_oldest(&self.ranked(BackupKind::Schedule), most);
    }

    fn drop_oldest(&self, ascending: &[Backup], most: usize) {
        for old in ascending.iter().rev().skip(most) {
            files::remove(&self.folder.join(&old.name));
        }
    }

    /// Copies the database as it was in format `version`.
    pub(crate) fn keep_before_migration(
        &self,
        connection: &Connection,
        version: i64,
    ) -> Result<PathBuf, Error> {
        self.write(connection, &name::of_migration(version))
    }

    /// Copies the database beside itself, under a name that no backup takes the place of.
    pub(crate) fn keep_beside(&self, connection: &Connection, why: &str) -> Result<PathBuf, Error> {
        let data = self.folder.parent().unwrap_or(&self.folder);
        let target = files::aside_name(&data.join("core.db"), why);
        copy(connection, &target)?;
        Ok(target)
    }

    fn write(&self, connection: &Connection, name: &str) -> Result<PathBuf, Error> {
        files::private_folder(&self.folder)?;
        let target = self.folder.join(name);
        copy(connection, &target)?;
        Ok(target)
    }

    /// The newest backup that passes SQLite's check and that we can read.
    pub(crate) fn newest_good(&self, shape: Shape) -> Option<(Backup, PathBuf)> {
        // After every change there is one, so none is newer than the last of these.
        let mut candidates = self.ranked(BackupKind::Change);
        let mut dated: Vec<_> = self.list();
        dated.retain(|backup| matches!(backup.kind, BackupKind::Schedule | BackupKind::Person));
        dated.reverse();
        candidates.splice(0..0, dated);
        candidates.splice(0..0, self.ranked(BackupKind::Migration));
        candidates.into_iter().rev().map(|backup| (self.folder.join(&backup.name), backup)).find_map(
            |(path, backup)| match connection::reader(&path)
                .and_then(|file| restore::check_quickly(&file, shape))
            {
                Ok(_) => Some((backup, path)),
                Err(error) => {
                    tracing::warn!(path = %path.display(), %error, "a backup cannot be used");
                    None
                }
            },
        )
    }

    /// Removes every backup that holds a secret which is not encrypted, its bytes overwritten; how many there were.
    pub(crate) fn wipe_plain(&self) -> Result<usize, Error> {
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

    /// Removes what a copy left that was broken off.
    pub(crate) fn sweep(&self) {
        let partial = |path: &PathBuf| path.to_str().is_some_and(|path| path.ends_with(PARTIAL));
        self.files().filter(partial).for_each(|path| files::remove(&path));
    }

    /// Those of a kind, the oldest first.
    fn ranked(&self, kind: BackupKind) -> Vec<Backup> {
        let mut found = self.list();
        found.retain(|backup| backup.kind == kind);
        found.sort_by_key(name::rank);
        found
    }

    fn files(&self) -> impl Iterator<Item = PathBuf> {
        // A folder that is missing has no backups.
        fs::read_dir(&self.folder).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()))
    }
}

/// Writes the whole database to a file of its own, which is there when it is whole.
pub(crate) fn copy(connection: &Connection, target: &Path) -> Result<(), Error> {
    let partial = files::with_suffix(target, PARTIAL);
    files::remove(&partial);
    let written = write(connection, &partial)
        .and_then(|()| fs::rename(&partial, target).map_err(Error::files(target)))
        .and_then(|()| files::sync(target).map_err(Error::files(target)));
    if written.is_err() {
        // What there is room for may be needed for something else.
        files::remove(&partial);
    }
    written
}

fn write(connection: &Connection, partial: &Path) -> Result<(), Error> {
    // SQLite writes into an existing empty file, which so has the right mode from the first byte.
    files::private_file(partial)?;
    let path = partial.to_str().ok_or_else(|| {
        Error::files(partial)(std::io::Error::other("the path of the data folder is not valid UTF-8"))
    })?;
    connection.execute("VACUUM INTO ?1", [path])?;
    files::sync(partial).map_err(Error::files(partial))
}
