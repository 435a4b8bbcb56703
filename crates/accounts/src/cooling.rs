//! How an account is: ready, resting, or waiting for the person. Pure: the time comes in.

#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use llm::{Category, Cooling, Error};

use crate::Outcome;

const FIRST_REST: Duration = Duration::from_secs(5);
const LONGEST: Duration = Duration::from_secs(300);
const FAILURES: u32 = 5;
const OPEN: Duration = Duration::from_secs(30);
/// Asked again after this when the upstream does not say when the quota resets.
const QUOTA_CHECK: Duration = Duration::from_secs(3600);
const FIRST_SIGN_IN_CHECK: Duration = Duration::from_secs(30);
/// How long one request may be the only one to find out whether the account works again.
const PROBE: Duration = Duration::from_secs(60);
/// Longer waits an upstream asks for are cut: the monotonic clock ends somewhere.
const LONGEST_ASKED: Duration = Duration::from_secs(31 * 24 * 3600);

/// Why an account is not asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// The upstream asked for a pause. One goes first afterwards, up to the moment it is answered at all.
    Throttled,
    /// Failed too often in a row. One goes first afterwards.
    Failing,
    /// Its quota is used up. One goes first afterwards.
    Exhausted,
    /// The person must sign in, which may happen without our knowing; one looks now and then.
    NeedsSignIn,
    /// Suspended. The person must act here.
    Suspended,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Block {
    reason: Reason,
    until: Instant,
    /// The end of the lease of the request that looks whether the account works again.
    probe: Option<Instant>,
}

/// Whether a request may use an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    Yes,
    /// Not before then.
    Not {
        reason: Reason,
        until: Instant,
    },
}

/// The state of one account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Health {
    block: Option<Block>,
    /// Rests in a row without a word from the upstream on how long.
    rests: u32,
    /// Failures in a row.
    failures: u32,
    /// Times in a row that failures closed the account.
    openings: u32,
    /// Refused sign-ins in a row.
    sign_ins: u32,
}

impl Health {
    /// A state from before a restart.
    pub(crate) fn restored(reason: Reason, until: Instant) -> Self {
        Self { block: Some(Block { reason, until, probe: None }), ..Self::default() }
    }

