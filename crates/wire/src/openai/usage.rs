//! Token counters in OpenAI's names.

use llm::{Tier, Usage};
use serde::Serialize;

/// The `usage` object. OpenAI counts cached tokens inside `prompt_tokens` and thinking inside
/// `completion_tokens`; the upstreams count cached tokens beside the plain input.
#[derive(Debug, Serialize)]
pub(super) struct UsageReport {
    prompt_tokens: u64,
    completion_tokens: u64,
    total_tokens: u64,
    prompt_tokens_details: PromptDetails,
    completion_tokens_details: CompletionDetails,
}

#[derive(Debug, Serialize)]
struct PromptDetails {
    cached_tokens: u64,
    cache_write_tokens: u64,
}

#[derive(Debug, Serialize)]
struct CompletionDetails {
    reasoning_tokens: u64,
}

impl From<&Usage> for UsageReport {
    fn from(usage: &Usage) -> Self {
        Self {
            prompt_tokens: usage.prompt(),
            completion_tokens: usage.output.unwrap_or(0),
            total_tokens: usage.total(),
            prompt_tokens_details: PromptDetails {
                cached_tokens: usage.cache_read.unwrap_or(0),
                cache_write_tokens: usage.cache_write.unwrap_or(0),
            },
            completion_tokens_details: CompletionDetails { reasoning_tokens: usage.thinking.unwrap_or(0) },
        }
    }
}

/// `service_tier` of an answer. Upstreams that sell no tiers say nothing; whoever `asked` for one then got the
/// ordinary.
pub(super) fn tier(usage: &Usage, asked: bool) -> Option<&'static str> {
    Some(match usage.tier {
        Some(Tier::Priority) => "priority",
        Some(Tier::Flex) => "flex",
        Some(Tier::Reserved) => "scale",
        Some(Tier::Default) => "default",
        None if asked => "default",
        None => return None,
    })
}
