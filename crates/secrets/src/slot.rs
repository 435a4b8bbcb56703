//! Slots: the data key, wrapped with another key.

use llm::{Sealed, Secret};
use zeroize::Zeroizing;

use crate::cipher::{self, Bytes};
use crate::{DataKey, Error, Place, Trouble, passphrase, recovery};

/// Where the key of a slot is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub enum SlotKind {
    /// The system's keychain: one item for all secrets.
    Keychain,
    /// A file that `SWITCHBOARD_MASTER_KEY_FILE` names.
    MasterKeyFile,
    /// The person knows it.
    Passphrase,
    /// A file of ours in the configuration folder. Whoever may read both folders reads the secrets.
    KeyFile,
    /// The person wrote it down.
    RecoveryKey,
}

impl SlotKind {
    /// All, in the order in which they are tried.
    pub const ALL: [Self; 5] =
        [Self::Keychain, Self::MasterKeyFile, Self::Passphrase, Self::KeyFile, Self::RecoveryKey];

    /// The stable name in `core.db` and for programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Keychain => "keychain",
            Self::MasterKeyFile => "master_key_file",
            Self::Passphrase => "passphrase",
            Self::KeyFile => "key_file",
            Self::RecoveryKey => "recovery_key",
        }
    }

    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Opens only with what the person enters.
    #[must_use]
    pub const fn asks_person(self) -> bool {
        matches!(self, Self::Passphrase | Self::RecoveryKey)
    }
}

/// A wrapped data key as it is stored; there is at most one of a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    pub kind: SlotKind,
    pub wrapped: Sealed,
    /// What it takes to make the slot's key of what the person enters: JSON, empty for other kinds.
    pub parameters: String,
}

/// A slot that the person wants, with what only they can give.
#[derive(Clone, Debug)]
pub enum Wish {
    Keychain,
    MasterKeyFile,
    Passphrase(Secret),
    KeyFile,
}

impl Slot {
    pub(crate) fn wrap(kind: SlotKind, key: &DataKey, own: &Bytes) -> Result<Self, Error> {
        let place = Place::new("secret_slots", kind.name(), "wrapped").bound();
        let wrapped = cipher::seal(own, key.kid(), &place, &*key.bytes)?;
        Ok(Self { kind, wrapped, parameters: String::new() })
    }

    /// The data key within, when `own` is this slot's key.
    pub(crate) fn unwrap(&self, own: &Bytes) -> Result<DataKey, Trouble> {
        let place = Place::new("secret_slots", self.kind.name(), "wrapped").bound();
        let plain = cipher::open(own, &place, &self.wrapped).map_err(|_| Trouble::WrongKey)?;
        let bytes = <[u8; cipher::KEY]>::try_from(plain.as_slice()).map_err(|_| Trouble::Malformed)?;
        Ok(DataKey::known(self.wrapped.kid(), Zeroizing::new(bytes)))
    }

    /// A slot that `passphrase` opens. Takes a moment and 64 MiB, on purpose.
    ///
    /// # Errors
    /// [`Error::NoRandomness`].
    pub fn of_passphrase(key: &DataKey, passphrase: &Secret) -> Result<Self, Error> {
        let (parameters, own) = passphrase::stretch_anew(passphrase)?;
        Ok(Self { parameters, ..Self::wrap(SlotKind::Passphrase, key, &own)? })
    }

    /// A slot for a new recovery key, which is answered beside it and kept nowhere.
    ///
    /// # Errors
    /// [`Error::NoRandomness`].
    pub fn of_recovery_key(key: &DataKey) -> Result<(Self, Secret), Error> {
        let text = recovery::generate()?;
        let own = recovery::read(&text).ok_or(Error::NoRandomness)?;
        Ok((Self::wrap(SlotKind::RecoveryKey, key, &own)?, text))
    }

    /// The data key, with what the person entered. Takes a moment for a passphrase.
    ///
    /// # Errors
    /// [`Trouble::WrongKey`] when it is not what opens this slot.
    pub fn open_with(&self, entered: &Secret) -> Result<DataKey, Trouble> {
        let own = match self.kind {
            SlotKind::Passphrase => passphrase::stretch(entered, &self.parameters)?,
            SlotKind::RecoveryKey => recovery::read(entered).ok_or(Trouble::WrongKey)?,
            _ => return Err(Trouble::NotUsed),
        };
        self.unwrap(&own)
    }
}
