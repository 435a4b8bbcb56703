//! Reading the log, page by page.

use std::time::{Duration, Instant};

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use serde::{Deserialize, Serialize};

use super::{LogRow, row, stats};
use crate::Error;

/// Which rows; empty means all. Fields are joined by "and".
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Filter {
    /// Came in at or after, milliseconds since 1970.
    pub since_ms: Option<i64>,
    /// Came in before, milliseconds since 1970.
    pub until_ms: Option<i64>,
    pub account_id: Option<String>,
    pub dialect: Option<String>,
    pub client: Option<String>,
    /// The model as asked or as served, in full.
    pub model: Option<String>,
    /// Exact HTTP status.
    pub status: Option<u16>,
    pub status_class: Option<StatusClass>,
    /// Only requests with an error category.
    pub errors: bool,
    /// Took at least this long in all, milliseconds.
    pub slower_than_ms: Option<f64>,
    /// Only requests for which another account was asked in the place of one that did not answer.
    pub failed_over: bool,
    /// Start of the model's name (asked or served), of the error category or of the error message, without regard
    /// to ASCII case.
    pub text: Option<String>,
}

/// The first digit of a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StatusClass {
    #[serde(rename = "2xx")]
    Success,
    #[serde(rename = "3xx")]
    Redirect,
    #[serde(rename = "4xx")]
    Client,
    #[serde(rename = "5xx")]
    Server,
}

/// Rows, newest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Page {
    pub rows: Vec<LogRow>,
    /// Pass as `before` to go on; `None` at the end. A page may be short, even empty, and still have a next: a
    /// search stops after a short while and hands back what it has.
    pub next: Option<i64>,
}

/// Ids looked at in the first step; each further step looks at twice as many.
const FIRST_WINDOW: i64 = 16_384;
/// A search that took this long hands back what it has.
const PATIENCE: Duration = Duration::from_millis(25);
/// Different names that are followed one by one; a prefix that fits more is searched along the log.
const MOST_NAMES: usize = 32;

/// Another account was asked in the place of one that did not answer. Who failed alone, or was only asked once more, has
/// gone past nobody.
const WENT_ON: &str = "failover_from IS NOT NULL AND EXISTS (SELECT 1 FROM json_each(failover_from)
     WHERE json_extract(json_each.value, '$.account') IS NOT account_name
       AND json_extract(json_each.value, '$.skipped') IS NULL)";

/// A way through the log: an index and what its rows must satisfy.
#[derive(Clone, Debug)]
struct Lane {
    index: &'static str,
    condition: &'static str,
    values: Vec<Value>,
}

/// Finds a page.
pub(super) fn find(
    connection: &Connection,
    filter: &Filter,
    before: Option<i64>,
    limit: u32,
) -> Result<Page, Error> {
    let limit = limit.clamp(1, 1000) as usize;
    let Some((low, high)) = stats::ids_between(connection, filter.since_ms, filter.until_ms)? else {
        return Ok(Page::default());
    };
    // Cleaning removes rows but keeps the totals that told `low`.
    let oldest: Option<i64> = connection.query_row("SELECT min(id) FROM requests", [], |row| row.get(0))?;
    let Some(oldest) = oldest else { return Ok(Page::default()) };
    let low = low.max(oldest);
    let mut high = before.unwrap_or(i64::MAX).min(high);
    let rest = conditions(filter);
    let lanes = lanes(connection, filter)?;
    let started = Instant::now();
    let mut window = FIRST_WINDOW;
    let mut ids: Vec<i64> = Vec::new();
    while high > low && ids.len() < limit && started.elapsed() < PATIENCE {
        let from = high.saturating_sub(window).max(low);
        let mut found = Vec::new();
        for lane in &lanes {
            found.extend(step(connection, lane, &rest, from, high, limit - ids.len())?);
        }
        found.sort_unstable_by(|a, b| b.cmp(a));
        // A row may fit by the name asked and by the name served.
        found.dedup();
        found.truncate(limit - ids.len());
        ids.extend(found);
        high = from;
        window *= 2;
    }
    let full = ids.len() == limit;
    let next = if full { ids.last().copied() } else { Some(high) }.filter(|next| *next > low);
    let mut rows = Vec::with_capacity(ids.len());
    for id in ids {
        // A row may have been cleaned away since.
        rows.extend(row::find(connection, id)?);
    }
    Ok(Page { rows, next })
}

