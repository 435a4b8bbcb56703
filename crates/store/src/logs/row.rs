//! The table of requests.

use serde::Serialize;

/// One request. `id` is given by the store; leave it 0.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
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
    /// What was changed in the request on the way, as stable tokens.
    pub adjustments: Vec<String>,
    /// Content blocks that the upstream's wire could not carry.
    pub dropped_opaque: u32,
    /// True when the answer broke off after it had begun.
    pub incomplete: bool,
    pub stop_reason: Option<String>,
    /// Accounts tried before, with what they said; a JSON array, `None` without failover.
    pub failover_from: Option<serde_json::Value>,
}
