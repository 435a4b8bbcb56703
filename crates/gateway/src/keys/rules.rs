//! What a local key may.

use llm::{Model, Tier};
use serde::{Deserialize, Serialize};

use crate::pattern::fits;

/// Bounds what one row can hold.
const MOST_ENTRIES: usize = 100;
const MOST_LETTERS: usize = 200;
/// More than any upstream gives, and a token's share of a minute stays a whole number of nanoseconds.
const MOST_A_MINUTE: u32 = 60_000;
/// What a day's counter holds.
const MOST_TOKENS: u64 = 1 << 47;
/// The end of the year 9999, which is as far as dates are written.
const LAST_MS: i64 = 253_402_300_800_000;
/// What a month's counter holds with room to spare, in USD.
const MOST_USD: f64 = 100_000.0;

/// What a key may; nothing said means no limit.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct KeyRules {
    /// Patterns of models, with `*` and `?`; empty means all. Compared with a model's name, its id at the upstream and
    /// the person's own alias for it.
    pub models: Vec<String>,
    /// The only accounts that may answer, in the order to try: ids, or `#` and a tag for all that have it; empty means
    /// all.
    pub accounts: Vec<String>,
    /// Asked for where the client asks for none and the model is sold with it.
    pub tier: Option<ServiceTier>,
    /// Answers that may be asked for in a minute, as many at once.
    pub requests_per_minute: Option<u32>,
    /// Input, output and cache writes of a day of UTC; what is read from a cache does not count.
    pub tokens_per_day: Option<u64>,
    /// Estimated cost of a month of UTC, in USD.
    pub usd_per_month: Option<f64>,
    /// Milliseconds since 1970.
    pub expires_ms: Option<i64>,
    /// Whether the wire of its requests is kept; as the settings say when left out.
    pub capture: Option<bool>,
}

/// How an upstream is to treat a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub enum ServiceTier {
    Default,
    /// Cheaper and slower.
    Flex,
    /// Before others, and dearer.
    Priority,
    /// From capacity that was bought, and as usual when that is used up.
    Reserved,
}

/// A rule that cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfit {
    pub field: &'static str,
    pub message: &'static str,
}

impl From<ServiceTier> for Tier {
    fn from(tier: ServiceTier) -> Self {
        match tier {
            ServiceTier::Default => Self::Default,
            ServiceTier::Flex => Self::Flex,
            ServiceTier::Priority => Self::Priority,
            ServiceTier::Reserved => Self::Reserved,
        }
    }
}

impl KeyRules {
    /// Whether a model may be asked. `alias` is the person's own name for it, when the client used one.
    #[must_use]
    pub fn allow_model(&self, model: &Model, alias: Option<&str>) -> bool {
        let names = [Some(model.name.as_str()), Some(model.id.as_str()), alias];
        self.models.is_empty()
            || self.models.iter().any(|pattern| names.iter().flatten().any(|name| fits(pattern, name)))
    }

    /// Checks ranges and shapes.
    ///
    /// # Errors
    /// The first rule that cannot be taken.
    pub fn check(&self) -> Result<(), Unfit> {
        let unfit = |field, message| Err(Unfit { field, message });
        for (field, list) in [("models", &self.models), ("accounts", &self.accounts)] {
            let shapeless = |entry: &String| {
                entry.trim().is_empty()
                    || entry.len() > MOST_LETTERS
                    || entry.chars().any(char::is_control)
                    // Tags are a person's words.
                    || (!entry.starts_with('#') && entry.contains(char::is_whitespace))
            };
            if list.len() > MOST_ENTRIES || list.iter().any(shapeless) {
                return unfit(field, "takes up to 100 names without spaces");
            }
        }
        if self.requests_per_minute.is_some_and(|most| !(1..=MOST_A_MINUTE).contains(&most)) {
            return unfit("requests_per_minute", "is from 1 to 60000");
        }
        if self.tokens_per_day.is_some_and(|most| !(1..=MOST_TOKENS).contains(&most)) {
            return unfit("tokens_per_day", "is at least 1");
        }
        if self.usd_per_month.is_some_and(|most| !(0.0..=MOST_USD).contains(&most)) {
            return unfit("usd_per_month", "is from 0 to 100000");
        }
        if self.expires_ms.is_some_and(|time| !(1..=LAST_MS).contains(&time)) {
            return unfit("expires_ms", "is a time, in milliseconds since 1970");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rules_out_of_range_are_named() {
        for (rules, field) in [
            (json!({"models": ["claude *"]}), "models"),
            (json!({"models": [""]}), "models"),
            (json!({"accounts": vec!["a"; 101]}), "accounts"),
            (json!({"requests_per_minute": 0}), "requests_per_minute"),
            (json!({"requests_per_minute": 60_001}), "requests_per_minute"),
            (json!({"tokens_per_day": 0}), "tokens_per_day"),
            (json!({"usd_per_month": -0.5}), "usd_per_month"),
            (json!({"usd_per_month": 1e9}), "usd_per_month"),
            (json!({"expires_ms": 0}), "expires_ms"),
            (json!({"expires_ms": i64::MAX}), "expires_ms"),
        ] {
            let rules: KeyRules = serde_json::from_value(rules).unwrap();
            assert_eq!(rules.check().unwrap_err().field, field, "{rules:?}");
        }
        let all = json!({
            "models": ["claude-*"], "accounts": ["a"], "tier": "flex", "requests_per_minute": 1,
            "tokens_per_day": 1, "usd_per_month": 0.0, "expires_ms": 1, "capture": false,
        });
        let rules: KeyRules = serde_json::from_value(all.clone()).unwrap();
        assert_eq!((rules.check(), serde_json::to_value(&rules).unwrap()), (Ok(()), all));
        assert!(serde_json::from_value::<KeyRules>(json!({"model": ["x"]})).is_err(), "misspelt");
    }
}
