//! What a file or a pasted text says of one account, before anybody checked it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// An account as our own files hold it; also what every other form is read into.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Draft {
    /// Of the account that was exported; it gets another one here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    pub name: String,
    pub provider: String,
    pub region: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint_url: Option<String>,
    pub credential: Value,
    pub options: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// Why a piece of a text is no account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unreadable {
    /// For the window's words.
    pub code: &'static str,
    /// Never what was read: that may be a secret.
    pub message: String,
}

impl Unreadable {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// A piece of a text, in its order.
pub(crate) struct Piece {
    /// What to call it in a list: the name it brings, or where it stood.
    pub name: String,
    pub read: Result<Draft, Unreadable>,
}

impl Piece {
    pub(crate) fn of(draft: Draft) -> Self {
        Self { name: draft.name.clone(), read: Ok(draft) }
    }

    pub(crate) fn not(place: String, code: &'static str, message: impl Into<String>) -> Self {
        Self { name: place, read: Err(Unreadable::new(code, message)) }
    }
}
