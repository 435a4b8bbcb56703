//! The first lines of a file: its key, wrapped with the passphrase, and a proof that nobody changed them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use llm::Secret;
use sha2_next::Sha256;
use zeroize::Zeroizing;

use super::{FileKey, MOST_WORK, ParcelError};

const VERSION: &str = "age-encryption.org/v1";
const LABEL: &[u8] = b"age-encryption.org/v1/scrypt";
/// The file key with its tag.
const WRAPPED: usize = 32;

pub(super) struct Header {
    salt: [u8; 16],
    /// Two to this power rounds.
    work: u8,
    wrapped: [u8; WRAPPED],
    /// As it was read; empty in one that is made.
    mac: Vec<u8>,
}

impl Header {
    pub(super) fn new(
        key: &FileKey,
        passphrase: &Secret,
        salt: [u8; 16],
        work: u8,
    ) -> Result<Self, ParcelError> {
        let cipher = cipher(passphrase, &salt, work)?;
        let wrapped = cipher.encrypt(&Nonce::default(), key.as_slice()).map_err(|_| ParcelError::Damaged)?;
        let wrapped = wrapped.try_into().map_err(|_| ParcelError::Damaged)?;
        Ok(Self { salt, work, wrapped, mac: Vec::new() })
    }

    /// The lines of a new file.
    pub(super) fn written(&self, key: &FileKey) -> Result<Vec<u8>, ParcelError> {
        let mac = BASE64.encode(self.prover(key)?.finalize().into_bytes());
        Ok(format!("{} {mac}\n", self.proven()).into_bytes())
    }

    /// Reads the lines; what follows them comes back too.
    pub(super) fn read(file: &[u8]) -> Result<(Self, &[u8]), ParcelError> {
        let mut lines = file.splitn(5, |byte| *byte == b'\n').map(std::str::from_utf8);
        let mut line = || lines.next().and_then(Result::ok).ok_or(ParcelError::Damaged);
        let (version, stanza, body, proof) = (line()?, line()?, line()?, line()?);
        let length = version.len() + stanza.len() + body.len() + proof.len() + 4;
        let words: Vec<&str> = stanza.split(' ').collect();
        let (["->", "scrypt", salt, work], true) = (words.as_slice(), version == VERSION) else {
            return Err(ParcelError::Damaged);
        };
        let bytes = |text: &str| BASE64.decode(text).map_err(|_| ParcelError::Damaged);
        let header = Self {
            salt: bytes(salt)?.try_into().map_err(|_| ParcelError::Damaged)?,
            work: work.parse().map_err(|_| ParcelError::Damaged)?,
            wrapped: bytes(body)?.try_into().map_err(|_| ParcelError::Damaged)?,
            mac: bytes(proof.strip_prefix("--- ").ok_or(ParcelError::Damaged)?)?,
        };
        Ok((header, file.get(length..).ok_or(ParcelError::Damaged)?))
    }

    /// The key of the file.
    pub(super) fn open(&self, passphrase: &Secret) -> Result<FileKey, ParcelError> {
        if !(1..=MOST_WORK).contains(&self.work) {
            return Err(ParcelError::Damaged);
        }
        let cipher = cipher(passphrase, &self.salt, self.work)?;
        let key = cipher.decrypt(&Nonce::default(), self.wrapped.as_slice());
        let key = Zeroizing::new(key.map_err(|_| ParcelError::WrongPassphrase)?);
        let key: FileKey = Zeroizing::new(key.as_slice().try_into().map_err(|_| ParcelError::Damaged)?);
        self.prover(&key)?.verify_slice(&self.mac).map_err(|_| ParcelError::Damaged)?;
        Ok(key)
    }

    /// Everything that the proof covers.
    fn proven(&self) -> String {
        let (salt, body) = (BASE64.encode(self.salt), BASE64.encode(self.wrapped));
        format!("{VERSION}\n-> scrypt {salt} {}\n{body}\n---", self.work)
    }

    fn prover(&self, key: &FileKey) -> Result<Hmac<Sha256>, ParcelError> {
        let secret = derived(key, &[], b"header")?;
        let mut prover = Hmac::<Sha256>::new_from_slice(&*secret).map_err(|_| ParcelError::Damaged)?;
        prover.update(self.proven().as_bytes());
        Ok(prover)
    }
}

/// A key for one purpose.
pub(super) fn derived(
    key: &FileKey,
    salt: &[u8],
    purpose: &[u8],
) -> Result<Zeroizing<[u8; 32]>, ParcelError> {
    let mut derived = Zeroizing::new([0; 32]);
    let expand = Hkdf::<Sha256>::new(Some(salt), key.as_slice());
    expand.expand(purpose, &mut *derived).map_err(|_| ParcelError::Damaged)?;
    Ok(derived)
}

fn cipher(passphrase: &Secret, salt: &[u8; 16], work: u8) -> Result<ChaCha20Poly1305, ParcelError> {
    let params = scrypt::Params::new(work, 8, 1).map_err(|_| ParcelError::Damaged)?;
    let salt = [LABEL, salt].concat();
    let mut key = Zeroizing::new([0; 32]);
    scrypt::scrypt(passphrase.expose().as_bytes(), &salt, &params, &mut *key)
        .map_err(|_| ParcelError::Damaged)?;
    Ok(ChaCha20Poly1305::new((&*key).into()))
}
