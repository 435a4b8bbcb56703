//! Where the key is kept: moving it, and the recovery key.

use std::path::PathBuf;
use std::sync::Arc;

use llm::Secret;
use secrets::{DataKey, SHORTEST_PASSPHRASE, Slot, SlotKind, Trouble, Wish};

use super::{Door, Safe, row};
use crate::Gateway;

/// Why the key was not moved. All is as before.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    #[error("stored secrets are locked")]
    Locked,
    /// There is nothing to give up.
    #[error("stored secrets are open")]
    Open,
    #[error("the passphrase must have at least {SHORTEST_PASSPHRASE} characters")]
    TooShort,
    /// The new place does not keep it.
    #[error("{slot}: {trouble}", slot = .0.name(), trouble = .1)]
    Slot(SlotKind, Trouble),
    #[error("the key of stored secrets was replaced meanwhile")]
    OtherKey,
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Gateway {
    /// Keeps the key in another place, and nowhere else but with the recovery key. The new place is made and looked at
    /// before the old ones go. A keychain may take its time.
    ///
    /// # Errors
    /// See [`Refused`].
    pub async fn protect_safe(&self, wish: Wish) -> Result<SlotKind, Refused> {
        let safe = &self.safe;
        let _busy = safe.busy.lock().await;
        let key = self.key()?;
        if let Wish::Passphrase(passphrase) = &wish
            && passphrase.expose().chars().count() < SHORTEST_PASSPHRASE
        {
            return Err(Refused::TooShort);
        }
        let kind = match &wish {
            Wish::Keychain => SlotKind::Keychain,
            Wish::MasterKeyFile => SlotKind::MasterKeyFile,
            Wish::Passphrase(_) => SlotKind::Passphrase,
            Wish::KeyFile => SlotKind::KeyFile,
        };
        let (tools, made_of) = (safe.tools.clone(), Arc::clone(&key));
        let made = tokio::task::spawn_blocking(move || tools.make(&made_of, &wish)).await;
        let slot =
            made.unwrap_or(Err(Trouble::Unavailable)).map_err(|trouble| Refused::Slot(kind, trouble))?;
        if !safe.core.put_slot(key.kid(), row(slot, self.now_ms())).await? {
            return Err(Refused::OtherKey);
        }
        for other in
            SlotKind::ALL.into_iter().filter(|other| *other != kind && *other != SlotKind::RecoveryKey)
        {
            if safe.core.remove_slot(other.name()).await? {
                // What is left behind opens nothing any more.
                if let Err(trouble) = safe.tools.discard(other, key.kid()) {
                    tracing::warn!(
                        slot = other.name(),
                        trouble = trouble.name(),
                        "an old key is left behind"
                    );
                }
            }
        }
        tracing::info!(slot = kind.name(), "the key of stored secrets was moved");
        safe.set(Door::Open { by: kind });
        self.office.changed();
        Ok(kind)
    }

    /// A new recovery key, in the place of the one before. It is told here and kept nowhere.
    ///
    /// # Errors
    /// See [`Refused`].
    pub async fn new_recovery_key(&self) -> Result<Secret, Refused> {
        let safe = &self.safe;
        let _busy = safe.busy.lock().await;
        let key = self.key()?;
        let (slot, text) = Slot::of_recovery_key(&key)
            .map_err(|_| Refused::Slot(SlotKind::RecoveryKey, Trouble::Unavailable))?;
        if !safe.core.put_slot(key.kid(), row(slot, self.now_ms())).await? {
            return Err(Refused::OtherKey);
        }
        self.office.changed();
        Ok(text)
    }

    /// Takes the recovery key back. `false` when there is none, or nothing else that opens.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn forget_recovery_key(&self) -> Result<bool, Refused> {
        let _busy = self.safe.busy.lock().await;
        let removed = self.safe.core.remove_slot(SlotKind::RecoveryKey.name()).await?;
        self.office.changed();
        Ok(removed)
    }

    /// Begins anew when nothing opens any more: accounts, keys and what was encrypted go into a file beside the data, whose
    /// name is answered; settings stay.
    ///
    /// # Errors
    /// See [`Refused`].
    pub async fn start_over(&self) -> Result<PathBuf, Refused> {
        let kept = {
            let _busy = self.safe.busy.lock().await;
            if !matches!(self.safe.door(), Door::Locked { .. }) {
                return Err(Refused::Open);
            }
            self.safe.core.start_over().await?
        };
        tracing::warn!(kept = %kept.display(), "the person began anew; what was locked is kept");
        self.open_safe().await;
        Ok(kept)
    }

    fn key(&self) -> Result<Arc<DataKey>, Refused> {
        self.safe.keyring.key().filter(|_| self.safe.is_open()).ok_or(Refused::Locked)
    }
}

impl Safe {
    /// What keeps the key, in the order in which it is tried, and since when.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn slots(&self) -> Result<Vec<(SlotKind, i64)>, store::Error> {
        if matches!(self.door(), Door::Newer { .. }) {
            return Ok(Vec::new());
        }
        let rows = self.core.secret_key().await?.slots;
        let mut slots: Vec<_> =
            rows.into_iter().filter_map(|row| Some((SlotKind::named(&row.kind)?, row.created_ms))).collect();
        slots.sort();
        Ok(slots)
    }

    /// The file or folder that a slot's key is in.
    #[must_use]
    pub fn path_of(&self, slot: SlotKind) -> Option<String> {
        let path = match slot {
            SlotKind::KeyFile => Some(self.tools.key_folder.as_path()),
            SlotKind::MasterKeyFile => self.tools.master_key_file.as_deref(),
            _ => None,
        };
        path.map(|path| path.display().to_string())
    }

    /// Where this start could keep the key.
    #[must_use]
    pub fn choices(&self) -> Vec<SlotKind> {
        let mut choices = vec![SlotKind::Passphrase, SlotKind::KeyFile];
        if self.tools.master_key_file.is_some() {
            choices.insert(0, SlotKind::MasterKeyFile);
        }
        if self.tools.keychain.is_some() {
            choices.insert(0, SlotKind::Keychain);
        }
        choices
    }
}
