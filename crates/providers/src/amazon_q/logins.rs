//! The ways to sign in to Kiro: AWS's directories, Kiro's own sign-in with Google or GitHub, an organisation's own
//! identity provider.

mod external;
mod social;
#[cfg(test)]
mod tests;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use llm::{Category, Error, Secret};
use serde_json::{Map, Value};

use super::hosts::{HOME, HostTemplates};
use crate::address::check_region;
use crate::fields::{field, optional_at, required_at, wrong};
use crate::login::{
    BUILDER_ID, Callback, Failure, Flow, Grant, Heard, Issuer, Login, Moment, Next, Oidc, OidcOptions, Proof,
    Wish, chosen, start_url,
};
use crate::{Account, Begin, Procedure};
use external::External;
use social::Social;

/// What a session may do: converse, and what belongs to it. Nothing that reads AWS accounts.
const SCOPES: &[&str] =
    &["codewhisperer:completions", "codewhisperer:analysis", "codewhisperer:conversations"];

const BOTH: &[Flow] = &[Flow::Device, Flow::Browser];

/// The ports that the services know to send browsers back to.
const PORTS: &[u16] = &[3128, 4649, 6588, 8008, 9091, 49153, 50153, 51153, 52153, 53153];

const EXTERNAL: &str = "external_idp";

/// What the UI offers.
pub(super) fn ways() -> Vec<Login> {
    vec![
        Login { id: "builder_id", flows: BOTH, fields: Vec::new() },
        Login {
            id: "identity_center",
            flows: BOTH,
            fields: vec![field("start_url", false, true), field("oidc_region", false, true)],
        },
        Login { id: "google", flows: BOTH, fields: Vec::new() },
        Login { id: "github", flows: BOTH, fields: Vec::new() },
        Login {
            id: EXTERNAL,
            flows: BOTH,
            fields: vec![
                field("issuer_url", false, true),
                field("client_id", false, true),
                field("scopes", false, false),
            ],
        },
    ]
}

/// Begins a sign-in.
///
/// # Errors
/// [`Category::InvalidRequest`] naming the field.
pub(super) fn begin(hosts: &HostTemplates, begin: Begin<'_>) -> Result<Box<dyn Procedure>, Error> {
    let Begin { account, wish, old, entropy, .. } = begin;
    let ways = ways();
    let (login, flow) = chosen(wish, &ways)?;
    let directory = |region: &str, start_url: String| directory(hosts, account, region, start_url);
    let issuer: Box<dyn Issuer> = match login.id {
        "builder_id" => Box::new(directory(HOME, BUILDER_ID.to_owned())?),
        "identity_center" => {
            let region = required_at(&wish.fields, "fields", "oidc_region")?;
            check_region(&region).map_err(|_| {
                wrong("fields.oidc_region", "is not an AWS region; regions look like `us-east-1`")
            })?;
            let start = required_at(&wish.fields, "fields", "start_url")?;
            Box::new(directory(&region, start_url(&start, "fields.start_url")?)?)
        }
        EXTERNAL => {
            let issuer = required_at(&wish.fields, "fields", "issuer_url")?;
            let client = required_at(&wish.fields, "fields", "client_id")?;
            Box::new(External::new(&issuer, client, optional_at(&wish.fields, "fields", "scopes")?)?)
        }
        social => Box::new(Social::new(hosts.clone(), account.clone(), social)?),
    };
    let profile = old.and_then(|old| carried(login.id, wish, old));
    let login = login.id.to_owned();
    Ok(Box::new(KiroLogin { grant: Grant::new(issuer, flow, Proof::new(entropy)), login, profile }))
}

/// The service of a directory.
fn directory(
    hosts: &HostTemplates,
    account: &Account,
    region: &str,
    start_url: String,
) -> Result<Oidc, Error> {
    Ok(Oidc::new(OidcOptions {
        base: hosts.oidc(account, region)?,
        region: region.to_owned(),
        start_url,
        scopes: SCOPES,
        kind: "oidc_refresh_token",
    }))
}

