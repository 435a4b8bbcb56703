//! What a provider tells of itself, for a window to offer it.

use crate::login::Login;
use crate::options::AccountOption;

/// What the UI needs to offer a provider.
#[derive(Clone, Debug, serde::Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Description {
    pub id: &'static str,
    pub name: &'static str,
    pub policy: Policy,
    /// What the person must know and agree to before the first account is added.
    pub policy_note: Option<&'static str>,
    pub regions: &'static [&'static str],
    pub credentials: Vec<CredentialKind>,
    /// Ways to sign in with the help of a browser.
    pub logins: Vec<Login>,
    /// What can be set of an account beside all that.
    pub options: Vec<AccountOption>,
}

/// How the vendor looks at third-party clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub enum Policy {
    DocumentedApi,
    UndocumentedWire,
    Offline,
}

/// A way to prove who one is, and its fields.
#[derive(Clone, Debug, serde::Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct CredentialKind {
    /// The `kind` in the admin API, e.g. `access_key`.
    pub kind: &'static str,
    pub fields: Vec<Field>,
}

/// One field of a credential.
#[derive(Clone, Copy, Debug, serde::Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Field {
    pub name: &'static str,
    pub secret: bool,
    pub required: bool,
}
