//! XChaCha20-Poly1305 and the stored form. Nonces are random: 24 bytes do not meet twice.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use llm::{Sealed, Secret};
use zeroize::Zeroizing;

use crate::Error;

/// Bytes of a key.
pub(crate) const KEY: usize = 32;
const NONCE: usize = 24;

/// A key as it is in memory; wiped when it goes.
pub(crate) type Bytes = Zeroizing<[u8; KEY]>;

pub(crate) fn random() -> Result<Bytes, Error> {
    let mut bytes = Zeroizing::new([0; KEY]);
    getrandom::fill(&mut *bytes).map_err(|_| Error::NoRandomness)?;
    Ok(bytes)
}

/// 256 random bits in hexadecimal: what nobody guesses.
///
/// # Errors
/// When the system has no randomness.
pub fn token() -> Result<Secret, Error> {
    Ok(Secret::new(hex::encode(*random()?)))
}

/// Encrypts `plain`, bound to `place`.
pub(crate) fn seal(key: &Bytes, kid: &str, place: &str, plain: &[u8]) -> Result<Sealed, Error> {
    let mut nonce = [0; NONCE];
    getrandom::fill(&mut nonce).map_err(|_| Error::NoRandomness)?;
    let payload = Payload { msg: plain, aad: place.as_bytes() };
    let ciphertext = cipher(key).encrypt(&XNonce::from(nonce), payload).map_err(|_| Error::Unreadable)?;
    let text = format!("v1|{kid}|{}|{}", BASE64.encode(nonce), BASE64.encode(ciphertext));
    Sealed::parse(&text).ok_or(Error::Unreadable)
}

pub(crate) fn open(key: &Bytes, place: &str, sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut parts = sealed.as_str().split('|').skip(2).map(|part| BASE64.decode(part));
    let (Some(Ok(nonce)), Some(Ok(ciphertext))) = (parts.next(), parts.next()) else {
        return Err(Error::Unreadable);
    };
    let nonce: [u8; NONCE] = nonce.try_into().map_err(|_| Error::Unreadable)?;
    let payload = Payload { msg: &ciphertext, aad: place.as_bytes() };
    let plain = cipher(key).decrypt(&XNonce::from(nonce), payload).map_err(|_| Error::Unreadable)?;
    Ok(Zeroizing::new(plain))
}

fn cipher(key: &Bytes) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new((&**key).into())
}
