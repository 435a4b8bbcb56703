//! Token counters of Converse. `inputTokens` leaves cached tokens out, as Anthropic's does.

use llm::{Tier, Usage};
use serde::Deserialize;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Counters {
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
    cache_write_input_tokens: Option<u64>,
    cache_details: Option<Vec<Lifetime>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Lifetime {
    ttl: String,
    input_tokens: u64,
}

/// `serviceTier`, which stands beside `usage`.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct ServiceTier {
    #[serde(rename = "type")]
    kind: Option<String>,
}

impl ServiceTier {
    pub(super) fn tier(&self) -> Option<Tier> {
        self.kind.as_deref().and_then(Tier::parse)
    }
}

impl From<Counters> for Usage {
    fn from(told: Counters) -> Self {
        let lived = |ttl: &str| {
            let details = told.cache_details.as_ref()?;
            Some(details.iter().filter(|detail| detail.ttl == ttl).map(|detail| detail.input_tokens).sum())
        };
        Self {
            input: told.input_tokens,
            output: told.output_tokens,
            cache_read: told.cache_read_input_tokens,
            cache_write: told.cache_write_input_tokens,
            cache_write_5m: lived("5m"),
            cache_write_1h: lived("1h"),
            ..Self::default()
        }
    }
}
