//! The table of local keys: what clients on this machine show to us.

use llm::Secret;

/// A local key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalKeyRow {
    pub id: String,
    pub name: String,
    /// SHA-256 of the key.
    pub hash: [u8; 32],
    /// The key itself, so that its owner can read it again.
    pub key: Secret,
    /// Milliseconds since 1970.
    pub created_ms: i64,
}
