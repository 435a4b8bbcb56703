//! Room on the disk: some of it kept for the worst moment, and word of when there is none.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use tokio::sync::watch;

use crate::{Error, files};

/// Enough for thousands of credentials, and little on any disk.
const SIZE: u64 = 8 << 20;

/// A file that nobody needs. On a full disk it is given up, so that a token that was just rotated can be stored.
#[derive(Clone, Debug)]
pub(crate) struct Ballast {
    file: PathBuf,
}

impl Ballast {
    pub(crate) fn of(data: &Path) -> Self {
        Self { file: data.join("ballast") }
    }

    /// Gives the room back; false when there is none.
    pub(crate) fn release(&self) -> bool {
        let released = fs::remove_file(&self.file).is_ok();
        if released {
            tracing::warn!("the disk is full; the room that was kept for this is used now");
        }
        released
    }

    /// Takes the room, unless the disk has hardly more than that itself.
    pub(crate) fn take(&self) {
        if !fs::metadata(&self.file).is_ok_and(|there| there.len() == SIZE) {
            self.find();
        }
    }

    /// Takes the room anew, whether it is kept or not; false when the disk has hardly more than that itself.
    pub(crate) fn find(&self) -> bool {
        let partial = files::with_suffix(&self.file, ".partial");
        let taken = Self::fill(&partial).and_then(|()| fs::rename(&partial, &self.file));
        if let Err(error) = &taken {
            files::remove(&partial);
            tracing::debug!(%error, "there is no room to keep");
        }
        taken.is_ok()
    }

    /// Writes twice as much and takes half of it back: what is left to others is then at least as much.
    fn fill(file: &Path) -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut open: File = options.open(file)?;
        // File systems that compress, or leave holes, would keep no room for zeros.
        let mut noise = vec![0_u8; 1 << 20];
        let mut seed = 0x9E37_79B9_7F4A_7C15_u64;
        for byte in &mut noise {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            *byte = seed.to_le_bytes()[0];
        }
        for _ in 0..2 * SIZE / noise.len() as u64 {
            open.write_all(&noise)?;
        }
        open.set_len(SIZE)
    }
}

/// Whether the last write failed for want of room. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Fullness(watch::Sender<bool>);

impl Default for Fullness {
    fn default() -> Self {
        Self(watch::Sender::new(false))
    }
}

impl Fullness {
    /// Takes in how a write went; true when that is news.
    pub(crate) fn note<T>(&self, written: &Result<T, Error>) -> bool {
        let full = match written {
            Ok(_) => false,
            Err(error) if error.is_full() => true,
            // Says nothing of the disk.
            Err(_) => return false,
        };
        self.0.send_if_modified(|before| std::mem::replace(before, full) != full)
    }

    pub(crate) fn is_full(&self) -> bool {
        *self.0.borrow()
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<bool> {
        self.0.subscribe()
    }
}

/// Whether the system says that there is no room.
pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded)
}
