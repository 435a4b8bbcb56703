//! One instance a data folder. The holder writes where it listens, so that commands find it.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use fd_lock::RwLock;
use llm::Secret;
use serde::{Deserialize, Serialize};

/// Name of the file in the data folder.
const LOCK: &str = "app.lock";

/// Name of the file that says who holds the lock. A file of its own: on Windows a locked file cannot be read.
const HOLDER: &str = "app.json";

/// Who runs.
#[derive(Clone, Serialize, Deserialize)]
pub struct Holder {
    pub pid: u32,
    /// Base URL, e.g. `http://127.0.0.1:4880`.
    pub url: String,
    /// What its admin API takes from whoever can read this file.
    pub pass: String,
}

impl fmt::Debug for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Holder").field("pid", &self.pid).field("url", &self.url).finish_non_exhaustive()
    }
}

/// Held for as long as the instance lives; the system releases it when the process ends, however it ends.
#[derive(Debug)]
pub(crate) struct InstanceLock {
    _guard: fd_lock::RwLockWriteGuard<'static, File>,
    holder: File,
}

impl InstanceLock {
    /// Takes the lock; `Ok(None)` when another instance has it.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub(crate) fn take(data_dir: &Path) -> io::Result<Option<Self>> {
        let file = private(&data_dir.join(LOCK))?;
        // Lives until the process ends, as the lock does.
        let lock: &'static mut RwLock<File> = Box::leak(Box::new(RwLock::new(file)));
        match lock.try_write() {
            Ok(guard) => {
                let holder = private(&data_dir.join(HOLDER))?;
                // Whoever wrote it is gone; until we listen nobody shall be sent to its address.
                holder.set_len(0)?;
                Ok(Some(Self { _guard: guard, holder }))
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Says that this instance listens no more.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub(crate) fn withdraw(&mut self) -> io::Result<()> {
        self.holder.set_len(0)
    }

    /// Says where this instance listens, and what opens its admin API to whoever may read this folder.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub(crate) fn announce(&mut self, url: &str, pass: &Secret) -> io::Result<()> {
        let pass = pass.expose().to_owned();
        let holder = Holder { pid: std::process::id(), url: url.to_owned(), pass };
        self.holder.seek(SeekFrom::Start(0))?;
        self.holder.set_len(0)?;
        self.holder.write_all(serde_json::to_string(&holder).unwrap_or_default().as_bytes())
    }
}

/// Whether an instance has this data folder.
#[must_use]
pub(crate) fn is_held(data_dir: &Path) -> bool {
    let Ok(file) = OpenOptions::new().read(true).write(true).open(data_dir.join(LOCK)) else { return false };
    // Shared, so that two commands that look at the same time do not take each other for an instance.
    RwLock::new(file).try_read().is_err()
}

/// The instance that listens for this data folder, if one does.
#[must_use]
pub(crate) fn holder(data_dir: &Path) -> Option<Holder> {
    if !is_held(data_dir) {
        return None;
    }
    let mut text = String::new();
    File::open(data_dir.join(HOLDER)).ok()?.read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)
}
