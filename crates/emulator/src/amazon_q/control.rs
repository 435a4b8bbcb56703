//! What the control plane tells: models, usage, profiles.

use std::time::SystemTime;

use serde_json::{Value, json};
use time::{Date, OffsetDateTime, Time};

use super::account::KiroKind;
use super::errors::case;
use super::sign_in::Query;
use super::{Invocation, check, model, profile};
use crate::Refusal;

/// The credits that a plan has when the account's own never end.
const PLAN: f64 = 1000.0;

/// A call's members, from the body or the query.
struct Asked {
    body: Value,
    query: Query,
}

impl Asked {
    fn read(invocation: &Invocation<'_>) -> Result<Self, Refusal> {
        let body = if invocation.body.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(invocation.body)
                .map_err(|error| case("malformed_with_reason").because(error.to_string()))?
        };
        Ok(Self { body, query: Query::of(invocation.head) })
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.query.get(name).ok().or_else(|| self.body[name].as_str())
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.body[name].as_u64().or_else(|| self.get(name)?.parse().ok())
    }
}

/// Pages of [`model::all`]; the token is the place of the next row.
pub(super) fn models(invocation: &Invocation<'_>) -> Result<Value, Refusal> {
    let asked = Asked::read(invocation)?;
    match asked.get("origin") {
        Some(origin) if check::is_origin(origin) => {}
        other => return Err(case("malformed_with_reason").because(format!("origin {other:?}"))),
    }
    profile::check(&invocation.account, &[asked.get("profileArn")], false)?;
    let size = match asked.number("maxResults") {
        None => usize::MAX,
        Some(size @ 1..=100) => usize::try_from(size).unwrap_or(100),
        Some(size) => return Err(case("malformed_with_reason").because(format!("maxResults {size}"))),
    };
    let rows = model::all();
    let start = match asked.get("nextToken") {
        None => 0,
        Some(token) => token.strip_prefix("page-").and_then(|at| at.parse().ok()).unwrap_or(usize::MAX),
    };
    if start > rows.len() {
        return Err(case("malformed_with_reason").because("nobody's nextToken"));
    }
    let end = start.saturating_add(size).min(rows.len());
    let mut list = json!({
        "models": rows[start..end].iter().map(model::Model::row).collect::<Vec<_>>(),
        "defaultModel": { "modelId": "auto", "modelName": "Auto" },
    });
    if end < rows.len() {
        list["nextToken"] = json!(format!("page-{end}"));
    }
    Ok(list)
}

pub(super) fn usage(invocation: &Invocation<'_>) -> Result<Value, Refusal> {
    let asked = Asked::read(invocation)?;
    profile::check(&invocation.account, &[asked.get("profileArn")], false)?;
    let used = invocation.kiro.spent(&invocation.account.name);
    let limit = invocation.account.credits.unwrap_or(PLAN);
    let reset = next_month(invocation.now);
    #[expect(clippy::cast_possible_truncation, reason = "the whole number beside the precise one")]
    let whole = |credits: f64| credits as i64;
    Ok(json!({
        "limits": [],
        "nextDateReset": reset,
        "daysUntilReset": 0,
        "usageBreakdownList": [{
            "resourceType": "CREDIT",
            "displayName": "Credit",
            "displayNamePlural": "Credits",
            "unit": "INVOCATIONS",
            "currency": "USD",
            "currentUsage": whole(used),
            "currentUsageWithPrecision": used,
            "usageLimit": whole(limit),
            "usageLimitWithPrecision": limit,
            "currentOverages": 0,
            "currentOveragesWithPrecision": 0.0,
            "overageCap": 10000,
            "overageCapWithPrecision": 10000.0,
            "overageRate": 0.04,
            "overageCharges": 0.0,
            "nextDateReset": reset,
            "freeTrialInfo": {
                "freeTrialStatus": "EXPIRED",
                "freeTrialExpiry": 1_788_307_200.0,
                "currentUsage": 500,
                "currentUsageWithPrecision": 500.0,
                "usageLimit": 500,
                "usageLimitWithPrecision": 500.0,
            },
            "bonuses": [],
        }],
        "subscriptionInfo": {
            "type": "Q_DEVELOPER_STANDALONE_PRO",
            "subscriptionTitle": "KIRO PRO",
            "upgradeCapability": "UPGRADE_CAPABLE",
            "overageCapability": "OVERAGE_CAPABLE",
            "subscriptionManagementTarget": "MANAGE",
        },
        "overageConfiguration": { "overageStatus": "DISABLED" },
        "userInfo": {
            "userId": "d-0000000000.00000000-0000-0000-0000-000000000000",
            "email": "person@example.com",
        },
    }))
}

pub(super) fn profiles(invocation: &Invocation<'_>) -> Result<Value, Refusal> {
    let account = &invocation.account;
    match (account.kind, &account.profile_arn) {
        (KiroKind::ApiKey, _) => Err(case("not_authorized").because("API keys have no profiles")),
        (KiroKind::BuilderId, None) => Err(case("builder_id_profiles").because("a Builder ID")),
        (_, None) => Ok(json!({ "profiles": [] })),
        (_, Some(arn)) => Ok(json!({ "profiles": [{
            "arn": arn,
            "profileName": format!("KiroProfile-{}", profile::region(arn).unwrap_or_default()),
            "status": "ACTIVE",
            "profileType": "KIRO",
        }] })),
    }
}

pub(super) fn profile(invocation: &Invocation<'_>) -> Result<Value, Refusal> {
    let asked = Asked::read(invocation)?;
    let arn = asked.get("profileArn");
    profile::check(&invocation.account, &[arn], true)?;
    let Some(arn) = arn else {
        return Err(case("profile_required").because("no profileArn"));
    };
    Ok(json!({ "profile": {
        "arn": arn,
        "profileName": format!("KiroProfile-{}", profile::region(arn).unwrap_or_default()),
        "optInFeatures": { "mcpConfiguration": { "toggle": if invocation.account.mcp { "ON" } else { "OFF" } } },
    } }))
}

/// The first second of the next month, since 1970.
#[expect(clippy::cast_precision_loss, reason = "seconds of this century fit")]
fn next_month(now: SystemTime) -> f64 {
    let today = OffsetDateTime::from(now).date();
    let year = today.year() + i32::from(today.month() == time::Month::December);
    let first = Date::from_calendar_date(year, today.month().next(), 1).unwrap_or(today);
    first.with_time(Time::MIDNIGHT).assume_utc().unix_timestamp() as f64
}
