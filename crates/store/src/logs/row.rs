//! The table of requests.

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;

use crate::Error;

/// One request. `id` is given by the store; leave it 0.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct LogRow {
    /// Grows with every row, in the order in which requests ended.
    pub id: i64,
    /// When the request came in, milliseconds since 1970.
    pub time_ms: i64,
    /// Our id of the request.
    pub request_id: String,
    /// The client's name, from its user agent.
    pub client: String,
    pub user_agent: String,
    /// [`llm::Wire::name`] of the client's dialect; empty when the route has none.
    pub dialect: String,
    pub method: String,
    pub path: String,
    pub model_asked: String,
    /// The upstream's id of the model that answered.
    pub model_served: Option<String>,
    pub account_id: Option<String>,
    pub account_name: Option<String>,
    pub provider: Option<String>,
    pub upstream_wire: Option<String>,
    pub stream: bool,
    /// Requests sent upstream.
    pub attempts: u32,
    /// HTTP status sent to the client.
    pub status: u16,
    /// [`llm::Category::name`]; `None` for a request that went well.
    pub error_category: Option<String>,
    pub error_message: Option<String>,
    pub upstream_status: Option<u16>,
    pub upstream_code: Option<String>,
    pub upstream_request_id: Option<String>,
    /// Until the first content byte, milliseconds.
    pub first_byte_ms: Option<f64>,
    /// Until the end, milliseconds.
    pub total_ms: f64,
    pub input_tokens: Option<u64>,
    pub output_tokens: Option<u64>,
    pub cache_read_tokens: Option<u64>,
    pub cache_write_tokens: Option<u64>,
    /// True when a token count is our guess.
    pub usage_estimated: bool,
    /// Estimate in USD.
    pub cost_usd: Option<f64>,
    /// What the upstream says the answer cost, where it counts credits instead of money.
    pub credits: Option<f64>,
    /// What was changed in the request on the way, as stable tokens.
    pub adjustments: Vec<String>,
    /// Content blocks that the upstream's wire could not carry.
    pub dropped_opaque: u32,
    /// True when the answer broke off after it had begun.
    pub incomplete: bool,
    pub stop_reason: Option<String>,
    /// Accounts tried before, with what they said; a JSON array, `None` without failover.
    #[cfg_attr(feature = "types", ts(type = "Array<Record<string, unknown>> | null"))]
    pub failover_from: Option<serde_json::Value>,
    /// The local key that was shown, where one was.
    pub key_id: Option<String>,
    pub key_name: Option<String>,
}

pub(super) const V1: &str = "
CREATE TABLE requests (
    id INTEGER PRIMARY KEY NOT NULL,
    time_ms INTEGER NOT NULL,
    status INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    stream INTEGER NOT NULL,
    total_ms REAL NOT NULL,
    account_id TEXT,
    dialect TEXT NOT NULL,
    client TEXT NOT NULL,
    model_asked TEXT NOT NULL COLLATE NOCASE,
    model_served TEXT COLLATE NOCASE,
    error_category TEXT COLLATE NOCASE,
    failover_from TEXT,
    error_message TEXT,
    request_id TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    account_name TEXT,
    provider TEXT,
    upstream_wire TEXT,
    attempts INTEGER NOT NULL,
    upstream_status INTEGER,
    upstream_code TEXT,
    upstream_request_id TEXT,
    first_byte_ms REAL,
    input_tokens INTEGER,
    output_tokens INTEGER,
    cache_read_tokens INTEGER,
    cache_write_tokens INTEGER,
    usage_estimated INTEGER NOT NULL,
    cost_usd REAL,
    adjustments TEXT,
    dropped_opaque INTEGER NOT NULL,
    incomplete INTEGER NOT NULL,
    stop_reason TEXT
) STRICT;
CREATE INDEX requests_account ON requests (account_id);
CREATE INDEX requests_model_asked ON requests (model_asked);
CREATE INDEX requests_model_served ON requests (model_served);
CREATE INDEX requests_failed ON requests (id, status, error_category) WHERE failed = 1;
CREATE INDEX requests_error ON requests (substr(error_message, 1, 48) COLLATE NOCASE) WHERE failed = 1;
";

pub(super) const V2: &str = "ALTER TABLE requests ADD COLUMN credits REAL;";

pub(super) const KEYS: &str = "
ALTER TABLE requests ADD COLUMN key_id TEXT;
ALTER TABLE requests ADD COLUMN key_name TEXT;
";

impl LogRow {
    /// Counts as an error: it has a category, or a status that says so.
    pub(super) fn failed(&self) -> bool {
        self.error_category.is_some() || self.status >= 400
    }

