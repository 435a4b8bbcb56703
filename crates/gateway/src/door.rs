//! Listening: the socket, the boundary and the routes put together.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::listener::{self, Capacity, Listening, Loops, Patience};
use crate::state::Gateway;
use crate::{dialect, entrance, guard};

/// Connections at once, and from one peer that is not this machine.
const CONNECTIONS: usize = 1024;
const A_PEER: usize = 64;

/// The listening proxy.
#[derive(Debug)]
pub struct Door {
    listening: Listening,
}

impl Door {
    /// Binds `port` on `address` (both loopback addresses for either of them) and serves on `loops` until `quit`.
    ///
    /// # Errors
    /// When the port is taken, or the address may not be bound.
    pub fn open(
        gateway: &Arc<Gateway>,
        admin: Router,
        address: IpAddr,
        port: u16,
        loops: &Arc<Loops>,
        quit: &CancellationToken,
        tasks: &TaskTracker,
    ) -> io::Result<Self> {
        let sockets = listener::bind(address, port)?;
        let shared = Arc::clone(gateway);
        let handler = move |request| {
            let gateway = Arc::clone(&shared);
            let admin = admin.clone();
            async move { entrance::serve(&gateway, &admin, request).await }
        };
        let listening = listener::serve(
            sockets,
            guard::guarded(Arc::clone(gateway), dialect::dialect, handler),
            &Arc::new(Capacity::new(CONNECTIONS, A_PEER)),
            Patience::default(),
            loops,
            quit,
            tasks,
        )?;
        Ok(Self { listening })
    }

    /// All addresses it listens on.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        self.listening.addresses()
    }

    /// Where it listens; the IPv4 address when there are two.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        let addresses = self.listening.addresses();
        let preferred = addresses.iter().find(|address| address.is_ipv4()).or_else(|| addresses.first());
        preferred.copied().unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0)))
    }
}
