//! `core.db`: what must never be lost.

mod accounts;
mod care;
mod file;
mod local_keys;
mod newest;
pub(crate) mod plain;
mod removed;
pub(crate) mod restore;
mod rotations;
mod secret_key;
mod settings;
#[cfg(test)]
mod tests;
mod writer;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use llm::Sealed;
use serde_json::Value;

pub use accounts::{AccountRow, StateRow};
pub use local_keys::LocalKeyRow;
pub use plain::PlainRow;
pub use removed::RemovedRow;
pub use secret_key::{SecretKeyRow, SlotRow};

use self::writer::{Worth, Writer};
use crate::backups::{Backup, Backups};
use crate::connection::Shape;
use crate::readers::Readers;
use crate::room::Ballast;
use crate::{Error, Pending, files};

/// How the file was found at start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// There was none; it was made.
    Fresh,
    Good,
    /// It was damaged or gone: `backup` took its place, the damaged file is kept at `aside`. `backup` is `None` when
    /// there was no good one and the file started empty.
    Restored {
        aside: Option<PathBuf>,
        backup: Option<Backup>,
    },
    /// A newer version wrote it: reads work, writes answer [`Error::ReadOnly`].
    ReadOnly {
        found: i64,
        known: i64,
    },
}

/// Accounts, settings and local keys.
pub struct Core {
    condition: Condition,
    backups: Backups,
    ballast: Ballast,
    readers: Readers,
    writer: Option<Writer>,
}

impl Core {
    /// Opens or makes `core.db` in `folder`, which is made with mode 0700 when missing. Takes a few milliseconds;
    /// blocks.
    ///
    /// # Errors
    /// When the folder or the file cannot be used at all; damage alone is not an error, see [`Condition`].
    pub fn open(folder: &Path) -> Result<Self, Error> {
        Self::open_shaped(folder, file::SHAPE)
    }

    fn open_shaped(folder: &Path, shape: Shape) -> Result<Self, Error> {
        files::private_folder(folder)?;
        let path = folder.join("core.db");
        let backups = Backups::of(folder);
        let ballast = Ballast::of(folder);
        let opened = match file::open(&path, &backups, shape) {
            // Opening takes some room too, and what was stored must be there to be used.
            Err(error) if error.is_full() && ballast.release() => file::open(&path, &backups, shape)?,
            other => other?,
        };
        let fresh = opened.condition == Condition::Fresh;
        let writer = opened
            .writer
            .map(|writer| Writer::start(writer, path.clone(), backups.clone(), ballast.clone(), fresh))
            .transpose()?;
        let on_damage = Arc::new(|error: &Error| {
            tracing::error!(%error, "core.db is damaged; it is restored from a backup at the next start");
        });
        Ok(Self {
            condition: opened.condition,
            backups,
            ballast,
            readers: Readers::new(path, 1, on_damage),
            writer,
        })
    }

    #[must_use]
    pub fn condition(&self) -> &Condition {
        &self.condition
    }

    /// All accounts by position.
    pub fn accounts(&self) -> Pending<Vec<AccountRow>> {
        self.readers.read(accounts::all)
    }

    /// Adds an account at the end of the order; `position` of `row` is ignored.
    /// [`Error::Conflict`] when the name or id is taken.
    pub fn add_account(&self, mut row: AccountRow) -> Pending<AccountRow> {
        self.write(Worth::Backup, move |connection| {
            accounts::add(connection, &mut row)?;
            Ok(row)
        })
    }

    /// Adds accounts at the end of the order, all or none.
    /// [`Error::Conflict`] when a name or id is taken.
    pub fn add_accounts(&self, mut rows: Vec<AccountRow>) -> Pending<()> {
        self.write(Worth::Backup, move |connection| {
            rows.iter_mut().try_for_each(|row| accounts::add(connection, row))
        })
    }

    /// Replaces an account but for provider, position, state and creation time; the credential only when its
    /// generation is newer than the stored one. `false` when the account is gone.
    pub fn update_account(&self, row: AccountRow) -> Pending<bool> {
        self.write(Worth::Backup, move |connection| accounts::update(connection, &row))
    }

