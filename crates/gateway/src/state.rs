//! What every handler is given.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::SystemTime;

use accounts::{Accounts, Clock};
use arc_swap::ArcSwap;
use providers::Registry;
use store::{Core, LogSink, Logs};
use tokio::sync::watch;

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
    /// Told whenever `settings` was replaced.
    pub settings_changes: watch::Sender<()>,
    pub keys: ArcSwap<LocalKeys>,
    pub limits: Limits,
    /// Where the proxy listens; empty before it does.
    pub addresses: ArcSwap<Vec<SocketAddr>>,
    pub clock: Arc<dyn Clock>,
    pub started: SystemTime,
    pub version: &'static str,
}

impl Gateway {
    /// Puts new settings into effect, from the next request on.
    pub fn apply(&self, settings: Settings) {
        for provider in self.registry.iter() {
            provider.prefer(settings.preferences());
        }
        self.settings.store(Arc::new(settings));
        self.settings_changes.send_replace(());
    }

    /// Whether clients must show the local key. Beyond this machine they always must.
    pub(crate) fn demands_key(&self) -> bool {
        self.settings.load().require_key
            || self.addresses.load().iter().any(|address| !address.ip().is_loopback())
    }

    /// The time now, milliseconds since 1970.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        milliseconds(self.now())
    }

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

/// Milliseconds since 1970; 0 for times before.
pub(crate) fn milliseconds(time: SystemTime) -> i64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
