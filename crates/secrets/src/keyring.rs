//! The data key where everybody who stores or reads a secret finds it.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use llm::{Sealed, Secret};

use crate::{DataKey, Error, Place};

/// Holds the data key while there is one at hand. Shared; a look takes no lock.
#[derive(Debug, Default)]
pub struct Keyring {
    key: ArcSwapOption<DataKey>,
}

impl Keyring {
    /// One that is open from the start.
    #[must_use]
    pub fn with(key: DataKey) -> Self {
        let keyring = Self::default();
        keyring.put(Some(key));
        keyring
    }

    /// Hangs up the key, or takes it away.
    pub fn put(&self, key: Option<DataKey>) {
        self.key.store(key.map(Arc::new));
    }

    #[must_use]
    pub fn is_open(&self) -> bool {
        self.key.load().is_some()
    }

    /// The key itself, to wrap it for another slot.
    #[must_use]
    pub fn key(&self) -> Option<Arc<DataKey>> {
        self.key.load_full()
    }

    /// Encrypts a secret for its place.
    ///
    /// # Errors
    /// [`Error::Locked`] and [`Error::NoRandomness`].
    pub fn seal(&self, place: Place<'_>, secret: &Secret) -> Result<Sealed, Error> {
        self.key.load().as_ref().ok_or(Error::Locked)?.seal(place, secret)
    }

    /// Decrypts a secret in its place.
    ///
    /// # Errors
    /// [`Error::Locked`] and [`Error::Unreadable`].
    pub fn open(&self, place: Place<'_>, sealed: &Sealed) -> Result<Secret, Error> {
        self.key.load().as_ref().ok_or(Error::Locked)?.open(place, sealed)
    }
}
