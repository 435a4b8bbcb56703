//! Where rows wait for the writer.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::LogRow;
use super::captures::Document;
use super::cleaning::Pass;
use crate::pending::Promise;
use crate::readers::lock;

/// Rows that may wait; further ones are dropped and counted.
const CAPACITY: usize = 8192;
/// Captures that may wait; further ones are dropped. Each holds what a conversation is long.
const CAPTURES: usize = 32;
/// Rows of one commit.
pub(super) const BATCH: usize = 500;
/// Longest wait of a row, and so the most that a kill loses.
const PATIENCE: Duration = Duration::from_millis(250);

/// What else the writer is asked to do.
pub(super) enum Task {
    /// All rows recorded before are committed when it is answered.
    Flush(Promise<()>),
    Clean(Pass),
    Keep(Document),
    ForgetCaptures(Promise<()>),
    /// A reader found the file of this generation damaged.
    Damaged {
        generation: u64,
    },
}

#[derive(Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    wake: Condvar,
    dropped: AtomicU64,
}

#[derive(Default)]
struct State {
    rows: VecDeque<LogRow>,
    /// When the oldest row came, as far as the writer waits for more.
    since: Option<Instant>,
    tasks: VecDeque<Task>,
    closed: bool,
}

/// What the writer does next: commit `rows`, then `task` (but a damaged file is replaced before).
#[derive(Default)]
pub(super) struct Turn {
    pub rows: Vec<LogRow>,
    pub task: Option<Task>,
    /// Nothing will follow.
    pub last: bool,
}

impl Queue {
    pub(super) fn record(&self, row: LogRow) {
        let mut state = lock(&self.state);
        if state.closed || state.rows.len() >= CAPACITY {
            drop(state);
            self.drop_rows(1);
            return;
        }
        state.rows.push_back(row);
        let waiting = state.rows.len();
        if waiting == 1 {
            state.since = Some(Instant::now());
        }
        drop(state);
        // The writer sleeps until the first row or a full batch; waking it for every row would cost more than the row.
        if waiting == 1 || waiting == BATCH {
            self.wake.notify_one();
        }
    }

    pub(super) fn keep(&self, document: Document) {
        let mut state = lock(&self.state);
        let waiting = state.tasks.iter().filter(|task| matches!(task, Task::Keep(_))).count();
        if state.closed || waiting >= CAPTURES {
            drop(state);
            tracing::debug!(request = %document.request_id, "a capture was dropped");
            return;
        }
        state.tasks.push_back(Task::Keep(document));
        drop(state);
        self.wake.notify_one();
    }

    pub(super) fn push(&self, task: Task) -> bool {
        let mut state = lock(&self.state);
        if state.closed {
            return false;
        }
        state.tasks.push_back(task);
        drop(state);
        self.wake.notify_one();
        true
    }

    /// Waits for work. With `pause` it comes back after that at the latest, with an empty turn if need be.
    pub(super) fn next(&self, pause: Option<Duration>) -> Turn {
        let deadline = pause.map(|pause| Instant::now() + pause);
        let mut state = lock(&self.state);
        loop {
            let now = Instant::now();
            let due = state.since.map(|since| since + PATIENCE);
            let hurry = state.closed || !state.tasks.is_empty();
            if hurry || state.rows.len() >= BATCH || due.is_some_and(|due| due <= now) {
                return state.turn();
            }
            if deadline.is_some_and(|deadline| deadline <= now) {
                return Turn::default();
            }
            let until = [due, deadline].into_iter().flatten().min();
            state = match until {
                Some(until) => {
                    let waited = self.wake.wait_timeout(state, until - now);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.wake.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    /// Waits before a failed commit is tried again. False when there will be no better time.
    pub(super) fn pause(&self, pause: Duration) -> bool {
        let state = lock(&self.state);
        let state = self.wake.wait_timeout_while(state, pause, |state| !state.closed);
        !state.unwrap_or_else(PoisonError::into_inner).0.closed
    }

    pub(super) fn close(&self) {
        lock(&self.state).closed = true;
        self.wake.notify_all();
    }

    pub(super) fn drop_rows(&self, count: usize) {
        let before = self.dropped.fetch_add(count as u64, Ordering::Relaxed);
        if before == 0 {
            tracing::warn!("log rows are dropped: the database cannot keep up or cannot be written");
        }
    }

    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

impl State {
    fn turn(&mut self) -> Turn {
        let count = self.rows.len().min(BATCH);
        let rows: Vec<_> = self.rows.drain(..count).collect();
        // What is left came within the same wait: it goes at once.
        if self.rows.is_empty() {
            self.since = None;
            // Room for the worst moment is not kept for ever.
            self.rows.shrink_to(BATCH);
        }
        // A task sees everything recorded before it.
        let task = if self.rows.is_empty() { self.tasks.pop_front() } else { None };
        let last = self.closed && self.rows.is_empty() && self.tasks.is_empty();
        Turn { rows, task, last }
    }
}
