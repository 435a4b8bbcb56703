//! A recovery key: 160 random bits that a person can write down and type again.

use llm::Secret;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::Error;
use crate::cipher::Bytes;

/// Crockford's: no I, L, O, U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const BYTES: usize = 20;
/// Characters between two dashes.
const GROUP: usize = 4;

/// Eight groups of four characters.
pub(crate) fn generate() -> Result<Secret, Error> {
    let mut bytes = Zeroizing::new([0; BYTES]);
    getrandom::fill(&mut *bytes).map_err(|_| Error::NoRandomness)?;
    let mut text = String::new();
    for (at, digit) in digits(&bytes).enumerate() {
        if at > 0 && at % GROUP == 0 {
            text.push('-');
        }
        text.push(char::from(ALPHABET[usize::from(digit)]));
    }
    Ok(Secret::new(text))
}

/// The bytes five bits at a time.
fn digits(bytes: &[u8; BYTES]) -> impl Iterator<Item = u8> {
    (0..BYTES * 8 / 5).map(|at| {
        (0..5).fold(0, |digit, bit| {
            let place = at * 5 + bit;
            (digit << 1) | ((bytes[place / 8] >> (7 - place % 8)) & 1)
        })
    })
}

/// The key of what was typed: small letters, blanks and the usual mix-ups do not matter. `None` when it is not one.
pub(crate) fn read(text: &Secret) -> Option<Bytes> {
    let mut bytes = Zeroizing::new([0_u8; BYTES]);
    let mut at = 0;
    for typed in text.expose().chars().filter(|typed| !typed.is_whitespace() && *typed != '-') {
        let typed = match typed.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        };
        let digit = ALPHABET.iter().position(|known| char::from(*known) == typed)?;
        for bit in (0..5).rev() {
            let byte = bytes.get_mut(at / 8)?;
            *byte |= u8::from(digit >> bit & 1 == 1) << (7 - at % 8);
            at += 1;
        }
    }
    if at != BYTES * 8 {
        return None;
    }
    // With 160 random bits there is nothing to stretch.
    let mut hash = Sha256::new_with_prefix(b"switchboard recovery key v1");
    hash.update(*bytes);
    Some(Zeroizing::new(hash.finalize().into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_down_is_understood() {
        let text = generate().unwrap();
        assert_eq!(text.expose().len(), 39, "eight groups of four");
        let key = read(&text).unwrap();
        let sloppy = text.expose().to_lowercase().replace('-', " ").replace('0', "o").replace('1', "l");
        assert_eq!(read(&Secret::new(sloppy)).unwrap(), key);
        let other = text.expose().replacen(|c: char| c.is_ascii_alphanumeric() && c != 'Z', "Z", 1);
        assert_ne!(read(&Secret::new(other)).unwrap(), key);
        for wrong in ["", "ABCD", &text.expose()[1..], &format!("{}A", text.expose()), "%%%%-%%%%"] {
            assert!(read(&Secret::new(wrong)).is_none(), "{wrong}");
        }
    }

    #[test]
    fn every_bit_counts() {
        let mut bytes = [0; BYTES];
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::try_from(at * 13 + 7).unwrap();
        }
        let text: String = digits(&bytes).map(|digit| char::from(ALPHABET[usize::from(digit)])).collect();
        let mut hash = Sha256::new_with_prefix(b"switchboard recovery key v1");
        hash.update(bytes);
        let expected: [u8; 32] = hash.finalize().into();
        assert_eq!(*read(&Secret::new(text)).unwrap(), expected);
    }
}
