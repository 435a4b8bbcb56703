//! What can go wrong with a secret, and with a slot.

/// Why a secret could not be encrypted or decrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The key is not at hand: its slots do not open. Nothing is lost.
    #[error("stored secrets are locked")]
    Locked,
    /// This one secret does not decrypt: it was damaged, moved to another row, or belongs to another key.
    #[error("this stored secret cannot be decrypted")]
    Unreadable,
    #[error("the system has no randomness")]
    NoRandomness,
}

/// Why a slot does not open. Says nothing that is secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Trouble {
    /// The keychain has no such item, or the file is not there. That is not a first start: a keychain without a default
    /// collection says the same.
    #[error("it does not have the key")]
    Missing,
    /// The keychain is locked or refuses us; the file may not be read.
    #[error("access was refused")]
    Refused,
    #[error("it cannot be reached")]
    Unavailable,
    /// It has not answered yet; it may be asking the person.
    #[error("it does not answer yet")]
    Waits,
    /// What it holds does not open the data key.
    #[error("it holds another key")]
    WrongKey,
    #[error("what it holds is not a key")]
    Malformed,
    /// Only the person can open it.
    #[error("it waits for the person")]
    AsksPerson,
    /// `SWITCHBOARD_MASTER_KEY_FILE`, or the keychain, which this start does without.
    #[error("this start does not use it")]
    NotUsed,
}

impl Trouble {
    /// The stable name, for programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Refused => "refused",
            Self::Unavailable => "unavailable",
            Self::Waits => "waits",
            Self::WrongKey => "wrong_key",
            Self::Malformed => "malformed",
            Self::AsksPerson => "asks_person",
            Self::NotUsed => "not_used",
        }
    }
}
