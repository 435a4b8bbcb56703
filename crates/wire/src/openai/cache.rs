//! Marks of prompt caches.

use llm::{CacheMark, CacheTtl};
use serde::Deserialize;

use super::text::Text;

/// Anthropic's `cache_control` and OpenAI's `prompt_cache_breakpoint` differ only in the words for lifetimes.
#[derive(Debug, Deserialize)]
pub(super) struct CacheControl<'a> {
    #[serde(borrow, default)]
    ttl: Option<Text<'a>>,
}

impl CacheControl<'_> {
    /// OpenAI's half hour and twelve hours become the lifetimes that upstreams offer.
    pub(super) fn mark(&self) -> CacheMark {
        CacheMark {
            ttl: match self.ttl.as_ref().map(Text::as_str) {
                Some("5m" | "30m") => Some(CacheTtl::FiveMinutes),
                Some("1h" | "12h" | "24h") => Some(CacheTtl::OneHour),
                _ => None,
            },
        }
    }
}
