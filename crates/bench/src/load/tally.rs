//! What a run adds up to.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

/// Why an answer does not count: a kind, short enough to count by.
pub(crate) type Failure = Cow<'static, str>;

/// Samples of bad answers that are kept for the report.
const SAMPLES: usize = 3;

/// Nanoseconds of everything that was measured.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) total: Vec<u64>,
    /// Until the first text arrived.
    pub(crate) first_text: Vec<u64>,
    /// Between sending and arrival of a stamped piece.
    pub(crate) lag: Vec<u64>,
    pub(crate) warm: u64,
    pub(crate) took: Duration,
    failures: BTreeMap<Failure, u64>,
    samples: Vec<String>,
}

impl Tally {
    pub(crate) fn fail(&mut self, failure: Failure, sample: &[u8]) {
        if self.samples.len() < SAMPLES {
            self.samples.push(format!("{failure}: {}", String::from_utf8_lossy(sample)));
        }
        *self.failures.entry(failure).or_default() += 1;
    }

    /// The run as JSON. Times are microseconds; `rate` is right answers a second, the warm-up's too.
    pub(crate) fn report(mut self) -> Value {
        let right = self.total.len() as u64;
        let rate = (right + self.warm) as f64 / self.took.as_secs_f64();
        json!({"right": right, "warm": self.warm, "wrong": self.failures.values().sum::<u64>(),
            "failures": self.failures, "samples": self.samples,
            "secs": self.took.as_secs_f64(), "rate": rate,
            "total_us": quantiles(&mut self.total), "first_text_us": quantiles(&mut self.first_text),
            "lag_us": quantiles(&mut self.lag)})
    }
}

fn quantiles(nanos: &mut [u64]) -> Value {
    nanos.sort_unstable();
    let at = |share: f64| {
        let rank = ((nanos.len() as f64 * share).ceil() as usize).max(1) - 1;
        nanos.get(rank).map(|nanos| *nanos as f64 / 1e3)
    };
    json!({"p50": at(0.5), "p99": at(0.99), "max": at(1.0)})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_ranks() {
        let mut nanos: Vec<u64> = (1..=200).rev().map(|n| n * 1000).collect();
        assert_eq!(quantiles(&mut nanos), json!({"p50": 100.0, "p99": 198.0, "max": 200.0}));
        assert_eq!(quantiles(&mut [5000]), json!({"p50": 5.0, "p99": 5.0, "max": 5.0}));
        assert_eq!(quantiles(&mut []), json!({"p50": null, "p99": null, "max": null}));
    }
}