/// The profile that the person chose for a sign-in in the same place.
fn carried(login: &str, wish: &Wish, old: &Value) -> Option<Value> {
    let same = |name: &str| old.get(name) == wish.fields.get(name);
    let here = match login {
        "builder_id" => old["login"] == login,
        "identity_center" => old["login"] == login && same("oidc_region"),
        EXTERNAL => old["kind"] == EXTERNAL && same("issuer_url"),
        // It comes with the token.
        _ => false,
    };
    old.get("profile_arn").filter(|arn| here && arn.is_string()).cloned()
}

/// What to wish for to get a credential like this one anew.
pub(super) fn again(credential: &Value) -> Option<Wish> {
    let text = |name: &str| credential.get(name).and_then(Value::as_str);
    let login = match text("kind")? {
        "oidc_refresh_token" if text("start_url") == Some(BUILDER_ID) => "builder_id",
        "oidc_refresh_token" if text("start_url").is_some() => "identity_center",
        "kiro_social" => text("login")?,
        "external_idp" if text("client_id").is_some() => EXTERNAL,
        _ => return None,
    };
    let ways = ways();
    let way = ways.iter().find(|way| way.id == login)?;
    let mut fields = Map::new();
    for field in &way.fields {
        if let Some(value) = credential.get(field.name).filter(|value| !value.is_null()) {
            let joined = value.as_array().map(|list| {
                let words: Vec<_> = list.iter().filter_map(Value::as_str).collect();
                Value::from(words.join(" "))
            });
            fields.insert(field.name.to_owned(), joined.unwrap_or_else(|| value.clone()));
        }
    }
    Some(Wish { login: login.to_owned(), flow: None, fields })
}

/// When the registration of a sign-in runs out, and the sign-in with it.
pub(super) fn ends(credential: &Secret) -> Option<SystemTime> {
    // Few have one: the others are not worth parsing at every look.
    const MEMBER: &str = "client_expires_at";
    let text = Some(credential.expose()).filter(|text| text.contains(MEMBER))?;
    let seconds = serde_json::from_str::<Value>(text).ok()?.get(MEMBER)?.as_u64()?;
    UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

/// A sign-in to Kiro.
#[derive(Debug)]
struct KiroLogin {
    grant: Grant,
    login: String,
    /// A profile that stays.
    profile: Option<Value>,
}

impl KiroLogin {
    fn finished(&self, mut fields: Map<String, Value>) -> Result<Value, Error> {
        if !fields.contains_key("refresh_token") {
            return Err(Error::new(
                Category::Upstream,
                "The sign-in service gave no refresh token, so the sign-in would not last.",
            ));
        }
        if let Some(profile) = &self.profile {
            fields.entry("profile_arn").or_insert_with(|| profile.clone());
        }
        if fields["kind"] != EXTERNAL {
            // The person may have chosen another way on Kiro's page.
            let login = match fields.get("start_url").and_then(Value::as_str) {
                Some(BUILDER_ID) => "builder_id",
                Some(_) => "identity_center",
                None => self.login.as_str(),
            };
            let login = Value::from(login);
            fields.insert("login".to_owned(), login);
        }
        Ok(Value::Object(fields))
    }
}

impl Procedure for KiroLogin {
    fn next(&mut self, now: Moment) -> Next {
        if let Some(next) = self.grant.next(now) {
            return next;
        }
        let credential = match self.grant.credential(now) {
            Some(fields) => fields.and_then(|fields| self.finished(fields)),
            None => Err(Error::new(Category::Internal, "A sign-in was granted without tokens.")),
        };
        credential.map_or_else(|error| Next::Over(Failure::Refused(error)), Next::Done)
    }

    fn heard(&mut self, heard: Result<Heard, Error>, now: Moment) {
        self.grant.heard(heard, now);
    }

    fn listening(&mut self, port: Option<u16>, _: Moment) {
        self.grant.listening(port);
    }

    fn returned(&mut self, callback: &Callback, _: Moment) -> bool {
        self.grant.returned(callback)
    }

    fn chose(&mut self, _: &str, _: Moment) -> bool {
        false
    }
}
