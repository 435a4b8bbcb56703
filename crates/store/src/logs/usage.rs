//! Totals over time, for charts, and what the newest rows tell of speed and failures.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};
use serde::Serialize;

use super::stats::{self, GroupTotals, Kind, SUMS, Totals, hour_of};
use crate::Error;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Rows that tell of speed: enough for a steady 99th of a hundred, few enough to be read in an instant.
const SAMPLE: i64 = 2000;
/// Failed rows that are counted by category.
const FAILURES: i64 = 50_000;

/// A span of time.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    /// Milliseconds since 1970.
    pub since_ms: i64,
    /// Milliseconds since 1970, not included.
    pub until_ms: i64,
    /// By how much the person's clock is ahead of UTC, milliseconds. Totals are kept by whole hours of UTC, so a part of
    /// an hour does not count.
    pub offset_ms: i64,
}

/// How long a bucket is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Hour,
    Day,
}

/// What totals are grouped by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UsageKind {
    Account,
    Model,
    Client,
    /// A local key. Requests without one are in no group.
    Key,
}

/// Totals of one hour or day.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bucket {
    /// Milliseconds since 1970.
    pub start_ms: i64,
    pub groups: Vec<GroupTotals>,
}

/// How fast the newest requests that went well were, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS), ts(rename = "UsageLatency"))]
pub struct Latency {
    /// How many requests tell of it.
    pub requests: u64,
    pub p50_ms: Option<f64>,
    pub p90_ms: Option<f64>,
    pub p99_ms: Option<f64>,
    pub first_byte_p50_ms: Option<f64>,
    pub first_byte_p90_ms: Option<f64>,
}

/// Failures of a kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct CategoryCount {
    /// [`llm::Category::name`]; empty for a status without one.
    pub category: String,
    pub count: u64,
}

/// What a chart shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Usage {
    /// Those that had requests, oldest first.
    pub buckets: Vec<Bucket>,
    pub latency: Option<Latency>,
    /// Most frequent first.
    pub errors: Vec<CategoryCount>,
    pub totals: Totals,
}

pub(super) fn usage(
    connection: &Connection,
    span: Span,
    kind: UsageKind,
    step: Step,
) -> Result<Usage, Error> {
    let mut usage = Usage::default();
    let kind = match kind {
        UsageKind::Account => Kind::Account,
        UsageKind::Model => Kind::Model,
        UsageKind::Client => Kind::Client,
        UsageKind::Key => Kind::Key,
    };
    let range = (hour_of(span.since_ms), hour_of(span.until_ms.saturating_sub(1)));
    let mut statement = connection.prepare_cached(&format!(
        "SELECT hour, key, {SUMS} FROM hours WHERE kind = ?1 AND hour BETWEEN ?2 AND ?3 GROUP BY hour, key"
    ))?;
    let mut rows = statement.query(params![kind as i64, range.0, range.1])?;
    let mut buckets: BTreeMap<i64, BTreeMap<String, Totals>> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let start_ms = start_of(row.get::<_, i64>(0)? * HOUR_MS, step, span.offset_ms);
        let totals = Totals::read(row, 2)?;
        usage.totals.merge(&totals);
        buckets.entry(start_ms).or_default().entry(row.get(1)?).or_default().merge(&totals);
    }
    if kind == Kind::Key {
        // Those without a key, too.
        let mut statement = connection.prepare_cached(&format!(
            "SELECT count(*), {SUMS} FROM hours WHERE kind = 0 AND hour BETWEEN ?1 AND ?2"
        ))?;
        let totals = statement.query_row(range, |row| match row.get::<_, i64>(0)? {
            0 => Ok(Totals::default()),
            _ => Totals::read(row, 1),
        })?;
        usage.totals = totals;
    }
    usage.buckets = buckets
        .into_iter()
        .map(|(start_ms, groups)| Bucket {
            start_ms,
            groups: groups.into_iter().map(|(key, totals)| GroupTotals { key, totals }).collect(),
        })
        .collect();
    if let Some((low, high)) = stats::ids_between(connection, Some(span.since_ms), Some(span.until_ms))? {
        usage.latency = latency(connection, low, high)?;
        usage.errors = errors(connection, low, high)?;
    }
    Ok(usage)
}

