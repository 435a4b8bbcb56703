//! What is in a file: pieces of 64 KiB, each sealed with its number and whether it is the last, so that none can be cut
//! off, left out or moved.

use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use zeroize::Zeroizing;

use super::header::derived;
use super::{FileKey, ParcelError};

const PIECE: usize = 64 * 1024;
const TAG: usize = 16;
const SALT: usize = 16;

pub(super) fn seal(
    key: &FileKey,
    salt: [u8; SALT],
    plain: &[u8],
    file: &mut Vec<u8>,
) -> Result<(), ParcelError> {
    let cipher = cipher(key, &salt)?;
    file.extend_from_slice(&salt);
    // An empty text is one empty piece.
    let last = plain.len().saturating_sub(1) / PIECE;
    for number in 0..=last {
        let piece = &plain[number * PIECE..plain.len().min((number + 1) * PIECE)];
        let sealed = cipher.encrypt(&nonce(number, number == last), piece);
        file.extend(sealed.map_err(|_| ParcelError::Damaged)?);
    }
    Ok(())
}

pub(super) fn open(key: &FileKey, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, ParcelError> {
    let (salt, sealed) = sealed.split_first_chunk::<SALT>().ok_or(ParcelError::Damaged)?;
    let cipher = cipher(key, salt)?;
    let mut plain = Zeroizing::new(Vec::with_capacity(sealed.len()));
    let last = sealed.len().saturating_sub(1) / (PIECE + TAG);
    for number in 0..=last {
        let end = sealed.len().min((number + 1) * (PIECE + TAG));
        let piece = cipher.decrypt(&nonce(number, number == last), &sealed[number * (PIECE + TAG)..end]);
        plain.extend_from_slice(&Zeroizing::new(piece.map_err(|_| ParcelError::Damaged)?));
    }
    Ok(plain)
}

fn cipher(key: &FileKey, salt: &[u8]) -> Result<ChaCha20Poly1305, ParcelError> {
    Ok(ChaCha20Poly1305::new((&*derived(key, salt, b"payload")?).into()))
}

/// Eleven bytes of number, one that says whether more follows.
fn nonce(number: usize, last: bool) -> Nonce {
    let mut nonce = [0; 12];
    nonce[3..11].copy_from_slice(&(number as u64).to_be_bytes());
    nonce[11] = u8::from(last);
    nonce.into()
}
