//! The local keys: what a client must show before it may spend the person's money.

mod bucket;
mod meter;
mod rules;
mod stored;

use std::collections::HashMap;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

pub use meter::Meter;
pub(crate) use meter::{day_start, month_start, until_next_month, until_tomorrow};
pub(crate) use rules::Unfit;
pub use rules::{KeyRules, ServiceTier};

/// Id and name of the key that is made at the first start.
pub const LOCAL: &str = "local";

/// A key as it is checked: never its text, only its SHA-256. The keys have 256 random bits, so a slow hash would
/// add nothing.
#[derive(Clone, Debug)]
pub struct LocalKey {
    pub id: String,
    /// Names the key in log rows.
    pub name: String,
    /// SHA-256 of the key's text.
    pub hash: [u8; 32],
    /// Belongs to the person of this instance, and so administrates it.
    pub owner: bool,
    pub rules: KeyRules,
    /// What was spent with it. A key that is changed keeps its meter.
    pub meter: Arc<Meter>,
}

/// All keys that are good at the moment.
#[derive(Clone, Debug, Default)]
pub struct LocalKeys {
    keys: Vec<Arc<LocalKey>>,
    /// Where a key is, by half of its hash. Nobody can choose what a hash begins with so as to learn from the time that
    /// the search takes; the whole of it is compared in constant time.
    places: HashMap<[u8; 16], usize>,
}

/// SHA-256 of a key's text.
#[must_use]
pub fn fingerprint(key: &str) -> [u8; 32] {
    Sha256::digest(key.as_bytes()).into()
}

fn half(hash: &[u8; 32]) -> [u8; 16] {
    let mut half = [0; 16];
    half.copy_from_slice(&hash[..16]);
    half
}

impl LocalKey {
    /// A key of the person, without limits.
    #[must_use]
    pub fn of_owner(name: &str, key: &str, meter: Arc<Meter>) -> Self {
        Self {
            id: name.to_owned(),
            name: name.to_owned(),
            hash: fingerprint(key),
            owner: true,
            rules: KeyRules::default(),
            meter,
        }
    }
}

impl LocalKeys {
    #[must_use]
    pub fn new(keys: Vec<LocalKey>) -> Self {
        Self::of(keys.into_iter().map(Arc::new).collect())
    }

    fn of(keys: Vec<Arc<LocalKey>>) -> Self {
        let places = keys.iter().enumerate().map(|(at, key)| (half(&key.hash), at)).collect();
        Self { keys, places }
    }

    /// The key whose text is `shown`. Takes as long however many keys there are.
    #[must_use]
    pub fn find(&self, shown: &str) -> Option<&Arc<LocalKey>> {
        let hash = fingerprint(shown);
        let key = self.keys.get(*self.places.get(&half(&hash))?)?;
        bool::from(key.hash.ct_eq(&hash)).then_some(key)
    }

    /// The key with this id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Arc<LocalKey>> {
        self.keys.iter().find(|key| key.id == id)
    }

    /// All keys, in the order in which they were made.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<LocalKey>> {
        self.keys.iter()
    }

    /// These keys with `key` in the place of the one with its id, or after all others.
    #[must_use]
    pub fn with(&self, key: LocalKey) -> Self {
        let mut keys = self.keys.clone();
        let key = Arc::new(key);
        match keys.iter_mut().find(|old| old.id == key.id) {
            Some(old) => *old = key,
            None => keys.push(key),
        }
        Self::of(keys)
    }

    /// These keys without the one with this id.
    #[must_use]
    pub fn without(&self, id: &str) -> Self {
        Self::of(self.keys.iter().filter(|key| key.id != id).cloned().collect())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    fn key(name: &str, text: &str) -> LocalKey {
        LocalKey::of_owner(name, text, Arc::new(Meter::new(Instant::now())))
    }

    #[test]
    fn finds_the_shown_key_and_no_other() {
        let keys = LocalKeys::new(vec![key("a", "sk-a"), key("b", "sk-b")]);
        let found = |keys: &LocalKeys, shown: &str| keys.find(shown).map(|key| key.name.clone());
        assert_eq!(found(&keys, "sk-b").as_deref(), Some("b"));
        assert_eq!(found(&keys, "sk-a").as_deref(), Some("a"));
        for wrong in ["", "sk-", "sk-c", "sk-a ", "SK-A"] {
            assert_eq!(found(&keys, wrong), None, "{wrong:?}");
        }
        let replaced = keys.with(key("a", "sk-new"));
        assert_eq!((found(&replaced, "sk-a"), found(&replaced, "sk-new").as_deref()), (None, Some("a")));
        assert_eq!(replaced.iter().map(|key| key.id.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        let fewer = replaced.without("a");
        assert_eq!((found(&fewer, "sk-new"), found(&fewer, "sk-b").as_deref()), (None, Some("b")));
    }

    #[test]
    fn half_of_a_hash_opens_nothing() {
        let mut odd = key("a", "sk-a");
        odd.hash[31] ^= 1;
        assert!(LocalKeys::new(vec![odd]).find("sk-a").is_none());
        assert!(LocalKeys::default().find("").is_none());
    }
}
