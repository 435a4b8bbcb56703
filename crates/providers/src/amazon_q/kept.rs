//! Logins of Kiro's own programs, as those keep them: Kiro IDE in a file of AWS's token cache, Kiro CLI and Amazon Q CLI in a
//! SQLite database. Their programs renew them; here they are read, each time anew.

mod cli;
mod ide;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::PathBuf;
use std::time::SystemTime;

use llm::{Error, Secret};
use serde_json::{Map, Value, json};

use super::bearer::TokenKind;
use crate::Wish;
use crate::fields::{required, wrong};
use crate::found::{Databases, Found, FoundKind, OwnSignIn, Places, Program, shown, variables};
use crate::login::BUILDER_ID;

/// The `kind` of a credential that refers to one.
pub(super) const KIND: &str = "shared_login";

/// What such a credential holds.
pub(super) const MEMBERS: [&str; 2] = ["program", "login"];

/// Which login: it names a place that is known, never a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shared {
    pub(super) program: Program,
    pub(super) login: Entry,
}

/// The sorts of login that a program keeps apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// Kiro IDE has one, of any sort.
    Only,
    Oidc,
    Social,
    External,
}

/// A login as it is kept now.
pub(super) struct Kept {
    pub(super) token: Secret,
    pub(super) expires: SystemTime,
    pub(super) token_kind: TokenKind,
    pub(super) profile_arn: Option<String>,
    kind: FoundKind,
    /// Of the directory.
    region: Option<String>,
    start_url: Option<String>,
    issuer_url: Option<String>,
    client_id: Option<String>,
    place: PathBuf,
}

/// Why a login cannot be had.
#[derive(Debug)]
pub(super) enum Trouble {
    /// Nobody is signed in there.
    Absent,
    /// For the log: no secret is in it.
    Unreadable(String),
}

/// Every login that can be there, in the order in which Kiro's own programs prefer them.
const ALL: [Shared; 5] = [
    Shared { program: Program::KiroIde, login: Entry::Only },
    Shared { program: Program::KiroCli, login: Entry::External },
    Shared { program: Program::KiroCli, login: Entry::Oidc },
    Shared { program: Program::KiroCli, login: Entry::Social },
    Shared { program: Program::QCli, login: Entry::Oidc },
];

impl Shared {
    /// Reads the members of a credential.
    ///
    /// # Errors
    /// [`llm::Category::InvalidRequest`] naming the field.
    pub(super) fn read(fields: &Map<String, Value>) -> Result<Self, Error> {
        let program = required(fields, "program")?;
        let login = fields.get("login").and_then(Value::as_str).unwrap_or("only");
        let known = ALL.into_iter().find(|known| known.words() == (program.as_str(), login));
        known.ok_or_else(|| {
            wrong("credential.program", "and login do not name a login of Kiro IDE, Kiro CLI or Amazon Q CLI")
        })
    }

    /// How a credential and an address name it.
    const fn words(self) -> (&'static str, &'static str) {
        let program = match self.program {
            Program::KiroIde => "kiro_ide",
            Program::KiroCli => "kiro_cli",
            _ => "q_cli",
        };
        let login = match self.login {
            Entry::Only => "only",
            Entry::Oidc => "oidc",
            Entry::Social => "social",
            Entry::External => "external_idp",
        };
        (program, login)
    }

    /// Which one it is, for people.
    pub(super) fn label(self) -> String {
        let program = self.program.name();
        match self.login {
            Entry::Only | Entry::Oidc => program.to_owned(),
            Entry::Social => format!("{program} (Google, GitHub)"),
            Entry::External => format!("{program} (identity provider)"),
        }
    }

    /// What is kept there now. Blocks.
    pub(super) fn look(self, places: &Places, databases: Option<&dyn Databases>) -> Result<Kept, Trouble> {
        match (self.program, databases) {
            (Program::KiroIde, _) => ide::look(places),
            (_, Some(databases)) => cli::look(self, places, databases),
            (_, None) => Err(Trouble::Absent),
        }
    }

