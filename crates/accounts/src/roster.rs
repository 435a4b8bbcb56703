//! The accounts there are, as requests use them. Changes by the person are in `edit`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use llm::Category;
use providers::{Registry, Session};
use secrets::Keyring;
use serde::de::DeserializeOwned;
use serde_json::Value;
use store::{Core, StateRow};
use tokio::sync::{Mutex, Notify, Semaphore, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::board::Board;
use crate::clock::milliseconds;
use crate::consent::CONSENTS;
use crate::seat::seat_of;
use crate::sign_in::SignIns;
use crate::stays::Stays;
use crate::ward::Ward;
use crate::{AccountView, Clock, Conversation, Entry, Error, Failover, LastError, Outcome, Plan};

/// Refreshes under way at the same time, over all accounts.
const REFRESHES: usize = 5;
pub(crate) const ACTIVE: &str = "accounts.active";
pub(crate) const FAILOVER: &str = "accounts.failover";

/// All accounts. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Accounts {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub core: Arc<Core>,
    /// Opens and closes what is stored of credentials.
    pub keyring: Arc<Keyring>,
    pub registry: Arc<Registry>,
    pub clock: Arc<dyn Clock>,
    pub tasks: TaskTracker,
    pub stop: CancellationToken,
    pub board: ArcSwap<Board>,
    /// Held over a change from check to publication. Requests never take it.
    pub edit: Mutex<()>,
    pub refreshes: Semaphore,
    /// Those that brought a session, and those that did not, since the start.
    pub flown: [AtomicU64; 2],
    /// Wakes the background refresh.
    pub nudge: Notify,
    pub sign_ins: SignIns,
    pub stays: Stays,
    changes: watch::Sender<u64>,
}

