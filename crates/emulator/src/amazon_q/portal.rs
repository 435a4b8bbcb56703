//! The access portal of IAM Identity Center: which AWS accounts and roles a person has, and keys for them.
//!
//! Pages hold one entry, so that whoever reads only the first is found out.

use std::time::{SystemTime, UNIX_EPOCH};

use http::request::Parts;
use serde_json::{Value, json};

use super::account::{KiroKind, Workplace};
use super::ledger::{Kiro, Standing};
use super::sign_in::Query;
use crate::route::Operation;
use crate::{KiroConfig, Refusal};

/// The header that proves who asks.
pub(super) const BEARER: &str = "x-amz-sso_bearer_token";

pub(super) fn answer(
    kiro: &Kiro,
    settings: &KiroConfig,
    operation: Operation,
    head: &Parts,
    now: SystemTime,
) -> Result<Value, Refusal> {
    admit(kiro, head, now)?;
    let asked = Query::of(head);
    let named = |name: &str| asked.get(name).map_err(|_| invalid(format!("{name} is missing")));
    let workplace = || {
        let id = named("account_id")?;
        settings.workplaces.iter().find(|workplace| workplace.id == id).ok_or_else(no_access)
    };
    match operation {
        Operation::ListAccounts => {
            let account = |workplace: &Workplace| {
                json!({
                    "accountId": workplace.id, "accountName": workplace.name,
                    "emailAddress": workplace.email,
                })
            };
            page(&asked, "accountList", settings.workplaces.iter().map(account).collect())
        }
        Operation::ListAccountRoles => {
            let workplace = workplace()?;
            let role = |role: &String| json!({ "roleName": role, "accountId": workplace.id });
            page(&asked, "roleList", workplace.roles.iter().map(role).collect())
        }
        _ => {
            let (workplace, role) = (workplace()?, named("role_name")?);
            if !workplace.roles.iter().any(|own| own == role) {
                return Err(no_access());
            }
            let (key, expires) = kiro.assume(now);
            let millis = expires.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
            Ok(json!({ "roleCredentials": {
                "accessKeyId": key.id,
                "secretAccessKey": key.secret,
                "sessionToken": key.token,
                "expiration": u64::try_from(millis).unwrap_or(u64::MAX),
            } }))
        }
    }
}

fn admit(kiro: &Kiro, head: &Parts, now: SystemTime) -> Result<(), Refusal> {
    let refused = |why: &str| {
        Err(Refusal::new(401, "UnauthorizedException", "Session token not found or invalid").because(why))
    };
    let Some(token) = head.headers.get(BEARER).and_then(|value| value.to_str().ok()) else {
        return refused("no token");
    };
    match kiro.standing(token, now) {
        Standing::Good(account) if account.kind == KiroKind::Workforce => Ok(()),
        Standing::Good(_) => refused("a token without sso:account:access"),
        Standing::Expired => refused("the token is expired"),
        Standing::Suspended | Standing::Unknown => refused("nobody's token"),
    }
}

/// One entry, and where the next one is.
fn page(asked: &Query, name: &str, entries: Vec<Value>) -> Result<Value, Refusal> {
    let at = match asked.get("next_token") {
        Err(_) => 0,
        Ok(token) => token
            .strip_prefix("page-")
            .and_then(|at| at.parse::<usize>().ok())
            .filter(|at| *at < entries.len())
            .ok_or_else(|| invalid(format!("next_token {token}")))?,
    };
    let mut answer = json!({ name: entries.get(at).into_iter().collect::<Vec<_>>() });
    answer["nextToken"] =
        if at + 1 < entries.len() { json!(format!("page-{}", at + 1)) } else { Value::Null };
    Ok(answer)
}

fn invalid(why: String) -> Refusal {
    Refusal::new(400, "InvalidRequestException", "Request is not valid").because(why)
}

fn no_access() -> Refusal {
    Refusal::new(403, "ForbiddenException", "No access")
}
