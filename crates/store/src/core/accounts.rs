//! The table of accounts.

use llm::Secret;
use serde_json::Value;

/// A stored account.
#[derive(Clone, Debug, PartialEq)]
pub struct AccountRow {
    pub id: String,
    /// Unique without regard to ASCII case.
    pub name: String,
    pub provider: String,
    pub region: String,
    pub endpoint_url: Option<String>,
    /// A JSON object.
    pub options: Value,
    /// The credential's JSON text.
    pub credential: Secret,
    /// Counts the credentials the person gave, so that a rotation under way cannot overwrite a newer one.
    pub credential_generation: i64,
    pub credential_kind: String,
    pub credential_label: String,
    pub position: i64,
    pub enabled: bool,
    pub state: StateRow,
    /// Milliseconds since 1970.
    pub created_ms: i64,
    /// Milliseconds since 1970.
    pub updated_ms: i64,
}

/// What outlives a restart of an account's state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StateRow {
    /// A word of the accounts crate; empty means ready.
    pub state: String,
    /// Milliseconds since 1970.
    pub until_ms: Option<i64>,
    pub error_category: Option<String>,
    pub error_message: Option<String>,
    pub error_ms: Option<i64>,
}
