//! Reading the log, page by page.

use serde::{Deserialize, Serialize};

use super::LogRow;

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
    /// Only requests that went on to another account.
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
pub struct Page {
    pub rows: Vec<LogRow>,
    /// Pass as `before` to go on; `None` at the end. A page may be short, even empty, and still have a next: a
    /// search stops after a short while and hands back what it has.
    pub next: Option<i64>,
}
