//! What local keys have spent, for limits that must survive a restart.

use rusqlite::Connection;

use super::stats::{Kind, hour_of};
use crate::Error;

/// What a local key has spent in the spans that were asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KeySpent {
    pub key_id: String,
    /// Input, output and cache writes; what is read from a cache does not count.
    pub day_tokens: u64,
    /// Estimate in USD.
    pub month_usd: f64,
    /// When its last request came in, milliseconds since 1970.
    pub last_ms: i64,
}

/// From the hourly totals, which outlive their rows. Both spans begin with a whole hour of UTC.
pub(super) fn spent(connection: &Connection, day_ms: i64, month_ms: i64) -> Result<Vec<KeySpent>, Error> {
    let mut statement = connection.prepare_cached(
        "SELECT key, tokens, usd, coalesce((SELECT time_ms FROM requests WHERE id = last), hour * 3600000) FROM
             (SELECT key, max(last_id) AS last, max(hour) AS hour,
                     sum(CASE WHEN hour >= ?1 THEN input_tokens + output_tokens + cache_write_tokens ELSE 0 END) AS tokens,
                     sum(CASE WHEN hour >= ?2 THEN cost_usd ELSE 0.0 END) AS usd
              FROM hours WHERE kind = ?3 GROUP BY key)
         ORDER BY key",
    )?;
    let found = statement.query_map((hour_of(day_ms), hour_of(month_ms), Kind::Key as i64), |row| {
        Ok(KeySpent {
            key_id: row.get(0)?,
            day_tokens: row.get::<_, i64>(1)?.max(0).unsigned_abs(),
            month_usd: row.get(2)?,
            last_ms: row.get(3)?,
        })
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}
