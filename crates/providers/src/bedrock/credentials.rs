//! The ways to prove who one is on AWS, and how a stored credential becomes a session.

mod chain;

use std::sync::Arc;

use aws_credential_types::Credentials;
use llm::{Category, Error, Secret};
use serde_json::Value;

pub use chain::ProfileOptions;
pub(crate) use chain::Profiles;
use chain::Search;

use super::endpoint;
use crate::fields::{check_names, field, masked, optional, required, wrong};
use crate::{Account, CredentialKind, CredentialSummary, Identity, Opened, Session, Why};

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
    check_names(credential, &kinds(), &[])?;
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
    Opened { session: Session { account, identity, expires, clock_offset: 0 }, rotated: None, again: false }
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

#[cfg(test)]
mod tests;
