//! A word that nobody else writes, in the place of a secret.

use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};

use anyhow::Result;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// Letters and digits alone, so that JSON and percent escapes leave it as it is.
pub(crate) struct Canary {
    /// What it stands for.
    pub(crate) what: &'static str,
    pub(crate) word: String,
    /// As it is, in hex, and in base64 at each of the three places it may have in a group.
    forms: Vec<Vec<u8>>,
}

impl Canary {
    pub(crate) fn new(what: &'static str) -> Self {
        let random = || RandomState::new().hash_one(what);
        let word = format!("canary{:016x}{:016x}", random(), random());
        let bytes = word.as_bytes();
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut forms = vec![bytes.to_vec(), hex.to_uppercase().into_bytes(), hex.into_bytes()];
        for before in 0..3 {
            let shifted = [&vec![0; before], bytes].concat();
            // The characters at both ends also carry bits of the neighbours.
            let inner = (before * 8).div_ceil(6)..shifted.len() * 8 / 6;
            for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
                forms.push(engine.encode(&shifted).as_bytes()[inner.clone()].to_vec());
            }
        }
        Self { what, word, forms }
    }

    fn is_in(&self, bytes: &[u8]) -> bool {
        self.forms.iter().any(|form| contains(bytes, form))
    }
}

/// As fast as the debug build needs it: most places fail at their first byte.
fn contains(bytes: &[u8], form: &[u8]) -> bool {
    let Some((&first, rest)) = form.split_first() else { return false };
    let mut at = 0;
    while let Some(found) = bytes[at..].iter().position(|&byte| byte == first) {
        at += found + 1;
        if bytes[at..].starts_with(rest) {
            return true;
        }
    }
    false
}

/// Which of `canaries` are in `bytes`.
pub(crate) fn found(canaries: &[Canary], bytes: &[u8]) -> Vec<&'static str> {
    canaries.iter().filter(|canary| canary.is_in(bytes)).map(|canary| canary.what).collect()
}

/// All files below `folder`, but for the room that is kept on the disk: noise, and much of it.
pub(crate) fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder)?.flatten() {
        if entry.path().is_dir() {
            all.extend(files(&entry.path())?);
        } else if entry.file_name() != "ballast" {
            all.push(entry.path());
        }
    }
    Ok(all)
}
