//! The OIDC service of IAM Identity Center and Builder ID: client registrations and tokens.

use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use serde_json::{Value, json};

use super::account::KiroAccount;
use super::errors::case;
use super::ledger::{Kiro, Tokens, member};
use crate::Refusal;

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
    let (id, secret, expires) = kiro.register(now);
    Ok(json!({
        "clientId": id,
        "clientSecret": secret,
        "clientIdIssuedAt": seconds(now),
        "clientSecretExpiresAt": seconds(expires),
    }))
}

pub(super) fn token(kiro: &Kiro, body: &Bytes, now: SystemTime) -> Result<Value, Refusal> {
    let body = read(body)?;
    let client = member(&body, "clientId")?;
    kiro.check_client(client, member(&body, "clientSecret")?, now)?;
    match member(&body, "grantType")? {
        "refresh_token" => {
            let belongs = |account: &KiroAccount| account.is_oidc() && account.client_id == client;
            kiro.refresh(member(&body, "refreshToken")?, belongs, now).map(|tokens| told(&tokens))
        }
        other => Err(case("unsupported_grant_type").because(format!("grantType {other}"))),
    }
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
