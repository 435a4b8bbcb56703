//! Backups that are made, listed, restored and removed while the data is in use.

use tokio::sync::watch;

use super::{Core, restore};
use crate::backups::{Backup, BackupKind};
use crate::{Error, Pending, Restored};

impl Core {
    /// Every backup, newest first. Blocks for as long as it takes to list a folder.
    #[must_use]
    pub fn backups(&self) -> Vec<Backup> {
        self.backups.list()
    }

    /// Copies the file to a backup that stays until the person removes it.
    pub fn back_up(&self, now_ms: i64) -> Pending<Backup> {
        self.tend(move |connection, backups| backups.add_dated(connection, BackupKind::Person, now_ms))
    }

    /// Copies the file to a scheduled backup, of which the newest `keep` are kept.
    pub fn back_up_scheduled(&self, keep: usize, now_ms: i64) -> Pending<Backup> {
        self.tend(move |connection, backups| {
            let made = backups.add_dated(connection, BackupKind::Schedule, now_ms)?;
            backups.keep_scheduled(keep);
            Ok(made)
        })
    }

    /// Keeps 8 MiB of the disk for the moment when it is full, where there is as much again. Blocks while that is written;
    /// nothing is done where it is kept already. Where the disk was full, it is no longer said to be once there is so much.
    pub fn keep_room(&self) {
        let Some(writer) = &self.writer else { return };
        if !writer.fullness().is_full() {
            self.ballast.take();
        } else if self.ballast.find() {
            writer.fullness().note(&Ok(()));
        }
    }

    /// Tells when a write failed because the disk is full, and when one succeeded again. `None` when nothing is written.
    #[must_use]
    pub fn fullness(&self) -> Option<watch::Receiver<bool>> {
        self.writer.as_ref().map(|writer| writer.fullness().subscribe())
    }

    /// Removes a backup. [`Error::NoBackup`] when there is none of that name.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn remove_backup(&self, name: &str) -> Result<(), Error> {
        self.backups.remove(name)
    }

    /// Puts a backup in the place of accounts, settings and keys, after a copy of them. Settings named by `keep` stay where
    /// there are any, and so do credentials that were rotated since. Whoever holds anything read before must read anew.
    ///
    /// [`Error::NoBackup`], [`Error::Damaged`], [`Error::TooNew`] and [`Error::NotOurs`] say that nothing has changed.
    pub fn restore(&self, name: &str, keep: &'static [&'static str]) -> Pending<Restored> {
        let name = name.to_owned();
        self.tend(move |connection, backups| restore::live(connection, backups, &name, keep))
    }
}
