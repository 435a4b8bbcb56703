//! The admin password: opens the window from another machine, where nobody hands out one-time addresses.
//!
//! There is none unless the person sets one. What is stored is its argon2id hash with the parameters it was made with,
//! so that they may grow later.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use argon2::{Algorithm, Argon2, Params, Version};
use llm::Secret;
use serde::{Deserialize, Serialize};
use store::Core;
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;

/// Name of the row in `core.db`.
pub(crate) const ROW: &str = "admin.password";

/// Characters at least, and bytes at most.
pub(crate) const LEAST: usize = 8;
const MOST: usize = 1024;

/// What OWASP recommends for argon2id with little memory: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;

/// Hashes at once. Each holds 19 MiB and a core, and the proxy shares both.
const AT_ONCE: usize = 2;

/// What is wrong with a new password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unfit {
    Short,
    Long,
}

/// Why a password could not be looked at or kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("the system has no randomness")]
    NoRandomness,
    #[error("the password could not be hashed")]
    Hash,
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// The admin password of this instance.
#[derive(Debug)]
pub struct Passwords {
    stored: ArcSwapOption<Stored>,
    hashing: Arc<Semaphore>,
}

/// A password as it is kept.
#[derive(Clone, Serialize, Deserialize)]
struct Stored {
    memory_kib: u32,
    passes: u32,
    #[serde(with = "hex::serde")]
    salt: [u8; 16],
    #[serde(with = "hex::serde")]
    hash: [u8; 32],
    changed_ms: i64,
}

impl std::fmt::Debug for Stored {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stored").field("changed_ms", &self.changed_ms).finish_non_exhaustive()
    }
}

impl Default for Passwords {
    /// No password.
    fn default() -> Self {
        Self { stored: ArcSwapOption::empty(), hashing: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

impl Passwords {
    /// The stored password. One that cannot be read counts as none that is ever right, and not as no password: a
    /// damaged row must not open what was closed.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn load(core: &Core) -> Result<Self, store::Error> {
        let passwords = Self::default();
        if let Some(row) = core.settings().await?.remove(ROW) {
            let stored = serde_json::from_value(row).unwrap_or_else(|_| {
                tracing::error!("the admin password cannot be read; set it anew");
                Stored { memory_kib: 0, passes: 0, salt: [0; 16], hash: [0; 32], changed_ms: 0 }
            });
            passwords.stored.store(Some(Arc::new(stored)));
        }
        Ok(passwords)
    }

    /// Reads the stored password anew: something took the place of the data.
    pub(crate) async fn reload(&self, core: &Core) -> Result<(), store::Error> {
        self.stored.store(Self::load(core).await?.stored.load_full());
        Ok(())
    }

    #[must_use]
    pub fn is_set(&self) -> bool {
        self.stored.load().is_some()
    }

    /// When it was set last, milliseconds since 1970.
    pub(crate) fn changed_ms(&self) -> Option<i64> {
        self.stored.load().as_ref().map(|stored| stored.changed_ms)
    }

    /// Whether `shown` is the password. Hashing takes a twentieth of a second on a thread of its own; who comes while
    /// two are hashed waits.
    pub(crate) async fn is(&self, shown: Secret) -> bool {
        let Some(stored) = self.stored.load_full() else { return false };
        if shown.expose().len() > MOST {
            return false;
        }
        let hash = self.hash(shown, stored.salt, stored.memory_kib, stored.passes).await;
        hash.is_ok_and(|hash| bool::from(hash.ct_eq(&stored.hash)))
    }

    /// Whether a password may be set.
    pub(crate) fn check(new: &Secret) -> Result<(), Unfit> {
        let text = new.expose();
        if text.chars().count() < LEAST {
            return Err(Unfit::Short);
        }
        if text.len() > MOST { Err(Unfit::Long) } else { Ok(()) }
    }

    /// Stores a password in the place of the one before.
    pub(crate) async fn set(&self, core: &Core, new: Secret, now_ms: i64) -> Result<(), Error> {
        let mut salt = [0; 16];
        getrandom::fill(&mut salt).map_err(|_| Error::NoRandomness)?;
        let hash = self.hash(new, salt, MEMORY_KIB, PASSES).await?;
        let stored = Stored { memory_kib: MEMORY_KIB, passes: PASSES, salt, hash, changed_ms: now_ms };
        let row = serde_json::to_value(&stored).map_err(|_| Error::Hash)?;
        core.put_settings(vec![(ROW.to_owned(), Some(row))]).await?;
        self.stored.store(Some(Arc::new(stored)));
        Ok(())
    }

    /// Removes the password.
    pub(crate) async fn clear(&self, core: &Core) -> Result<(), Error> {
        core.put_settings(vec![(ROW.to_owned(), None)]).await?;
        self.stored.store(None);
        Ok(())
    }

    async fn hash(
        &self,
        text: Secret,
        salt: [u8; 16],
        memory_kib: u32,
        passes: u32,
    ) -> Result<[u8; 32], Error> {
        // The permit goes along with the work: a caller that leaves does not end it.
        let permit = Arc::clone(&self.hashing).acquire_owned().await.map_err(|_| Error::Hash)?;
        let work = move || {
            let _permit = permit;
            let mut hash = [0; 32];
            let params = Params::new(memory_kib, passes, 1, Some(hash.len())).map_err(|_| Error::Hash)?;
            Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
                .hash_password_into(text.expose().as_bytes(), &salt, &mut hash)
                .map_err(|_| Error::Hash)?;
            Ok(hash)
        };
        tokio::task::spawn_blocking(work).await.unwrap_or(Err(Error::Hash))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW: &str = "correct horse";

    #[tokio::test]
    async fn a_password_is_kept_as_its_hash_alone() {
        let folder = tempfile::tempdir().unwrap();
        let core = Core::open(folder.path()).unwrap();
        let passwords = Passwords::load(&core).await.unwrap();
        assert!(!passwords.is_set() && !passwords.is(Secret::new("")).await);
        passwords.set(&core, Secret::new(NEW), 7).await.unwrap();
        let again = Passwords::load(&core).await.unwrap();
        for known in [&passwords, &again] {
            assert_eq!(known.changed_ms(), Some(7));
            assert!(known.is(Secret::new(NEW)).await);
            for wrong in ["", "correct hors", "Correct horse", "correct horse "] {
                assert!(!known.is(Secret::new(wrong)).await, "{wrong:?}");
            }
        }
        let row = core.settings().await.unwrap()[ROW].to_string();
        assert!(!row.contains("horse") && !format!("{again:?}").contains("salt"), "{row} {again:?}");
        again.clear(&core).await.unwrap();
        assert!(!again.is(Secret::new(NEW)).await);
        assert!(!Passwords::load(&core).await.unwrap().is_set());
    }

    #[tokio::test]
    async fn a_damaged_row_opens_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let core = Core::open(folder.path()).unwrap();
        core.put_settings(vec![(ROW.to_owned(), Some("nonsense".into()))]).await.unwrap();
        let passwords = Passwords::load(&core).await.unwrap();
        assert!(passwords.is_set());
        assert!(!passwords.is(Secret::new("")).await && !passwords.is(Secret::new("nonsense")).await);
    }

    #[test]
    fn short_and_endless_passwords_are_refused() {
        for (text, verdict) in [
            ("1234567", Err(Unfit::Short)),
            ("12345678", Ok(())),
            // Eight characters, however many bytes.
            ("八个汉字就足够了", Ok(())),
            (&"x".repeat(MOST + 1), Err(Unfit::Long)),
        ] {
            assert_eq!(Passwords::check(&Secret::new(text)), verdict, "{text}");
        }
    }
}
