//! The key that stored secrets are encrypted with, and the places where it is kept.
//!
//! One data key encrypts every secret of `core.db`. It is never stored as it is: each *slot* holds it wrapped with a key
//! of its own, which the system's keychain keeps, a file, or the person. The [`climb`] over the slots never makes a
//! second key while there is a first, and never removes anything: a keychain that is locked or says that it knows
//! nothing is no reason to lose accounts.
//!
//! Nothing here sees a database or the network; what is stored comes in and goes out as values.

mod cipher;
mod error;
mod key;
mod key_file;
mod keychain;
mod keyring;
mod ladder;
mod parcel;
mod passphrase;
mod place;
mod recovery;
mod slot;
#[cfg(test)]
mod tests;
mod tools;

pub use cipher::token;
pub use error::{Error, Trouble};
pub use key::DataKey;
pub use keychain::{Keychain, OsKeychain, Patient};
pub use keyring::Keyring;
pub use ladder::{Climbed, Stored, climb, pause};
pub use parcel::{ParcelError, is_parcel, unwrap, wrap};
pub use passphrase::SHORTEST as SHORTEST_PASSPHRASE;
pub use place::Place;
pub use slot::{Slot, SlotKind, Wish};
pub use tools::Tools;
