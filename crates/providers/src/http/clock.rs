//! What an answer's `Date` tells of our clock.

use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds by which the clock that wrote `date`, an HTTP date, is ahead of `now`; `None` when it is no date.
#[must_use]
pub fn clock_offset(date: &str, now: SystemTime) -> Option<i64> {
    let seconds = |time: SystemTime| {
        time.duration_since(UNIX_EPOCH).ok().and_then(|since| i64::try_from(since.as_secs()).ok())
    };
    Some(seconds(httpdate::parse_http_date(date).ok()?)? - seconds(now)?)
}
