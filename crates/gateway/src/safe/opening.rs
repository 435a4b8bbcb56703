//! Opening the safe: one climb after the other, until a slot gives the key.

use std::sync::Arc;
use std::time::Duration;

use llm::{Category, Error};
use secrets::{Climbed, DataKey, Place, SlotKind, Trouble, climb, pause};
use store::{Condition, PlainRow};
use tokio_util::sync::CancellationToken;

use super::{Door, Shut, Tries, row, shut, stored, typed};
use crate::{Gateway, Safe};

/// Why the safe stays shut after a climb.
struct Locked {
    slots: Vec<Shut>,
    said: Option<String>,
}

impl From<store::Error> for Locked {
    fn from(error: store::Error) -> Self {
        Self { slots: Vec::new(), said: Some(error.to_string()) }
    }
}

impl Gateway {
    /// Tries to open the safe, once; whether it is open. Takes as long as the keychain's patience at most.
    pub async fn open_safe(&self) -> bool {
        let safe = &self.safe;
        let mut tries = safe.busy.lock().await;
        if safe.is_open() {
            return true;
        }
        if let Condition::ReadOnly { found, known } = *safe.core.condition() {
            let by = crate::care::written_by(&safe.core).await;
            safe.set(Door::Newer { found, known, by });
            self.office.changed();
            return false;
        }
        let opened = match self.find_key().await {
            Ok((key, by)) => self.settle(key, by).await,
            Err(locked) => Err(locked),
        };
        if let Err(locked) = opened {
            self.stay_shut(&mut tries, locked);
        }
        safe.is_open()
    }

    /// Opens the safe with a passphrase or the recovery key.
    ///
    /// # Errors
    /// [`Trouble::WrongKey`] when that is what it is not; the safe may be locked for another reason afterwards.
    pub async fn unlock_safe(&self, entered: &str) -> Result<(), Trouble> {
        let safe = &self.safe;
        let mut tries = safe.busy.lock().await;
        if safe.is_open() {
            return Ok(());
        }
        let stored = stored(safe.core.secret_key().await.map_err(|_| Trouble::Unavailable)?);
        let entered = typed(entered);
        let opened = tokio::task::spawn_blocking(move || stored.open_with(&entered)).await;
        let (key, by) = opened.map_err(|_| Trouble::Unavailable)??;
        if let Err(locked) = self.settle(key, by).await {
            self.stay_shut(&mut tries, locked);
        }
        Ok(())
    }

    /// Shuts the safe and looks for the key anew: what is stored was replaced.
    pub async fn reopen_safe(&self) -> bool {
        {
            let _busy = self.safe.busy.lock().await;
            self.safe.set(Door::Opening);
            self.safe.keyring.put(None);
        }
        self.open_safe().await
    }

    async fn find_key(&self) -> Result<(DataKey, SlotKind), Locked> {
        let safe = &self.safe;
        // Twice: another process may have made the first key in between.
        for _ in 0..2 {
            let (stored, tools) = (stored(safe.core.secret_key().await?), safe.tools.clone());
            let climbed = tokio::task::spawn_blocking(move || climb(&stored, &tools)).await;
            match climbed {
                Ok(Climbed::Open { key, by }) => return Ok((key, by)),
                Ok(Climbed::Made { key, slot, canary, instead_of }) => {
                    let kind = slot.kind;
                    let slot = row(slot, self.now_ms());
                    if safe.core.begin_secret_key(key.kid(), canary, slot).await? {
                        told(kind, instead_of);
                        return Ok((key, kind));
                    }
                }
                Ok(Climbed::Locked(slots)) => {
                    return Err(Locked { slots: slots.into_iter().map(shut).collect(), said: None });
                }
                Err(_) => break,
            }
        }
        Err(Locked { slots: Vec::new(), said: Some("the search for the key broke off".to_owned()) })
    }

    /// Makes ready what depends on secrets, then opens the door.
    async fn settle(&self, key: DataKey, by: SlotKind) -> Result<(), Locked> {
        let safe = &self.safe;
        safe.keyring.put(Some(key));
        let settled = async {
            self.seal_plain_secrets().await.map_err(|error| error.to_string())?;
            match safe.settle.get() {
                Some(settle) => settle().await,
                None => Ok(()),
            }
        };
        if let Err(said) = settled.await {
            safe.keyring.put(None);
            return Err(Locked { slots: Vec::new(), said: Some(said) });
        }
        tracing::info!(by = by.name(), "stored secrets are open");
        safe.set(Door::Open { by });
        self.office.changed();
        Ok(())
    }