    fn found(self, kept: Kept) -> Found {
        let (program, login) = self.words();
        let ends = kept.expires.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let mut credential = json!({"kind": KIND, "program": program});
        let mut id = program.to_owned();
        if self.login != Entry::Only {
            credential["login"] = json!(login);
            id = format!("{program}:{login}");
        }
        Found {
            id,
            provider: "amazon_q",
            program: self.program,
            kind: kept.kind,
            name: self.program.name().to_owned(),
            place: kept.place.display().to_string(),
            sign_in: kept.own(),
            region: kept.region.as_deref().and_then(shown),
            start_url: kept.start_url.as_deref().and_then(shown),
            expires_ms: i64::try_from(ends.as_millis()).ok(),
            credential: Some(credential),
            brought: None,
        }
    }
}

impl Kept {
    /// A sign-in of our own to the same place.
    fn own(&self) -> Option<OwnSignIn> {
        let (login, fields) = match self.kind {
            FoundKind::BuilderId => ("builder_id", vec![]),
            FoundKind::IdentityCenter => {
                ("identity_center", vec![("start_url", &self.start_url), ("oidc_region", &self.region)])
            }
            FoundKind::Google => ("google", vec![]),
            FoundKind::Github => ("github", vec![]),
            FoundKind::ExternalIdp => {
                ("external_idp", vec![("issuer_url", &self.issuer_url), ("client_id", &self.client_id)])
            }
            _ => return None,
        };
        let known = fields
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), Value::from(shown(value.as_deref()?)?))));
        Some(OwnSignIn { login: login.to_owned(), fields: known.collect() })
    }
}

/// Everything there is. Blocks.
pub(super) fn all(places: &Places, databases: Option<&dyn Databases>) -> Vec<Found> {
    let mut found = Vec::new();
    for shared in ALL {
        match shared.look(places, databases) {
            Ok(kept) => found.push(shared.found(kept)),
            Err(Trouble::Absent) => {}
            Err(Trouble::Unreadable(why)) => {
                tracing::info!(program = shared.program.name(), %why, "a login is not read");
            }
        }
    }
    found.extend(variables(places, "amazon_q"));
    found
}

/// A sign-in of our own to where the login of a credential is now, when enough is known of that. Blocks.
pub(super) fn wish(credential: &Value, places: &Places, databases: Option<&dyn Databases>) -> Option<Wish> {
    let fields = credential.as_object().filter(|fields| fields.get("kind") == Some(&Value::from(KIND)))?;
    let own = Shared::read(fields).ok()?.look(places, databases).ok()?.own()?;
    let needed: &[&str] = match own.login.as_str() {
        "identity_center" => &["start_url", "oidc_region"],
        "external_idp" => &["issuer_url", "client_id"],
        _ => &[],
    };
    let whole = needed.iter().all(|name| own.fields.contains_key(*name));
    whole.then_some(Wish { login: own.login, flow: None, fields: own.fields })
}

/// Which directory a start page belongs to.
fn directory(start_url: Option<&str>) -> FoundKind {
    match start_url {
        None => FoundKind::BuilderId,
        Some(url) if url.trim_end_matches('/') == BUILDER_ID => FoundKind::BuilderId,
        Some(_) => FoundKind::IdentityCenter,
    }
}

/// Google unless it says GitHub.
fn social(provider: Option<&str>) -> FoundKind {
    match provider {
        Some(name) if name.eq_ignore_ascii_case("github") => FoundKind::Github,
        _ => FoundKind::Google,
    }
}

/// A member that holds a text.
fn text(fields: &Map<String, Value>, name: &str) -> Option<String> {
    fields.get(name).and_then(Value::as_str).map(str::to_owned).filter(|text| !text.is_empty())
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept").field("kind", &self.kind).field("place", &self.place).finish_non_exhaustive()
    }
}
