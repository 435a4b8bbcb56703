//! The ways to prove who one is to Kiro, and how a stored credential becomes a session.
//!
//! A refreshed token is stored beside the refresh token, so that a restart costs no refresh: the vendor has suspended
//! accounts that refreshed very often.

mod doubt;
mod ended;
mod profile;
mod refresh;
mod refusal;
mod shared;
mod stored;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use llm::{Category, Error, Secret};
use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use wire::amazon_q::Shape;

use super::bearer::{Bearer, TokenKind};
use super::hosts::REGIONS;
use super::{AmazonQ, SignIn, kept};
use crate::address::{check_custom, check_region};
use crate::fields::{check_names, field, masked, wrong};
use crate::{Account, CredentialKind, CredentialSummary, Identity, Opened, Session, Why};
pub(super) use doubt::Doubts;
pub(super) use ended::Ended;
use profile::Search;
pub(super) use profile::Unfinished;
pub(super) use shared::Lent;
use stored::{Access, Credential, Profile, Way};
pub(super) use stored::{access_of, is_profile_arn};

/// A token with less life than this is replaced before it is used.
const SKEW: Duration = Duration::from_secs(180);

/// What a sign-in stores beside, so that it can be gone again.
const OWN: [&str; 3] = ["login", "start_url", "client_expires_at"];

