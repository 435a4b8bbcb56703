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
    /// Those that would have come before one of `entries`, but rest; in the same order.
    pub passed: Vec<Passed>,
    /// When `entries` is empty because all rest: the soonest return of one.
    pub wait: Option<Duration>,
    /// Go on also past a used-up quota or a suspension.
    pub on_quota: bool,
    /// The mildest reason why there is nobody.
    pub(crate) blocked: Option<Reason>,
    /// What the account that rests for it said last, with its name before, and that error's code.
    pub(crate) said: Option<(String, Option<&'static str>)>,
}

/// An account that was passed over.
#[derive(Clone, Debug)]
pub struct Passed {
    pub account: Arc<Account>,
    /// What it rests for.
    pub category: Category,
    /// So many of the plan's entries come before it.
    pub after: usize,
}

impl Plan {
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
