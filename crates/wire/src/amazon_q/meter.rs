//! What an answer cost, out of whatever the service tells of it.

use llm::Usage;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::lenient::{count, number, text};
use super::payload::Payload;
use super::tokens::Tokens;

/// Collects what is told; later words win.
#[derive(Debug)]
pub(super) struct Meter {
    /// The model's window in tokens; 0 when unknown.
    context: u32,
    /// Our guess at the input's tokens.
    input_estimate: u64,
    /// How full the window is, in percent.
    percentage: Option<f64>,
    input: Option<u64>,
    output: Option<u64>,
    total: Option<u64>,
    cache_read: Option<u64>,
    cache_write: Option<u64>,
    credits: Option<f64>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct TokenUsage<'a> {
    #[serde(borrow)]
    uncached_input_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    output_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    total_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    cache_read_input_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    cache_write_input_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    context_usage_percentage: Option<&'a RawValue>,
}

impl Meter {
    pub(super) const fn new(context: u32, input_estimate: u64) -> Self {
        Self {
            context,
            input_estimate,
            percentage: None,
            input: None,
            output: None,
            total: None,
            cache_read: None,
            cache_write: None,
            credits: None,
        }
    }

    /// For clients that show how full the window is from the first event on.
    pub(super) fn first_guess(&self) -> Option<Usage> {
        let input = Some(self.input_estimate).filter(|tokens| *tokens > 0);
        input.map(|_| Usage { input, estimated: true, ..Usage::default() })
    }

    /// `contextUsageEvent`.
    pub(super) fn context(&mut self, said: &Payload<'_>) {
        self.percentage = number(said.context_usage_percentage).or(self.percentage);
    }

    /// `tokenUsage` of `metadataEvent`, which is seldom there.
    pub(super) fn tokens(&mut self, said: &Payload<'_>) {
        let Some(json) = said.token_usage else { return };
        let told: TokenUsage<'_> = serde_json::from_str(json.get()).unwrap_or_default();
        self.input = count(told.uncached_input_tokens).or(self.input);
        self.output = count(told.output_tokens).or(self.output);
        self.total = count(told.total_tokens).or(self.total);
        self.cache_read = count(told.cache_read_input_tokens).or(self.cache_read);
        self.cache_write = count(told.cache_write_input_tokens).or(self.cache_write);
        self.percentage = number(told.context_usage_percentage).or(self.percentage);
    }

    /// `meteringEvent`.
    pub(super) fn credits(&mut self, said: &Payload<'_>) {
        let unit = text(said.unit);
        if unit.is_empty() || unit.eq_ignore_ascii_case("credit") || unit.eq_ignore_ascii_case("credits") {
            self.credits = number(said.usage).or(self.credits);
        }
    }

    /// The counters, with guesses where nothing was told. A cache is never guessed at.
    pub(super) fn usage(&self, said: Tokens) -> Usage {
        let cached = self.cache_read.unwrap_or(0).saturating_add(self.cache_write.unwrap_or(0));
        let output = self.output.unwrap_or_else(|| said.total());
        let rest = |total: u64| total.checked_sub(output.saturating_add(cached)).filter(|input| *input > 0);
        let told = self.input.or_else(|| self.output.and(self.total).and_then(rest));
        Usage {
            input: Some(told.or_else(|| self.filled().and_then(rest)).unwrap_or(self.input_estimate)),
            output: Some(output),
            cache_read: self.cache_read,
            cache_write: self.cache_write,
            credits: self.credits,
            estimated: told.is_none() || self.output.is_none(),
            ..Usage::default()
        }
    }

    /// Tokens in the window, input and output, by the service's percentage.
    fn filled(&self) -> Option<u64> {
        let percentage = self.percentage.filter(|percentage| *percentage <= 100.0)?;
        Some((f64::from(self.context) * percentage / 100.0).round() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(context: u32, events: &[&str]) -> Usage {
        let mut meter = Meter::new(context, 77);
        for json in events {
            let said = Payload::glance(json.as_bytes());
            meter.context(&said);
            meter.tokens(&said);
            meter.credits(&said);
        }
        let mut said = Tokens::default();
        said.add(&"a".repeat(36));
        meter.usage(said)
    }

    fn guess(input: u64) -> Usage {
        Usage { input: Some(input), output: Some(10), estimated: true, ..Usage::default() }
    }

    #[test]
    fn what_is_told_is_no_guess() {
        let told = Usage { input: Some(611), output: Some(19), ..Usage::default() };
        let tokens = r#"{"tokenUsage":{"uncachedInputTokens":611,"outputTokens":19,"totalTokens":630}}"#;
        assert_eq!(usage(0, &[tokens]), told);
        assert_eq!(usage(0, &[r#"{"tokenUsage":{"outputTokens":19,"totalTokens":630}}"#]), told);
        let cached = r#"{"tokenUsage":{"uncachedInputTokens":6,"outputTokens":2.0,"totalTokens":19,
            "cacheReadInputTokens":4,"cacheWriteInputTokens":7}}"#;
        let expected = Usage {
            input: Some(6),
            output: Some(2),
            cache_read: Some(4),
            cache_write: Some(7),
            ..Usage::default()
        };
        assert_eq!(usage(200_000, &[cached, r#"{"contextUsagePercentage":1}"#]), expected);
        assert_eq!(usage(0, &[&cached.replace("\"uncachedInputTokens\":6,", "")]), expected);
    }

    #[test]
    fn the_percentage_tells_the_input_where_the_window_is_known() {
        let percent = r#"{"contextUsagePercentage":0.5}"#;
        assert_eq!(usage(200_000, &[percent]), guess(990));
        assert_eq!(usage(200_000, &[r#"{"tokenUsage":{"contextUsagePercentage":0.5}}"#]), guess(990));
        assert_eq!(usage(0, &[percent]), guess(77));
        for useless in ["0", "0.001", "101", "-3", "\"5\"", "null"] {
            assert_eq!(usage(200_000, &[&percent.replace("0.5", useless)]), guess(77), "{useless}");
        }
    }

    #[test]
    fn a_half_told_count_is_a_guess() {
        let only_input = usage(0, &[r#"{"tokenUsage":{"uncachedInputTokens":5}}"#]);
        assert_eq!(only_input, guess(5));
        let only_output = usage(0, &[r#"{"tokenUsage":{"outputTokens":5}}"#]);
        assert_eq!(only_output, Usage { output: Some(5), ..guess(77) });
    }

    #[test]
    fn credits_are_kept() {
        let credits = |json| usage(0, &[json]).credits;
        assert_eq!(credits(r#"{"usage":0.0132,"unit":"credit","unitPlural":"credits"}"#), Some(0.0132));
        assert_eq!(credits(r#"{"usage":2}"#), Some(2.0));
        assert_eq!(credits(r#"{"usage":2,"unit":"minute"}"#), None);
        assert_eq!(credits(r#"{"usage":"2"}"#), None);
    }
}
