//! A credential as it is stored, read.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use llm::{Error, Secret};
use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use url::Url;

use crate::address::{check_custom, check_region};
use crate::amazon_q::hosts::HOME;
use crate::amazon_q::kept::{self, Shared};
use crate::fields::{optional, required, wrong};

/// Far more than any vendor asks for.
const MOST_SCOPES: usize = 100;

/// A credential.
pub(super) struct Credential {
    pub(super) way: Way,
    pub(super) profile: Profile,
    /// The token of the last refresh.
    pub(super) access: Option<Access>,
}

/// How a token is got.
pub(super) enum Way {
    /// AWS Builder ID and IAM Identity Center.
    Oidc {
        refresh_token: Secret,
        client_id: String,
        client_secret: Secret,
        /// Of the directory; the profile may live in another one.
        region: String,
    },
    /// Google and GitHub, through Kiro's own sign-in.
    Social {
        refresh_token: Secret,
    },
    /// An organisation's own identity provider.
    External {
        refresh_token: Secret,
        token_endpoint: Url,
        /// Host of the issuer, for people.
        issuer: String,
        client_id: Option<String>,
        /// Separated by spaces.
        scopes: Option<String>,
    },
    ApiKey(Secret),
    /// Another program's, which alone renews it.
    Shared(Shared),
}

/// What is known of the account's profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Profile {
    Known(String),
    /// Looked for, and there is none. Stored as `null`.
    Absent,
    Unasked,
}

/// A token and its end.
pub(in crate::amazon_q) struct Access {
    pub(in crate::amazon_q) token: Secret,
    pub(in crate::amazon_q) expires: SystemTime,
}

/// Reads a credential.
///
/// # Errors
/// [`llm::Category::InvalidRequest`] naming the field.
pub(super) fn read(credential: &Value) -> Result<Credential, Error> {
    let Some(fields) = credential.as_object() else {
        return Err(wrong("credential", "must be an object"));
    };
    let secret = |name| required(fields, name).map(Secret::new);
    let way = match fields.get("kind").and_then(Value::as_str) {
        Some("oidc_refresh_token") => Way::Oidc {
            refresh_token: secret("refresh_token")?,
            client_id: required(fields, "client_id")?,
            client_secret: secret("client_secret")?,
            region: oidc_region(fields)?,
        },
        Some("kiro_social") => Way::Social { refresh_token: secret("refresh_token")? },
        Some("external_idp") => {
            let (token_endpoint, issuer) = addresses(fields)?;
            Way::External {
                refresh_token: secret("refresh_token")?,
                token_endpoint,
                issuer,
                client_id: optional(fields, "client_id")?,
                scopes: scopes(fields)?,
            }
        }
        Some("kiro_api_key") => Way::ApiKey(secret("api_key")?),
        Some(kept::KIND) => Way::Shared(Shared::read(fields)?),
        _ => {
            return Err(wrong(
                "credential.kind",
                "must be oidc_refresh_token, kiro_social, external_idp or kiro_api_key",
            ));
        }
    };
    Ok(Credential { way, profile: profile(fields)?, access: access(fields)? })
}

fn oidc_region(fields: &Map<String, Value>) -> Result<String, Error> {
    let region = optional(fields, "oidc_region")?.unwrap_or_else(|| HOME.to_owned());
    check_region(&region).map_err(|_| {
        wrong("credential.oidc_region", "is not an AWS region; regions look like `us-east-1`")
    })?;
    Ok(region)
}

/// The refresh token goes to the endpoint, so the endpoint must be the issuer's own.
fn addresses(fields: &Map<String, Value>) -> Result<(Url, String), Error> {
    let address = |name: &str| {
        let text = required(fields, name)?;
        let refuse =
            |_| wrong(&format!("credential.{name}"), "must be an https address, without user name or query");
        check_custom(&text).map_err(refuse)?;
        Url::parse(&text).map_err(|_| wrong(&format!("credential.{name}"), "is not an address"))
    };
    let (endpoint, issuer) = (address("token_endpoint")?, address("issuer_url")?);
    if endpoint.host_str() != issuer.host_str() {
        return Err(wrong("credential.token_endpoint", "must be on the host of issuer_url"));
    }
    let host = issuer.host_str().unwrap_or_default().to_owned();
    Ok((endpoint, host))
}

