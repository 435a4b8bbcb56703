//! What can go wrong with a database.

use std::path::PathBuf;

/// A failure of the store. Messages carry paths and SQLite's words, never a stored value.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot prepare {path}: {source}")]
    Files { path: PathBuf, source: std::io::Error },
    #[error("database: {0}")]
    Sqlite(#[from] rusqlite::Error),
    #[error("a stored {what} cannot be read: {source}")]
    Json { what: &'static str, source: serde_json::Error },
    /// A second row with the same unique value, e.g. an account name.
    #[error("already taken")]
    Conflict,
    /// The file was written by a newer version; it is read, never written.
    #[error("the data was written by a newer version (format {found}, this version knows {known}); update to change it")]
    ReadOnly { found: i64, known: i64 },
    #[error("the store is closed")]
    Closed,
}
