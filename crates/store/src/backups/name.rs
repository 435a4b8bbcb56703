//! What a backup is called, and what its name tells.

use std::path::Path;
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

/// Why a backup was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub enum BackupKind {
    /// Something was changed; the newest three are kept.
    Change,
    /// Its time had come.
    Schedule,
    /// The person asked for it, or brought it here.
    Person,
    /// A new version was about to change the format.
    Migration,
    /// Of the log, which the person asked for. It cannot be restored here.
    Log,
}

/// A file in the folder of backups.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Backup {
    pub name: String,
    pub kind: BackupKind,
    /// Milliseconds since 1970.
    pub made_ms: i64,
    pub bytes: u64,
}

impl Backup {
    /// When it was made, for people: `2026-01-02 03:04 UTC`.
    #[must_use]
    pub fn time(&self) -> String {
        let format = format_description!("[year]-[month]-[day] [hour]:[minute] UTC");
        utc(self.made_ms).format(format).unwrap_or_default()
    }
}

fn utc(ms: i64) -> OffsetDateTime {
    let time = OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000);
    time.unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

const ENDING: &str = ".db";
const CHANGE: &str = "core-";
const MIGRATION: &str = "format-";
/// The kinds whose names carry a time, in UTC.
const DATED: [(BackupKind, &str); 3] =
    [(BackupKind::Schedule, "scheduled-"), (BackupKind::Person, "manual-"), (BackupKind::Log, "logs-")];
const TIME: &[BorrowedFormatItem<'_>] =
    format_description!("[year][month][day]-[hour][minute][second]-[subsecond digits:3]");

/// The name of the `number`th backup after a change.
pub(super) fn of_change(number: u64) -> String {
    format!("{CHANGE}{number:08}{ENDING}")
}

/// The name of the backup before format `version` is left.
pub(super) fn of_migration(version: i64) -> String {
    format!("{MIGRATION}{version}{ENDING}")
}

/// The name of a backup that was made at a time. A time beyond the years that have four digits gets that of 1970.
pub(super) fn of_time(kind: BackupKind, made_ms: i64) -> String {
    let prefix = DATED.iter().find(|(of, _)| *of == kind).map_or("", |(_, prefix)| prefix);
    let stamp =
        utc(made_ms).format(TIME).or_else(|_| OffsetDateTime::UNIX_EPOCH.format(TIME)).unwrap_or_default();
    format!("{prefix}{stamp}{ENDING}")
}

/// What a file is; `None` when it is no backup of ours.
pub(super) fn read(path: &Path) -> Option<Backup> {
    let name = path.file_name()?.to_str()?;
    let stem = name.strip_suffix(ENDING)?;
    let metadata = path.metadata().ok().filter(std::fs::Metadata::is_file)?;
    let written = || {
        let written = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
        i64::try_from(written.as_millis()).ok()
    };
    let (kind, made_ms) = if number(stem, CHANGE).is_some() {
        (BackupKind::Change, written()?)
    } else if number(stem, MIGRATION).is_some() {
        (BackupKind::Migration, written()?)
    } else {
        let (kind, stamp) =
            DATED.iter().find_map(|(kind, prefix)| Some((*kind, stem.strip_prefix(prefix)?)))?;
        let made = PrimitiveDateTime::parse(stamp, TIME).ok()?.assume_utc();
        (kind, i64::try_from(made.unix_timestamp_nanos() / 1_000_000).ok()?)
    };
    Some(Backup { name: name.to_owned(), kind, made_ms, bytes: metadata.len() })
}

/// The place of a backup among those of its kind, a later one the higher.
pub(super) fn rank(backup: &Backup) -> i64 {
    let stem = backup.name.trim_end_matches(ENDING);
    match backup.kind {
        BackupKind::Change => number(stem, CHANGE),
        BackupKind::Migration => number(stem, MIGRATION),
        _ => Some(backup.made_ms),
    }
    .unwrap_or_default()
}

fn number(stem: &str, prefix: &str) -> Option<i64> {
    let digits = stem.strip_prefix(prefix)?;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_kind_and_time_and_nothing_else_is_ours() {
        let folder = tempfile::tempdir().unwrap();
        let read = |name: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, b"x").unwrap();
            read(&path)
        };
        for kind in [BackupKind::Schedule, BackupKind::Person, BackupKind::Log] {
            let name = of_time(kind, 1_767_323_045_678);
            assert!(name.ends_with("-20260102-030405-678.db"), "{name}");
            let expected = Backup { name: name.clone(), kind, made_ms: 1_767_323_045_678, bytes: 1 };
            assert_eq!(read(&name), Some(expected));
        }
        assert_eq!(read(&of_change(7)).unwrap().kind, BackupKind::Change);
        assert_eq!(rank(&read(&of_change(12)).unwrap()), 12);
        assert_eq!(
            read(&of_time(BackupKind::Log, 1_767_323_045_678)).unwrap().time(),
            "2026-01-02 03:04 UTC"
        );
        let migration = read(&of_migration(4)).unwrap();
        assert_eq!((migration.kind, rank(&migration)), (BackupKind::Migration, 4));
        for other in
            ["core-.db.partial", "core-x.db", "manual-now.db", "notes.db", "format-3.txt", "manual-.db"]
        {
            assert_eq!(read(other), None, "{other}");
        }
        assert_eq!(of_time(BackupKind::Person, i64::MAX), "manual-19700101-000000-000.db");
    }
}
