//! What happened: requests, verdicts, and clients that left.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use bytes::Bytes;
use http::{HeaderMap, Method};
use tokio::sync::{mpsc, watch};

use crate::Operation;

/// A handle to what an emulator saw. Clones share it.
#[derive(Clone, Debug)]
pub struct Journal(Arc<Pages>);

#[derive(Debug)]
struct Pages {
    record: bool,
    rows: Mutex<Vec<Recorded>>,
    seen: watch::Sender<usize>,
    open: watch::Sender<usize>,
    closed: watch::Sender<usize>,
    follower: OnceLock<mpsc::UnboundedSender<Event>>,
}

/// What a follower is told. Numbers count the emulator's requests from 0.
#[derive(Clone, Debug)]
pub enum Event {
    /// A request was read and judged; no answer byte was sent yet.
    Judged { number: u64, request: Box<Recorded> },
    /// Its answer is over: sent to its end, or the client left before.
    Over { number: u64, complete: bool },
}

/// One request, kept when [`crate::Config::record`] is on.
#[derive(Clone, Debug)]
pub struct Recorded {
    pub method: Method,
    /// Path and query as they came, still percent-encoded.
    pub path: String,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// `None` for a path that no service has.
    pub operation: Option<Operation>,
    /// The model or profile id of the path, decoded.
    pub subject: String,
    /// The access key id or bearer key that was accepted; the name of a Kiro account.
    pub key: Option<String>,
    pub verdict: Verdict,
    /// Which rule was broken, where the service's own words do not tell.
    pub why: Option<String>,
}

/// How the emulator took a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Answered,
    Refused { status: u16, code: String, message: String },
}

impl Journal {
    pub(crate) fn new(record: bool) -> Self {
        Self(Arc::new(Pages {
            record,
            rows: Mutex::default(),
            seen: watch::Sender::new(0),
            open: watch::Sender::new(0),
            closed: watch::Sender::new(0),
            follower: OnceLock::new(),
        }))
    }

    /// What happens from now on, as it happens, whether [`crate::Config::record`] keeps it or not. There is one
    /// follower; a second call gets a channel that stays empty.
    #[must_use]
    pub fn follow(&self) -> mpsc::UnboundedReceiver<Event> {
        let (sender, events) = mpsc::unbounded_channel();
        let _ = self.0.follower.set(sender);
        events
    }

    /// The requests so far; empty unless recording.
    #[must_use]
    pub fn requests(&self) -> Vec<Recorded> {
        self.0.rows.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many requests were judged, recording or not. What a client asks for on its own does not count: lists of
    /// models, usage, tokens.
    #[must_use]
    pub fn count(&self) -> usize {
        *self.0.seen.borrow()
    }

    /// How many answers are being sent at this moment.
    #[must_use]
    pub fn open(&self) -> usize {
        *self.0.open.borrow()
    }

    /// How many clients left before their answer was complete.
    #[must_use]
    pub fn closed(&self) -> usize {
        *self.0.closed.borrow()
    }

    /// Waits until [`Self::count`] is `n`. A request counts before its first answer byte.
    pub async fn wait_for(&self, n: usize) {
        wait(&self.0.seen, |seen| seen >= n).await;
    }

    /// Waits until `n` clients left before their answer was complete, counted since the start.
    pub async fn wait_closed(&self, n: usize) {
        wait(&self.0.closed, |closed| closed >= n).await;
    }

    /// Waits until no answer is being sent.
    pub async fn wait_idle(&self) {
        wait(&self.0.open, |open| open == 0).await;
    }

    pub(crate) fn recording(&self) -> bool {
        self.0.record || self.0.follower.get().is_some()
    }

    pub(crate) fn judged(&self, number: u64, operation: Option<Operation>, row: Option<Recorded>) {
        if let Some(row) = row {
            self.tell(|| Event::Judged { number, request: Box::new(row.clone()) });
            if self.0.record {
                self.0.rows.lock().unwrap_or_else(PoisonError::into_inner).push(row);
            }
        }
        if !operation.is_some_and(|operation| operation.lists() || operation.signs_in()) {
            self.0.seen.send_modify(|seen| *seen += 1);
        }
    }

    pub(crate) fn visit(&self, number: u64) -> Visit {
        self.0.open.send_modify(|open| *open += 1);
        Visit { journal: self.clone(), number, complete: false }
    }

    fn tell(&self, event: impl FnOnce() -> Event) {
        if let Some(follower) = self.0.follower.get() {
            // A follower that went away wants to hear no more.
            let _ = follower.send(event());
        }
    }
}

async fn wait(counter: &watch::Sender<usize>, enough: impl Fn(usize) -> bool) {
    // The sender lives as long as the journal that we borrow: the wait cannot fail.
    let _ = counter.subscribe().wait_for(|value| enough(*value)).await;
}

/// A request being answered. Dropped before [`Visit::complete`], the client left.
#[derive(Debug)]
pub(crate) struct Visit {
    journal: Journal,
    number: u64,
    complete: bool,
}

impl Visit {
    pub(crate) const fn complete(&mut self) {
        self.complete = true;
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        self.journal.tell(|| Event::Over { number: self.number, complete: self.complete });
        let pages = &self.journal.0;
        if !self.complete {
            pages.closed.send_modify(|closed| *closed += 1);
        }
        pages.open.send_modify(|open| *open -= 1);
    }
}

#[cfg(test)]
mod tests;
