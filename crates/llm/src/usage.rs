//! Token counters.

use serde::{Deserialize, Serialize};

use crate::Tier;

/// Tokens of one answer. `None` means "not told", which is not zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// Input tokens without those read from or written to a cache (Anthropic's and Converse's counting).
    pub input: Option<u64>,
    pub output: Option<u64>,
    pub cache_read: Option<u64>,
    /// All cache writes, whatever their lifetime.
    pub cache_write: Option<u64>,
    /// Part of `cache_write` that lives five minutes.
    pub cache_write_5m: Option<u64>,
    /// Part of `cache_write` that lives an hour.
    pub cache_write_1h: Option<u64>,
    /// Part of `output` spent on thinking.
    pub thinking: Option<u64>,
    /// The service tier that answered, where the upstream tells.
    pub tier: Option<Tier>,
    /// What the answer cost where the upstream counts credits instead of money (Kiro).
    pub credits: Option<f64>,
    /// Searches of the web that were made for the answer.
    pub web_searches: Option<u64>,
    /// True when a number is our guess and not the upstream's count.
    pub estimated: bool,
}

impl Usage {
    /// Takes over what `later` knows and keeps the rest: counters arrive in several events and are merged, never
    /// replaced: a later event often leaves out what an earlier one told.
    pub fn merge(&mut self, later: &Self) {
        let take = |mine: &mut Option<u64>, theirs: Option<u64>| {
            if theirs.is_some() {
                *mine = theirs;
            }
        };
        take(&mut self.input, later.input);
        take(&mut self.output, later.output);
        take(&mut self.cache_read, later.cache_read);
        take(&mut self.cache_write, later.cache_write);
        take(&mut self.cache_write_5m, later.cache_write_5m);
        take(&mut self.cache_write_1h, later.cache_write_1h);
        take(&mut self.thinking, later.thinking);
        take(&mut self.web_searches, later.web_searches);
        if later.credits.is_some() {
            self.credits = later.credits;
        }
        if later.tier.is_some() {
            self.tier = later.tier;
        }
        // Counters that are all there replace a guess.
        self.estimated =
            later.estimated || (self.estimated && !(later.input.is_some() && later.output.is_some()));
    }

    /// Adds what another exchange for the same answer took.
    pub fn add(&mut self, other: &Self) {
        let add = |mine: &mut Option<u64>, theirs: Option<u64>| {
            if let Some(theirs) = theirs {
                *mine = Some(mine.unwrap_or(0).saturating_add(theirs));
            }
        };
        add(&mut self.input, other.input);
        add(&mut self.output, other.output);
        add(&mut self.cache_read, other.cache_read);
        add(&mut self.cache_write, other.cache_write);
        add(&mut self.cache_write_5m, other.cache_write_5m);
        add(&mut self.cache_write_1h, other.cache_write_1h);
        add(&mut self.thinking, other.thinking);
        add(&mut self.web_searches, other.web_searches);
        if let Some(credits) = other.credits {
            self.credits = Some(self.credits.unwrap_or(0.0) + credits);
        }
        self.tier = other.tier.or(self.tier);
        self.estimated |= other.estimated;
    }

    /// Everything the model read: plain input, cache reads and cache writes. OpenAI's `prompt_tokens`.
    #[must_use]
    pub fn prompt(&self) -> u64 {
        self.input.unwrap_or(0) + self.cache_read.unwrap_or(0) + self.cache_write.unwrap_or(0)
    }

    /// `prompt` plus output.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.prompt() + self.output.unwrap_or(0)
    }
}
