//! Signatures of thoughts: they hold for one text of one model, and a replay is judged without memory.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};

use crate::dice::Dice;

/// What a signature of ours begins with, so that another's can be told from a damaged one.
const MARK: &[u8] = b"emulated";
/// What follows the model's id in an opaque thought of ours.
const THOUGHT: &str = " thought ";

pub(crate) fn of(model: &str, text: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(model);
    hash.update([0]);
    hash.update(text);
    BASE64_STANDARD.encode([MARK, &hash.finalize()].concat())
}

/// Whether a signature may come back with that text. Those of others are believed, unless `own` ones alone are.
pub(crate) fn holds(given: &str, model: &str, text: &str, own: bool) -> bool {
    match BASE64_STANDARD.decode(given) {
        Ok(bytes) if bytes.starts_with(MARK) || own => given == of(model, text),
        Ok(bytes) => !bytes.is_empty(),
        Err(_) => false,
    }
}

/// A thought that only its model can read.
pub(crate) fn opaque(model: &str, dice: &mut Dice) -> String {
    BASE64_STANDARD.encode(format!("{model}{THOUGHT}{}", dice.word("", 24)))
}

/// Whether an opaque thought may come back to that model: `None` when it is not even base64. Those of others are
/// believed, unless `own` ones alone are.
pub(crate) fn opaque_holds(given: &str, model: &str, own: bool) -> Option<bool> {
    let bytes = BASE64_STANDARD.decode(given).ok().filter(|bytes| !bytes.is_empty())?;
    let text = String::from_utf8_lossy(&bytes);
    Some(text.split_once(THOUGHT).map_or(!own, |(maker, _)| maker == model))
}
