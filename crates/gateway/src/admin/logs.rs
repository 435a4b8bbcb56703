//! `/api/logs`: the rows of requests, page by page, their totals and their cleaning.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use store::{Cleaned, Filter, LogRow, Page, Retention, Stats, StatusClass};

use super::export::Format;
use super::json::{Asked, Given, Id};
use super::{Desk, Refusal};

/// Rows of a page unless told.
const ROWS: u32 = 100;
const MOST_ROWS: u32 = 1000;
/// What the totals cover unless told.
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Which rows. Times are milliseconds since 1970.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Question {
    since_ms: Option<i64>,
    until_ms: Option<i64>,
    account: Option<String>,
    dialect: Option<String>,
    client: Option<String>,
    model: Option<String>,
    /// `429`, or a class: `4xx`.
    status: Option<String>,
    errors: bool,
    slower_than_ms: Option<f64>,
    failed_over: bool,
    text: Option<String>,
    /// `next` of the page before.
    before: Option<i64>,
    /// 1 to 1000.
    limit: Option<u32>,
    /// Of an export.
    format: Format,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Span {
    /// A day before `until_ms` when left out.
    since_ms: Option<i64>,
    /// Now when left out.
    until_ms: Option<i64>,
}

/// What to keep; what is left out is taken from the settings.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Keep {
    days: Option<u32>,
    megabytes: Option<u64>,
}

pub(super) async fn page(
    State(desk): State<Arc<Desk>>,
    Asked(question): Asked<Question>,
) -> Result<Json<Page>, Refusal> {
    let before = question.before;
    let limit = question.limit.unwrap_or(ROWS);
    if !(1..=MOST_ROWS).contains(&limit) {
        return Err(Refusal::invalid(format!("limit may be 1 to {MOST_ROWS}")).with("field", "limit"));
    }
    Ok(Json(desk.gateway.logs.page(question.filter()?, before, limit).await?))
}

pub(super) async fn row(State(desk): State<Arc<Desk>>, Id(id): Id) -> Result<Json<LogRow>, Refusal> {
    find(&desk, &id).await.map(Json)
}

/// The row with the id of a path.
pub(super) async fn find(desk: &Desk, id: &str) -> Result<LogRow, Refusal> {
    let missing = || Refusal::new(StatusCode::NOT_FOUND, "log_row_not_found", "There is no such row");
    let id = id.parse().map_err(|_| missing())?;
    desk.gateway.logs.row(id).await?.ok_or_else(missing)
}

pub(super) async fn stats(
    State(desk): State<Arc<Desk>>,
    Asked(span): Asked<Span>,
) -> Result<Json<Stats>, Refusal> {
    let until = span.until_ms.unwrap_or_else(|| desk.gateway.now_ms());
    let since = span.since_ms.unwrap_or(until.saturating_sub(DAY_MS));
    if since > until {
        return Err(Refusal::invalid("since_ms is after until_ms").with("field", "since_ms"));
    }
    Ok(Json(desk.gateway.logs.stats(since, until).await?))
}

pub(super) async fn cleanup(
    State(desk): State<Arc<Desk>>,
    Given(keep): Given<Keep>,
) -> Result<Json<Cleaned>, Refusal> {
    let settings = desk.gateway.settings.load_full();
    let retention = Retention {
        days: keep.days.or_else(|| (settings.retention_days != 0).then_some(settings.retention_days)),
        megabytes: keep
            .megabytes
            .or_else(|| (settings.retention_mb != 0).then_some(u64::from(settings.retention_mb))),
    };
    Ok(Json(desk.gateway.logs.cleanup(retention, desk.gateway.now_ms()).await?))
}

impl Question {
    pub(super) const fn format(&self) -> Format {
        self.format
    }

    pub(super) fn filter(self) -> Result<Filter, Refusal> {
        let (status, status_class) = match self.status.as_deref() {
            None => (None, None),
            Some("2xx") => (None, Some(StatusClass::Success)),
            Some("3xx") => (None, Some(StatusClass::Redirect)),
            Some("4xx") => (None, Some(StatusClass::Client)),
            Some("5xx") => (None, Some(StatusClass::Server)),
            Some(exact) => match exact.parse() {
                Ok(status) => (Some(status), None),
                Err(_) => {
                    return Err(Refusal::invalid("status is like 404 or 4xx").with("field", "status"));
                }
            },
        };
        Ok(Filter {
            since_ms: self.since_ms,
            until_ms: self.until_ms,
            account_id: self.account,
            dialect: self.dialect,
            client: self.client,
            model: self.model,
            status,
            status_class,
            errors: self.errors,
            slower_than_ms: self.slower_than_ms,
            failed_over: self.failed_over,
            text: self.text,
        })
    }
}