/// What the UI asks for. The token and its end are what a refresh stores; nobody need enter them.
pub(super) fn kinds() -> Vec<CredentialKind> {
    let with_token = |kind, own: &[(&'static str, bool, bool)]| {
        let stored =
            [("profile_arn", false, false), ("access_token", true, false), ("expires_at", false, false)];
        let all = own.iter().copied().chain(stored);
        CredentialKind {
            kind,
            fields: all.map(|(name, secret, required)| field(name, secret, required)).collect(),
        }
    };
    vec![
        with_token(
            "oidc_refresh_token",
            &[
                ("refresh_token", true, true),
                ("client_id", false, true),
                ("client_secret", true, true),
                ("oidc_region", false, false),
            ],
        ),
        with_token("kiro_social", &[("refresh_token", true, true)]),
        with_token(
            "external_idp",
            &[
                ("refresh_token", true, true),
                ("token_endpoint", false, true),
                ("issuer_url", false, true),
                ("client_id", false, false),
                ("scopes", false, false),
            ],
        ),
        CredentialKind { kind: "kiro_api_key", fields: vec![field("api_key", true, true)] },
    ]
}

/// Checks an account and its credential, and says what may be shown of it.
///
/// # Errors
/// [`Category::InvalidRequest`] naming the field.
pub(super) fn check(account: &Account, credential: &Value) -> Result<CredentialSummary, Error> {
    let read = stored::read(credential)?;
    let own = if matches!(read.way, Way::Shared(_)) { &kept::MEMBERS[..] } else { &OWN };
    check_names(credential, &kinds(), own)?;
    if !account.region.is_empty() {
        check_region(&account.region)?;
        if !REGIONS.contains(&account.region.as_str()) {
            let regions = REGIONS.join(", ");
            return Err(wrong("region", &format!("must be one that Kiro is served in: {regions}")));
        }
    }
    if let Some(custom) = &account.endpoint_url {
        check_custom(custom)?;
    }
    let profile = match &read.profile {
        Profile::Known(arn) => arn.rsplit_once('/').map(|(_, id)| id),
        _ => None,
    };
    let (kind, label) = match &read.way {
        Way::Oidc { region, .. } => ("oidc_refresh_token", profile.unwrap_or(region).to_owned()),
        Way::Social { .. } => ("kiro_social", profile.unwrap_or("Kiro").to_owned()),
        Way::External { issuer, .. } => ("external_idp", issuer.clone()),
        Way::ApiKey(key) => ("kiro_api_key", masked(key.expose())),
        Way::Shared(shared) => (kept::KIND, shared.label()),
    };
    Ok(CredentialSummary { kind: kind.to_owned(), label })
}

impl AmazonQ {
    /// Whether a credential has a token that need not be refreshed.
    pub(super) fn has_token(&self, credential: &Secret) -> bool {
        let stored = serde_json::from_str(credential.expose()).unwrap_or(Value::Null);
        let Ok(Credential { way, access, .. }) = stored::read(&stored) else { return false };
        let now = (self.clock)();
        matches!(way, Way::ApiKey(_) | Way::Shared(_))
            || access.is_some_and(|access| access.expires > now + SKEW)
    }

    /// Makes a session; refreshes the token only when there is none that can still be used.
    ///
    /// # Errors
    /// [`Category::NoCredentials`] when the person must sign in again, others when it may work later.
    pub(super) async fn opened(
        &self,
        account: &Arc<Account>,
        credential: &Secret,
        why: Why,
    ) -> Result<Opened, Error> {
        let unreadable =
            || Error::new(Category::NoCredentials, "The stored credential of this account is unreadable.");
        let json: Value = serde_json::from_str(credential.expose()).map_err(|_| unreadable())?;
        let read = stored::read(&json).map_err(|error| Error::new(Category::NoCredentials, error.message))?;
        let Value::Object(mut fields) = json else { return Err(unreadable()) };
        let Credential { way, profile, access } = read;
        let (sign_in, before) = self.sign_ins.opened(account, &fields);
        if let Some(before) = before {
            self.forget(before);
        }
        if let Way::ApiKey(token) = way {
            return api_key(account, token, sign_in, why);
        }
        let mut profile = profile;
        if profile == Profile::Absent && self.doubts.wants_search(sign_in) {
            profile = Profile::Unasked;
        }
        let token_is_good = self.doubts.reopened(sign_in);
        let mut kind = match way {
            Way::External { .. } => TokenKind::ExternalIdp,
            _ => TokenKind::Aws,
        };
        let mut access = access;
        let shared = matches!(way, Way::Shared(_));
        if let Way::Shared(shared) = way {
            // A search for the profile alone asks for no other token.
            let why = if token_is_good { Why::Expiring } else { why };
            let kept = self.lent(shared, sign_in, why).await?;
            kind = kept.token_kind;
            access = Some(Access { token: kept.token, expires: kept.expires });
            profile = kept.profile_arn.map_or(Profile::Unasked, Profile::Known);
        }
        let now = (self.clock)();
        let mut refreshed = false;
        let usable = access.filter(|access| match why {
            // However short its life: it was got a moment ago, and another would be no better.
            Why::Unfinished => true,
            _ if shared => true,
            Why::Rejected if !token_is_good => false,
            Why::Rejected | Why::First | Why::Expiring => access.expires > now + SKEW,
        });
        let access = match usable {
            Some(access) => access,
            None => {
                let fresh = self.refresh(account, &way).await?;
                refreshed = true;
                let access = Access { token: fresh.token, expires: (self.clock)() + fresh.life };
                if let Some(token) = fresh.refresh_token {
                    put(&mut fields, "refresh_token", token.expose());
                }
                put(&mut fields, "access_token", access.token.expose());
                put(&mut fields, "expires_at", &written(access.expires));
                // The profile that the person chose stays; one that is learned fills the gap.
                if let (Some(arn), Profile::Unasked | Profile::Absent) = (fresh.profile_arn, &profile) {
                    put(&mut fields, "profile_arn", &arn);
                    profile = Profile::Known(arn);
                }
                access
            }
        };
        let mut bearer = Bearer { token: access.token, kind, shape: Shape::Cli, profile_arn: None, sign_in };
        let mut expires = access.expires;
        let mut changed = refreshed;
        let again = refreshed && profile == Profile::Unasked;
        if profile == Profile::Unasked && !again {
            let search = self.search_profile(account, &bearer).await;
            if !matches!(search, Search::Undecided(_)) {
                self.doubts.settle(sign_in);
            }
            match search {
                Search::Found(arn) => {
                    put(&mut fields, "profile_arn", &arn);
                    profile = Profile::Known(arn);
                    changed = true;
                }
                Search::None => {
                    fields.insert("profile_arn".to_owned(), Value::Null);
                    changed = true;
                }
                // The session is opened anew then, with the same token.
                Search::Undecided(pause) => expires = expires.min((self.clock)() + pause),
            }
        }
        if let Profile::Known(arn) = profile {
            bearer.shape = Shape::Ide;
            bearer.profile_arn = Some(arn);
        }
        // Whoever signs in to the other program next may have another profile.
        changed &= !shared;
        if changed {
            self.sign_ins.renewed(account, sign_in, &fields);
        }
        let rotated = changed.then(|| Secret::new(Value::Object(fields).to_string()));
        Ok(Opened { session: session(account, bearer, Some(expires)), rotated, again })
    }
}

fn api_key(account: &Arc<Account>, token: Secret, sign_in: SignIn, why: Why) -> Result<Opened, Error> {
    if why == Why::Rejected {
        return Err(Error::new(
            Category::NoCredentials,
            "Kiro refuses this API key. Make a new one in the Kiro portal and enter it in Accounts or with \
             `switchboard accounts credential NAME --kiro-api-key`.",
        ));
    }
    let bearer = Bearer { token, kind: TokenKind::ApiKey, shape: Shape::Cli, profile_arn: None, sign_in };
    Ok(Opened { session: session(account, bearer, None), rotated: None, again: false })
}

fn session(account: &Arc<Account>, bearer: Bearer, expires: Option<SystemTime>) -> Session {
    Session { account: account.clone(), identity: Identity::Kiro(bearer), expires, clock_offset: 0 }
}

fn put(fields: &mut Map<String, Value>, name: &str, text: &str) {
    fields.insert(name.to_owned(), Value::from(text));
}

/// RFC 3339, in whole seconds.
fn written(time: SystemTime) -> String {
    let time = OffsetDateTime::from(time);
    time.replace_nanosecond(0).unwrap_or(time).format(&Rfc3339).unwrap_or_default()
}

#[cfg(test)]
mod tests;
