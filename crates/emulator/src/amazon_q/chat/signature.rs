//! Signatures of thoughts: they hold for one text of one model, so that a replay can be judged without memory.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};

use crate::dice::Dice;

pub(crate) fn of(model: &str, text: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(model);
    hash.update([0]);
    hash.update(text);
    BASE64_STANDARD.encode(hash.finalize())
}

/// A thought that only its model can read.
pub(crate) fn opaque(model: &str, dice: &mut Dice) -> String {
    BASE64_STANDARD.encode(format!("{model} thought {}", dice.word("", 24)))
}
