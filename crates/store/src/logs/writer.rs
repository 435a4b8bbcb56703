//! The one thread that writes `logs.db`.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rusqlite::{Connection, TransactionBehavior};

use super::captures::{self, Document};
use super::cleaning::Pass;
use super::queue::{Queue, Task};
use super::{Committed, LogRow, file, row, stats};
use crate::Error;
use crate::readers::Readers;
use crate::room::Fullness;

/// Between two steps of cleaning.
const PAUSE: Duration = Duration::from_millis(20);
/// Between two tries of a commit that failed.
const RETRY: Duration = Duration::from_secs(1);
/// The wall clock and the monotonic one may part by this between two cleaning passes.
const JUMP_MS: i64 = 3_600_000;

pub(super) struct Writer {
    pub connection: Connection,
    pub file: PathBuf,
    pub queue: Arc<Queue>,
    pub readers: Arc<Readers>,
    /// Counts the files that were moved aside.
    pub generation: Arc<AtomicU64>,
    pub next_id: i64,
    /// The two clocks when they were last compared.
    pub clocks: (i64, Instant),
    pub committed: Committed,
    pub fullness: Fullness,
}

impl Writer {
    pub(super) fn start(self) -> Result<JoinHandle<()>, Error> {
        thread::Builder::new().name("log-writer".into()).spawn(move || self.run()).map_err(Error::Thread)
    }

    fn run(mut self) {
        let mut pass: Option<Pass> = None;
        loop {
            let turn = self.queue.next(pass.is_some().then_some(PAUSE));
            let idle = turn.rows.is_empty();
            // Rows that waited while the damage was found go into the new file.
            if let Some(Task::Damaged { generation }) = turn.task
                && generation == self.generation.load(Ordering::Acquire)
            {
                self.replace_file();
            }
            if !idle {
                self.commit(turn.rows);
            }
            match turn.task {
                // The rows are on disk or counted as dropped; nobody may be waiting.
                Some(Task::Flush(promise)) => drop(promise.send(Ok(()))),
                Some(Task::Keep(document)) => {
                    if let Err(error) = self.keep(document) {
                        tracing::warn!(%error, "a capture could not be written");
                    }
                }
                // Nobody may be waiting.
                Some(Task::ForgetCaptures(promise)) => {
                    drop(promise.send(captures::clear(&self.connection)));
                }
                Some(Task::Clean(new)) => {
                    if self.clock_jumped(new.now_ms) {
                        new.skip();
                    } else if let Some(running) = pass.replace(new) {
                        // The newer wish counts; the one before ends with what it did.
                        running.stop();
                    }
                }
                Some(Task::Damaged { generation })
                    if generation == self.generation.load(Ordering::Acquire) =>
                {
                    self.replace_file();
                }
                Some(Task::Damaged { .. }) => {}
                None if idle => pass = pass.and_then(|pass| pass.step(&self.connection)),
                None => {}
            }
            if turn.last {
                break;
            }
        }
        self.readers.close();
        if let Err((_, error)) = self.connection.close() {
            tracing::warn!(%error, "cannot close logs.db");
        }
    }

    /// Commits rows, however long that takes, unless we are closing.
    fn commit(&mut self, mut rows: Vec<LogRow>) {
        for row in &mut rows {
            row.trim();
            row.id = self.next_id;
            self.next_id += 1;
        }
        loop {
            let written = self.write(&rows);
            let news = self.fullness.note(&written);
            let error = match written {
                Ok(()) => {
                    if self.committed.receiver_count() > 0 {
                        // The last listener may have left since.
                        let _ = self.committed.send(Arc::new(rows));
                    }
                    return;
                }
                Err(error) => error,
            };
            // A disk that is full stays so for a while, and the process's own log is on it too.
            if news || !error.is_full() {
                tracing::error!(%error, rows = rows.len(), "log rows could not be written yet");
            }
            if error.is_damage() && self.replace_file() {
                continue;
            }
            if !self.queue.pause(RETRY) {
                self.queue.drop_rows(rows.len());
                return;
            }
        }
    }

    fn write(&mut self, rows: &[LogRow]) -> Result<(), Error> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for row in rows {
            row::insert(&transaction, row)?;
        }
        stats::add(&transaction, rows)?;
        transaction.commit()?;
        Ok(())
    }

    fn keep(&mut self, document: Document) -> Result<(), Error> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        captures::put(&transaction, document)?;
        transaction.commit()?;
        Ok(())
    }

    /// Moves the damaged file aside and goes on with an empty one. False when that failed too.
    fn replace_file(&mut self) -> bool {
        self.generation.fetch_add(1, Ordering::AcqRel);
        self.readers.release();
        let replaced = Connection::open_in_memory().map_err(Error::from).and_then(|empty| {
            // Closed first: an open file cannot be renamed everywhere.
            drop(std::mem::replace(&mut self.connection, empty));
            file::move_aside(&self.file)?;
            file::create(&self.file)
        });
        match replaced {
            Ok(connection) => {
                self.connection = connection;
                true
            }
            Err(error) => {
                tracing::error!(%error, "the damaged logs.db could not be replaced");
                false
            }
        }
    }

    fn clock_jumped(&mut self, now_ms: i64) -> bool {
        let (wall, instant) = self.clocks;
        self.clocks = (now_ms, Instant::now());
        let passed = i64::try_from(instant.elapsed().as_millis()).unwrap_or(i64::MAX);
        // Only a jump ahead makes rows look older than they are.
        now_ms - wall - passed > JUMP_MS
    }
}
