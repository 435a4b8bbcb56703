//! What can go wrong with a database.

use std::path::PathBuf;

use rusqlite::ErrorCode;

/// A failure of the store. Messages carry paths and SQLite's words, never a stored value.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot prepare {}: {source}", path.display())]
    Files { path: PathBuf, source: std::io::Error },
    #[error("cannot start a database thread: {0}")]
    Thread(std::io::Error),
    #[error("database: {0}")]
    Sqlite(rusqlite::Error),
    /// SQLite's own check found damage.
    #[error("the database file is damaged: {0}")]
    Damaged(String),
    #[error("a stored {what} cannot be read: {source}")]
    Json { what: &'static str, source: serde_json::Error },
    /// A second row with the same unique value, e.g. an account name.
    #[error("already taken")]
    Conflict,
    /// The file was written by a newer version; it is read, never written.
    #[error(
        "the data was written by a newer version (format {found}, this version knows {known}); update to change it"
    )]
    ReadOnly { found: i64, known: i64 },
    #[error("there is no such backup")]
    NoBackup,
    /// A backup that was chosen.
    #[error(
        "the backup was made by a newer version (format {found}, this version knows {known}); update to restore it"
    )]
    TooNew { found: i64, known: i64 },
    /// A file that was chosen.
    #[error("this file is no backup of accounts and settings")]
    NotOurs,
    /// Another program holds the file.
    #[error("the database is in use by another program; try again")]
    Busy,
    #[error("the store is closed")]
    Closed,
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error().map(|inner| inner.extended_code) {
            Some(rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE | rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY) => {
                Self::Conflict
            }
            _ => Self::Sqlite(error),
        }
    }
}

impl Error {
    pub(crate) fn files(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        |source| Self::Files { path, source }
    }

    /// True when the bytes of the file are wrong, not our use of it.
    #[must_use]
    pub fn is_damage(&self) -> bool {
        match self {
            Self::Damaged(_) => true,
            Self::Sqlite(error) => {
                matches!(
                    error.sqlite_error_code(),
                    Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
                )
            }
            _ => false,
        }
    }

    /// True when the disk has no room.
    #[must_use]
    pub fn is_full(&self) -> bool {
        match self {
            Self::Files { source, .. } => crate::room::is_full(source),
            Self::Sqlite(error) => {
                let code = error.sqlite_error().map(|inner| inner.extended_code);
                // The memory that connections share is a file too, and grows with a code of its own.
                error.sqlite_error_code() == Some(ErrorCode::DiskFull)
                    || code == Some(rusqlite::ffi::SQLITE_IOERR_SHMSIZE)
            }
            _ => false,
        }
    }

    /// True when the tables are not those the format promises.
    pub(crate) fn is_wrong_schema(&self) -> bool {
        matches!(self, Self::Sqlite(error) if error.sqlite_error_code() == Some(ErrorCode::Unknown))
    }
}
