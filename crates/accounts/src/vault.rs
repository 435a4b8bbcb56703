//! An account's credential and the session made from it.
//!
//! A credential lives through changes of the account's name or settings, so that a refresh token that its vendor
//! rotates has one owner; a new credential gets a new vault.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use arc_swap::ArcSwapOption;
use llm::{Category, Error, Secret};
use providers::Session;
use tokio::sync::watch;

/// A session is not handed out in its last moments, for it must live through the signing and the way.
const MARGIN: Duration = Duration::from_secs(30);
/// An upstream that gives sessions which are as good as over must not be asked without end.
const SHORTEST_LIFE: Duration = Duration::from_secs(5);
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// What a refresh came to; every waiter gets the same.
pub(crate) type Landing = Result<Arc<Session>, Error>;
pub(crate) type Flight = watch::Receiver<Option<Landing>>;

#[derive(Debug)]
pub(crate) struct Vault {
    /// Of the credential, as stored.
    pub generation: i64,
    /// Of an account that is not stored: what tells the credential that it began with from others. Under it a
    /// rotated one is stored.
    pub origin: Option<String>,
    /// Why it cannot be read, where it cannot.
    credential: Mutex<Result<Secret, secrets::Error>>,
    current: ArcSwapOption<Fresh>,
    /// The refresh under way.
    pub flight: Mutex<Option<Flight>>,
    trouble: Mutex<Trouble>,
    /// Counts what makes sessions stale, so that a refresh begun before does not publish.
    epoch: AtomicU64,
    clock_offset: AtomicI64,
    /// A rotated credential could not be stored yet.
    pub unsaved: AtomicBool,
}

#[derive(Debug)]
struct Fresh {
    session: Arc<Session>,
    usable_until: Option<SystemTime>,
    refresh_at: Option<SystemTime>,
}

/// Refreshes that failed in a row.
#[derive(Debug, Default)]
struct Trouble {
    times: u32,
    not_before: Option<Instant>,
    error: Option<Error>,
}

impl Vault {
    pub(crate) fn new(credential: Secret, generation: i64) -> Self {
        Self::holding(Ok(credential), generation)
    }

    /// One of a stored credential, which may not be readable now.
    pub(crate) fn holding(credential: Result<Secret, secrets::Error>, generation: i64) -> Self {
        Self {
            generation,
            origin: None,
            credential: Mutex::new(credential),
            current: ArcSwapOption::empty(),
            flight: Mutex::default(),
            trouble: Mutex::default(),
            epoch: AtomicU64::new(0),
            clock_offset: AtomicI64::new(0),
            unsaved: AtomicBool::new(false),
        }
    }

    /// The credential.
    ///
    /// # Errors
    /// Secrets are locked, or this one cannot be decrypted.
    pub(crate) fn credential(&self) -> Result<Secret, secrets::Error> {
        lock(&self.credential).clone()
    }

    pub(crate) fn rotate(&self, credential: Secret) {
        *lock(&self.credential) = Ok(credential);
    }

    /// The session at hand, if it can still be used. Takes no lock; `now` is asked only when the session expires.
    pub(crate) fn usable(&self, now: impl FnOnce() -> SystemTime) -> Option<Arc<Session>> {
        let current = self.current.load();
        let fresh = current.as_ref()?;
        if fresh.usable_until.is_some_and(|end| end <= now()) {
            return None;
        }
        Some(fresh.session.clone())
    }

    /// The session at hand, usable or not.
    pub(crate) fn current(&self) -> Option<Arc<Session>> {
        self.current.load().as_ref().map(|fresh| fresh.session.clone())
    }

    /// When the session at hand wants a refresh; never when there is none.
    pub(crate) fn refresh_at(&self) -> Option<SystemTime> {
        self.current.load().as_ref()?.refresh_at
    }

    pub(crate) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    /// Publishes a session opened at `now`, unless the vault was [`reset`](Self::reset) since `epoch`. `share` is
    /// the part of its life after which it wants a refresh.
    pub(crate) fn publish(
        &self,
        mut session: Session,
        now: SystemTime,
        share: f64,
        epoch: u64,
    ) -> Arc<Session> {
        match session.clock_offset {
            0 => session.clock_offset = self.clock_offset.load(Ordering::Relaxed),
            // Measured just now.
            measured => self.clock_offset.store(measured, Ordering::Relaxed),
        }
        let session = Arc::new(session);
        let life = session.expires.map(|end| end.duration_since(now).unwrap_or_default());
        let fresh = Fresh {
            usable_until: session.expires.zip(life).map(|(end, life)| end - MARGIN.min(life / 20)),
            refresh_at: life.map(|life| now + life.mul_f64(share).max(SHORTEST_LIFE)),
            session: session.clone(),
        };
        if self.epoch() == epoch {
            self.current.store(Some(Arc::new(fresh)));
        }
        *lock(&self.trouble) = Trouble::default();
        session
    }

    /// Remembers a failed refresh; the next waits 1 s, doubling to 60 s.
    pub(crate) fn failed(&self, error: &Error, now: Instant) {
        let mut trouble = lock(&self.trouble);
        let pause = FIRST_PAUSE.saturating_mul(1 << trouble.times.min(10)).min(LONGEST_PAUSE);
        trouble.times += 1;
        trouble.not_before = Some(now + pause);
        trouble.error = Some(error.clone());
    }

    /// The last failure, while it is too early to try again.
    pub(crate) fn trouble(&self, now: Instant) -> Option<Error> {
        let trouble = lock(&self.trouble);
        let end = trouble.not_before.filter(|end| *end > now)?;
        let mut error = trouble.error.clone()?;
        error.retry_after = error.retry_after.or(Some(end - now));
        Some(error)
    }

    /// True after a failure that only the person can mend. Whoever asks next finds out whether they did; asking all the
    /// while with a sign-in that has ended looks like an attack to its vendor.
    pub(crate) fn waits_for_person(&self) -> bool {
        let trouble = lock(&self.trouble);
        trouble
            .error
            .as_ref()
            .is_some_and(|error| matches!(error.category, Category::NoCredentials | Category::Suspended))
    }

    /// Drops the session: the account has changed.
    pub(crate) fn reset(&self) {
        self.epoch.fetch_add(1, Ordering::AcqRel);
        self.current.store(None);
        self.forgive();
    }

    /// Forgets failed refreshes: the person acted, or the machine woke.
    pub(crate) fn forgive(&self) {
        *lock(&self.trouble) = Trouble::default();
    }

    /// The upstream told how far its clock is from ours: `offset` seconds to add, measured without any correction.
    pub(crate) fn set_clock_offset(&self, offset: i64) {
        self.clock_offset.store(offset, Ordering::Relaxed);
        self.current.rcu(|current| {
            current.as_ref().map(|fresh| {
                let mut session = Session::clone(&fresh.session);
                session.clock_offset = offset;
                Arc::new(Fresh {
                    session: Arc::new(session),
                    usable_until: fresh.usable_until,
                    refresh_at: fresh.refresh_at,
                })
            })
        });
    }
}

/// A panic of another holder leaves a whole value: every change is one assignment.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