fn start_of(hour_ms: i64, step: Step, offset_ms: i64) -> i64 {
    match step {
        Step::Hour => hour_ms,
        Step::Day => (hour_ms + offset_ms).div_euclid(DAY_MS) * DAY_MS - offset_ms,
    }
}

fn latency(connection: &Connection, low: i64, high: i64) -> Result<Option<Latency>, Error> {
    let mut statement = connection.prepare_cached(
        "SELECT total_ms, first_byte_ms FROM requests NOT INDEXED
         WHERE id >= ?1 AND id < ?2 AND failed = 0 ORDER BY id DESC LIMIT ?3",
    )?;
    let found = statement
        .query_map((low, high, SAMPLE), |row| Ok((row.get::<_, f64>(0)?, row.get::<_, Option<f64>>(1)?)))?;
    let (mut totals, mut firsts) = (Vec::new(), Vec::new());
    for row in found {
        let (total, first) = row?;
        totals.push(total);
        firsts.extend(first);
    }
    if totals.is_empty() {
        return Ok(None);
    }
    totals.sort_by(f64::total_cmp);
    firsts.sort_by(f64::total_cmp);
    Ok(Some(Latency {
        requests: totals.len() as u64,
        p50_ms: percentile(&totals, 50),
        p90_ms: percentile(&totals, 90),
        p99_ms: percentile(&totals, 99),
        first_byte_p50_ms: percentile(&firsts, 50),
        first_byte_p90_ms: percentile(&firsts, 90),
    }))
}

/// The smallest value that so many of a hundred do not exceed.
fn percentile(sorted: &[f64], percent: usize) -> Option<f64> {
    let at = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(at).copied()
}

fn errors(connection: &Connection, low: i64, high: i64) -> Result<Vec<CategoryCount>, Error> {
    let mut statement = connection.prepare_cached(
        "SELECT coalesce(error_category, ''), count(*) FROM
             (SELECT error_category FROM requests INDEXED BY requests_failed
              WHERE failed = 1 AND id >= ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3)
         GROUP BY 1 ORDER BY 2 DESC, 1",
    )?;
    let found = statement.query_map((low, high, FAILURES), |row| {
        Ok(CategoryCount { category: row.get(0)?, count: row.get::<_, i64>(1)?.unsigned_abs() })
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_begin_at_the_persons_midnight() {
        let (noon, midnight) = (12 * HOUR_MS, 24 * HOUR_MS);
        assert_eq!(start_of(noon, Step::Day, 0), 0);
        assert_eq!(start_of(noon, Step::Hour, 8 * HOUR_MS), noon);
        // In Shanghai the day after has begun at 16:00 of UTC.
        assert_eq!(start_of(16 * HOUR_MS, Step::Day, 8 * HOUR_MS), midnight - 8 * HOUR_MS);
        assert_eq!(start_of(15 * HOUR_MS, Step::Day, 8 * HOUR_MS), -8 * HOUR_MS);
        assert_eq!(start_of(2 * HOUR_MS, Step::Day, -5 * HOUR_MS), -19 * HOUR_MS);
    }

    #[test]
    fn percentiles_are_values_that_occurred() {
        let hundred: Vec<f64> = (1..=100).map(f64::from).collect();
        assert_eq!([50, 90, 99].map(|p| percentile(&hundred, p)), [Some(50.0), Some(90.0), Some(99.0)]);
        assert_eq!([50, 99].map(|p| percentile(&[7.0], p)), [Some(7.0); 2]);
        assert_eq!(percentile(&[], 50), None);
    }
}
