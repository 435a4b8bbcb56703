//! One refresh an account at a time, owned by the account: those who wait may leave, it goes on.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use llm::{Category, Error};
use providers::{Session, Why};
use secrets::Place;
use tokio::sync::watch;

use crate::roster::Inner;
use crate::vault::{Flight, Landing, lock};
use crate::{Entry, Outcome};

/// Longest sleep of the background task: a machine that slept is noticed after this.
const TICK: Duration = Duration::from_secs(30);
/// What clocks and alarms may be off while the machine is awake.
const DRIFT: Duration = Duration::from_secs(30);
/// Between two tries to store what could not be stored.
const UNSAVED: Duration = Duration::from_secs(2);
const SHORTEST: Duration = Duration::from_secs(1);
/// [`Error::code`] of an account whose credential does not decrypt.
pub(crate) const UNREADABLE: &str = "secret_unreadable";

impl Inner {
    pub(crate) async fn session(self: &Arc<Self>, entry: &Arc<Entry>) -> Landing {
        if entry.ward.troubled() && !entry.ward.with(|state| state.health.start(self.clock.instant())) {
            let message = "this account is just being tried again by another request";
            return Err(Error::new(Category::Overloaded, message).with_retry_after(SHORTEST));
        }
        let landing = self.session_aside(entry).await;
        if landing.is_err() && entry.ward.troubled() {
            // Who looked has found out nothing about the account itself.
            entry.ward.with(|state| state.health.note(self.clock.instant(), Outcome::Abandoned));
        }
        landing
    }

    pub(crate) async fn session_aside(self: &Arc<Self>, entry: &Arc<Entry>) -> Landing {
        match entry.vault.usable(|| self.clock.now()) {
            Some(session) => Ok(session),
            None => self.join(entry, None).await,
        }
    }

    /// Waits for the refresh under way, or starts one. `refused` is the session that the upstream did not accept;
    /// without it a session that is usable will do.
    pub(crate) async fn join(
        self: &Arc<Self>,
        entry: &Arc<Entry>,
        refused: Option<&Arc<Session>>,
    ) -> Landing {
        let mut flight = {
            let mut slot = lock(&entry.vault.flight);
            // A flight publishes before it leaves the slot, so whoever finds the slot empty sees what it published.
            let usable = entry.vault.usable(|| self.clock.now());
            match slot.as_ref().filter(|flight| flight.has_changed().is_ok()) {
                Some(flight) => flight.clone(),
                None => {
                    if let Some(session) = usable
                        && refused.is_none_or(|used| !Arc::ptr_eq(used, &session))
                    {
                        return Ok(session);
                    }
                    if let Some(error) = entry.vault.trouble(self.clock.instant()) {
                        return Err(error);
                    }
                    let why = match (refused, entry.vault.current()) {
                        (Some(_), _) => Why::Rejected,
                        (None, Some(_)) => Why::Expiring,
                        (None, None) => Why::First,
                    };
                    slot.insert(self.launch(entry, why)).clone()
                }
            }
        };
        let landed = flight.wait_for(Option::is_some).await;
        match landed.map(|landing| landing.clone()) {
            Ok(Some(landing)) => landing,
            _ => Err(Error::new(Category::Internal, "the refresh of this account's session broke off")),
        }
    }

    fn launch(self: &Arc<Self>, entry: &Arc<Entry>, why: Why) -> Flight {
        let (sender, flight) = watch::channel(None);
        let (inner, entry) = (self.clone(), entry.clone());
        self.tasks.spawn(async move {
            let landing = inner.fly(&entry, why).await;
            inner.flown[usize::from(landing.is_err())].fetch_add(1, Ordering::Relaxed);
            // Its session ends at another time now.
            inner.changed();
            *lock(&entry.vault.flight) = None;
            // Nobody may be waiting any more.
            let _ = sender.send(Some(landing));
            inner.nudge.notify_one();
        });
        flight
    }

    async fn fly(&self, entry: &Entry, why: Why) -> Landing {
        let vault = &entry.vault;
        // What needs nobody else must not queue behind token endpoints that hang.
        let is_ready = || vault.credential().is_ok_and(|credential| entry.provider.is_ready(&credential));
        let _turn = if why == Why::First && is_ready() { None } else { self.refreshes.acquire().await.ok() };
        let epoch = vault.epoch();
        let mut why = why;
        let session = loop {
            let credential = vault.credential().map_err(sealed)?;
            let opened = match entry.provider.open(&entry.account, &credential, why).await {
                Ok(opened) => opened,
                Err(error) => {
                    tracing::warn!(
                        account = %entry.account.name,
                        category = error.category.name(),
                        %error,
                        "no fresh session"
                    );
                    vault.failed(&error, self.clock.instant());
                    // A token endpoint in trouble says nothing about the account.
                    if matches!(
                        error.category,
                        Category::NoCredentials | Category::Expired | Category::Suspended
                    ) {
                        self.note_failure(entry, &error);
                    }
                    return Err(error);
                }
            };
            let progress = opened.rotated.is_some();
            if let Some(rotated) = opened.rotated {
                // The old one is void from now on: stored first, used after.
                vault.rotate(rotated);
                self.save(entry).await;
            }
            // Once: a vendor whose tokens are as good as over must not be asked without end.
            if !(opened.again && progress) || why == Why::Unfinished {
                break opened.session;
            }
            why = Why::Unfinished;
        };
        Ok(vault.publish(session, self.clock.now(), refresh_share(), epoch))
    }

