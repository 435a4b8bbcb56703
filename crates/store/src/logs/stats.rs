//! Hourly totals.

use std::collections::HashMap;

use rusqlite::{Connection, Row, params};
use serde::Serialize;

use super::LogRow;
use crate::Error;

/// Sums over requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Totals {
    pub requests: u64,
    /// Requests with an error category.
    pub errors: u64,
    pub input_tokens: u64,
    pub output_tokens: u64,
    pub cache_read_tokens: u64,
    pub cache_write_tokens: u64,
    /// Estimate in USD.
    pub cost_usd: f64,
    /// Of upstreams that count credits instead of money.
    pub credits: f64,
    /// Sum of the requests' durations, milliseconds.
    pub total_ms: f64,
}

/// Totals of one account, model or client.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct GroupTotals {
    /// Account id, model as served, client name or id of a local key; empty when a request had none.
    pub key: String,
    #[serde(flatten)]
    pub totals: Totals,
}

/// Totals of one hour.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct HourTotals {
    /// Its start, milliseconds since 1970.
    pub hour_ms: i64,
    #[serde(flatten)]
    pub totals: Totals,
}

/// What a dashboard shows. Groups come with the most requests first.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Stats {
    pub totals: Totals,
    pub by_account: Vec<GroupTotals>,
    pub by_model: Vec<GroupTotals>,
    pub by_client: Vec<GroupTotals>,
    /// Hours that had requests, oldest first.
    pub hours: Vec<HourTotals>,
    /// Rows that were lost since the start because the writer could not keep up.
    pub dropped_rows: u64,
}

/// Totals are kept by hour, for all requests and for each key of a kind: `key` is empty for [`Kind::All`].
/// `first_id` and `last_id` say where in the log the hour's rows are.
pub(super) const V1: &str = "
CREATE TABLE hours (
    kind INTEGER NOT NULL,
    hour INTEGER NOT NULL,
    key TEXT NOT NULL,
    requests INTEGER NOT NULL,
    errors INTEGER NOT NULL,
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    cache_read_tokens INTEGER NOT NULL,
    cache_write_tokens INTEGER NOT NULL,
    cost_usd REAL NOT NULL,
    total_ms REAL NOT NULL,
    first_id INTEGER NOT NULL,
    last_id INTEGER NOT NULL,
    PRIMARY KEY (kind, hour, key)
) STRICT, WITHOUT ROWID;
";

pub(super) const V2: &str = "ALTER TABLE hours ADD COLUMN credits REAL NOT NULL DEFAULT 0;";

const HOUR_MS: i64 = 3_600_000;

/// What totals are grouped by. The numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    All = 0,
    Account = 1,
    Model = 2,
    Client = 3,
    Key = 4,
}

pub(super) const fn hour_of(time_ms: i64) -> i64 {
    time_ms.div_euclid(HOUR_MS)
}

/// Adds the rows of one commit to their hours.
pub(super) fn add(connection: &Connection, rows: &[LogRow]) -> Result<(), Error> {
    let mut sums: HashMap<(Kind, i64, &str), (Totals, i64, i64)> = HashMap::new();
    for row in rows {
        let hour = hour_of(row.time_ms);
        let keys = [
            (Kind::All, ""),
            (Kind::Account, row.account_id.as_deref().unwrap_or_default()),
            // A name that no upstream knows is the client's invention: such rows share the empty key.
            (Kind::Model, row.model_served.as_deref().unwrap_or_default()),
            (Kind::Client, row.client.as_str()),
        ];
        let shown = row.key_id.as_deref().map(|key| (Kind::Key, key));
        for (kind, key) in keys.into_iter().chain(shown) {
            let (totals, first, last) =
                sums.entry((kind, hour, key)).or_insert((Totals::default(), row.id, row.id));
            totals.add(row);
            *first = row.id.min(*first);
            *last = row.id.max(*last);
        }
    }
    let mut statement = connection.prepare_cached(
        "INSERT INTO hours VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
         ON CONFLICT (kind, hour, key) DO UPDATE SET
             requests = requests + excluded.requests, errors = errors + excluded.errors,
             input_tokens = input_tokens + excluded.input_tokens,
             output_tokens = output_tokens + excluded.output_tokens,
             cache_read_tokens = cache_read_tokens + excluded.cache_read_tokens,
             cache_write_tokens = cache_write_tokens + excluded.cache_write_tokens,
             cost_usd = cost_usd + excluded.cost_usd, total_ms = total_ms + excluded.total_ms,
             credits = credits + excluded.credits,
             first_id = min(first_id, excluded.first_id), last_id = max(last_id, excluded.last_id)",
    )?;
    for ((kind, hour, key), (totals, first, last)) in sums {
        statement.execute(params![
            kind as i64,
            hour,
            key,
            totals.requests as i64,
            totals.errors as i64,
            totals.input_tokens as i64,
            totals.output_tokens as i64,
            totals.cache_read_tokens as i64,
            totals.cache_write_tokens as i64,
            totals.cost_usd,
            totals.total_ms,
            first,
            last,
            totals.credits,
        ])?;
    }
    Ok(())
}

