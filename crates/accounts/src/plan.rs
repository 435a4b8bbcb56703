//! Who is asked, in which order.

use std::sync::Arc;
use std::time::Duration;

use llm::{Category, Error};
use providers::Account;
use serde::{Deserialize, Serialize};

use crate::Entry;
use crate::cooling::Reason;

/// Settings of going on to another account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Failover {
    pub enabled: bool,
    /// Account ids in the order to try; empty means all in the order of the list of accounts.
    pub order: Vec<String>,
    /// Go on also when an account's quota is used up or it is suspended ([`llm::OtherAccount::BySetting`]).
    pub on_quota: bool,
}

impl Default for Failover {
    fn default() -> Self {
        Self { enabled: true, order: Vec::new(), on_quota: false }
    }
}

/// The accounts for one request, best first.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    pub entries: Vec<Arc<Entry>>,
    /// Those that would have come before one of `entries`, but were passed over; in the same order.
    pub passed: Vec<Passed>,
    /// When `entries` is empty because all rest: the soonest return of one.
    pub wait: Option<Duration>,
    /// Go on also past a used-up quota or a suspension.
    pub on_quota: bool,
    /// Which of the person's choices this follows.
    pub choice: u64,
    /// The mildest reason why there is nobody.
    pub(crate) blocked: Option<Reason>,
    /// What the account that rests for it said last, with its name before, and that error's code.
    pub(crate) said: Option<(String, Option<&'static str>)>,
}

/// An account that was passed over.
#[derive(Clone, Debug)]
pub struct Passed {
    pub account: Arc<Account>,
    pub why: Why,
    /// So many of the plan's entries come before it.
    pub after: usize,
}

/// Why an account is not asked though it comes before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It rests, for this.
    Rests(Category),
    /// It is ready, but the conversation went on with another one, and stays there.
    Stays,
}

impl Plan {
    /// Puts the account that a conversation stays with first, if it may be asked at all.
    pub(crate) fn stay(&mut self, id: &str) {
        let Some(at) = self.entries.iter().position(|entry| entry.account.id == id).filter(|at| *at > 0)
        else {
            return;
        };
        let entry = self.entries.remove(at);
        let ready = self.entries.iter().take(at).enumerate();
        let ready = ready.map(|(before, entry)| (before, Why::Stays, entry.account.clone()));
        let resting = self.passed.iter().filter(|passed| passed.after <= at);
        let resting = resting.map(|passed| (passed.after, passed.why, passed.account.clone()));
        // Whoever rests before the `n`th entry comes before it here too.
        let mut before: Vec<_> = resting.chain(ready).collect();
        before.sort_by_key(|(place, why, _)| (*place, *why == Why::Stays));
        let behind = self.passed.extract_if(.., |passed| passed.after > at).collect::<Vec<_>>();
        let before = before.into_iter().map(|(_, why, account)| Passed { account, why, after: 0 });
        self.passed = before.chain(behind).collect();
        self.entries.insert(0, entry);
    }

    /// Why nobody can be asked; `None` while somebody can. [`Category::AllCooling`] and [`Category::Quota`] carry
    /// the soonest time in `retry_after`.
    #[must_use]
    pub fn refusal(&self) -> Option<Error> {
        if !self.entries.is_empty() {
            return None;
        }
        let seconds = self.wait.unwrap_or_default().as_secs() + 1;
        let message = match self.blocked {
            Some(Reason::Throttled | Reason::Failing) => {
                format!("Every account that may answer is resting. The next one is back in {seconds} s.")
            }
            Some(Reason::Exhausted) => {
                "The account's quota is used up. Wait for its reset or use another account.".into()
            }
            Some(Reason::NeedsSignIn) => {
                "The account's credential is no longer accepted. Sign in again or enter a new one.".into()
            }
            Some(Reason::Suspended) => {
                "The account is suspended. Settle that with its vendor, then switch it on again.".into()
            }
            None => "No account can answer. Add one or switch one on.".to_owned(),
        };
        let (message, code) = match &self.said {
            Some((said, code)) => (format!("{message} ({said})"), *code),
            None => (message, None),
        };
        let category = self.blocked.map_or(Category::NoCredentials, Reason::category);
        let error = Error { code, ..Error::new(category, message) };
        Some(match self.wait {
            Some(wait) => error.with_retry_after(wait),
            None => error,
        })
    }
}
