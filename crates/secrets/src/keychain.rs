//! The system's keychain: one item, which holds the key of a slot.

mod os;
mod patient;

use std::fmt;

use zeroize::Zeroizing;

pub use os::OsKeychain;
pub use patient::Patient;

use crate::Trouble;

/// A keychain. Calls block, and may take as long as a person takes to answer a prompt. Every call looks anew: what a
/// service said before it was unlocked, or before it was started at all, counts for nothing.
pub trait Keychain: Send + Sync + fmt::Debug {
    /// What is kept for the data key `kid`.
    ///
    /// # Errors
    /// Why there is no answer.
    fn read(&self, kid: &str) -> Result<Zeroizing<Vec<u8>>, Trouble>;

    /// Keeps `secret` for the data key `kid`, in the place of what is kept.
    ///
    /// # Errors
    /// Why it is not kept.
    fn write(&self, kid: &str, secret: &[u8]) -> Result<(), Trouble>;
}
