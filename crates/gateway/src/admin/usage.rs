//! `GET /api/usage`: tokens, money and time, for charts.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use store::{CategoryCount, Latency, Span, Step, Totals, UsageKind};

use super::json::Asked;
use super::{Desk, Refusal};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// Longest span by the hour, and by the day.
const MOST_HOURS_MS: i64 = 31 * DAY_MS;
const MOST_DAYS_MS: i64 = 400 * DAY_MS;

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Question {
    /// A week before `until_ms` when left out.
    since_ms: Option<i64>,
    /// Now when left out.
    until_ms: Option<i64>,
    group: Group,
    step: StepName,
    /// Minutes by which the caller's clock is ahead of UTC: days begin at their midnight.
    offset_min: i64,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Group {
    #[default]
    Account,
    Model,
    Client,
    Key,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum StepName {
    Hour,
    #[default]
    Day,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub(super) struct Usage {
    buckets: Vec<UsageBucket>,
    /// Of the newest requests that went well; null when there are none.
    latency: Option<Latency>,
    errors_by_category: Vec<CategoryCount>,
    totals: Totals,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
struct UsageBucket {
    /// Milliseconds since 1970.
    start_ms: i64,
    groups: Vec<UsageGroup>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
struct UsageGroup {
    /// Account id, model as served, client, or id of a local key; empty when a request had none.
    key: String,
    /// For people.
    label: String,
    #[serde(flatten)]
    totals: Totals,
}

pub(super) async fn show(
    State(desk): State<Arc<Desk>>,
    Asked(question): Asked<Question>,
) -> Result<Json<Usage>, Refusal> {
    let gateway = &desk.gateway;
    let until = question.until_ms.unwrap_or_else(|| gateway.now_ms());
    let since = question.since_ms.unwrap_or(until.saturating_sub(7 * DAY_MS));
    let (step, most) = match question.step {
        StepName::Hour => (Step::Hour, MOST_HOURS_MS),
        StepName::Day => (Step::Day, MOST_DAYS_MS),
    };
    if since > until || until.saturating_sub(since) > most {
        let message = format!("since_ms and until_ms may be {} days apart", most / DAY_MS);
        return Err(Refusal::invalid(message).with("field", "since_ms"));
    }
    if question.offset_min.abs() > 24 * 60 {
        return Err(Refusal::invalid("offset_min is within a day").with("field", "offset_min"));
    }
    let kind = match question.group {
        Group::Account => UsageKind::Account,
        Group::Model => UsageKind::Model,
        Group::Client => UsageKind::Client,
        Group::Key => UsageKind::Key,
    };
    let span = Span { since_ms: since, until_ms: until, offset_ms: question.offset_min * 60_000 };
    let usage = gateway.logs.usage(span, kind, step).await?;
    let names = match question.group {
        Group::Account => account_names(&desk).await?,
        Group::Key => {
            let keys = gateway.keys.load();
            keys.iter().map(|key| (key.id.clone(), key.name.clone())).collect()
        }
        Group::Model | Group::Client => HashMap::new(),
    };
    let buckets = usage.buckets.into_iter().map(|bucket| UsageBucket {
        start_ms: bucket.start_ms,
        groups: bucket
            .groups
            .into_iter()
            .map(|group| UsageGroup {
                label: names.get(&group.key).unwrap_or(&group.key).clone(),
                key: group.key,
                totals: group.totals,
            })
            .collect(),
    });
    Ok(Json(Usage {
        buckets: buckets.collect(),
        latency: usage.latency,
        errors_by_category: usage.errors,
        totals: usage.totals,
    }))
}

/// Names by id, of removed accounts too.
async fn account_names(desk: &Desk) -> Result<HashMap<String, String>, Refusal> {
    let accounts = &desk.gateway.accounts;
    let removed = accounts.removed().await?.into_iter().map(|account| (account.id, account.name));
    let known = accounts.list().into_iter().map(|account| (account.id, account.name));
    Ok(removed.chain(known).collect())
}
