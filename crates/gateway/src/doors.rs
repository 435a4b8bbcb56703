//! The doors of the house: the proxy's port, which may move while we run, and the window's own.

mod owner;
#[cfg(test)]
mod tests;

use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use http::Request;
use hyper::body::Incoming;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::entrance::{self, Asker, Role};
use crate::listener::{self, Capacity, Listening, Loops, Patience};
use crate::office::PortProblem;
use crate::state::Gateway;
use crate::{LOOPBACK, TooWide, dialect, guard, visitors};

pub use owner::owner_of;

/// Connections at once, and from one peer that is not this machine.
const CONNECTIONS: usize = 1024;
const A_PEER: usize = 64;

/// Between two tries to get a port that another program holds.
const AGAIN: Duration = Duration::from_secs(5);

/// All listeners of one instance.
pub struct Doors {
    gateway: Arc<Gateway>,
    admin: Router,
    loops: Arc<Loops>,
    quit: CancellationToken,
    tasks: TaskTracker,
    capacity: Arc<Capacity>,
    /// The runtime that accepts; who opens a door may stand on another.
    runtime: Handle,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    proxy: Option<Listening>,
    /// The window has a listener of its own.
    apart: bool,
}

/// A port that could not be had.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address} port {port}")]
pub struct Taken {
    pub address: IpAddr,
    pub port: u16,
    /// The program that holds it, where the system tells.
    pub owner: Option<String>,
    #[source]
    pub error: io::Error,
}

impl Taken {
    /// Whether somebody else has it, and not that we may not have it.
    #[must_use]
    pub fn is_taken(&self) -> bool {
        self.error.kind() == ErrorKind::AddrInUse
    }

    fn problem(&self) -> PortProblem {
        PortProblem { port: self.port, owner: self.owner.clone() }
    }
}

impl Doors {
    /// Closed doors. Must be called on the runtime that shall accept.
    #[must_use]
    pub fn new(
        gateway: &Arc<Gateway>,
        admin: Router,
        loops: &Arc<Loops>,
        quit: &CancellationToken,
        tasks: &TaskTracker,
    ) -> Arc<Self> {
        let doors = Arc::new(Self {
            gateway: Arc::clone(gateway),
            admin,
            loops: Arc::clone(loops),
            quit: quit.clone(),
            tasks: tasks.clone(),
            capacity: Arc::new(Capacity::new(CONNECTIONS, A_PEER)),
            runtime: Handle::current(),
            open: Mutex::default(),
        });
        // A gateway gets its doors once.
        let _ = gateway.office.doors.set(Arc::downgrade(&doors));
        doors
    }

    /// Opens a door on loopback for the window alone; from then on the proxy's port shows no pages. Port 0 lets the
    /// system choose.
    ///
    /// # Errors
    /// When the port is taken.
    pub async fn open_admin(&self, port: u16) -> Result<SocketAddr, Taken> {
        let mut open = self.open.lock().await;
        let sockets = self.bind(LOOPBACK, port).await?;
        let listening = self.serve(sockets, Role::Admin)?;
        self.gateway.office.set_origins(listening.addresses());
        open.apart = true;
        let address = preferred(listening.addresses());
        // The window's door is opened once.
        let _ = self.gateway.office.page.set(address);
        drop(open);
        Ok(address)
    }

    /// Opens the proxy's door, or moves it: the new one is open before the old one stops to accept, and whoever is
    /// inside is served to the end.
    ///
    /// # Errors
    /// When the port cannot be had; then all is as before.
    pub async fn open_proxy(&self, address: IpAddr, port: u16) -> Result<(), Taken> {
        let mut open = self.open.lock().await;
        self.put(&mut open, address, port).await
    }

    async fn put(&self, open: &mut Open, address: IpAddr, port: u16) -> Result<(), Taken> {
        let role = if open.apart { Role::Proxy } else { Role::Shared };
        // Whoever asked has looked; this is for the password that was removed since.
        if !address.is_loopback() && !self.gateway.office.passwords.is_set() {
            let error = io::Error::new(ErrorKind::PermissionDenied, TooWide::NoPassword);
            return Err(Taken { address, port, owner: None, error });
        }
        let fresh = match self.bind(address, port).await {
            Ok(sockets) => self.serve(sockets, role)?,
            Err(taken) if taken.is_taken() && open.holds(port) => {
                self.swap(open, address, port, role).await?
            }
            Err(taken) => return Err(taken),
        };
        self.gateway.addresses.store(Arc::new(fresh.addresses().to_vec()));
        if !open.apart {
            self.gateway.office.set_origins(fresh.addresses());
        }
        if let Some(old) = open.proxy.replace(fresh) {
            old.drain();
        }
        self.gateway.office.set_port_problem(None);
        Ok(())
    }

