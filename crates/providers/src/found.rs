//! What other programs of this machine keep that a person may take into use here. It is looked for in known places, shown
//! without its secrets, and only ever read: a login that another program renews is renewed by that program alone.

mod file;
mod places;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value};

pub(crate) use file::{checked, read};
pub use places::{Places, Variables};

/// Longest text of another program's file that is shown, in characters.
const LONGEST_SHOWN: usize = 200;

/// One thing that was found.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Found {
    /// Names it in the admin API, for as long as it is there.
    pub id: String,
    /// Id of the provider that it is for.
    pub provider: &'static str,
    pub program: Program,
    pub kind: FoundKind,
    /// A name to propose for the account.
    pub name: String,
    /// The file that was read, or the names of environment variables.
    pub place: String,
    pub region: Option<String>,
    pub start_url: Option<String>,
    /// Until when what is kept there is good, where that is known. Milliseconds since 1970.
    pub expires_ms: Option<i64>,
    /// A sign-in of our own to the same place.
    pub sign_in: Option<OwnSignIn>,
    /// What it becomes when it is taken into use as it is. It refers to where things are kept and holds no secret.
    #[serde(skip)]
    pub credential: Option<Value>,
    /// The account that the environment has made of it at the start.
    #[serde(skip)]
    pub brought: Option<String>,
}

/// How to sign in to the same place without touching what the other program keeps. The fields are those that are known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct OwnSignIn {
    pub login: String,
    #[cfg_attr(feature = "types", ts(type = "Record<string, string>"))]
    pub fields: Map<String, Value>,
}

/// Who keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub enum Program {
    /// AWS's own tools, which share `~/.aws`.
    Aws,
    KiroIde,
    KiroCli,
    /// Amazon Q Developer for the command line.
    QCli,
    /// The environment of this process.
    Environment,
}

/// What it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub enum FoundKind {
    AccessKey,
    ApiKey,
    /// Named by the environment.
    Profile,
    /// A profile that signs in through IAM Identity Center.
    Sso,
    /// A sign-in to IAM Identity Center that names no account and role.
    SsoSession,
    /// A profile that assumes a role.
    Role,
    /// A profile that runs a program.
    Process,
    WebIdentity,
    Container,
    /// A console sign-in.
    Console,
    BuilderId,
    IdentityCenter,
    Google,
    Github,
    ExternalIdp,
    RefreshToken,
}

/// Looks into SQLite databases of other programs, which this crate cannot.
pub trait Databases: Send + Sync + fmt::Debug {
    /// The texts under `keys` in a table with the columns `key` and `value`, in their order. Blocks. Changes nothing, not
    /// even beside the file.
    ///
    /// # Errors
    /// When the file is no such database or cannot be read now.
    fn texts(&self, file: &Path, table: &'static str, keys: &[&str]) -> io::Result<Vec<Option<String>>>;
}

/// What of this machine may be looked at. By default nothing.
#[derive(Clone, Debug, Default)]
pub struct Elsewhere {
    pub places: Option<Arc<Places>>,
    pub databases: Option<Arc<dyn Databases>>,
}

impl Program {
    /// What people call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Aws => "AWS CLI",
            Self::KiroIde => "Kiro IDE",
            Self::KiroCli => "Kiro CLI",
            Self::QCli => "Amazon Q CLI",
            Self::Environment => "Environment",
        }
    }
}

/// A text of somebody else's file as it may be shown; `None` when there is nothing to show.
pub(crate) fn shown(text: &str) -> Option<String> {
    let shown: String = text.trim().chars().filter(|c| !c.is_control()).take(LONGEST_SHOWN).collect();
    Some(shown).filter(|text| !text.is_empty())
}

/// The entries that the environment has for a provider.
pub(crate) fn variables(places: &Places, provider: &'static str) -> Vec<Found> {
    let own = places.environment.iter().filter(|variables| variables.provider == provider);
    own.map(|variables| Found {
        id: format!("environment:{}", variables.names.join("+")),
        provider,
        program: Program::Environment,
        kind: variables.kind,
        name: variables.name.clone(),
        place: variables.names.join(", "),
        region: None,
        start_url: None,
        expires_ms: None,
        sign_in: None,
        credential: variables.credential.clone(),
        brought: variables.account.clone(),
    })
    .collect()
}
