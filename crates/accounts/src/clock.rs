//! Time as an argument.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Tells the time. Everything that decides by time takes one, so that tests own it.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// The wall clock: for expiries and for what people read. It may jump.
    fn now(&self) -> SystemTime;

    /// The monotonic clock: for waiting.
    fn instant(&self) -> Instant;
}

/// Milliseconds since 1970; 0 for times before.
#[must_use]
pub fn milliseconds(time: SystemTime) -> i64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// The machine's clocks.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn instant(&self) -> Instant {
        Instant::now()
    }
}
