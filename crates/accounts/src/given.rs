//! What the person gives for an account.

use std::fmt;

use serde_json::Value;

use crate::ConsentBy;

/// An account to be added. `Debug` leaves the credential out.
#[derive(Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewAccount {
    pub name: String,
    pub provider: String,
    #[serde(default)]
    pub region: String,
    #[serde(default)]
    pub endpoint_url: Option<String>,
    /// An object with a `kind`, as the provider's description says.
    pub credential: Value,
    #[serde(default)]
    pub options: Value,
    /// Words to find it by; 16 at most, of 32 characters.
    #[serde(default)]
    pub tags: Vec<String>,
    /// The person's own text; 2000 characters at most.
    #[serde(default)]
    pub note: String,
    /// The person read the provider's policy note and agrees; needed once a provider that has one.
    #[serde(default)]
    pub policy_accepted: bool,
    /// Where they read it.
    #[serde(default)]
    pub policy_accepted_by: ConsentBy,
}

/// Changes of an account; `None` leaves a field as it is. `Debug` leaves the credential out.
#[derive(Clone, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Patch {
    pub name: Option<String>,
    pub region: Option<String>,
    /// An empty text removes it.
    pub endpoint_url: Option<String>,
    pub credential: Option<Value>,
    /// Replaces all options.
    pub options: Option<Value>,
    pub enabled: Option<bool>,
    /// Replaces all tags.
    pub tags: Option<Vec<String>>,
    pub note: Option<String>,
}

impl fmt::Debug for NewAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewAccount")
            .field("name", &self.name)
            .field("provider", &self.provider)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Patch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Patch")
            .field("name", &self.name)
            .field("enabled", &self.enabled)
            .finish_non_exhaustive()
    }
}

impl Patch {
    /// Nothing is to change.
    pub(crate) fn is_empty(&self) -> bool {
        let Self { name, region, endpoint_url, credential, options, enabled, tags, note } = self;
        name.is_none()
            && region.is_none()
            && endpoint_url.is_none()
            && credential.is_none()
            && options.is_none()
            && enabled.is_none()
            && tags.is_none()
            && note.is_none()
    }
}
