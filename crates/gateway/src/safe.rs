//! The safe: what is stored encrypted, its key, and how it opens. While it is shut clients get 503, the window says why,
//! and nothing that is stored is touched.

mod opening;
mod slots;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use futures_util::future::BoxFuture;
use llm::Secret;
use secrets::{Keyring, Slot, SlotKind, Stored, Tools, Trouble};
use serde::Serialize;
use store::{Core, SecretKeyRow, SlotRow};
use tokio::sync::{Mutex, Notify};

pub use opening::keep_opening;
pub use slots::Refused;

/// Whether the safe is open, and why not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub enum Door {
    /// The first look is under way.
    Opening,
    Open {
        by: SlotKind,
    },
    Locked {
        /// Why each slot does not open; empty when nothing tells of a key though there are encrypted secrets.
        slots: Vec<Shut>,
        /// What failed after the key was at hand, in English.
        said: Option<String>,
        /// When it is tried again, milliseconds since 1970.
        next_ms: i64,
    },
    /// A newer version wrote the data: nothing is changed, and nothing is served.
    Newer {
        found: i64,
        known: i64,
        /// Which version that was, where it says so.
        by: Option<String>,
    },
}

/// A slot that does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS), ts(rename = "ShutSlot"))]
pub struct Shut {
    pub slot: SlotKind,
    /// E.g. `missing`, `refused`, `wrong_key`.
    pub trouble: &'static str,
}

/// What is to be done each time the safe has opened, before clients are served: what depends on stored secrets is made
/// ready. In words for the log when it fails; the safe is shut again then.
pub type Settle = Box<dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync>;

/// The safe of one instance.
pub struct Safe {
    keyring: Arc<Keyring>,
    core: Arc<Core>,
    tools: Tools,
    door: ArcSwap<Door>,
    open: AtomicBool,
    settle: OnceLock<Settle>,
    /// Held while the key is looked for or its slots are changed.
    busy: Mutex<Tries>,
    nudge: Notify,
}

#[derive(Debug, Default)]
struct Tries {
    /// Climbs in a row that found the safe locked.
    count: u32,
}

impl Safe {
    /// A safe that is shut until [`crate::Gateway::open_safe`].
    #[must_use]
    pub fn new(core: Arc<Core>, keyring: Arc<Keyring>, tools: Tools) -> Self {
        Self {
            keyring,
            core,
            tools,
            door: ArcSwap::from_pointee(Door::Opening),
            open: AtomicBool::new(false),
            settle: OnceLock::new(),
            busy: Mutex::default(),
            nudge: Notify::new(),
        }
    }

    /// What to do each time it opens; said once, before it does.
    pub fn on_open(&self, settle: Settle) {
        if self.settle.set(settle).is_err() {
            tracing::error!("what to do with an open safe was said twice");
        }
    }

    /// Whether clients can be served.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.open.load(Ordering::Acquire)
    }

    #[must_use]
    pub fn door(&self) -> Door {
        Door::clone(&self.door.load())
    }

    /// Encrypts and decrypts for those who store secrets.
    #[must_use]
    pub const fn keyring(&self) -> &Arc<Keyring> {
        &self.keyring
    }

    /// Looks again at once, and not after the pause.
    pub fn nudge(&self) {
        self.nudge.notify_one();
    }

    fn set(&self, door: Door) {
        self.open.store(matches!(door, Door::Open { .. }), Ordering::Release);
        self.door.store(Arc::new(door));
    }

    #[cfg(test)]
    pub(crate) fn assume_open(&self, key: secrets::DataKey) {
        self.keyring.put(Some(key));
        self.set(Door::Open { by: SlotKind::KeyFile });
    }
}

impl fmt::Debug for Safe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Safe").field("door", &self.door.load()).finish_non_exhaustive()
    }
}

fn shut((slot, trouble): (SlotKind, Trouble)) -> Shut {
    Shut { slot, trouble: trouble.name() }
}

fn stored(row: SecretKeyRow) -> Stored {
    let slot = |row: SlotRow| {
        // One that this version does not know stays where it is.
        let kind = SlotKind::named(&row.kind)?;
        Some(Slot { kind, wrapped: row.wrapped, parameters: row.parameters })
    };
    Stored {
        kid: row.kid,
        canary: row.canary,
        slots: row.slots.into_iter().filter_map(slot).collect(),
        has_sealed: row.has_sealed,
    }
}

fn row(slot: Slot, now_ms: i64) -> SlotRow {
    SlotRow {
        kind: slot.kind.name().to_owned(),
        wrapped: slot.wrapped,
        parameters: slot.parameters,
        created_ms: now_ms,
    }
}

/// A secret that a person typed, as it is wanted.
fn typed(text: &str) -> Secret {
    Secret::new(text.trim_end_matches(['\r', '\n']))
}
