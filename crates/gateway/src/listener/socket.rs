//! A TCP stream that keeps the time limits, watches heads and closes without losing the answer.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};

use super::head::{Finding, Heads, Place};
use super::{Connection, Patience};

/// What is read away at once from a refused body.
const SCRAP_BYTES: usize = 16 * 1024;

#[derive(Debug)]
pub(super) struct Socket {
    stream: TcpStream,
    connection: Arc<Connection>,
    heads: Heads,
    patience: Patience,
    /// Since when we wait for the head to end or to begin; `None` while a request is being answered.
    waiting: Option<Instant>,
    /// No request has come yet.
    fresh: bool,
    /// One timer a connection. It is seldom moved: when it rings too early, it is set to what is left.
    timer: Option<Pin<Box<Sleep>>>,
    closing: Closing,
}

#[derive(Clone, Copy, Debug)]
enum Closing {
    No,
    /// Our side is closed; the client's rest is read away until then.
    Lingering(Instant),
    Done,
}

impl Socket {
    pub(super) fn new(stream: TcpStream, connection: Arc<Connection>, patience: Patience) -> Self {
        Self {
            stream,
            connection,
            heads: Heads::new(),
            patience,
            waiting: Some(Instant::now()),
            fresh: true,
            timer: None,
            closing: Closing::No,
        }
    }

    /// Looks at bytes that just arrived.
    fn arrived(&mut self, data: &[u8]) {
        let before = self.heads.place();
        match self.heads.feed(data) {
            None => {}
            Some(Finding::Chunked) => self.connection.note_last(),
            Some(Finding::Flaw(flaw)) => self.connection.note_flaw(flaw),
        }
        match self.heads.place() {
            // The first part of a head: its time starts now. A fresh connection's began with the accept.
            Place::Head if before != Place::Head && !self.fresh => self.waiting = Some(Instant::now()),
            Place::Head => {}
            _ => {
                self.waiting = None;
                self.fresh = false;
            }
        }
    }

    /// When waiting becomes too long; `None` while an answer is under way.
    fn due(&mut self, now: Instant) -> Option<Instant> {
        if self.connection.is_busy() {
            self.waiting = None;
            return None;
        }
        let since = *self.waiting.get_or_insert(now);
        let hurry = self.fresh || self.heads.place() == Place::Head;
        Some(since + if hurry { self.patience.head } else { self.patience.idle })
    }

    /// Ready when the client took too long.
    ///
    /// hyper does not read again between the end of an answer and the next byte, so the timer also runs while a
    /// request is being answered: the wake-up makes hyper read, and reading is what looks at the clock.
    fn poll_late(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let now = Instant::now();
        let due = self.due(now);
        let alarm = due.unwrap_or(now + self.patience.idle);
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(alarm)));
        if due.is_some_and(|due| due < timer.deadline()) {
            timer.as_mut().reset(alarm);
        }
        while timer.as_mut().poll(cx).is_ready() {
            if due.is_some_and(|due| due <= Instant::now()) {
                return Poll::Ready(());
            }
            timer.as_mut().reset(alarm);
        }
        Poll::Pending
    }

    /// Reads away what the client still sends. Closing with unread bytes would make the system reset the connection,
    /// and many clients then never see the answer that says why.
    fn poll_linger(&mut self, until: Instant, cx: &mut Context<'_>) -> Poll<()> {
        let mut scrap = [0; SCRAP_BYTES];
        loop {
            let mut buf = ReadBuf::new(&mut scrap);
            match Pin::new(&mut self.stream).poll_read(cx, &mut buf) {
                Poll::Ready(Ok(())) if !buf.filled().is_empty() && Instant::now() < until => {}
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => {
                    let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(until)));
                    timer.as_mut().reset(until);
                    return timer.as_mut().poll(cx);
                }
            }
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        match Pin::new(&mut this.stream).poll_read(cx, buf) {
            Poll::Ready(Ok(())) => {
                this.arrived(&buf.filled()[before..]);
                Poll::Ready(Ok(()))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => {
                ready!(this.poll_late(cx));
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, data)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            match this.closing {
                Closing::No => {
                    ready!(Pin::new(&mut this.stream).poll_shutdown(cx))?;
                    this.closing = match this.heads.place() {
                        Place::Between => Closing::Done,
                        _ => Closing::Lingering(Instant::now() + this.patience.linger),
                    };
                }
                Closing::Lingering(until) => {
                    ready!(this.poll_linger(until, cx));
                    this.closing = Closing::Done;
                }
                Closing::Done => return Poll::Ready(Ok(())),
            }
        }
    }
}
