//! The OIDC service of IAM Identity Center and Builder ID: client registrations, tokens, and the two ways to sign in.

use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::request::Parts;
use serde_json::{Value, json};

use super::account::{KiroAccount, KiroKind};
use super::errors::case;
use super::ledger::{Kiro, Tokens, member};
use super::sign_in::{self, Query, Ticket, encoded};
use crate::Refusal;
use crate::reply::Reply;

/// Where people without an organisation start.
const BUILDER_ID: &str = "https://view.awsapps.com/start";

/// What a client may ask for.
const SCOPES: &[&str] = &["completions", "analysis", "conversations", "transformations", "taskassist"];

pub(super) fn register(kiro: &Kiro, body: &Bytes, now: SystemTime) -> Result<Value, Refusal> {
    let body = read(body)?;
    member(&body, "clientName")?;
    if member(&body, "clientType")? != "public" {
        return Err(case("invalid_request").because("clientType is not public"));
    }
    for scope in body["scopes"].as_array().into_iter().flatten() {
        let known = scope.as_str().and_then(|scope| scope.strip_prefix("codewhisperer:"));
        if !known.is_some_and(|scope| SCOPES.contains(&scope)) {
            let refusal = Refusal::new(400, "invalid_scope", "Invalid scope");
            return Err(refusal.because(format!("scope {scope}")));
        }
    }
    let redirects = body["redirectUris"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let (id, secret, expires) = kiro.register(redirects.map(str::to_owned).collect(), now);
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
    let kind = if start == BUILDER_ID { KiroKind::BuilderId } else { KiroKind::IdentityCenter };
    if !(start.starts_with("https://") && start.contains(".awsapps.com/start")) {
        return Err(case("invalid_request").because(format!("startUrl {start}")));
    }
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
pub(super) fn authorize(kiro: &Kiro, head: &Parts, now: SystemTime) -> Result<Reply, Refusal> {
    let asked = Query::of(head);
    let wrong = |why: &str| case("invalid_request").because(why);
    if asked.get("response_type")? != "code" || asked.get("code_challenge_method")? != "S256" {
        return Err(wrong("not a code with S256"));
    }
    if asked.get("scopes")?.split(' ').any(|scope| !scope.starts_with("codewhisperer:")) {
        return Err(wrong("scopes"));
    }
    let (client, address) = (asked.get("client_id")?, asked.get("redirect_uri")?);
    if !kiro.may_return_to(client, address) {
        return Err(wrong("the client did not register that redirect_uri"));
    }
    let kinds = &[KiroKind::BuilderId, KiroKind::IdentityCenter];
    let (challenge, state) = (asked.get("code_challenge")?, asked.get("state")?);
    Ok(match kiro.visit(kinds, client, address, challenge, now) {
        Some(code) => Reply::redirect(format!("{address}?code={code}&state={}", encoded(state))),
        None => Reply::redirect(format!(
            "{address}?error=access_denied&error_description=User%20declined&state={}",
            encoded(state)
        )),
    })
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
    json!({
        "accessToken": tokens.access,
        "refreshToken": tokens.refresh,
        "tokenType": "Bearer",
        "expiresIn": tokens.seconds,
    })
}

fn read(body: &Bytes) -> Result<Value, Refusal> {
    serde_json::from_slice(body).map_err(|error| case("invalid_request").because(error.to_string()))
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