    /// Removes an account, which can be restored until it is forgotten. `false` when it was gone already.
    pub fn remove_account(&self, id: &str, now_ms: i64) -> Pending<bool> {
        let id = id.to_owned();
        self.write(Worth::Backup, move |connection| removed::remove(connection, &id, now_ms))
    }

    /// Removed accounts, the last removed first.
    pub fn removed_accounts(&self) -> Pending<Vec<RemovedRow>> {
        self.readers.read(removed::all)
    }

    /// Takes a removal back; the account gets `name` and the last place. `None` when it is gone.
    pub fn restore_account(&self, id: &str, name: &str) -> Pending<Option<AccountRow>> {
        let (id, name) = (id.to_owned(), name.to_owned());
        self.write(Worth::Backup, move |connection| removed::restore(connection, &id, &name))
    }

    /// Forgets a removed account for good. `false` when it was gone already.
    pub fn forget_removed(&self, id: &str) -> Pending<bool> {
        let id = id.to_owned();
        self.write(Worth::Backup, move |connection| removed::forget(connection, &id))
    }

    /// Forgets for good what was removed before `before_ms`; how many accounts that were.
    pub fn forget_removed_before(&self, before_ms: i64) -> Pending<usize> {
        self.write(Worth::Little, move |connection| removed::forget_before(connection, before_ms))
    }

    /// Stores a credential that its vendor rotated, on disk before the answer. `false` when the account is gone or
    /// has another credential by now than the one of `generation`.
    pub fn rotate_credential(&self, id: &str, generation: i64, credential: Sealed) -> Pending<bool> {
        let id = id.to_owned();
        self.write_vital(move |connection| accounts::rotate(connection, &id, generation, &credential))
    }

    /// What a credential of an account that is not stored became since: `origin` says which one that was.
    pub fn rotation(&self, account_id: &str, origin: &str) -> Pending<Option<Sealed>> {
        let (account_id, origin) = (account_id.to_owned(), origin.to_owned());
        self.readers.read(move |connection| rotations::find(connection, &account_id, &origin))
    }

    /// Stores the rotated credential of an account that is not stored, on disk before the answer, in place of the
    /// one before. `origin` is not the credential itself, but tells it from others.
    pub fn keep_rotation(&self, account_id: &str, origin: &str, credential: Sealed) -> Pending<()> {
        let (account_id, origin) = (account_id.to_owned(), origin.to_owned());
        self.write_vital(move |connection| rotations::put(connection, &account_id, &origin, &credential))
    }

    /// Stores what the account is in. `false` when it is gone.
    pub fn set_account_state(&self, id: &str, state: StateRow) -> Pending<bool> {
        let id = id.to_owned();
        self.write(Worth::Little, move |connection| accounts::set_state(connection, &id, &state))
    }

    /// Orders the accounts; those not named follow in their old order.
    pub fn order_accounts(&self, ids: Vec<String>) -> Pending<()> {
        self.write(Worth::Backup, move |connection| accounts::order(connection, &ids))
    }

    /// All settings.
    pub fn settings(&self) -> Pending<BTreeMap<String, Value>> {
        self.readers.read(settings::all)
    }

    /// Stores settings in one transaction; `None` removes one.
    pub fn put_settings(&self, changes: Vec<(String, Option<Value>)>) -> Pending<()> {
        self.write(Worth::Backup, move |connection| settings::put(connection, &changes))
    }

    /// All local keys, oldest first.
    pub fn local_keys(&self) -> Pending<Vec<LocalKeyRow>> {
        self.readers.read(local_keys::all)
    }

    /// [`Error::Conflict`] when the id, the name or the hash is taken.
    pub fn add_local_key(&self, row: LocalKeyRow) -> Pending<()> {
        self.write(Worth::Backup, move |connection| local_keys::add(connection, &row))
    }

    /// Changes all of a key but its id and the time at which it was made. `false` when it is gone; [`Error::Conflict`]
    /// when the name or the hash is taken.
    pub fn update_local_key(&self, row: LocalKeyRow) -> Pending<bool> {
        self.write(Worth::Backup, move |connection| local_keys::update(connection, &row))
    }

    /// `false` when it was gone already.
    pub fn remove_local_key(&self, id: &str) -> Pending<bool> {
        let id = id.to_owned();
        self.write(Worth::Backup, move |connection| local_keys::remove(connection, &id))
    }