    /// Stores the vault's credential. When that fails requests go on with it, and the background task tries again.
    async fn save(&self, entry: &Entry) {
        let (id, vault) = (&entry.account.id, &entry.vault);
        let before = vault.unsaved.swap(false, Ordering::AcqRel);
        let seal = |place| self.keyring.seal(place, &vault.credential()?);
        let stored = match &vault.origin {
            Some(origin) => match seal(Place::rotation(id)) {
                Ok(credential) => {
                    self.core.keep_rotation(id, origin, credential).await.map_err(crate::Error::from)
                }
                Err(error) => Err(error.into()),
            },
            None if self.is_stored(id) => match seal(Place::account(id)) {
                Ok(credential) => {
                    let stored = self.core.rotate_credential(id, vault.generation, credential).await;
                    stored.map(|_gone_or_replaced| ()).map_err(crate::Error::from)
                }
                Err(error) => Err(error.into()),
            },
            None => return,
        };
        if let Err(error) = stored {
            if !before {
                tracing::error!(account = %entry.account.name, %error, "a rotated credential could not be stored yet");
            }
            vault.unsaved.store(true, Ordering::Release);
        } else if before {
            tracing::info!(account = %entry.account.name, "the rotated credential is stored now");
        }
    }

    /// Refreshes what is due until [`crate::Accounts::stop`].
    pub(crate) async fn keep_fresh(self: Arc<Self>) {
        let mut before = (self.clock.now(), self.clock.instant());
        loop {
            let pause = self.pause();
            let on_time = tokio::select! {
                () = self.stop.cancelled() => return self.save_all().await,
                () = tokio::time::sleep(pause) => Some(pause),
                () = self.nudge.notified() => None,
            };
            let now = (self.clock.now(), self.clock.instant());
            let wall = now.0.duration_since(before.0).unwrap_or_default();
            let steady = now.1.duration_since(before.1);
            // On Windows the steady clock counts sleep too: there an alarm that rings late tells of it.
            let overslept = on_time.is_some_and(|pause| steady > pause + DRIFT);
            if wall > steady + DRIFT || overslept {
                tracing::info!("the machine slept or its clock was set; rests are over");
                self.woke();
            }
            before = now;
            self.refresh_due().await;
        }
    }

    /// The last chance of what could not be stored.
    async fn save_all(&self) {
        for seat in &self.board.load_full().seats {
            if seat.entry.vault.unsaved.load(Ordering::Acquire) {
                self.save(&seat.entry).await;
            }
        }
    }

    fn pause(&self) -> Duration {
        let now = self.clock.now();
        let board = self.board.load();
        if board.seats.iter().any(|seat| seat.entry.vault.unsaved.load(Ordering::Relaxed)) {
            return UNSAVED;
        }
        let due = board
            .seats
            .iter()
            .filter(|seat| seat.enabled && !seat.entry.vault.waits_for_person())
            .filter_map(|seat| seat.entry.vault.refresh_at())
            .min();
        due.map_or(TICK, |due| due.duration_since(now).unwrap_or_default()).clamp(SHORTEST, TICK)
    }

    /// Starts a refresh for every session that has lived most of its life, and stores what could not be stored.
    pub(crate) async fn refresh_due(self: &Arc<Self>) {
        let board = self.board.load_full();
        for seat in &board.seats {
            let entry = &seat.entry;
            if entry.vault.unsaved.load(Ordering::Acquire) {
                self.save(entry).await;
            }
            let due = entry.vault.refresh_at().is_some_and(|due| due <= self.clock.now());
            let vault = &entry.vault;
            if !due
                || !seat.enabled
                || vault.waits_for_person()
                || vault.trouble(self.clock.instant()).is_some()
            {
                continue;
            }
            let mut slot = lock(&entry.vault.flight);
            let still_due = entry.vault.refresh_at().is_some_and(|due| due <= self.clock.now());
            if still_due && slot.as_ref().is_none_or(|flight| flight.has_changed().is_err()) {
                *slot = Some(self.launch(entry, Why::Expiring));
            }
        }
    }

    pub(crate) fn woke(&self) {
        for provider in self.registry.iter() {
            provider.woke();
        }
        for seat in &self.board.load().seats {
            seat.entry.ward.with(|state| state.health.woke());
            if !seat.entry.vault.waits_for_person() {
                seat.entry.vault.forgive();
            }
        }
        self.changed();
    }
}

/// What a request is told of a credential that cannot be read.
pub(crate) fn sealed(error: secrets::Error) -> Error {
    match error {
        secrets::Error::Unreadable => Error::new(
            Category::NoCredentials,
            "The stored credential of this account cannot be decrypted. It is kept as it is; give the account a new one.",
        )
        .with_code(UNREADABLE),
        _ => Error::new(Category::Unavailable, "Stored secrets are locked. Unlock them in Switchboard's window."),
    }
}

/// 80 to 85 % of a session's life, so that accounts that signed in together do not refresh together.
fn refresh_share() -> f64 {
    let mut random = [0_u8; 1];
    // Without randomness the share is its least, which is right too.
    let _ = getrandom::fill(&mut random);
    0.80 + f64::from(random[0]) / 255.0 * 0.05
}