impl Totals {
    fn add(&mut self, row: &LogRow) {
        // A count nobody can have spent must not break the sums of the others.
        let tokens = |count: Option<u64>| count.unwrap_or(0).min(1 << 40);
        self.requests += 1;
        self.errors += u64::from(row.failed());
        self.input_tokens += tokens(row.input_tokens);
        self.output_tokens += tokens(row.output_tokens);
        self.cache_read_tokens += tokens(row.cache_read_tokens);
        self.cache_write_tokens += tokens(row.cache_write_tokens);
        let finite = |cost: Option<f64>| cost.filter(|cost| cost.is_finite()).unwrap_or(0.0);
        self.cost_usd += finite(row.cost_usd);
        self.credits += finite(row.credits);
        self.total_ms += row.total_ms;
    }

    /// From nine columns that start at `from`.
    pub(super) fn read(row: &Row<'_>, from: usize) -> rusqlite::Result<Self> {
        let count = |at: usize| Ok::<_, rusqlite::Error>(row.get::<_, i64>(from + at)?.max(0) as u64);
        Ok(Self {
            requests: count(0)?,
            errors: count(1)?,
            input_tokens: count(2)?,
            output_tokens: count(3)?,
            cache_read_tokens: count(4)?,
            cache_write_tokens: count(5)?,
            cost_usd: row.get(from + 6)?,
            total_ms: row.get(from + 7)?,
            credits: row.get(from + 8)?,
        })
    }
}

pub(super) const SUMS: &str =
    "sum(requests), sum(errors), sum(input_tokens), sum(output_tokens), sum(cache_read_tokens),
     sum(cache_write_tokens), sum(cost_usd), sum(total_ms), sum(credits)";

pub(super) fn stats(
    connection: &Connection,
    since_ms: i64,
    until_ms: i64,
    dropped: u64,
) -> Result<Stats, Error> {
    let range = (hour_of(since_ms), hour_of(until_ms.saturating_sub(1)));
    let mut stats = Stats { dropped_rows: dropped, ..Stats::default() };
    let mut statement = connection.prepare_cached(&format!(
        "SELECT hour, {SUMS} FROM hours WHERE kind = 0 AND hour BETWEEN ?1 AND ?2 GROUP BY hour ORDER BY hour"
    ))?;
    let hours = statement.query_map(range, |row| {
        Ok(HourTotals { hour_ms: row.get::<_, i64>(0)? * HOUR_MS, totals: Totals::read(row, 1)? })
    })?;
    stats.hours = hours.collect::<Result<_, _>>()?;
    for hour in &stats.hours {
        stats.totals.merge(&hour.totals);
    }
    stats.by_account = groups(connection, Kind::Account, range)?;
    stats.by_model = groups(connection, Kind::Model, range)?;
    stats.by_client = groups(connection, Kind::Client, range)?;
    Ok(stats)
}

impl Totals {
    pub(super) fn merge(&mut self, other: &Self) {
        self.requests += other.requests;
        self.errors += other.errors;
        self.input_tokens += other.input_tokens;
        self.output_tokens += other.output_tokens;
        self.cache_read_tokens += other.cache_read_tokens;
        self.cache_write_tokens += other.cache_write_tokens;
        self.cost_usd += other.cost_usd;
        self.credits += other.credits;
        self.total_ms += other.total_ms;
    }
}

fn groups(connection: &Connection, kind: Kind, range: (i64, i64)) -> Result<Vec<GroupTotals>, Error> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT key, {SUMS} FROM hours WHERE kind = ?1 AND hour BETWEEN ?2 AND ?3
         GROUP BY key ORDER BY sum(requests) DESC, key LIMIT 200"
    ))?;
    let found = statement.query_map((kind as i64, range.0, range.1), |row| {
        Ok(GroupTotals { key: row.get(0)?, totals: Totals::read(row, 1)? })
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// The ids between which all rows of a span of time are, as `low..high`; `None` when there are none.
pub(super) fn ids_between(
    connection: &Connection,
    since_ms: Option<i64>,
    until_ms: Option<i64>,
) -> Result<Option<(i64, i64)>, Error> {
    let found: (Option<i64>, Option<i64>) = connection
        .prepare_cached(
            "SELECT min(first_id), max(last_id) + 1 FROM hours WHERE kind = 0 AND hour BETWEEN ?1 AND ?2",
        )?
        .query_row(
            (
                since_ms.map_or(i64::MIN, hour_of),
                until_ms.map_or(i64::MAX, |until| hour_of(until.saturating_sub(1))),
            ),
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
    Ok(found.0.zip(found.1))
}
