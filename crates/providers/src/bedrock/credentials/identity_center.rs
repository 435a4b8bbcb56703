//! A role of IAM Identity Center: its keys are fetched with the token of a sign-in, and the token is renewed for as long
//! as the sign-in lasts.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_credential_types::Credentials;
use llm::{Category, Error, Secret};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::address::{check_region, parse};
use crate::bedrock::sso::{Places, Refused, read};
use crate::bedrock::{Clock, logins};
use crate::fields::{optional, required, wrong};
use crate::http::clock_offset;
use crate::login::{Complaint, Heard, Question, Tokens, ended, written};
use crate::{Account, Http, Identity, Opened, Session, Why};

/// A token with less life than this is renewed before it is used.
const SKEW: Duration = Duration::from_secs(60);

/// When the answer does not say how long a token lives.
const USUAL_LIFE: Duration = Duration::from_secs(3600);

/// What a clock may be off without anybody noticing.
const TOLERATED: i64 = 30;

const SIGN_IN: &str = "Sign in again in Accounts or with `switchboard accounts sign-in NAME`.";

/// A stored credential, read.
#[derive(Debug)]
pub(super) struct IdentityCenter {
    region: String,
    client_id: String,
    client_secret: Secret,
    token: Secret,
    expires: SystemTime,
    refresh_token: Option<Secret>,
    account: String,
    role: String,
}

impl IdentityCenter {
    pub(super) fn read(fields: &Map<String, Value>) -> Result<Self, Error> {
        let region = required(fields, "oidc_region")?;
        check_region(&region).map_err(|_| {
            wrong("credential.oidc_region", "is not an AWS region; regions look like `us-east-1`")
        })?;
        required(fields, "start_url")?;
        let account = required(fields, "account_id")?;
        if account.len() != 12 || !account.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(wrong("credential.account_id", "must have 12 digits"));
        }
        let expires = required(fields, "expires_at")?;
        let expires = OffsetDateTime::parse(&expires, &Rfc3339)
            .map_err(|_| wrong("credential.expires_at", "must be a time like 2026-12-01T12:00:00Z"))?;
        Ok(Self {
            region,
            client_id: required(fields, "client_id")?,
            client_secret: required(fields, "client_secret")?.into(),
            token: required(fields, "access_token")?.into(),
            expires: expires.into(),
            refresh_token: optional(fields, "refresh_token")?.map(Secret::new),
            account,
            role: required(fields, "role_name")?,
        })
    }

    /// Which role it is.
    pub(super) fn label(&self) -> String {
        format!("{} @ {}", self.role, self.account)
    }
}

/// When a stored sign-in is over for good, as far as is known: with its token when that cannot be renewed, else with the
/// registration that renews it.
pub(super) fn ends(fields: &Map<String, Value>) -> Option<SystemTime> {
    let read = IdentityCenter::read(fields).ok()?;
    if read.refresh_token.is_none() {
        return Some(read.expires);
    }
    let seconds = fields.get("client_expires_at")?.as_u64()?;
    Some(UNIX_EPOCH + Duration::from_secs(seconds))
}

/// What a session needs from outside.
#[derive(Clone)]
pub(crate) struct Way {
    pub(crate) http: Http,
    pub(crate) clock: Clock,
}

impl std::fmt::Debug for Way {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Way").finish_non_exhaustive()
    }
}

impl Way {
    /// Makes a session.
    ///
    /// # Errors
    /// [`Category::NoCredentials`] when the person must sign in again, others when it may work later.
    pub(super) async fn open(
        &self,
        account: &Arc<Account>,
        fields: Map<String, Value>,
        why: Why,
    ) -> Result<Opened, Error> {
        let stored = IdentityCenter::read(&fields)
            .map_err(|error| Error::new(Category::NoCredentials, error.message))?;
        let places = Places::of(account, &stored.region)?;
        let fresh = stored.expires > (self.clock)() + SKEW;
        if fresh || why == Why::Unfinished {
            match self.keys(account, &places, &stored).await {
                Ok(session) => return Ok(Opened { session, rotated: None, again: false }),
                // Ended before its time, by an administrator or a sign-out elsewhere.
                Err((Refused::Token, error)) if stored.refresh_token.is_none() || why == Why::Unfinished => {
                    return Err(Error { message: format!("{} {SIGN_IN}", error.message), ..error });
                }
                Err((Refused::Token, _)) => {}
                Err((_, error)) => return Err(error),
            }
        }
        self.renew(account, &places, &stored, fields).await
    }

