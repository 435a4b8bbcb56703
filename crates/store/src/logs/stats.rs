//! Hourly totals.

use serde::Serialize;

/// Sums over requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
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
    /// Sum of the requests' durations, milliseconds.
    pub total_ms: f64,
}

/// Totals of one account, model or client.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct GroupTotals {
    /// Account id, model as served, or client name; empty when a request had none.
    pub key: String,
    #[serde(flatten)]
    pub totals: Totals,
}

/// Totals of one hour.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct HourTotals {
    /// Its start, milliseconds since 1970.
    pub hour_ms: i64,
    #[serde(flatten)]
    pub totals: Totals,
}

/// What a dashboard shows. Groups come with the most requests first.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
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
