//! `core.db`: what must never be lost.

mod accounts;
mod local_keys;
mod settings;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use llm::Secret;
use serde_json::Value;

pub use accounts::{AccountRow, StateRow};
pub use local_keys::LocalKeyRow;

use crate::{Error, Pending};

/// How the file was found at start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// There was none; it was made.
    Fresh,
    Good,
    /// It was damaged: `backup` took its place, the damaged file is kept at `aside`. `backup` is `None` when there
    /// was no good one and the file started empty.
    Restored { aside: PathBuf, backup: Option<PathBuf> },
    /// A newer version wrote it: reads work, writes answer [`Error::ReadOnly`].
    ReadOnly { found: i64, known: i64 },
}

/// Accounts, settings and local keys.
#[derive(Debug)]
pub struct Core {}

impl Core {
    /// Opens or makes `core.db` in `folder`, which is made with mode 0700 when missing.
    ///
    /// # Errors
    /// When the folder or the file cannot be used at all; damage alone is not an error, see [`Condition`].
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let _ = folder;
        Ok(Self {})
    }

    #[must_use]
    pub fn condition(&self) -> &Condition {
        &Condition::Fresh
    }

    /// All accounts by position.
    pub fn accounts(&self) -> Pending<Vec<AccountRow>> {
        Pending::failed(Error::Closed)
    }

    /// Adds an account at the end of the order; `position` of `row` is ignored.
    /// [`Error::Conflict`] when the name or id is taken.
    pub fn add_account(&self, row: AccountRow) -> Pending<AccountRow> {
        drop(row);
        Pending::failed(Error::Closed)
    }

    /// Replaces an account but for position, state and creation time. `false` when it is gone.
    pub fn update_account(&self, row: AccountRow) -> Pending<bool> {
        drop(row);
        Pending::failed(Error::Closed)
    }

    /// `false` when it was gone already.
    pub fn remove_account(&self, id: &str) -> Pending<bool> {
        let _ = id;
        Pending::failed(Error::Closed)
    }

    /// Stores a credential that its vendor rotated, on disk before the answer. `false` when the account is gone or
    /// has another credential by now than the one of `generation`.
    pub fn rotate_credential(&self, id: &str, generation: i64, credential: Secret) -> Pending<bool> {
        let _ = (id, generation, credential);
        Pending::failed(Error::Closed)
    }

    /// Stores what the account is in.
    pub fn set_account_state(&self, id: &str, state: StateRow) -> Pending<bool> {
        let _ = (id, state);
        Pending::failed(Error::Closed)
    }

    /// Orders the accounts; those not named follow in their old order.
    pub fn order_accounts(&self, ids: Vec<String>) -> Pending<()> {
        drop(ids);
        Pending::failed(Error::Closed)
    }

    /// All settings.
    pub fn settings(&self) -> Pending<BTreeMap<String, Value>> {
        Pending::failed(Error::Closed)
    }

    /// Stores settings in one transaction; `None` removes one.
    pub fn put_settings(&self, changes: Vec<(String, Option<Value>)>) -> Pending<()> {
        drop(changes);
        Pending::failed(Error::Closed)
    }

    /// All local keys, oldest first.
    pub fn local_keys(&self) -> Pending<Vec<LocalKeyRow>> {
        Pending::failed(Error::Closed)
    }

    /// [`Error::Conflict`] when the id or the hash is taken.
    pub fn add_local_key(&self, row: LocalKeyRow) -> Pending<()> {
        drop(row);
        Pending::failed(Error::Closed)
    }

    /// `false` when it was gone already.
    pub fn remove_local_key(&self, id: &str) -> Pending<bool> {
        let _ = id;
        Pending::failed(Error::Closed)
    }

    /// Finishes what was asked and closes the file. Blocks; later calls answer [`Error::Closed`].
    pub fn close(&self) {}
}
