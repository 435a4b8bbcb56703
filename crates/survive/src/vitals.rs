//! What the system knows of a process: memory and sockets, as Linux tells them in `/proc`.

use std::collections::BTreeSet;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use tokio_util::task::AbortOnDropHandle;

/// A process that is looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Vitals(u32);

impl Vitals {
    pub(crate) const fn of(pid: u32) -> Self {
        Self(pid)
    }

    /// Memory in use, KiB.
    pub(crate) fn resident(self) -> Result<u64> {
        self.status("VmRSS:")
    }

    /// The most since [`Self::forget_peak`], KiB.
    pub(crate) fn peak(self) -> Result<u64> {
        self.status("VmHWM:")
    }

    pub(crate) fn forget_peak(self) -> Result<()> {
        fs::write(format!("/proc/{}/clear_refs", self.0), "5").context("cannot reset the peak of memory")
    }

    fn status(self, field: &str) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0))?;
        let line = status.lines().find_map(|line| line.strip_prefix(field)).context("no such field")?;
        line.trim().trim_end_matches("kB").trim().parse().context("no number")
    }

    /// Where its sockets lead: the other ends of those that it opened itself. What it accepted does not count, nor what
    /// leads to a port of its own, where the Sandbox listens.
    fn dialled(self) -> BTreeSet<String> {
        let Ok(open) = fs::read_dir(format!("/proc/{}/fd", self.0)) else { return BTreeSet::new() };
        let links = open.flatten().filter_map(|entry| fs::read_link(entry.path()).ok());
        let inode =
            |link: &Path| link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']').map(str::to_owned);
        let inodes: BTreeSet<String> = links.filter_map(|link| inode(&link)).collect();
        let mut own = Vec::new();
        for (table, wide) in [("tcp", false), ("tcp6", true), ("udp", false), ("udp6", true)] {
            let rows = fs::read_to_string(format!("/proc/{}/net/{table}", self.0)).unwrap_or_default();
            let sockets = rows.lines().skip(1).filter_map(|row| Socket::read(row, &table[..3], wide));
            own.extend(sockets.filter(|socket| inodes.contains(&socket.inode)));
        }
        let ports: BTreeSet<u16> =
            own.iter().filter(|socket| socket.listens).map(|socket| socket.local.port()).collect();
        let theirs = own.iter().filter(|socket| {
            socket.remote.port() != 0
                && !ports.contains(&socket.local.port())
                && !(socket.remote.ip().is_loopback() && ports.contains(&socket.remote.port()))
        });
        theirs.map(|socket| format!("{} {}", socket.protocol, socket.remote)).collect()
    }

    /// Notes from now on where the process connects to, until it is dropped.
    pub(crate) fn watch(self) -> Watch {
        let seen = Arc::new(Mutex::new(BTreeSet::new()));
        let noted = Arc::clone(&seen);
        let mut tasks = tokio::task::JoinSet::new();
        tasks.spawn(async move {
            loop {
                let now = self.dialled();
                noted.lock().unwrap_or_else(PoisonError::into_inner).extend(now);
                tokio::time::sleep(Duration::from_millis(3)).await;
            }
        });
        Watch { vitals: self, seen, _looking: tasks }
    }
}

/// One row of the system's tables.
struct Socket {
    protocol: String,
    local: SocketAddr,
    remote: SocketAddr,
    listens: bool,
    inode: String,
}

impl Socket {
    fn read(row: &str, protocol: &str, wide: bool) -> Option<Self> {
        let columns: Vec<_> = row.split_whitespace().collect();
        Some(Self {
            protocol: protocol.to_owned(),
            local: address(columns.get(1)?, wide)?,
            remote: address(columns.get(2)?, wide)?,
            listens: protocol == "tcp" && *columns.get(3)? == "0A",
            inode: (*columns.get(9)?).to_owned(),
        })
    }
}

/// Where a process connected to.
pub(crate) struct Watch {
    vitals: Vitals,
    seen: Arc<Mutex<BTreeSet<String>>>,
    _looking: tokio::task::JoinSet<()>,
}

impl Watch {
    /// What is not one of `allowed`.
    pub(crate) fn strange(&self, allowed: &[SocketAddr]) -> Vec<String> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.extend(self.vitals.dialled());
        let allowed: Vec<_> = allowed.iter().map(|address| format!("tcp {address}")).collect();
        seen.iter().filter(|one| !allowed.contains(one)).cloned().collect()
    }
}

/// `0100007F:1F90`: the bytes of each group of four stand the other way round.
fn address(text: &str, wide: bool) -> Option<SocketAddr> {
    let (ip, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let mut bytes = Vec::new();
    for group in ip.as_bytes().chunks(8) {
        let group = u32::from_str_radix(std::str::from_utf8(group).ok()?, 16).ok()?;
        bytes.extend(group.to_le_bytes());
    }
    let ip = if wide {
        let whole = Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?);
        whole.to_ipv4_mapped().map_or(IpAddr::V6(whole), IpAddr::V4)
    } else {
        IpAddr::V4(Ipv4Addr::from(<[u8; 4]>::try_from(bytes).ok()?))
    };
    Some(SocketAddr::new(ip, port))
}

/// A port that nobody should come to; counts who does.
pub(crate) struct Trap {
    pub(crate) port: u16,
    caught: Arc<Mutex<usize>>,
    _waiting: AbortOnDropHandle<()>,
}

impl Trap {
    pub(crate) async fn set() -> Result<Self> {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        let caught = Arc::new(Mutex::new(0));
        let counted = Arc::clone(&caught);
        let waiting = tokio_util::task::TaskTracker::new().spawn(async move {
            while listener.accept().await.is_ok() {
                *counted.lock().unwrap_or_else(PoisonError::into_inner) += 1;
            }
        });
        Ok(Self { port, caught, _waiting: AbortOnDropHandle::new(waiting) })
    }

    pub(crate) fn caught(&self) -> usize {
        *self.caught.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
