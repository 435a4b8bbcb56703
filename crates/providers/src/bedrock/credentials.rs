//! The ways to prove who one is on AWS, and how a stored credential becomes a session.

mod chain;

use std::sync::Arc;

use aws_credential_types::Credentials;
use llm::{Category, Error, Secret};
use serde_json::{Map, Value};

pub use chain::ProfileOptions;
pub(crate) use chain::Profiles;
use chain::Search;

use super::endpoint;
use crate::{Account, CredentialKind, CredentialSummary, Field, Identity, Opened, Session, Why};

/// Longer than any AWS key or session token.
const LONGEST_KEY: usize = 16 * 1024;

/// A stored credential, read.
enum Credential {
    Keys(Credentials),
    ApiKey(Secret),
    /// A profile of `~/.aws/config` and `~/.aws/credentials`.
    Profile(String),
    /// Whatever AWS's own tools would use: environment, default profile, container, and so on.
    Default,
}

/// What the UI asks for.
pub(crate) fn kinds() -> Vec<CredentialKind> {
    const fn field(name: &'static str, secret: bool, required: bool) -> Field {
        Field { name, secret, required }
    }
    vec![
        CredentialKind {
            kind: "access_key",
            fields: vec![
                field("access_key_id", false, true),
                field("secret_access_key", true, true),
                field("session_token", true, false),
            ],
        },
        CredentialKind { kind: "bedrock_api_key", fields: vec![field("api_key", true, true)] },
        CredentialKind { kind: "aws_profile", fields: vec![field("profile", false, true)] },
        CredentialKind { kind: "aws_default", fields: vec![] },
    ]
}

/// Checks an account and its credential, and says what may be shown of it.
///
/// # Errors
/// [`Category::InvalidRequest`] naming the field.
pub(crate) fn check(account: &Account, credential: &Value) -> Result<CredentialSummary, Error> {
    let read = read(credential)?;
    check_names(credential)?;
    let may_bring_region = matches!(read, Credential::Profile(_) | Credential::Default);
    if !(account.region.is_empty() && may_bring_region) {
        endpoint::check_region(&account.region)?;
    }
    if let Some(custom) = &account.endpoint_url {
        endpoint::check_custom(custom)?;
    }
    let (kind, label) = match &read {
        Credential::Keys(keys) => ("access_key", masked(keys.access_key_id())),
        Credential::ApiKey(key) => ("bedrock_api_key", masked(key.expose())),
        Credential::Profile(name) => ("aws_profile", name.clone()),
        Credential::Default => ("aws_default", "default".to_owned()),
    };
    Ok(CredentialSummary { kind: kind.to_owned(), label })
}

/// Makes a session.
///
/// # Errors
/// [`Category::NoCredentials`] with the fix when the person must act, others when it may work later.
pub(crate) async fn open(
    account: &Arc<Account>,
    credential: &Secret,
    why: Why,
    profiles: &Profiles,
) -> Result<Opened, Error> {
    let stored: Value = serde_json::from_str(credential.expose()).map_err(|_| {
        Error::new(Category::NoCredentials, "The stored credential of this account is unreadable.")
    })?;
    let read = read(&stored).map_err(|error| Error::new(Category::NoCredentials, error.message))?;
    let profile = match read {
        // Asking again with keys that were just refused gives the same answer.
        Credential::Keys(_) if why == Why::Rejected => {
            return Err(Error::new(
                Category::NoCredentials,
                "AWS refuses these access keys. Enter new ones for this account.",
            ));
        }
        Credential::ApiKey(_) if why == Why::Rejected => {
            return Err(Error::new(
                Category::NoCredentials,
                "AWS refuses this Bedrock API key. Make a new one in the Bedrock console and enter it.",
            ));
        }
        Credential::Keys(keys) => return Ok(opened(account.clone(), Identity::SigV4(keys))),
        Credential::ApiKey(key) => return Ok(opened(account.clone(), Identity::Bearer(key))),
        Credential::Profile(name) => Some(name),
        Credential::Default => None,
    };
    let instance = account.options.get("instance_metadata").and_then(Value::as_bool).unwrap_or(false);
    let search = Search { profile: profile.as_deref(), region: &account.region, instance };
    let found = profiles.find(search).await?;
    let account = if account.region == found.region {
        account.clone()
    } else {
        Arc::new(Account { region: found.region, ..Account::clone(account) })
    };
    Ok(opened(account, Identity::SigV4(found.credentials)))
}

fn opened(account: Arc<Account>, identity: Identity) -> Opened {
    let expires = match &identity {
        Identity::SigV4(credentials) => credentials.expiry(),
        Identity::Bearer(_) | Identity::Kiro(_) => None,
    };
    Opened { session: Session { account, identity, expires, clock_offset: 0 }, rotated: None }
}

fn read(credential: &Value) -> Result<Credential, Error> {
    let Some(fields) = credential.as_object() else {
        return Err(wrong("credential", "must be an object"));
    };
    match fields.get("kind").and_then(Value::as_str) {
        Some("access_key") => {
            let id = required(fields, "access_key_id")?;
            let secret = required(fields, "secret_access_key")?;
            let token = optional(fields, "session_token")?;
            Ok(Credential::Keys(Credentials::from_keys(id, secret, token)))
        }
        Some("bedrock_api_key") => Ok(Credential::ApiKey(required(fields, "api_key")?.into())),
        Some("aws_profile") => Ok(Credential::Profile(required(fields, "profile")?)),
        Some("aws_default") => Ok(Credential::Default),
        _ => Err(wrong("credential.kind", "must be access_key, bedrock_api_key, aws_profile or aws_default")),
    }
}

/// Refuses fields that the kind does not have: a misspelt session token would silently not be sent.
fn check_names(credential: &Value) -> Result<(), Error> {
    let kinds = kinds();
    let fields =
        kinds.iter().find(|kind| credential["kind"] == kind.kind).map_or(&[][..], |kind| &kind.fields);
    let known = |name: &str| name == "kind" || fields.iter().any(|field| field.name == name);
    match credential.as_object().into_iter().flat_map(Map::keys).find(|name| !known(name)) {
        Some(_) => Err(wrong("credential", "has a field that this kind does not have")),
        None => Ok(()),
    }
}

fn required(fields: &Map<String, Value>, name: &str) -> Result<String, Error> {
    optional(fields, name)?.ok_or_else(|| wrong(&format!("credential.{name}"), "is missing"))
}

/// A field's text, trimmed because people paste. Empty is absent.
fn optional(fields: &Map<String, Value>, name: &str) -> Result<Option<String>, Error> {
    let refuse = |why| Err(wrong(&format!("credential.{name}"), why));
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => {
            let text = text.trim();
            if text.len() > LONGEST_KEY {
                return refuse("is too long");
            }
            if text.chars().any(char::is_control) {
                return refuse("holds control characters");
            }
            Ok(Some(text.to_owned()).filter(|text| !text.is_empty()))
        }
        Some(_) => refuse("must be a string"),
    }
}

fn wrong(param: &str, why: &str) -> Error {
    Error::invalid(format!("{param} {why}.")).with_param(param)
}

/// The ends of a key, enough to tell it from another: `AKIA…WXYZ`. Of a short one nothing.
fn masked(key: &str) -> String {
    let count = key.chars().count();
    if count < 16 {
        return "…".to_owned();
    }
    let start: String = key.chars().take(4).collect();
    let end: String = key.chars().skip(count - 4).collect();
    format!("{start}…{end}")
}

#[cfg(test)]
mod tests;
