//! How many credits an account has used, as the service tells.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use llm::Error;
use serde::Deserialize;
use serde_json::json;
use time::OffsetDateTime;

use super::operation::Operation;
use super::{AmazonQ, hosts, list};
use crate::{Overage, Quota, QuotaKind, QuotaPart, Session};

/// How long the words of a refusal may wait for the numbers.
const MOMENT: Duration = Duration::from_secs(3);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    next_date_reset: Option<f64>,
    #[serde(alias = "usageBreakdown")]
    usage_breakdown_list: Option<OneOrMany>,
    subscription_info: Option<Subscription>,
    overage_configuration: Option<OverageConfiguration>,
}

/// Older answers have one breakdown, newer ones a list.
#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    Many(Vec<Breakdown>),
    One(Box<Breakdown>),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Breakdown {
    resource_type: Option<String>,
    display_name_plural: Option<String>,
    #[serde(flatten)]
    amount: Amount,
    current_overages: Option<f64>,
    current_overages_with_precision: Option<f64>,
    overage_cap: Option<f64>,
    overage_cap_with_precision: Option<f64>,
    overage_rate: Option<f64>,
    next_date_reset: Option<f64>,
    free_trial_info: Option<Trial>,
    bonuses: Option<Vec<Bonus>>,
}

/// Numbers come twice; the plain ones are rounded.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Amount {
    current_usage: Option<f64>,
    current_usage_with_precision: Option<f64>,
    usage_limit: Option<f64>,
    usage_limit_with_precision: Option<f64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Trial {
    free_trial_status: Option<String>,
    free_trial_expiry: Option<f64>,
    #[serde(flatten)]
    amount: Amount,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bonus {
    display_name: Option<String>,
    bonus_code: Option<String>,
    status: Option<String>,
    expires_at: Option<f64>,
    #[serde(flatten)]
    amount: Amount,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Subscription {
    subscription_title: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OverageConfiguration {
    overage_status: Option<String>,
}

impl AmazonQ {
    /// Asks how much is used.
    ///
    /// # Errors
    /// Those of the request; API keys may not be allowed to ask.
    pub(super) async fn usage(&self, session: &Session) -> Result<Quota, Error> {
        let bearer = super::bearer(session)?;
        let mut members = list::whose(bearer);
        members.insert("resourceType".to_owned(), json!("CREDIT"));
        let region = hosts::region(&session.account, bearer.profile_arn.as_deref());
        let answer: Answer =
            match self.ask(&session.account, bearer, region, Operation::GetUsageLimits, &members).await {
                Ok(answer) => answer,
                Err(error) => return Err(self.doubting(&session.account, bearer, error)),
            };
        Ok(quota(answer, (self.clock)()))
    }

    /// Adds to a refusal for want of credits how many there were and when there are new ones, so that the account
    /// rests until then. A refusal stays as it is when the service does not tell quickly.
    pub(super) async fn explained(&self, session: &Session, mut error: Error) -> Error {
        let Ok(Ok(quota)) = tokio::time::timeout(MOMENT, self.usage(session)).await else { return error };
        let mut words = format!("{} of {} {} used", number(quota.used), number(quota.limit), quota.unit);
        let resets = quota.resets.and_then(|resets| {
            let time = OffsetDateTime::from_unix_timestamp(i64::try_from(resets).ok()?).ok()?;
            Some((time, SystemTime::from(time).duration_since((self.clock)()).ok()?))
        });
        if let Some((time, wait)) = resets {
            words.push_str(&format!("; resets on {}", time.date()));
            error.retry_after = Some(wait);
        }
        error.message.push_str(&format!(" ({words})"));
        error
    }
}

fn quota(answer: Answer, now: SystemTime) -> Quota {
    let now = now.duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64());
    let all = match answer.usage_breakdown_list {
        Some(OneOrMany::Many(all)) => all,
        Some(OneOrMany::One(one)) => vec![*one],
        None => Vec::new(),
    };
    let credits = |one: &Breakdown| one.resource_type.as_deref() == Some("CREDIT");
    let at = all.iter().position(credits).unwrap_or(0);
    let breakdown = all.into_iter().nth(at);
    let mut parts = Vec::new();
    let mut unit = "credits".to_owned();
    let mut resets = answer.next_date_reset;
    let mut overage = None;
    if let Some(breakdown) = breakdown {
        if let Some(named) = breakdown.display_name_plural.filter(|name| !name.is_empty()) {
            unit = named.to_lowercase();
        }
        resets = breakdown.next_date_reset.or(resets);
        parts.push(breakdown.amount.part(QuotaKind::Plan, None, None));
        let is_running = |status: Option<&str>, end: Option<f64>| {
            status == Some("ACTIVE") && end.is_none_or(|end| seconds(end) > now)
        };
        if let Some(trial) = breakdown
            .free_trial_info
            .filter(|trial| is_running(trial.free_trial_status.as_deref(), trial.free_trial_expiry))
        {
            parts.push(trial.amount.part(QuotaKind::Trial, None, trial.free_trial_expiry));
        }
        for bonus in breakdown.bonuses.into_iter().flatten() {
            if is_running(bonus.status.as_deref(), bonus.expires_at) {
                let name = bonus.display_name.or(bonus.bonus_code);
                parts.push(bonus.amount.part(QuotaKind::Bonus, name, bonus.expires_at));
            }
        }
        let status = answer.overage_configuration.and_then(|configuration| configuration.overage_status);
        overage = status.map(|status| Overage {
            enabled: status == "ENABLED",
            used: breakdown.current_overages_with_precision.or(breakdown.current_overages).unwrap_or(0.0),
            cap: breakdown.overage_cap_with_precision.or(breakdown.overage_cap),
            rate: breakdown.overage_rate,
        });
    }
    Quota {
        plan: answer.subscription_info.and_then(|info| info.subscription_title),
        unit,
        used: parts.iter().map(|part| part.used).sum(),
        limit: parts.iter().map(|part| part.limit).sum(),
        remaining: parts.iter().map(|part| (part.limit - part.used).max(0.0)).sum(),
        resets: resets.map(|at| seconds(at) as u64),
        overage,
        parts,
    }
}

impl Amount {
    fn part(&self, kind: QuotaKind, name: Option<String>, expires: Option<f64>) -> QuotaPart {
        QuotaPart {
            kind,
            name,
            used: self.current_usage_with_precision.or(self.current_usage).unwrap_or(0.0),
            limit: self.usage_limit_with_precision.or(self.usage_limit).unwrap_or(0.0),
            expires: expires.map(|at| seconds(at) as u64),
        }
    }
}

/// Seconds since 1970, from those or from milliseconds.
fn seconds(time: f64) -> f64 {
    if time > 1e11 { time / 1000.0 } else { time }
}

/// With two digits after the point at most: `50`, `217.46`.
fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests;
