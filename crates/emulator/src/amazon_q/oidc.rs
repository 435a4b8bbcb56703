//! The OIDC service of IAM Identity Center and Builder ID: client registrations, tokens, and the two ways to sign in.

use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::request::Parts;
use serde_json::{Value, json};

use super::account::{KiroAccount, KiroKind};
use super::errors::case;
use super::ledger::{Kiro, Registered, Tokens, member};
use super::person::{self, Decision};
use super::sign_in::{self, Query, Ticket, encoded};
use crate::Refusal;
use crate::reply::Reply;

/// Where people without an organisation start.
const BUILDER_ID: &str = "https://view.awsapps.com/start";

/// The one scope for AWS accounts.
const ACCOUNTS: &str = "sso:account:access";

/// What a client may ask for.
const SCOPES: &[&str] = &["completions", "analysis", "conversations", "transformations", "taskassist"];

pub(super) fn register(kiro: &Kiro, body: &Bytes, now: SystemTime) -> Result<Value, Refusal> {
    let body = read(body)?;
    member(&body, "clientName")?;
    if member(&body, "clientType")? != "public" {
        return Err(case("invalid_request").because("clientType is not public"));
    }
    let texts = |name: &str| -> Vec<String> {
        let list = body[name].as_array().into_iter().flatten();
        list.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let scopes = texts("scopes");
    let known = |scope: &str| {
        scope == ACCOUNTS || scope.strip_prefix("codewhisperer:").is_some_and(|own| SCOPES.contains(&own))
    };
    if let Some(scope) = scopes.iter().find(|scope| !known(scope)) {
        let refusal = Refusal::new(400, "invalid_scope", "Invalid scope");
        return Err(refusal.because(format!("scope {scope}")));
    }
    // A token is for Kiro or for AWS accounts: nobody needs one for both.
    if scopes.len() > 1 && scopes.iter().any(|scope| scope == ACCOUNTS) {
        return Err(case("invalid_request").because("sso:account:access beside others"));
    }
    let redirects = texts("redirectUris");
    let grants = texts("grantTypes");
    if !redirects.is_empty() && !grants.iter().any(|grant| grant == "authorization_code") {
        return Err(case("invalid_request").because("redirectUris without the grant for them"));
    }
    let issuer = body["issuerUrl"].as_str().map(str::to_owned);
    let (id, secret, expires) = kiro.register(Registered { redirects, scopes, issuer }, now);
    Ok(json!({
        "clientId": id,
        "clientSecret": secret,
        "clientIdIssuedAt": seconds(now),
        "clientSecretExpiresAt": seconds(expires),
    }))
}

pub(super) fn token(kiro: &Kiro, body: &Bytes, now: SystemTime) -> Result<Value, Refusal> {
    let body = read(body)?;
    let (client, secret) = client(kiro, &body, now)?;
    match member(&body, "grantType")? {
        "refresh_token" => {
            let belongs = |account: &KiroAccount| account.is_oidc() && account.client_id == client;
            kiro.refresh(member(&body, "refreshToken")?, belongs, now).map(|tokens| told(&tokens))
        }
        "urn:ietf:params:oauth:grant-type:device_code" => {
            let account = kiro.poll(member(&body, "deviceCode")?, client, now)?;
            signed_in(kiro, &account, (client, secret), now)
        }
        "authorization_code" => {
            let account = kiro.redeem(
                &Ticket {
                    code: member(&body, "code")?,
                    verifier: member(&body, "codeVerifier")?,
                    address: member(&body, "redirectUri")?,
                    client,
                },
                now,
            )?;
            signed_in(kiro, &account, (client, secret), now)
        }
        other => Err(case("unsupported_grant_type").because(format!("grantType {other}"))),
    }
}

/// Begins a sign-in that a person completes on another page; the start URL tells which directory they are in.
pub(super) fn device(kiro: &Kiro, head: &Parts, body: &Bytes, now: SystemTime) -> Result<Value, Refusal> {
    let body = read(body)?;
    let (client, _) = client(kiro, &body, now)?;
    let start = member(&body, "startUrl")?;
    if !(start.starts_with("https://") && start.ends_with(".awsapps.com/start")) {
        let refusal = Refusal::new(400, "invalid_request", "Invalid start url provided");
        return Err(refusal.because(format!("startUrl {start}")));
    }
    let kind = kind(kiro, client, start)?;
    let device = kiro.begin(client, &[kind], now);
    let page = sign_in::page(head);
    Ok(json!({
        "deviceCode": device.code,
        "userCode": device.user_code,
        "verificationUri": page,
        "verificationUriComplete": format!("{page}?user_code={}", device.user_code),
        "expiresIn": device.life.as_secs(),
        "interval": device.interval.as_secs(),
    }))
}

/// A browser that was sent here, and goes back with a code.
pub(super) fn authorize(kiro: &Kiro, ask: bool, head: &Parts, now: SystemTime) -> Result<Reply, Refusal> {
    let asked = Query::of(head);
    let wrong = |why: &str| case("invalid_request").because(why);
    if asked.get("response_type")? != "code" || asked.get("code_challenge_method")? != "S256" {
        return Err(wrong("not a code with S256"));
    }
    let (client, address) = (asked.get("client_id")?, asked.get("redirect_uri")?);
    let registered = kiro.registered(client).ok_or_else(|| wrong("no such client"))?;
    if !registered.redirects.iter().any(|own| own == address) {
        return Err(wrong("the client did not register that redirect_uri"));
    }
    if asked.get("scopes")?.split(' ').any(|scope| !registered.scopes.iter().any(|own| own == scope)) {
        return Err(wrong("scopes that the client did not register"));
    }
    let kind = kind(kiro, client, registered.issuer.as_deref().unwrap_or_default())?;
    let (challenge, state) = (asked.get("code_challenge")?, asked.get("state")?);
    let agrees = match person::decision(&asked) {
        Decision::Undecided if ask => return Ok(person::consent(head)),
        Decision::Undecided | Decision::Agrees => true,
        Decision::Declines => false,
    };
    let code = agrees.then(|| kiro.visit(&[kind], client, address, challenge, now)).flatten();
    Ok(match code {
        Some(code) => Reply::redirect(format!("{address}?code={code}&state={}", encoded(state))),
        None => Reply::redirect(format!(
            "{address}?error=access_denied&error_description=User%20declined&state={}",
            encoded(state)
        )),
    })
}

/// Whose sign-in it is: the directory and the client's scopes tell.
fn kind(kiro: &Kiro, client: &str, start: &str) -> Result<KiroKind, Refusal> {
    let scopes = kiro.registered(client).unwrap_or_default().scopes;
    match (start == BUILDER_ID, scopes.iter().any(|scope| scope == ACCOUNTS)) {
        (true, true) => Err(case("invalid_request").because("Builder IDs have no AWS accounts")),
        (true, false) => Ok(KiroKind::BuilderId),
        (false, true) => Ok(KiroKind::Workforce),
        (false, false) => Ok(KiroKind::IdentityCenter),
    }
}

fn client<'a>(kiro: &Kiro, body: &'a Value, now: SystemTime) -> Result<(&'a str, &'a str), Refusal> {
    let client = (member(body, "clientId")?, member(body, "clientSecret")?);
    kiro.check_client(client.0, client.1, now)?;
    Ok(client)
}

fn signed_in(kiro: &Kiro, account: &str, client: (&str, &str), now: SystemTime) -> Result<Value, Refusal> {
    let tokens = kiro.sign_in(account, Some(client), now);
    tokens.map(|tokens| told(&tokens)).ok_or_else(|| case("invalid_grant").because("no such account"))
}

fn told(tokens: &Tokens) -> Value {
    let mut answer =
        json!({ "accessToken": tokens.access, "tokenType": "Bearer", "expiresIn": tokens.seconds });
    if let Some(refresh) = &tokens.refresh {
        answer["refreshToken"] = json!(refresh);
    }
    answer
}

fn read(body: &Bytes) -> Result<Value, Refusal> {
    serde_json::from_slice(body).map_err(|error| case("invalid_request").because(error.to_string()))
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