    fn stay_shut(&self, tries: &mut Tries, Locked { slots, said }: Locked) {
        tries.count = tries.count.saturating_add(1);
        let wait = pause(tries.count);
        let next_ms = self.now_ms().saturating_add(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX));
        let why: Vec<_> =
            slots.iter().map(|shut| format!("{}: {}", shut.slot.name(), shut.trouble)).collect();
        let seconds = wait.as_secs();
        tracing::warn!(slots = %why.join(", "), said, seconds, "stored secrets are locked; nothing is lost");
        self.safe.set(Door::Locked { slots, said, next_ms });
        self.office.changed();
    }

    /// Encrypts what a version before encryption stored, and removes every plain copy.
    async fn seal_plain_secrets(&self) -> Result<(), accounts::Error> {
        let safe = &self.safe;
        let plain = safe.core.plain_secrets().await?;
        if plain.is_empty() {
            return Ok(());
        }
        let mut sealed = Vec::new();
        for secret in plain {
            let Some(place) = place_of(&secret) else { continue };
            let text = safe.keyring.seal(place, &secret.secret)?;
            // Nothing is overwritten by what does not come back.
            if safe.keyring.open(place, &text)? != secret.secret {
                return Err(secrets::Error::Unreadable.into());
            }
            sealed.push((secret, text));
        }
        let count = sealed.len();
        safe.core.seal(sealed).await?;
        tracing::info!(count, "secrets that were stored as they are were encrypted");
        Ok(())
    }
}

fn place_of(plain: &PlainRow) -> Option<Place<'_>> {
    match plain.table {
        "accounts" | "removed_accounts" => Some(Place::account(&plain.row)),
        "rotations" => Some(Place::rotation(&plain.row)),
        "local_keys" => Some(Place::local_key(&plain.row)),
        _ => None,
    }
}

/// Says where the first key went.
fn told(kind: SlotKind, instead_of: Option<Trouble>) {
    match instead_of {
        None => tracing::info!(slot = kind.name(), "a key for stored secrets was made"),
        Some(trouble) => tracing::warn!(
            slot = kind.name(),
            keychain = trouble.name(),
            "reduced protection: there is no keychain to use, so the key of stored secrets is in a file of the \
             configuration folder; `switchboard secrets protect` moves it"
        ),
    }
}

/// Tries until the safe is open, and again whenever it was shut, until `quit`.
pub async fn keep_opening(gateway: Arc<Gateway>, quit: CancellationToken) {
    let safe = &gateway.safe;
    let mut changes = gateway.office.subscribe();
    loop {
        let wait = match safe.door() {
            Door::Open { .. } | Door::Newer { .. } => None,
            Door::Opening => Some(Duration::ZERO),
            Door::Locked { next_ms, .. } => {
                Some(Duration::from_millis(u64::try_from(next_ms - gateway.now_ms()).unwrap_or_default()))
            }
        };
        let due = async {
            match wait {
                Some(wait) => tokio::time::sleep(wait).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = quit.cancelled() => return,
            // The door may have opened or shut meanwhile.
            changed = changes.changed() => {
                if changed.is_err() {
                    return;
                }
                continue;
            }
            () = due => {}
            () = safe.nudge.notified() => {}
        }
        gateway.open_safe().await;
    }
}

impl Safe {
    /// Lets requests in while stored secrets can be read.
    ///
    /// # Errors
    /// [`Category::Unavailable`], with what the person can do.
    pub(crate) fn admit(&self, now_ms: impl FnOnce() -> i64) -> Result<(), Error> {
        if self.is_open() {
            return Ok(());
        }
        let (message, wait) = match &**self.door.load() {
            Door::Opening | Door::Open { .. } => {
                ("Switchboard is just opening its stored secrets. Try again in a moment.".to_owned(), 1000)
            }
            Door::Locked { slots, next_ms, .. } => {
                let why: Vec<_> =
                    slots.iter().map(|shut| format!("{}: {}", shut.slot.name(), shut.trouble)).collect();
                let why = if why.is_empty() { String::new() } else { format!(" ({})", why.join(", ")) };
                let message = format!(
                    "Switchboard's stored secrets are locked{why}. Nothing is lost. Unlock them in its window or with `switchboard secrets unlock`."
                );
                (message, (next_ms - now_ms()).clamp(1000, 60_000))
            }
            Door::Newer { by, .. } => {
                let message = format!(
                    "{} wrote this data. Update Switchboard; nothing was changed.",
                    crate::care::newer(by.as_deref())
                );
                return Err(Error::new(Category::Unavailable, message).with_code("data_newer"));
            }
        };
        let wait = Duration::from_millis(wait.unsigned_abs());
        Err(Error::new(Category::Unavailable, message).with_code("secrets_locked").with_retry_after(wait))
    }
}
