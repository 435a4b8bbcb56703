//! What this start may use to reach the keys of slots.

use std::path::PathBuf;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::cipher::{self, Bytes};
use crate::{DataKey, Keychain, Slot, SlotKind, Trouble, Wish, key, key_file};

/// The places outside `core.db`. Calls block.
#[derive(Clone, Debug)]
pub struct Tools {
    /// `None`: this start does without a keychain.
    pub keychain: Option<Arc<dyn Keychain>>,
    /// What `SWITCHBOARD_MASTER_KEY_FILE` names.
    pub master_key_file: Option<PathBuf>,
    /// For key files of ours; not within the data folder, whose copies shall not carry their own key.
    pub key_folder: PathBuf,
}

impl Tools {
    /// The key of a slot that needs nobody.
    pub(crate) fn own_key(&self, kind: SlotKind, kid: &str) -> Result<Bytes, Trouble> {
        match kind {
            SlotKind::Keychain => {
                let held = self.keychain.as_ref().ok_or(Trouble::NotUsed)?.read(kid)?;
                key::read(&held).ok_or(Trouble::Malformed)
            }
            SlotKind::MasterKeyFile => {
                key_file::read(self.master_key_file.as_deref().ok_or(Trouble::NotUsed)?)
            }
            SlotKind::KeyFile => key_file::read(&key_file::path(&self.key_folder, kid)),
            SlotKind::Passphrase | SlotKind::RecoveryKey => Err(Trouble::AsksPerson),
        }
    }

    /// Makes a slot for `key` and looks whether it opens before anybody relies on it.
    ///
    /// # Errors
    /// Why there is no such slot; then nothing relies on what may have been left.
    pub fn make(&self, key: &DataKey, wish: &Wish) -> Result<Slot, Trouble> {
        let kid = key.kid();
        let kind = match wish {
            Wish::Keychain => SlotKind::Keychain,
            Wish::MasterKeyFile => SlotKind::MasterKeyFile,
            Wish::KeyFile => SlotKind::KeyFile,
            Wish::Passphrase(passphrase) => {
                let slot = Slot::of_passphrase(key, passphrase).map_err(|_| Trouble::Unavailable)?;
                slot.open_with(passphrase)?;
                return Ok(slot);
            }
        };
        let own = match kind {
            SlotKind::MasterKeyFile => self.own_key(kind, kid)?,
            _ => cipher::random().map_err(|_| Trouble::Unavailable)?,
        };
        if kind == SlotKind::Keychain {
            let text = Zeroizing::new(hex::encode(*own));
            self.keychain.as_ref().ok_or(Trouble::NotUsed)?.write(kid, text.as_bytes())?;
        }
        if kind == SlotKind::KeyFile {
            let file = key_file::path(&self.key_folder, kid);
            if file.exists() {
                // Left by a change that broke off, or by a copy of the data: it may open something yet.
                let own = key_file::read(&file)?;
                return Slot::wrap(kind, key, &own).map_err(|_| Trouble::Unavailable);
            }
            key_file::write(&file, &own)?;
        }
        let slot = Slot::wrap(kind, key, &own).map_err(|_| Trouble::Unavailable)?;
        slot.unwrap(&self.own_key(kind, kid)?)?;
        Ok(slot)
    }

    /// Removes what of a slot is outside `core.db`, when that is ours alone: the key file. An item of the keychain is
    /// left: it opens nothing any more but a backup that was made before.
    ///
    /// # Errors
    /// When the file cannot be removed.
    pub fn discard(&self, kind: SlotKind, kid: &str) -> Result<(), Trouble> {
        if kind == SlotKind::KeyFile {
            key_file::remove(&key_file::path(&self.key_folder, kid))?;
        }
        Ok(())
    }
}
