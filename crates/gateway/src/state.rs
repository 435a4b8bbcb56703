//! What every handler is given.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::SystemTime;

use accounts::{Accounts, Clock};
use arc_swap::ArcSwap;
use providers::{Registry, WayOut};
use store::{Core, LogSink, Logs};
use tokio::sync::watch;

use crate::{Limits, LocalKeys, Office, Quotas, Safe, Settings, SettingsError};

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
    pub safe: Safe,
    pub limits: Limits,
    pub quotas: Quotas,
    pub office: Office,
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

    /// Reaches upstreams by the proxy and with the certificate authorities of `settings`.
    ///
    /// # Errors
    /// Names the setting that cannot be used; then all is as before.
    pub fn go_out_by(&self, settings: &Settings) -> Result<(), SettingsError> {
        let way = WayOut {
            connect_timeout: settings.timeouts.connect(),
            proxy: settings.upstream_proxy.clone(),
            ca_file: settings.ca_file.clone().or_else(|| self.office.ca_file.clone()),
        };
        self.office.http.go_by(way).map_err(|error| SettingsError {
            field: error.param.unwrap_or_else(|| "ca_file".to_owned()),
            message: error.message,
        })
    }

    /// Whether other machines can reach the proxy.
    pub(crate) fn is_wide(&self) -> bool {
        self.addresses.load().iter().any(|address| !address.ip().is_loopback())
    }

    /// Whether the proxy may listen on `address`. Beyond this machine there must be an admin password, for whoever
    /// reaches the port reaches the door of the window too; and the person must have said so, here with `confirmed`
    /// or by a setting.
    ///
    /// # Errors
    /// Says what is missing.
    pub fn may_listen(&self, address: IpAddr, confirmed: bool) -> Result<(), TooWide> {
        if address.is_loopback() {
            return Ok(());
        }
        if !confirmed && !self.settings.load().allow_lan {
            return Err(TooWide::Unconfirmed);
        }
        if self.office.passwords.is_set() { Ok(()) } else { Err(TooWide::NoPassword) }
    }

    /// Whether clients must show the local key. Beyond this machine they always must, and where a reverse proxy brings
    /// them from there.
    pub(crate) fn demands_key(&self) -> bool {
        let settings = self.settings.load();
        settings.require_key || !settings.trusted_proxies.is_empty() || self.is_wide()
    }

    /// Where editors reach the proxy on this machine, e.g. `http://127.0.0.1:4880`; without a listener where they
    /// should.
    #[must_use]
    pub fn base_url(&self) -> String {
        let addresses = self.addresses.load();
        if addresses.is_empty() {
            // The port of this start may be another than the one that is kept.
            let problem = self.office.port_problem();
            let port = problem.map_or_else(|| self.settings.load().port, |problem| problem.port);
            return format!("http://127.0.0.1:{port}");
        }
        url_of(crate::preferred(&addresses))
    }

    /// An address that opens the window with a session of its own. `None` when the system has no randomness.
    #[must_use]
    pub fn invitation(&self) -> Option<String> {
        let token = self.office.sessions.invite(self.now_ms())?;
        let page = self.office.page();
        Some(format!("{}/#token={token}", page.map_or_else(|| self.base_url(), url_of)))
    }

    /// The time now, milliseconds since 1970.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        accounts::milliseconds(self.now())
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        self.clock.now()
    }
}

/// Why the proxy may not listen beyond this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TooWide {
    #[error("other machines are let in only when you say so: set allow_lan, or start with --allow-lan")]
    Unconfirmed,
    #[error("other machines are let in only when there is an admin password: `switchboard password set`")]
    NoPassword,
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway").field("version", &self.version).finish_non_exhaustive()
    }
}

/// The base URL of a listener, from this machine.
#[must_use]
pub fn url_of(address: SocketAddr) -> String {
    let host = match address.ip() {
        ip if ip.is_unspecified() => "127.0.0.1".to_owned(),
        IpAddr::V6(ip) => format!("[{ip}]"),
        IpAddr::V4(ip) => ip.to_string(),
    };
    format!("http://{host}:{}", address.port())
}