fn step(
    connection: &Connection,
    lane: &Lane,
    rest: &[(&'static str, Value)],
    from: i64,
    high: i64,
    limit: usize,
) -> Result<Vec<i64>, Error> {
    let mut sql = format!("SELECT id FROM requests {} WHERE id >= ? AND id < ?", lane.index);
    let mut values = vec![Value::Integer(from), Value::Integer(high)];
    if !lane.condition.is_empty() {
        sql.push_str(" AND ");
        sql.push_str(lane.condition);
        values.extend(lane.values.iter().cloned());
    }
    for (condition, value) in rest {
        sql.push_str(" AND ");
        sql.push_str(condition);
        values.extend((0..condition.matches('?').count()).map(|_| value.clone()));
    }
    sql.push_str(" ORDER BY id DESC LIMIT ?");
    values.push(Value::Integer(limit as i64));
    let mut statement = connection.prepare_cached(&sql)?;
    let found = statement.query_map(params_from_iter(values), |row| row.get(0))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// Everything a row must satisfy but the text; a condition's value stands for each of its question marks.
fn conditions(filter: &Filter) -> Vec<(&'static str, Value)> {
    let mut found: Vec<(&'static str, Value)> = Vec::new();
    let text = |text: &String| Value::Text(text.clone());
    found.extend(filter.since_ms.map(|since| ("time_ms >= ?", Value::Integer(since))));
    found.extend(filter.until_ms.map(|until| ("time_ms < ?", Value::Integer(until))));
    found.extend(filter.status.map(|status| ("status = ?", Value::Integer(status.into()))));
    found.extend(filter.status_class.map(|class| ("status / 100 = ?", Value::Integer(class.digit()))));
    if filter.errors {
        found.push(("failed = 1", Value::Null));
    }
    found.extend(filter.account_id.as_ref().map(|id| ("account_id = ?", text(id))));
    found.extend(filter.dialect.as_ref().map(|dialect| ("dialect = ?", text(dialect))));
    found.extend(filter.client.as_ref().map(|client| ("client = ?", text(client))));
    found.extend(filter.model.as_ref().map(|model| ("(model_asked = ? OR model_served = ?)", text(model))));
    found.extend(filter.slower_than_ms.map(|least| ("total_ms >= ?", Value::Real(least))));
    if filter.failed_over {
        found.push((WENT_ON, Value::Null));
    }
    found
}

/// The shortest ways to all rows that may fit.
fn lanes(connection: &Connection, filter: &Filter) -> Result<Vec<Lane>, Error> {
    if let Some(text) = filter.text.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
        return text_lanes(connection, text);
    }
    let along = |index, condition, value: Option<&String>| Lane {
        index,
        condition,
        values: value.map(|value| Value::Text(value.clone())).into_iter().collect(),
    };
    let class = filter.status_class.is_some_and(|class| class.digit() >= 4);
    if filter.errors || class || filter.status.is_some_and(|status| status >= 400) {
        return Ok(vec![along("INDEXED BY requests_failed", "failed = 1", None)]);
    }
    if let Some(account) = &filter.account_id {
        return Ok(vec![along("INDEXED BY requests_account", "account_id = ?", Some(account))]);
    }
    if let Some(model) = &filter.model {
        return Ok(vec![
            along("INDEXED BY requests_model_asked", "model_asked = ?", Some(model)),
            along("INDEXED BY requests_model_served", "model_served = ?", Some(model)),
        ]);
    }
    Ok(vec![along("NOT INDEXED", "", None)])
}

fn text_lanes(connection: &Connection, text: &str) -> Result<Vec<Lane>, Error> {
    // No text that starts with `text` sorts at or after this.
    let end = format!("{text}\u{10FFFF}");
    let range = || vec![Value::Text(text.to_owned()), Value::Text(end.clone())];
    let mut lanes = Vec::new();
    let columns = [
        (
            "model_asked",
            "INDEXED BY requests_model_asked",
            "model_asked = ?",
            "model_asked >= ? AND model_asked < ?",
        ),
        (
            "model_served",
            "INDEXED BY requests_model_served",
            "model_served = ?",
            "model_served >= ? AND model_served < ?",
        ),
    ];
    for (column, index, one, many) in columns {
        let names = names(connection, column, text, &end)?;
        if names.len() > MOST_NAMES {
            lanes.push(Lane { index: "NOT INDEXED", condition: many, values: range() });
        } else {
            lanes.extend(names.into_iter().map(|name| Lane {
                index,
                condition: one,
                values: vec![Value::Text(name)],
            }));
        }
    }
    lanes.push(Lane {
        index: "INDEXED BY requests_failed",
        condition: "failed = 1 AND error_category >= ? AND error_category < ?",
        values: range(),
    });
    let head: String = text.chars().take(48).collect();
    lanes.push(Lane {
        index: "INDEXED BY requests_error",
        condition: "failed = 1 AND substr(error_message, 1, 48) COLLATE NOCASE >= ?
             AND substr(error_message, 1, 48) COLLATE NOCASE < ?
             AND substr(error_message, 1, length(?)) = ? COLLATE NOCASE",
        values: vec![
            Value::Text(head.clone()),
            Value::Text(format!("{head}\u{10FFFF}")),
            Value::Text(text.to_owned()),
            Value::Text(text.to_owned()),
        ],
    });
    Ok(lanes)
}

/// The different values of an indexed column from `text` to before `end`, found by hopping from one to the next; one
/// more than [`MOST_NAMES`] at most.
fn names(connection: &Connection, column: &str, text: &str, end: &str) -> Result<Vec<String>, Error> {
    let mut statement = connection.prepare_cached(&format!(
        "WITH RECURSIVE name (value) AS (
             SELECT min({column}) FROM requests WHERE {column} >= ?1 AND {column} < ?2
             UNION ALL
             SELECT (SELECT min({column}) FROM requests WHERE {column} > name.value AND {column} < ?2)
             FROM name WHERE name.value IS NOT NULL
         )
         SELECT value FROM name WHERE value IS NOT NULL LIMIT ?3"
    ))?;
    let found = statement.query_map((text, end, MOST_NAMES as i64 + 1), |row| row.get(0))?;
    Ok(found.collect::<Result<_, _>>()?)
}

impl StatusClass {
    const fn digit(self) -> i64 {
        match self {
            Self::Success => 2,
            Self::Redirect => 3,
            Self::Client => 4,
            Self::Server => 5,
        }
    }
}
