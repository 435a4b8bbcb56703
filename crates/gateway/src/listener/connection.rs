//! What is known of one connection, shared by its socket and its requests.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::Flaw;

/// One connection. The socket and the requests run in the same task, so the atomics only satisfy the compiler.
#[derive(Debug)]
pub struct Connection {
    /// The other end, from the socket alone.
    pub peer: SocketAddr,
    /// Our end: its port is the one that a `Host` header may name.
    pub local: SocketAddr,
    flaw: AtomicU8,
    last: AtomicBool,
    busy: AtomicBool,
}

impl Connection {
    pub(super) fn new(peer: SocketAddr, local: SocketAddr) -> Self {
        Self {
            peer,
            local,
            flaw: AtomicU8::new(0),
            last: AtomicBool::new(false),
            busy: AtomicBool::new(false),
        }
    }

    /// What is wrong with the way a request head was written, which its parsed form no longer shows.
    #[must_use]
    pub fn flaw(&self) -> Option<Flaw> {
        Flaw::from_code(self.flaw.load(Ordering::Relaxed))
    }

    /// True when no further request may be read from this connection: the answer must carry `Connection: close`.
    #[must_use]
    pub fn is_last(&self) -> bool {
        self.last.load(Ordering::Relaxed)
    }

    pub(super) fn note_flaw(&self, flaw: Flaw) {
        self.flaw.store(flaw.code(), Ordering::Relaxed);
        self.note_last();
    }

    pub(super) fn note_last(&self) {
        self.last.store(true, Ordering::Relaxed);
    }

    /// True from the call of the handler until the answer's body is gone.
    pub(super) fn is_busy(&self) -> bool {
        self.busy.load(Ordering::Relaxed)
    }

    pub(super) fn answer(self: &Arc<Self>) -> Busy {
        self.busy.store(true, Ordering::Relaxed);
        Busy { connection: Arc::clone(self) }
    }
}

/// Marks the connection as busy while it lives.
#[derive(Debug)]
pub(super) struct Busy {
    connection: Arc<Connection>,
}

impl Busy {
    pub(super) fn with<B>(self, body: B) -> Answered<B> {
        Answered { body, _busy: self }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.connection.busy.store(false, Ordering::Relaxed);
    }
}

pin_project! {
    /// An answer's body that knows which connection waits for its end.
    #[derive(Debug)]
    pub struct Answered<B> {
        #[pin]
        body: B,
        _busy: Busy,
    }
}

impl<B: Body<Data = Bytes>> Body for Answered<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        self.project().body.poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
