//! What may be shown of an account: never a secret.

use providers::{CredentialSummary, Policy};
use serde::Serialize;
use serde_json::Value;

/// An account for people.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct AccountView {
    pub id: String,
    pub name: String,
    pub provider: String,
    pub policy: Policy,
    pub region: String,
    pub endpoint_url: Option<String>,
    #[cfg_attr(feature = "types", ts(type = "Record<string, unknown>"))]
    pub options: Value,
    pub credential: CredentialSummary,
    /// The person's words to find it by.
    pub tags: Vec<String>,
    /// The person's own text.
    pub note: String,
    pub position: usize,
    pub enabled: bool,
    /// Made at start (environment, Sandbox), not stored.
    pub ephemeral: bool,
    /// Asked first.
    pub active: bool,
    pub state: StateView,
    pub last_error: Option<LastError>,
    /// When the session at hand ends, which is renewed before by itself where that can be. Milliseconds since 1970.
    pub session_ends_ms: Option<i64>,
    /// When the person must sign in again at the latest, where that is known. Milliseconds since 1970.
    pub sign_in_ends_ms: Option<i64>,
    /// Milliseconds since 1970; 0 for ephemeral accounts.
    pub created_ms: i64,
    /// Milliseconds since 1970; 0 for ephemeral accounts.
    pub updated_ms: i64,
}

/// How an account is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub enum StateView {
    Ready,
    /// Rests until then: throttled, or failed too often. Milliseconds since 1970.
    Cooling {
        until_ms: i64,
    },
    /// Its quota is used up; asked again then.
    Exhausted {
        until_ms: i64,
    },
    NeedsSignIn,
    /// Suspended by its vendor; the person must act.
    Suspended,
    /// Switched off by the person.
    Disabled,
}

/// The last failure of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct LastError {
    /// [`llm::Category::name`].
    pub category: String,
    /// [`llm::Error::code`], for those who are told again; not kept over a restart.
    #[serde(skip)]
    pub code: Option<&'static str>,
    pub message: String,
    /// Milliseconds since 1970.
    pub time_ms: i64,
}
