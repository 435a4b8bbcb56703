//! Who calls: a bearer token, and the header that tells what sort it is of.

use std::time::SystemTime;

use http::header::AUTHORIZATION;
use http::request::Parts;

use super::account::KiroKind;
use super::errors::case;
use super::ledger::{Kiro, Standing};
use crate::Refusal;
use crate::auth::Caller;
use crate::refusal::Form;
use crate::route::Call;

/// The bearer token as it came.
pub(super) fn bearer(head: &Parts) -> Option<&str> {
    head.headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ").map(str::trim)
}

pub(super) fn admit(kiro: &Kiro, call: &Call, head: &Parts, now: SystemTime) -> Result<Caller, Refusal> {
    // The newer control plane tells a bad token with the status of a bad request; only the name is right.
    let worded = |mut refusal: Refusal| {
        if call.operation.lists() && matches!(call.errors, Form::Type(_)) {
            refusal.status = 400;
        }
        refusal
    };
    let Some(token) = bearer(head) else {
        return Err(worded(case("token_rejected").because("no bearer token")));
    };
    let account = match kiro.standing(token, now) {
        Standing::Good(account) if account.kind == KiroKind::Workforce => {
            return Err(worded(case("token_rejected").because("a token for AWS accounts alone")));
        }
        Standing::Good(account) => account,
        Standing::Expired => {
            return Err(worded(case("token_expired").because("the access token is expired")));
        }
        Standing::Suspended => return Err(case("suspended").because("the account is suspended")),
        Standing::Unknown => {
            return Err(worded(case("token_rejected").because("nobody's bearer token")));
        }
    };
    let kind = head.headers.get("tokentype").map(|value| value.to_str().unwrap_or_default());
    if kind != account.token_type() {
        let why = format!("tokentype is {kind:?}, this token needs {:?}", account.token_type());
        return Err(worded(case("token_rejected").because(why)));
    }
    let region = account.profile_arn.as_deref().and_then(super::profile::region).map(str::to_owned);
    Ok(Caller { key: account.name, region })
}