    /// A session that bears the renewed token: it is stored before the role's keys are asked for with it.
    async fn renew(
        &self,
        account: &Arc<Account>,
        places: &Places,
        stored: &IdentityCenter,
        mut fields: Map<String, Value>,
    ) -> Result<Opened, Error> {
        let Some(refresh_token) = &stored.refresh_token else {
            return Err(Error::new(
                Category::NoCredentials,
                format!("The sign-in of this account has ended. {SIGN_IN}"),
            ));
        };
        let body = json!({
            "clientId": stored.client_id, "clientSecret": stored.client_secret.expose(),
            "grantType": "refresh_token", "refreshToken": refresh_token.expose(),
        });
        let url = parse(&format!("{}/token", places.oidc))?;
        let heard = self.http.of(account).ask(Question::json(url, &body)).await?;
        if heard.status != 200 {
            let complaint = Complaint::read(heard.header("x-amzn-errortype"), &heard.body);
            return Err(ended(heard.status, complaint, None, SIGN_IN));
        }
        let tokens = Tokens::read(&heard.json()?)
            .ok_or_else(|| Error::new(Category::Upstream, "The sign-in service answered without a token."))?;
        let expires = (self.clock)() + tokens.life.unwrap_or(USUAL_LIFE);
        let mut put = |name: &str, text: &str| fields.insert(name.to_owned(), Value::from(text));
        put("access_token", tokens.access.expose());
        put("expires_at", &written(expires));
        if let Some(next) = &tokens.refresh {
            put("refresh_token", next.expose());
        }
        let identity = Identity::Bearer(tokens.access);
        let session = Session { account: account.clone(), identity, expires: Some(expires), clock_offset: 0 };
        let rotated = Some(Secret::new(Value::Object(fields).to_string()));
        Ok(Opened { session, rotated, again: true })
    }

    /// The keys of the role.
    async fn keys(
        &self,
        account: &Arc<Account>,
        places: &Places,
        stored: &IdentityCenter,
    ) -> Result<Session, (Refused, Error)> {
        let other = |error| (Refused::Other, error);
        let question = places.keys(&stored.token, &stored.account, &stored.role).map_err(other)?;
        let heard = self.http.of(account).ask(question).await.map_err(other)?;
        let answer = read(&heard)?;
        let keys = &answer["roleCredentials"];
        let text = |name: &str| keys[name].as_str().filter(|text| !text.is_empty());
        let (Some(id), Some(secret), Some(token), Some(millis)) =
            (text("accessKeyId"), text("secretAccessKey"), text("sessionToken"), keys["expiration"].as_u64())
        else {
            return Err(other(Error::new(Category::Upstream, "The access portal answered without keys.")));
        };
        let offset = self.offset(&heard);
        // Told by AWS's clock; everything here goes by ours.
        let ends = UNIX_EPOCH + Duration::from_millis(millis);
        let by = Duration::from_secs(offset.unsigned_abs());
        let expires = if offset > 0 { ends - by } else { ends + by };
        let keys = Credentials::new(id, secret, Some(token.to_owned()), Some(expires), "IdentityCenter");
        Ok(Session {
            account: account.clone(),
            identity: Identity::SigV4(keys),
            expires: Some(expires),
            clock_offset: offset,
        })
    }

    /// Seconds by which AWS's clock is ahead of ours.
    fn offset(&self, heard: &Heard) -> i64 {
        let told = heard.header("date").and_then(|date| clock_offset(date, (self.clock)()));
        told.filter(|offset| offset.abs() > TOLERATED).unwrap_or(0)
    }
}

/// The kind's name.
pub(super) const KIND: &str = logins::KIND;
