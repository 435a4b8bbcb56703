//! Token counters as these upstreams tell them: cached tokens count as input, thoughts as output.

use llm::{Tier, Usage};
use serde::Deserialize;

/// `usage` of both wires, whose names differ.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Counters {
    #[serde(alias = "input_tokens")]
    prompt_tokens: Option<u64>,
    #[serde(alias = "output_tokens")]
    completion_tokens: Option<u64>,
    #[serde(alias = "input_tokens_details")]
    prompt_tokens_details: Option<Cached>,
    #[serde(alias = "output_tokens_details")]
    completion_tokens_details: Option<Thought>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Cached {
    cached_tokens: Option<u64>,
    cache_write_tokens: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Thought {
    reasoning_tokens: Option<u64>,
}

impl From<Counters> for Usage {
    fn from(told: Counters) -> Self {
        let cached = told.prompt_tokens_details.unwrap_or_default();
        let (read, written) = (cached.cached_tokens.unwrap_or(0), cached.cache_write_tokens.unwrap_or(0));
        Self {
            input: told.prompt_tokens.map(|all| all.saturating_sub(read).saturating_sub(written)),
            output: told.completion_tokens,
            cache_read: cached.cached_tokens,
            cache_write: cached.cache_write_tokens,
            thinking: told.completion_tokens_details.and_then(|thought| thought.reasoning_tokens),
            ..Self::default()
        }
    }
}

/// The tier that answered, of OpenAI's words and of Bedrock's.
pub(super) fn tier(word: &str) -> Option<Tier> {
    match word {
        "scale" => Some(Tier::Reserved),
        word => Tier::parse(word),
    }
}
