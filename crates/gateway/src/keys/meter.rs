//! What was spent with a local key, in memory. The log knows it too, which is how it comes back after a restart.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use store::KeySpent;
use time::{Date, Month, OffsetDateTime};

use super::bucket::Bucket;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Nanodollars in a dollar: what a short answer of the cheapest model costs is still a whole number of them.
const NANO: f64 = 1e9;

/// Bits of a counter, which the number of its span stands above.
const COUNT: u32 = 48;
const MOST: u64 = (1 << COUNT) - 1;

/// Counters of one key. No lock: a request changes each at most once.
#[derive(Debug)]
pub struct Meter {
    /// Where the bucket's time begins.
    began: Instant,
    bucket: Bucket,
    /// Tokens of a day of UTC.
    tokens: Span,
    /// Nanodollars of a month of UTC.
    money: Span,
    /// Milliseconds since 1970; 0 for never.
    last_ms: AtomicI64,
}

/// A sum over one day or month, together with which one that is.
#[derive(Debug, Default)]
struct Span(AtomicU64);

impl Meter {
    /// A meter that has counted nothing yet at `began`.
    #[must_use]
    pub fn new(began: Instant) -> Self {
        let (bucket, last_ms) = (Bucket::default(), AtomicI64::new(0));
        Self { began, bucket, tokens: Span::default(), money: Span::default(), last_ms }
    }

    /// A meter that goes on from what the log tells. `now_ms` says which day and month that was asked for.
    #[must_use]
    pub fn resumed(began: Instant, spent: &KeySpent, now_ms: i64) -> Self {
        let meter = Self::new(began);
        meter.tokens.add(day_of(now_ms), spent.day_tokens);
        meter.money.add(month_of(now_ms), nanodollars(spent.month_usd));
        meter.last_ms.store(spent.last_ms, Ordering::Relaxed);
        meter
    }

    /// Takes one of the requests that a minute allows.
    ///
    /// # Errors
    /// How long until the next.
    pub(crate) fn take(&self, a_minute: u32, now: Instant) -> Result<(), Duration> {
        self.bucket.take(a_minute, now.saturating_duration_since(self.began))
    }

    /// Counts what a request that came in at `time_ms` has spent.
    pub(crate) fn spent(&self, time_ms: i64, tokens: u64, usd: Option<f64>) {
        self.last_ms.fetch_max(time_ms, Ordering::Relaxed);
        if tokens > 0 {
            self.tokens.add(day_of(time_ms), tokens);
        }
        if let Some(usd) = usd.filter(|usd| *usd > 0.0) {
            self.money.add(month_of(time_ms), nanodollars(usd));
        }
    }

    /// Tokens of the day of `now_ms`.
    #[must_use]
    pub fn tokens_today(&self, now_ms: i64) -> u64 {
        self.tokens.of(day_of(now_ms))
    }

    /// Estimated cost of the month of `now_ms`, in USD.
    #[must_use]
    pub fn usd_this_month(&self, now_ms: i64) -> f64 {
        self.money.of(month_of(now_ms)) as f64 / NANO
    }

    /// When its last request came in, milliseconds since 1970.
    #[must_use]
    pub fn last_ms(&self) -> Option<i64> {
        Some(self.last_ms.load(Ordering::Relaxed)).filter(|time| *time > 0)
    }
}

impl Span {
    /// Adds to the sum of a span. A later one begins anew, and what comes late for an earlier one is left out.
    fn add(&self, span: u64, amount: u64) {
        // Somebody else's newer span is left alone, which is no failure.
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |word| {
            let (of, sum) = (word >> COUNT, word & MOST);
            match of.cmp(&span) {
                std::cmp::Ordering::Less => Some((span << COUNT) | amount.min(MOST)),
                std::cmp::Ordering::Equal => Some((span << COUNT) | sum.saturating_add(amount).min(MOST)),
                std::cmp::Ordering::Greater => None,
            }
        });
    }

    fn of(&self, span: u64) -> u64 {
        let word = self.0.load(Ordering::Relaxed);
        if word >> COUNT == span { word & MOST } else { 0 }
    }
}

fn nanodollars(usd: f64) -> u64 {
    (usd * NANO).round().clamp(0.0, MOST as f64) as u64
}

/// Days since 1970. Sixteen bits of them last until 2149.
fn day_of(time_ms: i64) -> u64 {
    time_ms.max(0).div_euclid(DAY_MS).unsigned_abs() & 0xFFFF
}

/// Months since the year 0.
fn month_of(time_ms: i64) -> u64 {
    let date = date_of(time_ms);
    u64::try_from(date.year()).unwrap_or(0) * 12 + u64::from(u8::from(date.month()))
}

