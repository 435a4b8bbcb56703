//! Token counters as Anthropic writes them.

use llm::{Tier, Usage};
use serde::{Deserialize, Serialize};

/// `usage` of an answer; every counter may be absent or null.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Counters {
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
    cache_creation_input_tokens: Option<u64>,
    cache_creation: Option<Lifetimes>,
    output_tokens_details: Option<OutputDetails>,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
struct Lifetimes {
    ephemeral_5m_input_tokens: Option<u64>,
    ephemeral_1h_input_tokens: Option<u64>,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
struct OutputDetails {
    thinking_tokens: Option<u64>,
}

/// SDKs want both numbers.
#[derive(Clone, Copy, Debug, Serialize)]
struct ServerToolUse {
    web_search_requests: u64,
    web_fetch_requests: u64,
}

impl From<Counters> for Usage {
    fn from(told: Counters) -> Self {
        Self {
            input: told.input_tokens,
            output: told.output_tokens,
            cache_read: told.cache_read_input_tokens,
            cache_write: told.cache_creation_input_tokens,
            cache_write_5m: told.cache_creation.and_then(|c| c.ephemeral_5m_input_tokens),
            cache_write_1h: told.cache_creation.and_then(|c| c.ephemeral_1h_input_tokens),
            thinking: told.output_tokens_details.and_then(|d| d.thinking_tokens),
            ..Self::default()
        }
    }
}

/// `usage` as clients need it: SDKs fail on absent or null counters, so what is not known is 0.
#[derive(Debug, Serialize)]
pub(super) struct Written {
    input_tokens: u64,
    cache_creation_input_tokens: u64,
    cache_read_input_tokens: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_creation: Option<Lifetimes>,
    output_tokens: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_tokens_details: Option<OutputDetails>,
    #[serde(skip_serializing_if = "Option::is_none")]
    server_tool_use: Option<ServerToolUse>,
    /// Told only where it is not the ordinary one.
    #[serde(skip_serializing_if = "Option::is_none")]
    service_tier: Option<&'static str>,
}

impl Written {
    /// As the last event of a stream has it: without the split of cache writes, which stood in the first.
    pub(super) fn at_the_end(usage: &Usage) -> Self {
        Self { cache_creation: None, ..usage.into() }
    }
}

impl From<&Usage> for Written {
    fn from(usage: &Usage) -> Self {
        let split = usage.cache_write_5m.is_some() || usage.cache_write_1h.is_some();
        Self {
            input_tokens: usage.input.unwrap_or(0),
            cache_creation_input_tokens: usage.cache_write.unwrap_or(0),
            cache_read_input_tokens: usage.cache_read.unwrap_or(0),
            cache_creation: split.then(|| Lifetimes {
                ephemeral_5m_input_tokens: Some(usage.cache_write_5m.unwrap_or(0)),
                ephemeral_1h_input_tokens: Some(usage.cache_write_1h.unwrap_or(0)),
            }),
            output_tokens: usage.output.unwrap_or(0),
            output_tokens_details: usage
                .thinking
                .map(|tokens| OutputDetails { thinking_tokens: Some(tokens) }),
            server_tool_use: usage
                .web_searches
                .map(|count| ServerToolUse { web_search_requests: count, web_fetch_requests: 0 }),
            service_tier: (usage.tier == Some(Tier::Priority)).then_some("priority"),
        }
    }
}