    /// Cuts what a client may make arbitrarily long.
    pub(super) fn trim(&mut self) {
        for (text, most) in [
            (&mut self.client, 128),
            (&mut self.user_agent, 512),
            (&mut self.path, 512),
            (&mut self.model_asked, 256),
        ] {
            cut(text, most);
        }
        if let Some(message) = &mut self.error_message {
            cut(message, 2048);
        }
    }
}

fn cut(text: &mut String, most: usize) {
    if text.len() > most {
        text.truncate(text.floor_char_boundary(most));
    }
}

pub(super) fn insert(connection: &Connection, row: &LogRow) -> Result<(), Error> {
    let adjustments = match row.adjustments.as_slice() {
        [] => None,
        some => {
            Some(serde_json::to_string(some).map_err(|source| Error::Json { what: "adjustment", source })?)
        }
    };
    let failover = row.failover_from.as_ref().map(ToString::to_string);
    connection
        .prepare_cached(
            "INSERT INTO requests VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17,
             ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32, ?33, ?34, ?35, ?36, ?37, ?38, ?39)",
        )?
        .execute(params![
            row.id,
            row.time_ms,
            row.status,
            row.failed(),
            row.stream,
            row.total_ms,
            row.account_id,
            row.dialect,
            row.client,
            row.model_asked,
            row.model_served,
            row.error_category,
            failover,
            row.error_message,
            row.request_id,
            row.user_agent,
            row.method,
            row.path,
            row.account_name,
            row.provider,
            row.upstream_wire,
            row.attempts,
            row.upstream_status,
            row.upstream_code,
            row.upstream_request_id,
            row.first_byte_ms,
            signed(row.input_tokens),
            signed(row.output_tokens),
            signed(row.cache_read_tokens),
            signed(row.cache_write_tokens),
            row.usage_estimated,
            row.cost_usd,
            adjustments,
            row.dropped_opaque,
            row.incomplete,
            row.stop_reason,
            row.credits,
            row.key_id,
            row.key_name,
        ])?;
    Ok(())
}

/// SQLite's numbers have a sign.
fn signed(count: Option<u64>) -> Option<i64> {
    count.map(|count| i64::try_from(count).unwrap_or(i64::MAX))
}

fn unsigned(row: &Row<'_>, name: &str) -> rusqlite::Result<Option<u64>> {
    Ok(row.get::<_, Option<i64>>(name)?.and_then(|count| u64::try_from(count).ok()))
}

pub(super) fn find(connection: &Connection, id: i64) -> Result<Option<LogRow>, Error> {
    let mut statement = connection.prepare_cached("SELECT * FROM requests WHERE id = ?1")?;
    Ok(statement.query_row([id], read).optional()?)
}

fn read(row: &Row<'_>) -> rusqlite::Result<LogRow> {
    let json = |name: &str| row.get::<_, Option<String>>(name);
    Ok(LogRow {
        id: row.get("id")?,
        time_ms: row.get("time_ms")?,
        request_id: row.get("request_id")?,
        client: row.get("client")?,
        user_agent: row.get("user_agent")?,
        dialect: row.get("dialect")?,
        method: row.get("method")?,
        path: row.get("path")?,
        model_asked: row.get("model_asked")?,
        model_served: row.get("model_served")?,
        account_id: row.get("account_id")?,
        account_name: row.get("account_name")?,
        provider: row.get("provider")?,
        upstream_wire: row.get("upstream_wire")?,
        stream: row.get("stream")?,
        attempts: row.get("attempts")?,
        status: row.get("status")?,
        error_category: row.get("error_category")?,
        error_message: row.get("error_message")?,
        upstream_status: row.get("upstream_status")?,
        upstream_code: row.get("upstream_code")?,
        upstream_request_id: row.get("upstream_request_id")?,
        first_byte_ms: row.get("first_byte_ms")?,
        total_ms: row.get("total_ms")?,
        input_tokens: unsigned(row, "input_tokens")?,
        output_tokens: unsigned(row, "output_tokens")?,
        cache_read_tokens: unsigned(row, "cache_read_tokens")?,
        cache_write_tokens: unsigned(row, "cache_write_tokens")?,
        usage_estimated: row.get("usage_estimated")?,
        cost_usd: row.get("cost_usd")?,
        credits: row.get("credits")?,
        // What cannot be read any more is not worth the rest of the row.
        adjustments: json("adjustments")?
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default(),
        dropped_opaque: row.get("dropped_opaque")?,
        incomplete: row.get("incomplete")?,
        stop_reason: row.get("stop_reason")?,
        failover_from: json("failover_from")?.and_then(|text| serde_json::from_str(&text).ok()),
        key_id: row.get("key_id")?,
        key_name: row.get("key_name")?,
    })
}
