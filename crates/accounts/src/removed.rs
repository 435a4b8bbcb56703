//! Accounts that were removed: kept for thirty days, so that a removal can be taken back.

use serde::Serialize;
use store::RemovedRow;

use crate::clock::milliseconds;
use crate::roster::Inner;
use crate::seat::seat_of;
use crate::{AccountView, Accounts, Error};

const KEPT_MS: i64 = 30 * 24 * 60 * 60 * 1000;

/// A removed account for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Removed {
    pub id: String,
    pub name: String,
    pub provider: String,
    /// Milliseconds since 1970.
    pub removed_ms: i64,
    /// When it is forgotten for good.
    pub forgotten_ms: i64,
}

impl Accounts {
    /// Accounts that can be restored, the last removed first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn removed(&self) -> Result<Vec<Removed>, Error> {
        let now_ms = milliseconds(self.inner.clock.now());
        let rows = self.inner.core.removed_accounts().await?;
        let kept = rows.into_iter().filter(|row| now_ms - row.removed_ms < KEPT_MS);
        Ok(kept.map(Removed::from).collect())
    }

    /// Takes a removal back. The account comes last, and under another name when its own is taken by now.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it was not removed or is forgotten.
    pub async fn restore(&self, id: &str) -> Result<AccountView, Error> {
        let wanted = id.to_owned();
        self.to_the_end(|inner| async move { inner.restore(&wanted).await }).await?;
        self.get(id).ok_or(Error::NotFound)
    }

    /// Forgets a removed account for good, its credential with it.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it is gone already.
    pub async fn forget(&self, id: &str) -> Result<(), Error> {
        if self.inner.core.forget_removed(id).await? { Ok(()) } else { Err(Error::NotFound) }
    }

    /// Forgets for good what was removed thirty days ago.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn forget_old(&self) -> Result<(), Error> {
        let before = milliseconds(self.inner.clock.now()).saturating_sub(KEPT_MS).saturating_add(1);
        self.inner.core.forget_removed_before(before).await?;
        Ok(())
    }
}

impl Inner {
    async fn restore(&self, id: &str) -> Result<(), Error> {
        let _edit = self.edit.lock().await;
        let rows = self.core.removed_accounts().await?;
        let now_ms = milliseconds(self.clock.now());
        let kept = |row: &RemovedRow| row.account.id == id && now_ms - row.removed_ms < KEPT_MS;
        let row = rows.into_iter().find(kept).ok_or(Error::NotFound)?.account;
        self.registry.get(&row.provider).ok_or_else(|| Error::UnknownProvider(row.provider.clone()))?;
        let mut name = row.name.clone();
        let mut number = 2;
        while self.check_free(&name, None).is_err() {
            name = format!("{} ({number})", row.name);
            number += 1;
        }
        let row = self.core.restore_account(id, &name).await?.ok_or(Error::NotFound)?;
        let seat =
            seat_of(row, &self.registry, &*self.clock, &self.keyring).map_err(Error::UnknownProvider)?;
        self.publish(|board| board.with(seat.clone()));
        Ok(())
    }
}

impl From<RemovedRow> for Removed {
    fn from(row: RemovedRow) -> Self {
        Self {
            id: row.account.id,
            name: row.account.name,
            provider: row.account.provider,
            removed_ms: row.removed_ms,
            forgotten_ms: row.removed_ms.saturating_add(KEPT_MS),
        }
    }
}
