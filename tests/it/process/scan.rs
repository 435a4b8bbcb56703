//! Looks for a secret in bytes, whatever it was wrapped in on its way there.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// A word that nobody else writes. Letters and digits alone, so that JSON and percent escapes leave it as it is;
/// what is put around it may be as nasty as it likes.
pub(super) struct Canary {
    /// What it stands for.
    pub(super) what: &'static str,
    pub(super) word: String,
}

impl Canary {
    pub(super) fn new(what: &'static str) -> Self {
        let mut random = [0; 12];
        getrandom::fill(&mut random).expect("randomness");
        Self { what, word: format!("canary{}", hex::encode(random)) }
    }

    /// The word as it is, in hex, and in base64 at each of the three places it may have in a group.
    fn forms(&self) -> Vec<Vec<u8>> {
        let word = self.word.as_bytes();
        let mut forms =
            vec![word.to_vec(), hex::encode(word).into_bytes(), hex::encode_upper(word).into_bytes()];
        for before in 0..3 {
            let shifted = [&vec![0; before], word].concat();
            // The characters at both ends also carry bits of the neighbours.
            let first = (before * 8).div_ceil(6);
            let last = shifted.len() * 8 / 6;
            for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
                forms.push(engine.encode(&shifted).as_bytes()[first..last].to_vec());
            }
        }
        forms
    }

    /// The form in which the word is in `bytes`.
    pub(super) fn find(&self, bytes: &[u8]) -> Option<String> {
        let found = self.forms().into_iter().find(|form| bytes.windows(form.len()).any(|part| part == form));
        found.map(|form| String::from_utf8_lossy(&form).into_owned())
    }
}

/// All files and folders below `folder`, itself included, but for the room that is kept on the disk: noise, and much of it.
pub(super) fn tree(folder: &Path) -> Vec<PathBuf> {
    let mut all = vec![folder.to_owned()];
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        if entry.path().is_dir() {
            all.extend(tree(&entry.path()));
        } else if entry.file_name() != "ballast" {
            all.push(entry.path());
        }
    }
    all
}

#[test]
fn a_canary_is_found_in_every_wrapping() {
    use base64::engine::general_purpose::STANDARD;
    let canary = Canary::new("test");
    let word = &canary.word;
    assert!(canary.find(format!("x{word}x").as_bytes()).is_some());
    assert!(canary.find(serde_json::to_string(&format!("\"{word}\n")).expect("JSON").as_bytes()).is_some());
    assert!(canary.find(format!("%22{word}%2F").as_bytes()).is_some());
    assert!(canary.find(hex::encode(format!("k={word}!")).as_bytes()).is_some());
    assert!(canary.find(hex::encode_upper(word).as_bytes()).is_some());
    for before in 0..7 {
        let text = format!("{}{word}{}", "p".repeat(before), "s".repeat(before % 3));
        assert!(canary.find(STANDARD.encode(&text).as_bytes()).is_some(), "{before}");
        assert!(canary.find(URL_SAFE_NO_PAD.encode(&text).as_bytes()).is_some(), "{before}");
    }
    assert!(canary.find(b"nothing of the kind").is_none());
    assert!(canary.find(&word.as_bytes()[..20]).is_none());
}
