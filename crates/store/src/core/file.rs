//! Opening `core.db`: check, restore when damaged, migrate with a backup before.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::{Condition, accounts, local_keys, removed, rotations, secret_key, settings};
use crate::backups::Backups;
use crate::connection::{self, Format, Shape};
use crate::{Error, files};

pub(super) const SHAPE: Shape = Shape {
    synchronous: "FULL",
    secure_delete: true,
    steps: &[
        &[accounts::V1, settings::V1, local_keys::V1],
        &[rotations::V2],
        &[removed::V3],
        &[secret_key::V4],
        &[local_keys::LIMITED],
        &[accounts::LABELS],
    ],
};

/// The open file.
pub(super) struct Opened {
    /// `None` when a newer version wrote the file.
    pub writer: Option<Connection>,
    pub condition: Condition,
}

/// Opens the file, or what can be saved of it.
pub(super) fn open(file: &Path, backups: &Backups, shape: Shape) -> Result<Opened, Error> {
    let fresh = files::private_file(file)?;
    // An empty file beside backups is a file that was lost, not a first start.
    if fresh && let Some((backup, path)) = backups.newest_good(shape) {
        put_back(file, &path)?;
        let opened = attempt(file, backups, shape, false)?;
        return Ok(Opened { condition: Condition::Restored { aside: None, backup: Some(backup) }, ..opened });
    }
    match attempt(file, backups, shape, fresh) {
        Err(error) if error.is_damage() => {
            tracing::error!(%error, "core.db is damaged");
            restore(file, backups, shape)
        }
        other => other,
    }
}

fn attempt(file: &Path, backups: &Backups, shape: Shape, fresh: bool) -> Result<Opened, Error> {
    if !fresh {
        // Looked at through a reader first: a newer file must not be touched by our pragmas.
        let reader = connection::reader(file)?;
        if let Format::Newer { found, known } = connection::format(&reader, shape)? {
            return Ok(Opened { writer: None, condition: Condition::ReadOnly { found, known } });
        }
    }
    let mut writer = connection::writer(file, shape, fresh)?;
    if !fresh {
        connection::quick_check(&writer)?;
        match connection::format(&writer, shape)? {
            Format::Known(found) if found < shape.steps.len() as i64 => {
                backups.keep_before_migration(&writer, found)?;
            }
            // What was in a -wal that somebody deleted.
            Format::Empty if backups.newest_good(shape).is_some() => {
                return Err(Error::Damaged("it has no tables".into()));
            }
            _ => {}
        }
    }
    connection::migrate(&mut writer, shape)?;
    Ok(Opened { writer: Some(writer), condition: if fresh { Condition::Fresh } else { Condition::Good } })
}

/// Keeps the damaged file and puts the newest good backup in its place, or starts empty.
fn restore(file: &Path, backups: &Backups, shape: Shape) -> Result<Opened, Error> {
    let Some((backup, path)) = backups.newest_good(shape) else {
        let aside = files::move_aside(file, files::DAMAGED)?;
        files::private_file(file)?;
        let opened = attempt(file, backups, shape, true)?;
        return Ok(Opened { condition: Condition::Restored { aside: Some(aside), backup: None }, ..opened });
    };
    let aside = files::aside_name(file, files::DAMAGED);
    // A copy, not a rename: should we die before the backup is in place, the damaged file is still found here.
    fs::copy(file, &aside).map_err(Error::files(&aside))?;
    for suffix in ["-wal", "-shm"] {
        // An old log beside another database would be played into it.
        let part = files::with_suffix(file, suffix);
        if part.exists() {
            fs::rename(&part, files::with_suffix(&aside, suffix)).map_err(Error::files(&part))?;
        }
    }
    put_back(file, &path)?;
    let opened = attempt(file, backups, shape, false)?;
    Ok(Opened { condition: Condition::Restored { aside: Some(aside), backup: Some(backup) }, ..opened })
}

fn put_back(file: &Path, backup: &Path) -> Result<(), Error> {
    let copy: PathBuf = files::with_suffix(file, ".restoring");
    files::remove(&copy);
    files::private_file(&copy)?;
    fs::copy(backup, &copy).map_err(Error::files(&copy))?;
    files::sync(&copy).map_err(Error::files(&copy))?;
    fs::rename(&copy, file).map_err(Error::files(file))?;
    files::sync(file).map_err(Error::files(file))
}