    /// What is known of the key that secrets are encrypted with.
    pub fn secret_key(&self) -> Pending<SecretKeyRow> {
        self.readers.read(secret_key::find)
    }

    /// Stores the name of the first key with its first slot. `false`, and nothing is changed, when there is a key already
    /// or something is encrypted.
    pub fn begin_secret_key(&self, kid: &str, canary: Sealed, slot: SlotRow) -> Pending<bool> {
        let kid = kid.to_owned();
        self.write(Worth::Backup, move |connection| secret_key::begin(connection, &kid, &canary, &slot))
    }

    /// Puts a slot in the place of the one of its kind. `false` when `kid` is not the key.
    pub fn put_slot(&self, kid: &str, slot: SlotRow) -> Pending<bool> {
        let kid = kid.to_owned();
        self.write(Worth::Backup, move |connection| secret_key::put(connection, &kid, &slot))
    }

    /// Removes a slot, but never the last one: `false`.
    pub fn remove_slot(&self, kind: &str) -> Pending<bool> {
        let kind = kind.to_owned();
        self.write(Worth::Backup, move |connection| secret_key::remove(connection, &kind))
    }

    /// Secrets that a version before encryption stored.
    pub fn plain_secrets(&self) -> Pending<Vec<PlainRow>> {
        self.readers.read(plain::all)
    }

    /// Puts ciphertexts in the place of secrets, in one transaction with a backup before; then removes what was left of
    /// the plain ones: from free pages, from the -wal, and the backups that hold any.
    pub fn seal(&self, sealed: Vec<(PlainRow, Sealed)>) -> Pending<()> {
        // Nobody shall hold on to an old state of the file.
        self.readers.release();
        self.tend(move |connection, backups| {
            backups.keep_before_migration(connection, 3)?;
            let transaction = connection.transaction()?;
            plain::seal(&transaction, &sealed)?;
            transaction.commit()?;
            connection.execute_batch("VACUUM; PRAGMA wal_checkpoint(TRUNCATE);")?;
            backups.wipe_plain()?;
            backups.add(connection)?;
            Ok(())
        })
    }

    /// Copies the whole file beside itself and then empties it of accounts, keys and everything encrypted; settings stay.
    /// The name of the copy.
    pub fn start_over(&self) -> Pending<PathBuf> {
        self.tend(|connection, backups| {
            let kept = backups.keep_beside(connection, "given-up")?;
            let transaction = connection.transaction()?;
            plain::empty(&transaction)?;
            secret_key::forget(&transaction)?;
            transaction.commit()?;
            Ok(kept)
        })
    }

    /// Removes the backups that hold secrets which are not encrypted; how many there were.
    pub fn wipe_plain_backups(&self) -> Pending<usize> {
        self.tend(|_, backups| backups.wipe_plain())
    }

    /// Work on the whole file and its backups, on the writer's thread, outside a transaction.
    fn tend<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut rusqlite::Connection, &Backups) -> Result<T, Error> + Send + 'static,
    ) -> Pending<T> {
        match &self.writer {
            Some(writer) => writer.tend(work),
            None => self.refused(),
        }
    }

    fn refused<T>(&self) -> Pending<T> {
        match self.condition {
            Condition::ReadOnly { found, known } => Pending::failed(Error::ReadOnly { found, known }),
            _ => Pending::failed(Error::Closed),
        }
    }

    fn write<T: Send + 'static>(
        &self,
        worth: Worth,
        work: impl FnOnce(&rusqlite::Transaction<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Pending<T> {
        match &self.writer {
            Some(writer) => writer.write(worth, work),
            None => self.refused(),
        }
    }

    fn write_vital<T: Send + 'static>(
        &self,
        work: impl Fn(&rusqlite::Transaction<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Pending<T> {
        match &self.writer {
            Some(writer) => writer.write_vital(work),
            None => self.refused(),
        }
    }

    /// Finishes what was asked and closes the file. Blocks; later calls answer [`Error::Closed`].
    pub fn close(&self) {
        // Readers first: the last connection to close is the one that may fold the -wal back into the file.
        self.readers.close();
        if let Some(writer) = &self.writer {
            writer.close();
        }
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        self.close();
    }
}

impl std::fmt::Debug for Core {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Core").field("condition", &self.condition).finish_non_exhaustive()
    }
}
