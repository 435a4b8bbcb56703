//! The ways to prove who one is on AWS, and how a stored credential becomes a session.

mod chain;
mod identity_center;

use std::sync::Arc;

use aws_credential_types::Credentials;
use llm::{Category, Error, Secret};
use serde_json::Value;

pub use chain::ProfileOptions;
pub(crate) use chain::Profiles;
use chain::Search;
pub(crate) use identity_center::Way;
use identity_center::{IdentityCenter, KIND as IDENTITY_CENTER};

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
    /// A role of IAM Identity Center, signed in to here.
    IdentityCenter(Box<IdentityCenter>),
}

/// Where sessions come from.
#[derive(Debug)]
pub(crate) struct Sources {
    pub(crate) profiles: Profiles,
    pub(crate) way: Way,
}

/// The fields of a sign-in to IAM Identity Center. Nobody is asked for them.
const SIGNED_IN: &[&str] = &[
    "start_url",
    "oidc_region",
    "client_id",
    "client_secret",
    "client_expires_at",
    "refresh_token",
    "access_token",
    "expires_at",
    "account_id",
    "role_name",
];

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
    let own = if credential["kind"] == IDENTITY_CENTER { SIGNED_IN } else { &[] };
    check_names(credential, &kinds(), own)?;
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
        Credential::IdentityCenter(signed_in) => (IDENTITY_CENTER, signed_in.label()),
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
    sources: &Sources,
) -> Result<Opened, Error> {
    let unreadable =
        || Error::new(Category::NoCredentials, "The stored credential of this account is unreadable.");
    let stored: Value = serde_json::from_str(credential.expose()).map_err(|_| unreadable())?;
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
        Credential::IdentityCenter(_) => {
            let Value::Object(fields) = stored else { return Err(unreadable()) };
            return sources.way.open(account, fields, why).await;
        }
    };
    let instance = account.options.get("instance_metadata").and_then(Value::as_bool).unwrap_or(false);
    let search = Search { profile: profile.as_deref(), region: &account.region, instance, account };
    let found = sources.profiles.find(search).await?;
    let account = if account.region == found.region {
        account.clone()
    } else {
        Arc::new(Account { region: found.region, ..Account::clone(account) })
    };
    Ok(opened(account, Identity::SigV4(found.credentials)))
}

/// Whether a session can be made of a credential with nobody asked.
pub(crate) fn is_ready(credential: &Secret) -> bool {
    let stored = serde_json::from_str(credential.expose()).unwrap_or(Value::Null);
    matches!(read(&stored), Ok(Credential::Keys(_) | Credential::ApiKey(_)))
}

/// When a stored sign-in is over for good, as far as is known.
pub(crate) fn ends(credential: &Secret) -> Option<std::time::SystemTime> {
    // Keys and profiles are not worth parsing at every look.
    let text = Some(credential.expose()).filter(|text| text.contains(IDENTITY_CENTER))?;
    let Ok(Value::Object(fields)) = serde_json::from_str(text) else { return None };
    if fields.get("kind")? != IDENTITY_CENTER {
        return None;
    }
    identity_center::ends(&fields)
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
        Some(IDENTITY_CENTER) => Ok(Credential::IdentityCenter(Box::new(IdentityCenter::read(fields)?))),
        _ => Err(wrong("credential.kind", "must be access_key, bedrock_api_key, aws_profile or aws_default")),
    }
}

#[cfg(test)]
mod tests;
