//! A text for another machine, encrypted with a passphrase: a file of the age format (C2SP `age`, version 1, one scrypt
//! recipient, armored), which other tools open too. The crate of that name brings eighty others for what is not used
//! here; the format itself is a few lines over primitives that are here anyway.

mod armor;
mod header;
mod payload;

use llm::Secret;
use zeroize::Zeroizing;

use self::header::Header;
use crate::SHORTEST_PASSPHRASE;

/// Scrypt with 128 MiB, most of a second: what OWASP asks for.
const WORK: u8 = 17;
/// A file that asks for more than this, a gibibyte, is not opened.
const MOST_WORK: u8 = 20;

/// The key of one file.
type FileKey = Zeroizing<[u8; 16]>;

/// Why a text cannot be wrapped or unwrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParcelError {
    #[error("the passphrase must have at least {SHORTEST_PASSPHRASE} characters")]
    TooShort,
    #[error("this is not the passphrase of the file")]
    WrongPassphrase,
    #[error("the file is damaged, or was not encrypted with a passphrase")]
    Damaged,
    #[error("the system has no randomness")]
    NoRandomness,
}

/// Whether a text is wrapped.
#[must_use]
pub fn is_parcel(text: &str) -> bool {
    text.trim_start().starts_with(armor::BEGIN)
}

/// Encrypts a text. Takes most of a second and 128 MiB.
///
/// # Errors
/// [`ParcelError::TooShort`] and [`ParcelError::NoRandomness`].
pub fn wrap(text: &Secret, passphrase: &Secret) -> Result<String, ParcelError> {
    if passphrase.expose().chars().count() < SHORTEST_PASSPHRASE {
        return Err(ParcelError::TooShort);
    }
    let key: FileKey = Zeroizing::new(random()?);
    let header = Header::new(&key, passphrase, random()?, WORK)?;
    let mut file = header.written(&key)?;
    payload::seal(&key, random()?, text.expose().as_bytes(), &mut file)?;
    Ok(armor::put_on(&file))
}

/// Decrypts a text. Takes as long as whoever wrapped it wanted.
///
/// # Errors
/// [`ParcelError::WrongPassphrase`] and [`ParcelError::Damaged`].
pub fn unwrap(wrapped: &str, passphrase: &Secret) -> Result<Secret, ParcelError> {
    let file = armor::take_off(wrapped)?;
    let (header, sealed) = Header::read(&file)?;
    let key = header.open(passphrase)?;
    let text = payload::open(&key, sealed)?;
    std::str::from_utf8(&text).map(Secret::new).map_err(|_| ParcelError::Damaged)
}

fn random<const N: usize>() -> Result<[u8; N], ParcelError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| ParcelError::NoRandomness)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
