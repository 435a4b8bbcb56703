//! An organisation's own identity provider: forms in, snake case out (RFC 6749, RFC 8628).

use std::time::SystemTime;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::account::KiroKind;
use super::errors::case;
use super::ledger::{Kiro, Tokens};
use super::person::{self, Decision};
use super::sign_in::{self, Query, Ticket, encoded};
use crate::Refusal;
use crate::reply::Reply;

/// Where everything of it is.
const ISSUER: &str = "/idp";

/// What it tells of itself.
pub(super) fn discovery(head: &Parts) -> Value {
    let issuer = format!("{}{ISSUER}", sign_in::host(head));
    json!({
        "issuer": issuer,
        "token_endpoint": format!("{issuer}/token"),
        "device_authorization_endpoint": format!("{issuer}/device_authorization"),
        "authorization_endpoint": format!("{issuer}/authorize"),
    })
}

pub(super) fn device(kiro: &Kiro, head: &Parts, body: &Bytes, now: SystemTime) -> Result<Value, Refusal> {
    form(head)?;
    let client = known(kiro, &needed(body, "client_id")?)?;
    offline(&needed(body, "scope")?)?;
    let device = kiro.begin(&client, &[KiroKind::External], now);
    let page = sign_in::page(head);
    Ok(json!({
        "device_code": device.code,
        "user_code": device.user_code,
        "verification_uri": page,
        "verification_uri_complete": format!("{page}?user_code={}", device.user_code),
        "expires_in": device.life.as_secs(),
        "interval": device.interval.as_secs(),
    }))
}

/// A browser that was sent here, and goes back with a code.
pub(super) fn authorize(kiro: &Kiro, ask: bool, head: &Parts, now: SystemTime) -> Result<Reply, Refusal> {
    let asked = Query::of(head);
    if asked.get("response_type")? != "code" || asked.get("code_challenge_method")? != "S256" {
        return Err(wrong("not a code with S256"));
    }
    offline(asked.get("scope")?)?;
    let client = known(kiro, asked.get("client_id")?)?;
    let (address, state) = (asked.get("redirect_uri")?, encoded(asked.get("state")?));
    let agrees = match person::decision(&asked) {
        Decision::Undecided if ask => return Ok(person::consent(head)),
        Decision::Undecided | Decision::Agrees => true,
        Decision::Declines => false,
    };
    let challenge = asked.get("code_challenge")?;
    let code = agrees.then(|| kiro.visit(&[KiroKind::External], &client, address, challenge, now)).flatten();
    Ok(Reply::redirect(match code {
        Some(code) => format!("{address}?code={code}&state={state}"),
        None => format!("{address}?error=access_denied&state={state}"),
    }))
}

pub(super) fn token(kiro: &Kiro, head: &Parts, body: &Bytes, now: SystemTime) -> Result<Value, Refusal> {
    form(head)?;
    match member(body, "grant_type").as_deref() {
        Some("refresh_token") => {
            let token = needed(body, "refresh_token")?;
            let client = member(body, "client_id");
            let tokens = kiro.refresh(
                &token,
                |account| {
                    account.kind == KiroKind::External
                        && client.as_deref().is_none_or(|client| client == account.client_id)
                },
                now,
            )?;
            Ok(told(&tokens))
        }
        Some("urn:ietf:params:oauth:grant-type:device_code") => {
            let client = known(kiro, &needed(body, "client_id")?)?;
            let account = kiro.poll(&needed(body, "device_code")?, &client, now)?;
            signed_in(kiro, &account, &client, now)
        }
        Some("authorization_code") => {
            let client = known(kiro, &needed(body, "client_id")?)?;
            let ticket = Ticket {
                code: &needed(body, "code")?,
                verifier: &needed(body, "code_verifier")?,
                address: &needed(body, "redirect_uri")?,
                client: &client,
            };
            let account = kiro.redeem(&ticket, now)?;
            signed_in(kiro, &account, &client, now)
        }
        other => Err(case("unsupported_grant_type").because(format!("grant_type {other:?}"))),
    }
}

fn signed_in(kiro: &Kiro, account: &str, client: &str, now: SystemTime) -> Result<Value, Refusal> {
    let tokens = kiro.sign_in(account, Some((client, "")), now);
    tokens.map(|tokens| told(&tokens)).ok_or_else(|| case("invalid_grant").because("no such account"))
}

fn told(tokens: &Tokens) -> Value {
    json!({
        "token_type": "Bearer",
        "access_token": tokens.access,
        "refresh_token": tokens.refresh,
        "expires_in": tokens.seconds,
    })
}

/// The application that an administrator registered.
fn known(kiro: &Kiro, client: &str) -> Result<String, Refusal> {
    let known = kiro.has_client(KiroKind::External, client);
    known.then(|| client.to_owned()).ok_or_else(|| case("invalid_client").because("no such application"))
}

fn offline(scope: &str) -> Result<(), Refusal> {
    let lasting = scope.split(' ').any(|scope| scope == "offline_access");
    lasting.then_some(()).ok_or_else(|| wrong("without offline_access there is no refresh token"))
}

fn form(head: &Parts) -> Result<(), Refusal> {
    let sort = head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_form = sort.starts_with("application/x-www-form-urlencoded");
    is_form.then_some(()).ok_or_else(|| wrong("the body is not a form"))
}

fn needed(body: &Bytes, name: &str) -> Result<String, Refusal> {
    let found = member(body, name).filter(|value| !value.is_empty());
    found.ok_or_else(|| case("invalid_request").because(format!("{name} is missing")))
}

fn wrong(why: &str) -> Refusal {
    case("invalid_request").because(why)
}

/// A member of a form.
pub(super) fn member(body: &Bytes, name: &str) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?;
    text.split('&').find_map(|pair| {
        let (own, value) = pair.split_once('=')?;
        let value = value.replace('+', " ");
        (own == name).then(|| percent_decode_str(&value).decode_utf8_lossy().into_owned())
    })
}
