//! What the window, the tray and the commands need beside the requests.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, Weak};

use arc_swap::{ArcSwap, ArcSwapOption};
use clients::Connections;
use providers::Http;
use serde::Serialize;
use store::Chats;
use subtle::ConstantTimeEq;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::assets::Asset;
use crate::capture::Captures;
use crate::doors::Doors;
use crate::keys::fingerprint;
use crate::metrics::Metrics;
use crate::passwords::Passwords;
use crate::sessions::Sessions;
use crate::shell::Shell;
use crate::visitors::Visitors;

/// What an [`Office`] is made of.
#[derive(Debug)]
pub struct Fittings {
    /// The window's pages; empty when the binary was built without them.
    pub pages: &'static [Asset],
    pub shell: Arc<dyn Shell>,
    /// The data folder.
    pub folder: PathBuf,
    /// SHA-256 of what commands of the same person show to administer this run, whatever is locked.
    pub pass: [u8; 32],
    /// The client of all upstreams.
    pub http: Http,
    /// Certificate authorities to trust unless the settings name others.
    pub ca_file: Option<PathBuf>,
    pub passwords: Passwords,
    pub visitors: Visitors,
    /// The files of editors and tools; `None` when it is not known where they are.
    pub clients: Option<Connections>,
    /// Cancelled when the program ends; open streams of events end with it.
    pub quit: CancellationToken,
}

/// What the admin API works with. The requests of clients look at one flag in here.
pub struct Office {
    pub sessions: Sessions,
    pub passwords: Passwords,
    pub visitors: Visitors,
    /// The files of editors and tools.
    pub clients: Option<Arc<Connections>>,
    pub metrics: Metrics,
    pub shell: Arc<dyn Shell>,
    pub pages: &'static [Asset],
    pub folder: PathBuf,
    pass: [u8; 32],
    /// The wire of requests that the window asked to see.
    pub captures: Captures,
    /// What was said in the window's chat.
    pub chats: Chats,
    pub(crate) http: Http,
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) quit: CancellationToken,
    /// A weak hold: the doors keep what stands behind them.
    pub(crate) doors: OnceLock<Weak<Doors>>,
    paused: AtomicBool,
    port_problem: ArcSwapOption<PortProblem>,
    pub(crate) page: OnceLock<SocketAddr>,
    /// Where our own pages come from.
    origins: ArcSwap<Vec<String>>,
    changes: watch::Sender<u64>,
}

/// The port that the proxy should have and does not get.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct PortProblem {
    pub port: u16,
    /// The program that holds it, where the system tells.
    pub owner: Option<String>,
}

impl Office {
    #[must_use]
    pub fn new(fittings: Fittings) -> Self {
        let Fittings { pages, shell, folder, pass, http, ca_file, passwords, visitors, clients, quit } =
            fittings;
        Self {
            sessions: Sessions::new(&folder.to_string_lossy()),
            passwords,
            visitors,
            clients: clients.map(Arc::new),
            metrics: Metrics::default(),
            captures: Captures::default(),
            chats: Chats::new(&folder),
            shell,
            pages,
            folder,
            pass,
            http,
            ca_file,
            quit,
            doors: OnceLock::new(),
            paused: AtomicBool::new(false),
            port_problem: ArcSwapOption::empty(),
            page: OnceLock::new(),
            origins: ArcSwap::default(),
            changes: watch::Sender::new(0),
        }
    }

    /// Whether `shown` is the pass of this run.
    pub(crate) fn is_pass(&self, shown: &str) -> bool {
        self.pass.ct_eq(&fingerprint(shown)).into()
    }

    /// Whether the person paused the proxy.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.paused.load(Ordering::Relaxed)
    }

    /// Pauses the proxy or lets it go on. Answers under way are not touched.
    pub fn pause(&self, paused: bool) {
        if self.paused.swap(paused, Ordering::Relaxed) != paused {
            self.changed();
        }
    }

    /// Why the proxy does not listen where it should; `None` while it does.
    #[must_use]
    pub fn port_problem(&self) -> Option<PortProblem> {
        self.port_problem.load().as_deref().cloned()
    }

    pub(crate) fn set_port_problem(&self, problem: Option<PortProblem>) {
        self.port_problem.store(problem.map(Arc::new));
        self.changed();
    }

    /// `scheme://host` of our own pages.
    pub(crate) fn origins(&self) -> Arc<Vec<String>> {
        self.origins.load_full()
    }

    pub(crate) fn set_origins(&self, addresses: &[SocketAddr]) {
        self.origins.store(Arc::new(origins_of(addresses)));
    }

    /// Where the window is, when it has a listener of its own.
    #[must_use]
    pub fn page(&self) -> Option<SocketAddr> {
        self.page.get().copied()
    }

    pub(crate) fn doors(&self) -> Option<Arc<Doors>> {
        self.doors.get().and_then(Weak::upgrade)
    }

    /// Says that [the status](crate::admin) would answer something else now.
    pub(crate) fn changed(&self) {
        self.changes.send_modify(|version| *version += 1);
    }

    /// Changes when the proxy is paused, moved or in trouble with its port.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }
}

impl fmt::Debug for Office {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Office").field("paused", &self.is_paused()).finish_non_exhaustive()
    }
}

/// The origins of pages served at `addresses`, each once.
pub(crate) fn origins_of(addresses: &[SocketAddr]) -> Vec<String> {
    let mut origins = Vec::new();
    for address in addresses {
        let port = address.port();
        let mut add = |host: &str| {
            let origin = format!("http://{host}:{port}");
            if !origins.contains(&origin) {
                origins.push(origin);
            }
        };
        match address.ip() {
            // Whoever listens on every address is reached by these names from this machine.
            ip if ip.is_loopback() || ip.is_unspecified() => {
                ["127.0.0.1", "localhost", "[::1]"].into_iter().for_each(add);
            }
            IpAddr::V4(ip) => add(&ip.to_string()),
            IpAddr::V6(ip) => add(&format!("[{ip}]")),
        }
    }
    origins
}
