//! The data key.

use std::fmt;

use llm::{Sealed, Secret};
use zeroize::Zeroizing;

use crate::cipher::{self, Bytes};
use crate::{Error, Place};

/// What is decrypted to see whether the key is the right one.
const CANARY: &str = "switchboard";
const CANARY_PLACE: Place<'static> = Place::new("secret_key", "1", "canary");

/// Encrypts every stored secret. Wiped from memory when it goes; cannot be printed.
#[derive(Clone)]
pub struct DataKey {
    kid: String,
    pub(crate) bytes: Bytes,
}

impl DataKey {
    /// A new one.
    ///
    /// # Errors
    /// [`Error::NoRandomness`].
    pub fn generate() -> Result<Self, Error> {
        let mut kid = [0; 8];
        getrandom::fill(&mut kid).map_err(|_| Error::NoRandomness)?;
        Ok(Self { kid: hex::encode(kid), bytes: cipher::random()? })
    }

    pub(crate) fn known(kid: &str, bytes: Bytes) -> Self {
        Self { kid: kid.to_owned(), bytes }
    }

    /// Its name, which is no secret.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// Encrypts a secret for its place.
    ///
    /// # Errors
    /// [`Error::NoRandomness`].
    pub fn seal(&self, place: Place<'_>, secret: &Secret) -> Result<Sealed, Error> {
        cipher::seal(&self.bytes, &self.kid, &place.bound(), secret.expose().as_bytes())
    }

    /// Decrypts a secret in its place.
    ///
    /// # Errors
    /// [`Error::Unreadable`].
    pub fn open(&self, place: Place<'_>, sealed: &Sealed) -> Result<Secret, Error> {
        let plain = cipher::open(&self.bytes, &place.bound(), sealed)?;
        let text = std::str::from_utf8(&plain).map_err(|_| Error::Unreadable)?;
        Ok(Secret::new(text))
    }

    pub(crate) fn canary(&self) -> Result<Sealed, Error> {
        self.seal(CANARY_PLACE, &Secret::new(CANARY))
    }

    pub(crate) fn fits(&self, canary: &Sealed) -> bool {
        self.open(CANARY_PLACE, canary).is_ok_and(|text| text.expose() == CANARY)
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DataKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

/// 32 bytes, as a file or a keychain may hold them: raw, as 64 hexadecimal digits, or as base64.
pub(crate) fn read(text: &[u8]) -> Option<Bytes> {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
    let whole = |bytes: Vec<u8>| {
        let bytes = Zeroizing::new(bytes);
        <[u8; cipher::KEY]>::try_from(bytes.as_slice()).ok().map(Zeroizing::new)
    };
    let trimmed = text.trim_ascii();
    hex::decode(trimmed)
        .ok()
        .and_then(whole)
        .or_else(|| STANDARD.decode(trimmed).ok().and_then(whole))
        .or_else(|| STANDARD_NO_PAD.decode(trimmed).ok().and_then(whole))
        .or_else(|| whole(text.to_vec()))
}
