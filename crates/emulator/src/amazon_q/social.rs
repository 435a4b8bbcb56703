//! Kiro's own sign-in service, for Google and GitHub.

use std::time::SystemTime;

use bytes::Bytes;
use http::request::Parts;
use serde_json::{Value, json};

use super::account::KiroKind;
use super::errors::case;
use super::ledger::{Kiro, Tokens, member};
use super::person::{self, Decision};
use super::sign_in::{self, Query, Ticket, encoded};
use crate::Refusal;
use crate::reply::Reply;

/// Where the browser may be sent back to; the service knows no other ports.
const PORTS: &[u16] = &[3128, 4649, 6588, 8008, 9091, 49153, 50153, 51153, 52153, 53153];

pub(super) fn refresh(kiro: &Kiro, body: &Bytes, now: SystemTime) -> Result<Value, Refusal> {
    let bad = |refusal: Refusal| {
        let why = refusal.why.unwrap_or_default();
        case("bad_credentials").because(why)
    };
    let body = read(body)?;
    let token = member(&body, "refreshToken").map_err(bad)?;
    let tokens = kiro.refresh(token, |account| account.kind == KiroKind::Social, now).map_err(bad)?;
    Ok(told(&tokens))
}

/// The portal: a browser comes with a challenge and goes back with a code.
pub(super) fn portal(kiro: &Kiro, ask: bool, head: &Parts, now: SystemTime) -> Result<Reply, Refusal> {
    let asked = Query::of(head);
    let address = asked.get("redirect_uri")?;
    let port = address.strip_prefix("http://localhost:").and_then(|port| port.parse::<u16>().ok());
    if !port.is_some_and(|port| PORTS.contains(&port)) || asked.get("code_challenge_method")? != "S256" {
        return Err(wrong(format!("redirect_uri {address}, or no S256")));
    }
    let (challenge, state) = (asked.get("code_challenge")?, encoded(asked.get("state")?));
    let back = format!("{address}/oauth/callback?login_option=google");
    let agrees = match person::decision(&asked) {
        Decision::Undecided if ask => return Ok(person::consent(head)),
        Decision::Undecided | Decision::Agrees => true,
        Decision::Declines => false,
    };
    let code = agrees.then(|| kiro.visit(&[KiroKind::Social], PORTAL, &back, challenge, now)).flatten();
    Ok(match code {
        Some(code) => Reply::redirect(format!("{back}&code={code}&state={state}")),
        None => Reply::redirect(format!("{address}/oauth/callback?error=access_denied&state={state}")),
    })
}

/// A code for tokens. The address must be the one of the callback, with its login option.
pub(super) fn exchange(kiro: &Kiro, body: &Bytes, now: SystemTime) -> Result<Value, Refusal> {
    let body = read(body)?;
    let ticket = Ticket {
        code: member(&body, "code")?,
        verifier: member(&body, "code_verifier")?,
        address: member(&body, "redirect_uri")?,
        client: PORTAL,
    };
    let account = kiro.redeem(&ticket, now).map_err(|refusal| wrong(refusal.why.unwrap_or_default()))?;
    let tokens = kiro.sign_in(&account, None, now).ok_or_else(|| wrong("no such account"))?;
    Ok(told(&tokens))
}

pub(super) fn device(kiro: &Kiro, head: &Parts, body: &Bytes, now: SystemTime) -> Result<Value, Refusal> {
    let body = read(body)?;
    member(&body, "clientId")?;
    if !matches!(member(&body, "loginProvider")?, "Google" | "Github") {
        return Err(wrong("loginProvider is neither Google nor Github"));
    }
    let device = kiro.begin(PORTAL, &[KiroKind::Social], now);
    let page = sign_in::page(head);
    let millis = |time: std::time::Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    Ok(json!({
        "deviceCode": device.code,
        "userCode": device.user_code,
        "verificationUri": page,
        "verificationUriComplete": format!("{page}?user_code={}", device.user_code),
        "intervalInMilliseconds": millis(device.interval),
        "expiresInMilliseconds": millis(device.life),
    }))
}

/// Always 200 for a question that can be read; the status tells.
pub(super) fn poll(kiro: &Kiro, body: &Bytes, now: SystemTime) -> Result<Value, Refusal> {
    let body = read(body)?;
    member(&body, "clientId")?;
    let account = match kiro.poll(member(&body, "deviceCode")?, PORTAL, now) {
        Ok(account) => account,
        Err(refusal) => {
            let status = match refusal.code.as_str() {
                // Nobody is told to slow down here.
                "authorization_pending" | "slow_down" => "authorization_pending",
                "expired_token" => "expired_token",
                _ => "invalid_token",
            };
            return Ok(json!({ "status": status }));
        }
    };
    let tokens = kiro.sign_in(&account, None, now).ok_or_else(|| wrong("no such account"))?;
    Ok(json!({
        "status": "authorized",
        "accessToken": tokens.access,
        "refreshToken": tokens.refresh,
        "profileArn": tokens.profile_arn,
        "identityProvider": "Google",
    }))
}

/// The one client of this service.
const PORTAL: &str = "portal";

fn told(tokens: &Tokens) -> Value {
    json!({
        "accessToken": tokens.access,
        "refreshToken": tokens.refresh,
        "profileArn": tokens.profile_arn,
        "expiresIn": tokens.seconds,
    })
}

fn read(body: &Bytes) -> Result<Value, Refusal> {
    serde_json::from_slice(body).map_err(|error| wrong(error.to_string()))
}

fn wrong(why: impl Into<String>) -> Refusal {
    Refusal::new(400, "BadRequestException", "Bad request").because(why)
}
