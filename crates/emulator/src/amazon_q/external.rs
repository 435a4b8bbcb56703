//! The token endpoint of an organisation's own identity provider: a form in, snake case out.

use std::time::SystemTime;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::account::KiroKind;
use super::errors::case;
use super::ledger::Kiro;
use crate::Refusal;

pub(super) fn token(kiro: &Kiro, head: &Parts, body: &Bytes, now: SystemTime) -> Result<Value, Refusal> {
    let wrong = |why: &str| case("invalid_request").because(why);
    let sort = head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !sort.starts_with("application/x-www-form-urlencoded") {
        return Err(wrong("the body is not a form"));
    }
    match member(body, "grant_type").as_deref() {
        Some("refresh_token") => {}
        other => return Err(case("unsupported_grant_type").because(format!("grant_type {other:?}"))),
    }
    let token = member(body, "refresh_token").ok_or_else(|| wrong("refresh_token is missing"))?;
    let client = member(body, "client_id");
    let tokens = kiro.refresh(
        &token,
        |account| {
            account.kind == KiroKind::External
                && client.as_deref().is_none_or(|client| client == account.client_id)
        },
        now,
    )?;
    Ok(json!({
        "token_type": "Bearer",
        "access_token": tokens.access,
        "refresh_token": tokens.refresh,
        "expires_in": tokens.seconds,
    }))
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
