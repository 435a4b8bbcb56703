//! Knows when a silent stream needs a sign of life.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

/// Silence after which a ping goes out. Claude Code drops a stream after 300 s without an event; other clients and
/// the boxes between us are less patient.
pub(crate) const PING_AFTER: Duration = Duration::from_secs(10);

/// One timer a stream. It is set again only when it fires, not at every write: moving a timer costs more than
/// writing an event.
pub(crate) struct Keepalive {
    sleep: Pin<Box<Sleep>>,
    last: Instant,
}

impl Keepalive {
    pub(crate) fn new() -> Self {
        let last = Instant::now();
        Self { sleep: Box::pin(sleep_until(last + PING_AFTER)), last }
    }

    /// Something was written just now.
    pub(crate) fn active(&mut self) {
        self.last = Instant::now();
    }

    /// Ready when nothing was written for [`PING_AFTER`]; counts the ping as written.
    pub(crate) fn poll_due(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            std::task::ready!(self.sleep.as_mut().poll(cx));
            let now = Instant::now();
            let due = self.last + PING_AFTER;
            if due <= now {
                self.last = now;
                self.sleep.as_mut().reset(now + PING_AFTER);
                return Poll::Ready(());
            }
            self.sleep.as_mut().reset(due);
        }
    }
}