/// One text, or a list of them.
fn scopes(fields: &Map<String, Value>) -> Result<Option<String>, Error> {
    let Some(Value::Array(list)) = fields.get("scopes") else {
        return optional(fields, "scopes");
    };
    let refuse = || wrong("credential.scopes", "must be a text or a list of texts");
    let words: Option<Vec<&str>> = list.iter().map(Value::as_str).collect();
    let words = words.filter(|words| words.len() <= MOST_SCOPES).ok_or_else(refuse)?.join(" ");
    let joined = Map::from_iter([("scopes".to_owned(), Value::from(words))]);
    optional(&joined, "scopes")
}

fn profile(fields: &Map<String, Value>) -> Result<Profile, Error> {
    let Some(arn) = optional(fields, "profile_arn")? else {
        let asked = fields.get("profile_arn").is_some_and(Value::is_null);
        return Ok(if asked { Profile::Absent } else { Profile::Unasked });
    };
    if !is_profile_arn(&arn) {
        return Err(wrong(
            "credential.profile_arn",
            "must look like arn:aws:codewhisperer:us-east-1:123456789012:profile/ABCDEF",
        ));
    }
    Ok(Profile::Known(arn))
}

/// `arn:aws:codewhisperer:{region}:{12 digits}:profile/{letters, digits, -}`, of any partition.
pub(in crate::amazon_q) fn is_profile_arn(arn: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let [start, partition, service, region, owner, resource] = parts.as_slice() else { return false };
    let in_partition = partition.strip_prefix("aws").is_some_and(|rest| {
        rest.is_empty()
            || (rest.starts_with('-') && rest.bytes().all(|b| b == b'-' || b.is_ascii_lowercase()))
    });
    let is_id = |id: &str| {
        (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte == b'-' || byte.is_ascii_alphanumeric())
    };
    *start == "arn"
        && in_partition
        && *service == "codewhisperer"
        && check_region(region).is_ok()
        && owner.len() == 12
        && owner.bytes().all(|byte| byte.is_ascii_digit())
        && resource.strip_prefix("profile/").is_some_and(is_id)
}

/// A token whose end nobody knows is as good as none: a refresh costs less than a refusal.
fn access(fields: &Map<String, Value>) -> Result<Option<Access>, Error> {
    let token = optional(fields, "access_token")?;
    let refuse =
        || wrong("credential.expires_at", "must be a time like 2026-12-01T12:00:00Z, or seconds since 1970");
    let expires = match fields.get("expires_at") {
        None | Some(Value::Null) => None,
        Some(Value::Number(seconds)) => Some(epoch(seconds.as_f64().ok_or_else(refuse)?).ok_or_else(refuse)?),
        Some(Value::String(text)) => {
            let text = text.trim();
            match text.parse::<f64>() {
                Ok(seconds) => Some(epoch(seconds).ok_or_else(refuse)?),
                Err(_) => Some(OffsetDateTime::parse(text, &Rfc3339).map_err(|_| refuse())?.into()),
            }
        }
        Some(_) => return Err(refuse()),
    };
    Ok(token.zip(expires).map(|(token, expires)| Access { token: Secret::new(token), expires }))
}

/// A token and its end as another program wrote them.
pub(in crate::amazon_q) fn access_of(token: Value, expires: Value) -> Option<Access> {
    let fields = [("access_token".to_owned(), token), ("expires_at".to_owned(), expires)];
    access(&Map::from_iter(fields)).ok().flatten()
}

/// Seconds since 1970, or milliseconds when they could only be that.
fn epoch(seconds: f64) -> Option<SystemTime> {
    let seconds = if seconds > 1e11 { seconds / 1000.0 } else { seconds };
    let since = Duration::try_from_secs_f64(seconds).ok()?;
    UNIX_EPOCH.checked_add(since).filter(|_| seconds < 1e11)
}
