//! A token bucket in one number.
//!
//! What is kept is not how many tokens there are but when the bucket will be full again: taking one moves that moment
//! on by the time one token takes to come. A single atomic number can then be read and changed by every thread
//! without a lock, and nothing has to refill anything.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

const MINUTE_NS: u64 = 60_000_000_000;

/// Holds as many requests as a minute allows, and gets them back evenly.
#[derive(Debug, Default)]
pub(super) struct Bucket {
    /// Nanoseconds after the meter's beginning.
    full_at: AtomicU64,
}

impl Bucket {
    /// Takes a request out.
    ///
    /// # Errors
    /// How long until there is one again.
    pub(super) fn take(&self, a_minute: u32, now: Duration) -> Result<(), Duration> {
        let now = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
        let one = MINUTE_NS / u64::from(a_minute.max(1));
        let room = one * u64::from(a_minute.max(1));
        let mut wait = 0;
        let taken = self.full_at.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |full_at| {
            let after = full_at.max(now).saturating_add(one);
            wait = after.saturating_sub(now.saturating_add(room));
            (wait == 0).then_some(after)
        });
        taken.map(|_| ()).map_err(|_| Duration::from_nanos(wait))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_full_bucket_gives_a_minutes_worth_at_once_and_the_next_when_it_has_come() {
        let bucket = Bucket::default();
        for _ in 0..6 {
            assert_eq!(bucket.take(6, Duration::ZERO), Ok(()));
        }
        assert_eq!(bucket.take(6, Duration::ZERO), Err(Duration::from_secs(10)));
        assert_eq!(bucket.take(6, Duration::from_secs(9)), Err(Duration::from_secs(1)));
        assert_eq!(bucket.take(6, Duration::from_secs(10)), Ok(()));
        assert_eq!(bucket.take(6, Duration::from_secs(10)), Err(Duration::from_secs(10)));
    }

    proptest! {
        /// In any span there are no more than a bucketful and what came in meanwhile; who keeps to the rate is never
        /// refused; and who waits as long as told is let in.
        #[test]
        fn never_more_than_the_rate_and_never_less(
            a_minute in 1_u32..2000,
            pauses in prop::collection::vec(prop_oneof![Just(0_u64), 0_u64..20_000_000, 0_u64..90_000_000_000], 1..300),
        ) {
            let bucket = Bucket::default();
            let mut now = Duration::ZERO;
            let mut let_in: Vec<Duration> = Vec::new();
            for pause in pauses {
                now += Duration::from_nanos(pause);
                if let Err(wait) = bucket.take(a_minute, now) {
                    prop_assert!(wait > Duration::ZERO && wait <= Duration::from_secs(60));
                    prop_assert!(bucket.take(a_minute, now + wait - Duration::from_nanos(1)).is_err());
                    now += wait;
                    prop_assert_eq!(bucket.take(a_minute, now), Ok(()));
                }
                let_in.push(now);
            }
            for (at, first) in let_in.iter().enumerate() {
                for (further, last) in let_in[at..].iter().enumerate() {
                    let span = (*last - *first).as_secs_f64();
                    // Rounding a token's time down to a nanosecond may let one in a little early.
                    let most = f64::from(a_minute) * (1.0 + span / 60.0) * 1.000_001 + 1e-6;
                    prop_assert!((further + 1) as f64 <= most + 1.0, "{} in {span} s", further + 1);
                }
            }
        }

        #[test]
        fn who_keeps_to_the_rate_is_never_refused(a_minute in 1_u32..6000, requests in 1_u32..500) {
            let bucket = Bucket::default();
            for at in 0..requests {
                let now = Duration::from_secs(60) * at / a_minute;
                prop_assert_eq!(bucket.take(a_minute, now), Ok(()));
            }
        }
    }
}
