//! The accept loop: plain HTTP/1.1 on TCP, with the limits that a server on its own must keep.
//!
//! It is our own because `axum::serve` has no time limit for heads, no limit of connections and no way to drain one
//! listener while another takes over its work. What a request may be is not decided here but by the guard.

mod bind;
mod capacity;
mod connection;
mod head;
mod loops;
mod socket;
#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use bind::bind;
pub use capacity::Capacity;
use capacity::Permit;
pub use connection::{Answered, Connection};
pub use head::Flaw;
pub use loops::Loops;
use socket::Socket;

/// Largest request head, request line included.
const HEAD_BYTES: usize = 64 * 1024;
/// What one connection may hold unparsed or unsent in our memory; also the most that is read at once.
const BUFFER_BYTES: usize = 256 * 1024;
/// Pause after the system refused to accept (no descriptors left): trying at once would spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// A head of our own for callers that are one too many. Its shape is an error in both dialects.
const FULL: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\nretry-after: 1\r\n\
connection: close\r\ncontent-length: 94\r\n\r\n\
{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Too many connections are open\"}}";

/// Time limits of connections.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// From a head's first byte (or the accept) to its end.
    pub head: Duration,
    /// Between two requests of one connection.
    pub idle: Duration,
    /// From the order to quit to the moment live answers are cut.
    pub grace: Duration,
    /// For reading away the rest of a refused body, so that the client gets to see why.
    pub linger: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(10),
            idle: Duration::from_secs(75),
            grace: Duration::from_secs(5),
            linger: Duration::from_secs(2),
        }
    }
}

/// A set of sockets that is being served.
#[derive(Clone, Debug)]
pub struct Listening {
    addresses: Vec<SocketAddr>,
    drain: CancellationToken,
    accepting: TaskTracker,
}

impl Listening {
    /// Where it listens.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Stops accepting and lets every live answer end by itself, however long it takes: the old half of a change of
    /// port.
    pub fn drain(&self) {
        self.drain.cancel();
    }

    /// Waits until its sockets are closed, which is soon after [`Listening::drain`]. Live answers may go on.
    pub async fn closed(&self) {
        self.accepting.wait().await;
    }
}

/// Serves connections on `loops` until `quit` is cancelled or [`Listening::drain`] is called. `handler` is called once
/// a request; dropping the future and the body it returns is how a client's departure shows. One task runs on `tasks`;
/// it ends after the last connection.
///
/// # Errors
/// When a socket cannot tell its address.
pub fn serve<H, F, B>(
    sockets: Vec<TcpListener>,
    handler: H,
    capacity: &Arc<Capacity>,
    patience: Patience,
    loops: &Arc<Loops>,
    quit: &CancellationToken,
    tasks: &TaskTracker,
) -> io::Result<Listening>
where
    H: Fn(&Arc<Connection>, Request<Incoming>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<B>> + Send + 'static,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let addresses = sockets.iter().map(TcpListener::local_addr).collect::<io::Result<Vec<_>>>()?;
    let drain = CancellationToken::new();
    let shared = Arc::new(Shared {
        capacity: Arc::clone(capacity),
        patience,
        drain: drain.clone(),
        kill: CancellationToken::new(),
        connections: TaskTracker::new(),
        loops: Arc::clone(loops),
        http: builder(),
    });
    let accepting = TaskTracker::new();
    for socket in sockets {
        let accept = accept(socket, handler.clone(), Arc::clone(&shared));
        shared.connections.spawn(accepting.track_future(accept));
    }
    accepting.close();
    shared.connections.close();
    tasks.spawn(supervise(shared, quit.clone()));
    Ok(Listening { addresses, drain, accepting })
}

/// What all connections of one [`serve`] share.
struct Shared {
    capacity: Arc<Capacity>,
    patience: Patience,
    drain: CancellationToken,
    kill: CancellationToken,
    connections: TaskTracker,
    loops: Arc<Loops>,
    http: http1::Builder,
}

fn builder() -> http1::Builder {
    let mut http = http1::Builder::new();
    // Head and idle time are kept by `Socket`: hyper's own timer counts the pause between two requests as part of the
    // head, and costs a timer entry a request. The limit of 100 headers is hyper's default; naming it would move its
    // table from the stack to the heap.
    http.header_read_timeout(None).max_header_size(HEAD_BYTES).max_buf_size(BUFFER_BYTES);
    http
}

/// Waits for the order to stop, then for the connections, then no longer.
async fn supervise(shared: Arc<Shared>, quit: CancellationToken) {
    let too_late = async {
        quit.cancelled().await;
        shared.drain.cancel();
        tokio::time::sleep(shared.patience.grace).await;
    };
    tokio::select! {
        () = shared.connections.wait() => {}
        () = too_late => shared.kill.cancel(),
    }
    shared.connections.wait().await;
}

async fn accept<H, F, B>(socket: TcpListener, handler: H, shared: Arc<Shared>)
where
    H: Fn(&Arc<Connection>, Request<Incoming>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<B>> + Send + 'static,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    loop {
        let accepted = tokio::select! {
            accepted = socket.accept() => accepted,
            () = shared.drain.cancelled() => return,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let Some(permit) = shared.capacity.enter(peer.ip()) else {
            tracing::warn!(%peer, "too many connections");
            // Best effort: a fresh socket has room for this, and nobody waits for the rest.
            let _ = stream.try_write(FULL);
            continue;
        };
        // Without this, each short stream waits 40 ms for a delayed acknowledgement.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY was refused");
        }
        let Ok(local) = stream.local_addr() else { continue };
        let connection = Arc::new(Connection::new(peer, local));
        let (handler, here) = (handler.clone(), Arc::clone(&shared));
        shared.loops.spawn(&shared.connections, stream, move |stream| {
            converse(stream, connection, permit, handler, here)
        });
    }
}

/// One connection from accept to close.
async fn converse<H, F, B>(
    stream: TcpStream,
    connection: Arc<Connection>,
    permit: Permit,
    handler: H,
    shared: Arc<Shared>,
) where
    H: Fn(&Arc<Connection>, Request<Incoming>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<B>> + Send + 'static,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let _permit = permit;
    let service = service_fn(|request| {
        let answered = connection.answer();
        let answer = handler(&connection, request);
        async move { Ok::<_, Infallible>(answer.await.map(|body| answered.with(body))) }
    });
    let io = TokioIo::new(Socket::new(stream, Arc::clone(&connection), shared.patience));
    let mut http = pin!(shared.http.serve_connection(io, service));
    let ended = tokio::select! {
        biased;
        ended = http.as_mut() => ended,
        () = shared.drain.cancelled() => {
            http.as_mut().graceful_shutdown();
            tokio::select! {
                biased;
                ended = http.as_mut() => ended,
                () = shared.kill.cancelled() => Ok(()),
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(peer = %connection.peer, %error, "a connection ended early");
    }
}
