//! How much may happen at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use llm::{Category, Error};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Requests under way at once. The accept loop holds 1024 connections, and a connection carries one request.
const REQUESTS: usize = 1024;

/// Retries at hand at the start, and the most that can be saved up.
const RETRIES: u32 = 20;

/// Requests that earn one retry: extra upstream calls stay below a fifth of the requests.
const REQUESTS_A_RETRY: u32 = 5;

/// Log rows a second for requests that the boundary refused: any web page can send those as fast as it likes, and
/// they must not push the person's own rows out of the log.
const REFUSALS_A_SECOND: u32 = 10;

/// The counters of the whole proxy.
#[derive(Debug)]
pub struct Limits {
    requests: Arc<Semaphore>,
    /// Retries left, in parts of [`REQUESTS_A_RETRY`].
    retries: AtomicU32,
    /// Rows written in the second that the upper half names.
    refusals: AtomicU64,
}

/// The right to be under way; given back on drop.
#[derive(Debug)]
pub(crate) struct Permit {
    _permit: OwnedSemaphorePermit,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            requests: Arc::new(Semaphore::new(REQUESTS)),
            retries: AtomicU32::new(RETRIES * REQUESTS_A_RETRY),
            refusals: AtomicU64::new(0),
        }
    }
}

impl Limits {
    /// Lets a request in.
    ///
    /// # Errors
    /// [`Category::RateLimited`] when too many are under way.
    pub(crate) fn enter(&self) -> Result<Permit, Error> {
        let _ = self.retries.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
            (left < RETRIES * REQUESTS_A_RETRY).then_some(left + 1)
        });
        match Arc::clone(&self.requests).try_acquire_owned() {
            Ok(permit) => Ok(Permit { _permit: permit }),
            Err(_) => Err(Error::new(
                Category::RateLimited,
                format!("{REQUESTS} requests are under way already. Try again when some have finished."),
            )
            .with_retry_after(std::time::Duration::from_secs(1))),
        }
    }

    /// Takes a retry from the bucket. A storm of failures must not become a storm of retries.
    pub(crate) fn may_retry(&self) -> bool {
        self.retries
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(REQUESTS_A_RETRY))
            .is_ok()
    }

    /// Whether a refusal at the boundary gets its row. `now` in whole seconds.
    pub(crate) fn may_note(&self, now: u32) -> bool {
        let this_second = u64::from(now) << 32;
        self.refusals
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |noted| {
                let noted = if noted >> 32 == u64::from(now) { noted } else { this_second };
                (noted - this_second < u64::from(REFUSALS_A_SECOND)).then_some(noted + 1)
            })
            .is_ok()
    }

    /// Requests under way now.
    #[must_use]
    pub fn under_way(&self) -> usize {
        REQUESTS - self.requests.available_permits()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_stay_below_a_fifth_of_the_requests_and_the_bucket() {
        let limits = Limits::default();
        let mut retries = 0;
        for _ in 0..1000 {
            let _permit = limits.enter().expect("room");
            retries += u32::from(limits.may_retry());
        }
        assert!(retries <= RETRIES + 1000 / REQUESTS_A_RETRY, "{retries}");
        assert!(retries >= 1000 / REQUESTS_A_RETRY, "{retries}");
    }

    #[test]
    fn refusals_are_noted_at_a_bounded_rate() {
        let limits = Limits::default();
        for second in [7, 8, 3] {
            let noted = (0..1000).filter(|_| limits.may_note(second)).count();
            assert_eq!(noted, REFUSALS_A_SECOND as usize, "in second {second}");
        }
    }

    #[test]
    fn permits_come_back() {
        let limits = Limits::default();
        let held: Vec<_> = (0..REQUESTS).map(|_| limits.enter().expect("room")).collect();
        assert_eq!(limits.enter().expect_err("full").category, Category::RateLimited);
        drop(held);
        assert!(limits.enter().is_ok());
    }
}
