//! The local keys: what a client must show before it may spend the person's money.

use sha2::{Digest, Sha256};
use subtle::{ConditionallySelectable, ConstantTimeEq};

/// A key as it is checked: never its text, only its SHA-256. The keys have 256 random bits, so a slow hash would
/// add nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalKey {
    /// Names the key in log rows.
    pub name: String,
    /// SHA-256 of the key's text.
    pub hash: [u8; 32],
}

/// All keys that are good at the moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LocalKeys {
    keys: Vec<LocalKey>,
}

/// SHA-256 of a key's text.
#[must_use]
pub fn fingerprint(key: &str) -> [u8; 32] {
    Sha256::digest(key.as_bytes()).into()
}

impl LocalKeys {
    #[must_use]
    pub const fn new(keys: Vec<LocalKey>) -> Self {
        Self { keys }
    }

    /// One key, named `local`.
    #[must_use]
    pub fn single(key: &str) -> Self {
        Self::new(vec![LocalKey { name: "local".to_owned(), hash: fingerprint(key) }])
    }

    /// The key whose text is `shown`. Compares with every key in constant time, so the time tells neither which key
    /// was hit nor how much of one was right.
    #[must_use]
    pub fn find(&self, shown: &str) -> Option<&LocalKey> {
        let hash = fingerprint(shown);
        let mut found = u32::MAX;
        for (at, key) in (0_u32..).zip(&self.keys) {
            found.conditional_assign(&at, key.hash.ct_eq(&hash));
        }
        usize::try_from(found).ok().and_then(|at| self.keys.get(at))
    }

    /// These keys with `key` in the place of those of its name.
    #[must_use]
    pub fn replaced(mut self, key: LocalKey) -> Self {
        self.keys.retain(|old| old.name != key.name);
        self.keys.insert(0, key);
        self
    }

    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_shown_key_and_no_other() {
        let keys = LocalKeys::new(vec![
            LocalKey { name: "a".into(), hash: fingerprint("sk-a") },
            LocalKey { name: "b".into(), hash: fingerprint("sk-b") },
        ]);
        assert_eq!(keys.find("sk-b").map(|key| key.name.as_str()), Some("b"));
        assert_eq!(keys.find("sk-a").map(|key| key.name.as_str()), Some("a"));
        for wrong in ["", "sk-", "sk-c", "sk-a ", "SK-A"] {
            assert_eq!(keys.find(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn no_keys_match_nothing() {
        assert_eq!(LocalKeys::default().find(""), None);
    }
}