    /// True when there is nothing that a success would have to clear.
    pub(crate) fn is_clean(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a request may use the account now.
    pub(crate) fn admission(&self, now: Instant) -> Admission {
        let Some(block) = self.block else { return Admission::Yes };
        let until = match block.reason {
            Reason::Suspended => return Admission::Not { reason: block.reason, until: block.until },
            // Somebody is finding out: that takes a moment, not the whole lease.
            _ if block.probe.is_some_and(|lease| lease > now) => {
                block.until.max(now + Duration::from_secs(1))
            }
            _ => block.until,
        };
        if until <= now { Admission::Yes } else { Admission::Not { reason: block.reason, until } }
    }

    /// Why and until when the account rests, for people; `None` when it is ready or about to be tried.
    pub(crate) fn resting(&self, now: Instant) -> Option<(Reason, Instant)> {
        let block = self.block?;
        let lasting = matches!(block.reason, Reason::NeedsSignIn | Reason::Suspended | Reason::Exhausted);
        (lasting || block.until > now).then_some((block.reason, block.until))
    }

    /// A request is about to use the account: where only one may go first, it is that one. `false` when another is
    /// on its way already.
    pub(crate) fn start(&mut self, now: Instant) -> bool {
        let Some(block) = &mut self.block else { return true };
        // A rest that is not over is not our business: a test by the person may go through it.
        if block.reason == Reason::Suspended || block.until > now {
            return true;
        }
        if block.probe.is_some_and(|lease| lease > now) {
            return false;
        }
        block.probe = Some(now + PROBE);
        true
    }

    /// Takes in what came of a request.
    pub(crate) fn note(&mut self, now: Instant, outcome: Outcome<'_>) {
        match outcome {
            Outcome::Success => self.success(now),
            Outcome::Failure(error) => self.failure(now, error),
            Outcome::Answered => self.answered(now),
            Outcome::Abandoned => self.release(),
        }
    }

    /// What was throttled is not any more; whether the rest of the answer is good shows later.
    fn answered(&mut self, now: Instant) {
        if self.block.is_some_and(|block| block.reason == Reason::Throttled && block.until <= now) {
            self.block = None;
            self.rests = 0;
        }
    }

    fn success(&mut self, now: Instant) {
        match self.block {
            // An answer that began before the trouble says nothing about it.
            Some(block) if block.until > now || block.reason == Reason::Suspended => {}
            _ => *self = Self::default(),
        }
    }

    fn failure(&mut self, now: Instant, error: &Error) {
        let asked = error.retry_after.map(|wait| wait.min(LONGEST_ASKED));
        match error.category.cooling() {
            Cooling::Nothing => self.release(),
            Cooling::Rest => self.rest(now, asked),
            Cooling::Failure => self.fail(now),
            Cooling::Exhausted => self.block(Reason::Exhausted, now + asked.unwrap_or(QUOTA_CHECK)),
            Cooling::NeedsSignIn => {
                // Many requests learn of one refusal.
                if !self.blocked(now, &[Reason::NeedsSignIn]) {
                    self.sign_ins += 1;
                    let wait = doubled(FIRST_SIGN_IN_CHECK, self.sign_ins);
                    self.block(Reason::NeedsSignIn, now + wait);
                }
            }
            Cooling::Disabled => self.block(Reason::Suspended, now),
        }
    }

    fn rest(&mut self, now: Instant, asked: Option<Duration>) {
        if self.blocked(now, &[Reason::Exhausted, Reason::NeedsSignIn]) {
            return;
        }
        let resting = self.block.filter(|block| block.reason == Reason::Throttled && block.until > now);
        let until = match (asked, resting) {
            (Some(wait), Some(block)) => block.until.max(now + wait),
            (Some(wait), None) => now + wait,
            // Requests that were under way together make one rest, not a doubling each.
            (None, Some(_)) => return,
            (None, None) => {
                self.rests += 1;
                now + doubled(FIRST_REST, self.rests)
            }
        };
        self.block(Reason::Throttled, until);
    }

    fn fail(&mut self, now: Instant) {
        let half_open = match self.block {
            Some(block) if block.until > now || block.reason == Reason::Suspended => return,
            Some(block) => block.reason != Reason::Throttled,
            None => false,
        };
        self.failures += 1;
        if half_open || self.failures >= FAILURES {
            self.openings += 1;
            self.block(Reason::Failing, now + (OPEN * self.openings.min(100)).min(LONGEST));
        } else {
            self.release();
        }
    }

    fn block(&mut self, reason: Reason, until: Instant) {
        // Only the person lifts a suspension.
        if self.block.is_none_or(|block| block.reason != Reason::Suspended) {
            self.block = Some(Block { reason, until, probe: None });
        }
    }

    fn blocked(&self, now: Instant, reasons: &[Reason]) -> bool {
        self.block.is_some_and(|block| {
            block.reason == Reason::Suspended || (block.until > now && reasons.contains(&block.reason))
        })
    }

    /// The request that looked came to no end.
    fn release(&mut self) {
        if let Some(block) = &mut self.block {
            block.probe = None;
        }
    }

    /// The machine slept: what was counted in passing time is worth nothing now.
    pub(crate) fn woke(&mut self) {
        if self.block.is_some_and(|block| matches!(block.reason, Reason::Throttled | Reason::Failing)) {
            *self = Self::default();
        } else {
            self.release();
        }
    }
}

impl Reason {
    /// The word that is stored; `None` for what a restart forgets.
    pub(crate) const fn stored(self) -> Option<&'static str> {
        match self {
            Self::Throttled | Self::Failing => None,
            Self::Exhausted => Some("exhausted"),
            Self::NeedsSignIn => Some("needs_sign_in"),
            Self::Suspended => Some("suspended"),
        }
    }

    pub(crate) fn from_stored(word: &str) -> Option<Self> {
        [Self::Exhausted, Self::NeedsSignIn, Self::Suspended]
            .into_iter()
            .find(|reason| reason.stored() == Some(word))
    }

    /// What a request says of an account that it passed over.
    pub(crate) const fn cause(self) -> Category {
        match self {
            Self::Throttled => Category::RateLimited,
            Self::Failing => Category::Overloaded,
            Self::Exhausted | Self::NeedsSignIn | Self::Suspended => self.category(),
        }
    }

    /// What a request is told that finds the account like this.
    pub(crate) const fn category(self) -> Category {
        match self {
            Self::Throttled | Self::Failing => Category::AllCooling,
            Self::Exhausted => Category::Quota,
            Self::NeedsSignIn => Category::NoCredentials,
            Self::Suspended => Category::Suspended,
        }
    }
}

/// `first`, doubled for every time after the first, at most [`LONGEST`].
fn doubled(first: Duration, times: u32) -> Duration {
    first.saturating_mul(1 << times.saturating_sub(1).min(16)).min(LONGEST)
}
