//! Kiro's own sign-in service, for Google and GitHub.

use std::time::SystemTime;

use bytes::Bytes;
use serde_json::{Value, json};

use super::account::KiroKind;
use super::errors::case;
use super::ledger::{Kiro, member};
use crate::Refusal;

pub(super) fn refresh(kiro: &Kiro, body: &Bytes, now: SystemTime) -> Result<Value, Refusal> {
    let bad = |refusal: Refusal| {
        let why = refusal.why.unwrap_or_default();
        case("bad_credentials").because(why)
    };
    let body: Value = serde_json::from_slice(body).map_err(|error| {
        Refusal::new(400, "BadRequestException", "Bad request").because(error.to_string())
    })?;
    let token = member(&body, "refreshToken").map_err(bad)?;
    let tokens = kiro.refresh(token, |account| account.kind == KiroKind::Social, now).map_err(bad)?;
    Ok(json!({
        "accessToken": tokens.access,
        "refreshToken": tokens.refresh,
        "profileArn": tokens.profile_arn,
        "expiresIn": tokens.seconds,
    }))
}
