//! How much of their allowances the accounts have used, as their vendors told last.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use accounts::Entry;
use llm::Error;
use providers::Quota;
use tokio::sync::broadcast;

use crate::{Gateway, errand};

/// An answer is good for so long: a window that shows it may ask often, the vendor need not hear of it. A failure counts
/// as an answer, for asking again may cost a refresh of the sign-in each time.
const GOOD: Duration = Duration::from_secs(60);
/// What a listener may be behind.
const BEHIND: usize = 16;

/// An account's id and its allowance; `None` when its vendor sells none, or tells nothing of it.
pub(crate) type Told = Arc<(String, Option<Quota>)>;

/// The allowances.
#[derive(Debug)]
pub struct Quotas {
    last: Mutex<HashMap<String, Last>>,
    told: broadcast::Sender<Told>,
}

#[derive(Debug)]
struct Last {
    time: Instant,
    /// The account as it was asked: one with another credential has another allowance.
    entry: Weak<Entry>,
    answer: Result<Option<Quota>, Error>,
}

impl Default for Quotas {
    fn default() -> Self {
        Self { last: Mutex::default(), told: broadcast::Sender::new(BEHIND) }
    }
}

impl Quotas {
    /// The allowance of an account, from its vendor unless that was asked just now.
    ///
    /// # Errors
    /// What asking came to.
    pub(crate) async fn ask(gateway: &Gateway, entry: &Arc<Entry>) -> Result<Option<Quota>, Error> {
        let quotas = &gateway.quotas;
        if let Some(answer) = quotas.recent(entry, gateway.clock.instant()) {
            return answer;
        }
        let answer = errand::run(gateway, entry, |session| {
            let provider = Arc::clone(&entry.provider);
            async move { provider.quota(&session).await }
        })
        .await;
        quotas.keep(entry, gateway.clock.instant(), answer.clone());
        if let Ok(quota) = &answer {
            // Nobody may be listening.
            let _ = quotas.told.send(Arc::new((entry.account.id.clone(), quota.clone())));
        }
        answer
    }

    /// What the vendor of this account told last, however long ago.
    #[must_use]
    pub fn last(&self, entry: &Arc<Entry>) -> Option<Quota> {
        let last = self.lock();
        let known = last.get(&entry.account.id).filter(|known| known.is_of(entry))?;
        known.answer.clone().ok().flatten()
    }

    /// What vendors tell from now on.
    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Told> {
        self.told.subscribe()
    }

    fn recent(&self, entry: &Arc<Entry>, now: Instant) -> Option<Result<Option<Quota>, Error>> {
        let last = self.lock();
        let known = last.get(&entry.account.id).filter(|known| known.is_of(entry))?;
        (now.saturating_duration_since(known.time) < GOOD).then(|| known.answer.clone())
    }

    fn keep(&self, entry: &Arc<Entry>, time: Instant, answer: Result<Option<Quota>, Error>) {
        let mut last = self.lock();
        // Accounts that are gone leave nothing behind.
        last.retain(|_, known| known.entry.strong_count() > 0);
        last.insert(entry.account.id.clone(), Last { time, entry: Arc::downgrade(entry), answer });
    }

    /// The map is whole after every change, so a panic of another holder does not matter.
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Last>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Last {
    fn is_of(&self, entry: &Arc<Entry>) -> bool {
        self.entry.upgrade().is_some_and(|asked| Arc::ptr_eq(&asked, entry))
    }
}
