//! What every handler is given.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use accounts::{Accounts, Clock};
use arc_swap::ArcSwap;
use providers::Registry;
use store::{Core, LogSink, Logs};

use crate::{Limits, LocalKeys, Settings};

/// One running instance. Handlers hold it in an `Arc`; what may change while running is an `ArcSwap`, and a request
/// takes its own snapshot once, so a change never splits a request.
pub struct Gateway {
    pub accounts: Accounts,
    pub core: Arc<Core>,
    pub logs: Arc<Logs>,
    /// Takes the row of every request.
    pub sink: LogSink,
    pub registry: Arc<Registry>,
    pub settings: ArcSwap<Settings>,
    pub keys: ArcSwap<LocalKeys>,
    pub limits: Limits,
    pub clock: Arc<dyn Clock>,
    pub started: SystemTime,
    pub version: &'static str,
}

impl Gateway {
    /// The time now.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        self.clock.now()
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway").field("version", &self.version).finish_non_exhaustive()
    }
}