impl Accounts {
    /// Reads the stored accounts and starts the background refresh on `tasks`. Call [`Accounts::stop`] before
    /// waiting for `tasks`. While `keyring` is shut the accounts are there and cannot be used; [`Accounts::reload`] them
    /// when it opens.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn load(
        core: Arc<Core>,
        keyring: Arc<Keyring>,
        registry: Arc<Registry>,
        clock: Arc<dyn Clock>,
        tasks: TaskTracker,
    ) -> Result<Self, Error> {
        let inner = Arc::new(Inner {
            core,
            keyring,
            registry,
            clock,
            tasks: tasks.clone(),
            stop: CancellationToken::new(),
            board: ArcSwap::default(),
            edit: Mutex::default(),
            refreshes: Semaphore::new(REFRESHES),
            flown: Default::default(),
            nudge: Notify::new(),
            sign_ins: SignIns::default(),
            stays: Stays::default(),
            changes: watch::Sender::new(0),
        });
        inner.board.store(Arc::new(inner.stored_board().await?));
        tasks.spawn(inner.clone().keep_fresh());
        Ok(Self { inner })
    }

    /// Reads the stored accounts anew: secrets were unlocked, or a backup took the place of the data. Accounts that are
    /// not stored stay, and so does the vault of a credential that is the same: a refresh may be under way in it.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn reload(&self) -> Result<(), Error> {
        self.to_the_end(|inner| async move {
            let _edit = inner.edit.lock().await;
            let fresh = inner.stored_board().await?;
            inner.publish(|board| {
                let mut fresh = fresh.clone();
                for seat in &mut fresh.seats {
                    if let Some(kept) = board.seat(seat.id()).and_then(|old| seat.keeping_vault_of(old)) {
                        *seat = Arc::new(kept);
                    }
                }
                fresh.seats.extend(board.seats.iter().filter(|seat| seat.ephemeral).cloned());
                fresh
            });
            Ok(())
        })
        .await
    }

    /// How many credentials were renewed and could not be stored yet; they are used, and stored as soon as that works.
    #[must_use]
    pub fn unsaved(&self) -> usize {
        let board = self.inner.board.load();
        board.seats.iter().filter(|seat| seat.entry.vault.unsaved.load(Ordering::Relaxed)).count()
    }

    /// All accounts in order.
    #[must_use]
    pub fn list(&self) -> Vec<AccountView> {
        let board = self.inner.board.load();
        let (wall, now) = (self.inner.clock.now(), self.inner.clock.instant());
        board.views(wall, now)
    }

    #[must_use]
    pub fn get(&self, id: &str) -> Option<AccountView> {
        self.inner.board.load().view_of(id, self.inner.clock.now(), self.inner.clock.instant())
    }

    /// The account for work that is not a planned request: a test, a list of models.
    #[must_use]
    pub fn entry(&self, id: &str) -> Option<Arc<Entry>> {
        self.inner.board.load().seat(id).map(|seat| seat.entry.clone())
    }

    /// The accounts that are switched on, in order: for lists of models.
    #[must_use]
    pub fn entries(&self) -> Vec<Arc<Entry>> {
        let board = self.inner.board.load();
        board.seats.iter().filter(|seat| seat.enabled).map(|seat| seat.entry.clone()).collect()
    }

    /// The id of the account that is asked first.
    #[must_use]
    pub fn active(&self) -> Option<String> {
        self.inner.board.load().active().map(|seat| seat.id().to_owned())
    }

    #[must_use]
    pub fn failover(&self) -> Failover {
        self.inner.board.load().failover.clone()
    }

    /// How often a session was asked of a vendor since the start: with success, and without.
    #[must_use]
    pub fn refreshes(&self) -> (u64, u64) {
        let [done, failed] = &self.inner.flown;
        (done.load(Ordering::Relaxed), failed.load(Ordering::Relaxed))
    }

    /// Whom to ask now among these accounts, the active one first: ids, or `#` and a tag for all that have it; an empty
    /// list means all. `conversation` is asked for only when it may make a difference; it comes first where it went on
    /// before.
    #[must_use]
    pub fn plan(&self, among: &[String], conversation: impl FnOnce() -> Option<Conversation>) -> Plan {
        let now = self.inner.clock.instant();
        let stays = &self.inner.stays;
        // Read before the board: a choice in between makes the plan the older one of the two.
        let choice = stays.choice();
        let mut plan = Plan { choice, ..self.inner.board.load().plan(now, among) };
        if plan.entries.len() > 1
            && !stays.is_empty()
            && let Some(account) = conversation().and_then(|conversation| stays.find(conversation, now))
        {
            plan.stay(&account);
        }
        plan
    }

    /// Whether an account is one of those that such a list stands for.
    #[must_use]
    pub fn is_among(&self, id: &str, names: &[String]) -> bool {
        self.inner.board.load().is_among(id, names)
    }

    /// A conversation went on with another account than the one that would have been first: there it stays, while that
    /// account is ready and the person chooses nothing else. `choice` is its plan's.
    pub fn stay(&self, conversation: Conversation, entry: &Entry, choice: u64) {
        self.inner.stays.remember(conversation, &entry.account.id, choice, self.inner.clock.instant());
    }

    /// A fresh session. At once when there is one; else waits for the one refresh that is under way.
    ///
    /// # Errors
    /// What the provider said; see [`providers::Provider::open`]. [`Category::Overloaded`] when the account is
    /// just being tried again by another request.
    pub async fn session(&self, entry: &Arc<Entry>) -> Result<Arc<Session>, llm::Error> {
        self.inner.session(entry).await
    }

    /// A fresh session for work that tells nothing by [`Accounts::note`], such as a list of models. It does not take
    /// the turn of the one request that looks whether a resting account works again.
    ///
    /// # Errors
    /// What the provider said; see [`providers::Provider::open`].
    pub async fn session_aside(&self, entry: &Arc<Entry>) -> Result<Arc<Session>, llm::Error> {
        self.inner.session_aside(entry).await
    }

    /// The upstream refused `used` as expired: refreshes it, unless somebody did since.
    ///
    /// # Errors
    /// As [`Accounts::session`].
    pub async fn rejected(
        &self,
        entry: &Arc<Entry>,
        used: &Arc<Session>,
    ) -> Result<Arc<Session>, llm::Error> {
        self.inner.join(entry, Some(used)).await
    }

    /// Tells what came of asking an account. Note [`Category::Expired`] only when the request failed again
    /// after [`Accounts::rejected`]. After [`Category::Signature`] ask for the session again: it carries the
    /// clock offset that the upstream told.
    pub fn note(&self, entry: &Arc<Entry>, outcome: Outcome<'_>) {
        match outcome {
            Outcome::Failure(error) => {
                let told = error.upstream.as_ref().and_then(|upstream| upstream.clock_offset);
                if let (Category::Signature, Some(offset)) = (error.category, told) {
                    entry.vault.set_clock_offset(offset);
                }
                self.inner.note_failure(entry, error);
            }
            Outcome::Success | Outcome::Answered | Outcome::Abandoned if !entry.ward.troubled() => {}
            Outcome::Success | Outcome::Answered | Outcome::Abandoned => {
                let now = self.inner.clock.instant();
                let (before, after) = entry.ward.with(|state| {
                    let before = state.health.resting(now).is_some();
                    state.health.note(now, outcome);
                    (before, state.health.resting(now).is_some())
                });
                if before && !after {
                    tracing::info!(account = %entry.account.name, "the account works again");
                    self.inner.save_state(entry);
                }
                if before != after {
                    self.inner.changed();
                }
            }
        }
    }

    /// The person saw the account answer: its rest is over, whatever the reason was.
    pub fn revive(&self, entry: &Entry) {
        self.inner.revive(entry);
    }

    /// Changes whenever [`Accounts::list`] would answer something else, but for rests that end by themselves.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.inner.changes.subscribe()
    }

    /// The machine slept: rests and back-offs are over, connections are made anew, expiries are checked. Noticed without this call too, within
    /// half a minute.
    pub fn woke(&self) {
        self.inner.woke();
        self.inner.nudge.notify_one();
    }

    /// Ends the background refresh. A refresh under way is finished.
    pub fn stop(&self) {
        self.inner.stop.cancel();
    }
}

