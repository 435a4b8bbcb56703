//! Who is asked, in which order.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Entry;

/// Settings of going on to another account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
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
    /// When `entries` is empty because all rest: the soonest return of one.
    pub wait: Option<Duration>,
    /// Go on also past a used-up quota or a suspension.
    pub on_quota: bool,
}

impl Plan {
    /// Why nobody can be asked; `None` while somebody can.
    #[must_use]
    pub fn refusal(&self) -> Option<llm::Error> {
        if !self.entries.is_empty() {
            return None;
        }
        Some(match self.wait {
            Some(wait) => llm::Error::new(
                llm::Category::AllCooling,
                format!("every account is resting; the next one is back in {} s", wait.as_secs() + 1),
            )
            .with_retry_after(wait),
            None => llm::Error::new(
                llm::Category::NoCredentials,
                "no account can answer: add one, switch one on or sign in again",
            ),
        })
    }
}