    /// The same port on other addresses: the old sockets stand in the way of the new ones and must go first.
    async fn swap(
        &self,
        open: &mut Open,
        address: IpAddr,
        port: u16,
        role: Role,
    ) -> Result<Listening, Taken> {
        let Some(old) = open.proxy.take() else { return self.serve(self.bind(address, port).await?, role) };
        old.drain();
        old.closed().await;
        match self.bind(address, port).await {
            Ok(sockets) => self.serve(sockets, role),
            Err(taken) => {
                let before = old.addresses().first().map_or(LOOPBACK, SocketAddr::ip);
                open.proxy = Some(self.serve(self.bind(before, port).await?, role)?);
                Err(taken)
            }
        }
    }

    /// Opens the proxy's door; when its port is taken says so in the status, and tries again until it is free or the
    /// person chose another.
    pub async fn insist(self: &Arc<Self>, address: IpAddr, port: u16) {
        let Err(taken) = self.open_proxy(address, port).await else { return };
        tracing::warn!(port, owner = taken.owner.as_deref(), error = %taken.error, "the proxy's port cannot be had");
        self.gateway.office.set_port_problem(Some(taken.problem()));
        let doors = Arc::downgrade(self);
        let quit = self.quit.clone();
        self.tasks.spawn(async move {
            loop {
                tokio::select! {
                    () = quit.cancelled() => return,
                    () = tokio::time::sleep(AGAIN) => {}
                }
                let Some(doors) = doors.upgrade() else { return };
                let mut open = doors.open.lock().await;
                if open.proxy.is_some() || doors.put(&mut open, address, port).await.is_ok() {
                    return;
                }
            }
        });
    }

    async fn bind(&self, address: IpAddr, port: u16) -> Result<Vec<TcpListener>, Taken> {
        // Sockets report to the runtime they are made on.
        let binding = self.tasks.spawn_on(async move { listener::bind(address, port) }, &self.runtime);
        let error = match binding.await {
            Ok(Ok(sockets)) => return Ok(sockets),
            Ok(Err(error)) => error,
            Err(_) => io::Error::other("the program is ending"),
        };
        let owner = match error.kind() {
            ErrorKind::AddrInUse => tokio::task::spawn_blocking(move || owner_of(port)).await.ok().flatten(),
            _ => None,
        };
        Err(Taken { address, port, owner, error })
    }

    fn serve(&self, sockets: Vec<TcpListener>, role: Role) -> Result<Listening, Taken> {
        let shared = Arc::clone(&self.gateway);
        let admin = self.admin.clone();
        let handler = move |connection: &Arc<listener::Connection>, request: Request<Incoming>| {
            let gateway = Arc::clone(&shared);
            let admin = admin.clone();
            let settings = gateway.settings.load();
            let asker =
                Asker { role, peer: visitors::client(connection.peer.ip(), request.headers(), &settings) };
            drop(settings);
            async move { entrance::serve(&gateway, &admin, asker, request).await }
        };
        let _here = self.runtime.enter();
        listener::serve(
            sockets,
            guard::guarded(Arc::clone(&self.gateway), dialect::dialect, handler),
            &self.capacity,
            Patience::default(),
            &self.loops,
            &self.quit,
            &self.tasks,
        )
        .map_err(|error| Taken { address: LOOPBACK, port: 0, owner: None, error })
    }
}

impl Open {
    fn holds(&self, port: u16) -> bool {
        let addresses = self.proxy.as_ref().map_or(&[][..], Listening::addresses);
        addresses.iter().any(|address| address.port() == port)
    }
}

/// The IPv4 address when there are two.
#[must_use]
pub fn preferred(addresses: &[SocketAddr]) -> SocketAddr {
    let found = addresses.iter().find(|address| address.is_ipv4()).or_else(|| addresses.first());
    found.copied().unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0)))
}

impl std::fmt::Debug for Doors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Doors").finish_non_exhaustive()
    }
}