impl Inner {
    /// The accounts and choices as they are stored.
    async fn stored_board(&self) -> Result<Board, Error> {
        let rows = self.core.accounts().await?;
        let mut settings = self.core.settings().await?;
        let mut board = Board {
            chosen: settings.get(ACTIVE).and_then(Value::as_str).map(str::to_owned),
            failover: stored(&mut settings, FAILOVER),
            consents: Arc::new(stored(&mut settings, CONSENTS)),
            ..Board::default()
        };
        for row in rows {
            match seat_of(row, &self.registry, &*self.clock, &self.keyring) {
                Ok(seat) => board.seats.push(Arc::new(seat)),
                // Kept in the store for the version that knows it.
                Err(name) => {
                    tracing::warn!(account = %name, "this account's provider is not known; it is left out");
                }
            }
        }
        Ok(board.indexed())
    }

    /// Says that [`Accounts::list`] has changed.
    pub(crate) fn changed(&self) {
        self.changes.send_modify(|version| *version += 1);
    }

    /// Takes in a failure of an account.
    pub(crate) fn note_failure(&self, entry: &Entry, error: &llm::Error) {
        let now = self.clock.instant();
        let last_error = LastError {
            category: error.category.name().to_owned(),
            code: error.code,
            message: error.message.clone(),
            time_ms: milliseconds(self.clock.now()),
        };
        let counts = error.category.cooling() != llm::Cooling::Nothing
            || matches!(
                error.category,
                Category::PermissionDenied | Category::Signature | Category::Unreachable
            );
        let (before, after) = entry.ward.with(|state| {
            let before = state.health.resting(now);
            state.health.note(now, Outcome::Failure(error));
            if counts {
                state.last_error = Some(last_error);
            }
            (before, state.health.resting(now))
        });
        if before != after {
            if let Some((reason, until)) = after {
                let seconds = until.saturating_duration_since(now).as_secs();
                tracing::warn!(account = %entry.account.name, ?reason, seconds, "the account rests");
            }
            if before.and_then(|(reason, _)| reason.stored()).is_some()
                || after.and_then(|(reason, _)| reason.stored()).is_some()
            {
                self.save_state(entry);
            }
        }
        if counts || before != after {
            self.changed();
        }
    }

    /// Stores what must outlive a restart of an account's state. Nobody waits for it.
    pub(crate) fn save_state(&self, entry: &Entry) {
        let board = self.board.load();
        let id = &entry.account.id;
        // An entry that was replaced meanwhile speaks of a credential that is gone.
        if !board.seat(id).is_some_and(|seat| !seat.ephemeral && Arc::ptr_eq(&seat.entry.ward, &entry.ward)) {
            return;
        }
        let stored = self.core.set_account_state(id, self.state_row(&entry.ward));
        self.tasks.spawn(async move {
            if let Err(error) = stored.await {
                tracing::warn!(%error, "an account's state could not be stored");
            }
        });
    }

    fn state_row(&self, ward: &Ward) -> StateRow {
        let (wall, now) = (self.clock.now(), self.clock.instant());
        ward.with(|state| {
            let lasting =
                state.health.resting(now).and_then(|(reason, until)| Some((reason.stored()?, until)));
            StateRow {
                state: lasting.map_or_else(String::new, |(word, _)| word.to_owned()),
                until_ms: lasting.map(|(_, until)| {
                    milliseconds(wall) + until.saturating_duration_since(now).as_millis() as i64
                }),
                error_category: state.last_error.as_ref().map(|last| last.category.clone()),
                error_message: state.last_error.as_ref().map(|last| last.message.clone()),
                error_ms: state.last_error.as_ref().map(|last| last.time_ms),
            }
        })
    }

    pub(crate) fn is_stored(&self, id: &str) -> bool {
        self.board.load().seat(id).is_some_and(|seat| !seat.ephemeral)
    }
}

/// A setting of ours; its default when there is none.
fn stored<T: DeserializeOwned + Default>(settings: &mut BTreeMap<String, Value>, name: &str) -> T {
    settings.remove(name).map_or_else(T::default, |stored| {
        serde_json::from_value(stored).unwrap_or_else(|error| {
            tracing::warn!(%error, name, "a stored setting cannot be read; the default is used");
            T::default()
        })
    })
}
