//! How often a service is asked whether the person has said yes.

use std::time::{Duration, Instant};

/// Without a word from the service.
const USUAL: Duration = Duration::from_secs(5);

/// Whatever the service says: more would be hammering.
const SHORTEST: Duration = Duration::from_secs(1);

/// Added when the service asks to slow down (RFC 8628, 3.5).
const SLOWER: Duration = Duration::from_secs(5);

/// No code lives longer; the number is the service's, so it is bounded.
const LONGEST_LIFE: Duration = Duration::from_secs(30 * 60);

/// When to ask next, and when to give up. Pure: the time comes in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    interval: Duration,
    due: Instant,
    ends: Instant,
}

impl Pace {
    /// A code that lives `life` from now, to be asked after every `interval`.
    pub(crate) fn new(interval: Option<Duration>, life: Duration, now: Instant) -> Self {
        let interval = interval.unwrap_or(USUAL).clamp(SHORTEST, LONGEST_LIFE);
        Self { interval, due: now + interval, ends: now + life.min(LONGEST_LIFE) }
    }

    pub(crate) fn is_due(&self, now: Instant) -> bool {
        self.due <= now
    }

    pub(crate) fn is_over(&self, now: Instant) -> bool {
        self.ends <= now
    }

    /// The next moment at which something is to be done.
    pub(crate) fn next(&self) -> Instant {
        self.due.min(self.ends)
    }

    pub(crate) const fn ends(&self) -> Instant {
        self.ends
    }

    /// Nobody has said yes yet, or nobody could be asked.
    pub(crate) fn again(&mut self, now: Instant) {
        self.due = now + self.interval;
    }

    /// The service wants to be asked less often.
    pub(crate) fn slow_down(&mut self, now: Instant) {
        self.interval += SLOWER;
        self.again(now);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Copy, Debug)]
    enum Word {
        Pending,
        SlowDown,
    }

    proptest! {
        /// Never sooner than asked for, never sooner than the last time, and never after the end.
        #[test]
        fn a_service_is_never_hurried(
            interval in proptest::option::of(0_u64..20),
            life in 0_u64..10_000,
            words in proptest::collection::vec((any::<bool>(), 0_u64..4_000), 1..200),
        ) {
            let start = Instant::now();
            let mut now = start;
            let asked = interval.map(Duration::from_secs);
            let mut pace = Pace::new(asked, Duration::from_secs(life), now);
            let least = asked.unwrap_or(USUAL).max(SHORTEST);
            let (mut last, mut gap) = (start, least);
            for (slow, late) in words {
                now = pace.next().max(now) + Duration::from_millis(late);
                if pace.is_over(now) {
                    prop_assert!(now >= start + Duration::from_secs(life.min(LONGEST_LIFE.as_secs())));
                    break;
                }
                prop_assert!(pace.is_due(now));
                prop_assert!(now - last >= gap, "{:?} < {gap:?}", now - last);
                prop_assert!(now < pace.ends());
                last = now;
                match if slow { Word::SlowDown } else { Word::Pending } {
                    Word::Pending => pace.again(now),
                    Word::SlowDown => {
                        pace.slow_down(now);
                        gap += SLOWER;
                    }
                }
                prop_assert!(!pace.is_due(now));
            }
        }
    }
}