fn date_of(time_ms: i64) -> Date {
    let time = OffsetDateTime::from_unix_timestamp(time_ms.max(0).div_euclid(1000));
    time.unwrap_or(OffsetDateTime::UNIX_EPOCH).date()
}

/// When the day of `now_ms` began, milliseconds since 1970.
pub(crate) const fn day_start(now_ms: i64) -> i64 {
    now_ms - now_ms.rem_euclid(DAY_MS)
}

/// When the month of `now_ms` began, milliseconds since 1970.
pub(crate) fn month_start(now_ms: i64) -> i64 {
    let date = date_of(now_ms);
    date.replace_day(1).unwrap_or(date).midnight().assume_utc().unix_timestamp() * 1000
}

/// From `now_ms` to the next day.
pub(crate) const fn until_tomorrow(now_ms: i64) -> Duration {
    Duration::from_millis((day_start(now_ms) + DAY_MS - now_ms).unsigned_abs())
}

/// From `now_ms` to the next month.
pub(crate) fn until_next_month(now_ms: i64) -> Duration {
    let date = date_of(now_ms);
    let (year, month) = match date.month() {
        Month::December => (date.year() + 1, Month::January),
        month => (date.year(), month.next()),
    };
    let next = Date::from_calendar_date(year, month, 1).unwrap_or(date).midnight().assume_utc();
    Duration::from_millis((next.unix_timestamp() * 1000 - now_ms).max(0).unsigned_abs())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// 2026-01-02 03:04:05 UTC.
    const NOW: i64 = 1_767_323_045_000;

    #[test]
    fn days_and_months_are_those_of_utc() {
        assert_eq!(day_start(NOW), 1_767_312_000_000);
        assert_eq!(month_start(NOW), 1_767_225_600_000);
        assert_eq!(until_tomorrow(NOW), Duration::from_secs(86_400 - 3 * 3600 - 4 * 60 - 5));
        let january = Duration::from_secs(31 * 86_400);
        assert_eq!(until_next_month(1_767_225_600_000), january);
        assert_eq!(until_next_month(1_767_225_600_000 - 1), Duration::from_millis(1), "over the year's end");
        assert_eq!(
            until_next_month(NOW) + Duration::from_millis((NOW - month_start(NOW)).unsigned_abs()),
            january
        );
    }

    #[test]
    fn a_new_day_begins_at_nothing_and_a_late_row_changes_nothing() {
        let meter = Meter::new(Instant::now());
        meter.spent(NOW, 10, Some(0.25));
        meter.spent(NOW + 1, 5, Some(0.000_000_004));
        assert_eq!((meter.tokens_today(NOW), meter.usd_this_month(NOW)), (15, 0.250_000_004));
        let tomorrow = NOW + DAY_MS;
        assert_eq!((meter.tokens_today(tomorrow), meter.usd_this_month(tomorrow)), (0, 0.250_000_004));
        meter.spent(tomorrow, 7, None);
        meter.spent(NOW, 1000, None);
        assert_eq!((meter.tokens_today(tomorrow), meter.tokens_today(NOW)), (7, 0));
        assert_eq!(meter.usd_this_month(NOW + 40 * DAY_MS), 0.0);
        assert_eq!(meter.last_ms(), Some(tomorrow));
    }

    #[test]
    fn goes_on_from_what_the_log_tells() {
        let spent = KeySpent { key_id: "k".into(), day_tokens: 9, month_usd: 1.5, last_ms: 77 };
        let meter = Meter::resumed(Instant::now(), &spent, NOW);
        meter.spent(NOW, 1, Some(0.5));
        assert_eq!((meter.tokens_today(NOW), meter.usd_this_month(NOW)), (10, 2.0));
        assert_eq!(Meter::resumed(Instant::now(), &spent, NOW).last_ms(), Some(77));
    }

    proptest! {
        #[test]
        fn sums_are_those_of_the_newest_span(entries in prop::collection::vec((0_u64..4, 0_u64..1 << 46), 1..40)) {
            let span = Span::default();
            let mut newest = (0, 0);
            for (of, amount) in entries {
                span.add(of, amount);
                newest = match of.cmp(&newest.0) {
                    std::cmp::Ordering::Less => newest,
                    std::cmp::Ordering::Equal => (of, (newest.1 + amount).min(MOST)),
                    std::cmp::Ordering::Greater => (of, amount),
                };
            }
            prop_assert_eq!(span.of(newest.0), newest.1);
            prop_assert_eq!(span.of(newest.0 + 1), 0);
        }
    }
}
