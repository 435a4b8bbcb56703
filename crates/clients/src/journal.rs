//! What was written where, and what stood there before. One file, readable by its owner alone, so that everything can be
//! put back by a program that can do nothing else.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::change;

const NAME: &str = "journal.json";

#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Journal {
    pub(crate) entries: Vec<Entry>,
}

/// One connected client.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) client: String,
    /// [`crate::Home::id`] of whose file it is.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) home: String,
    /// The file, as the client calls it.
    pub(crate) path: PathBuf,
    /// What stood in it; `None` when there was none.
    pub(crate) before: Option<String>,
    /// [`crate::file::fingerprint`] of what we wrote.
    pub(crate) after: String,
    pub(crate) puts: Vec<Written>,
    /// Folders that were made for it.
    #[serde(default)]
    pub(crate) made: Vec<PathBuf>,
    /// The base URL that was written.
    pub(crate) root: String,
    /// SHA-256 of the local key that was written, or that the person entered.
    pub(crate) key: String,
    /// Milliseconds since 1970.
    pub(crate) time_ms: i64,
}

/// A value that was put there, without the value: it may be a key.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Written {
    pub(crate) path: change::Path,
    pub(crate) own: bool,
    pub(crate) digest: String,
}

impl Journal {
    pub(crate) fn load(folder: &Path) -> Result<Self, Error> {
        let path = folder.join(NAME);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(source) => return Err(Error::Io { path, source }),
        };
        // A journal that is forgotten is a file that cannot be put back.
        serde_json::from_slice(&text)
            .map_err(|error| crate::file::unreadable(&path, &format!("line {} of the journal", error.line())))
    }

    pub(crate) fn store(&self, folder: &Path) -> Result<(), Error> {
        let path = folder.join(NAME);
        let io = |source| Error::Io { path: path.clone(), source };
        fs::create_dir_all(folder).map_err(io)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).map_err(io)?;
        }
        let text = serde_json::to_vec_pretty(self).map_err(|error| io(error.into()))?;
        // Made for its owner alone.
        let mut fresh = tempfile::NamedTempFile::new_in(folder).map_err(io)?;
        fresh.write_all(&text).map_err(io)?;
        fresh.as_file().sync_all().map_err(io)?;
        fresh.persist(&path).map_err(|error| io(error.error))?;
        Ok(())
    }

    pub(crate) fn of(&self, client: &str, home: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.client == client && entry.home == home)
    }

    /// Without the client's entry, and with `entry` in its place.
    pub(crate) fn with(mut self, client: &str, home: &str, entry: Option<Entry>) -> Self {
        self.entries.retain(|other| other.client != client || other.home != home);
        self.entries.extend(entry);
        self
    }
}
