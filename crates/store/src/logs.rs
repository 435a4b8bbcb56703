//! `logs.db`: one row a request, hourly totals, and their cleaning.

mod captures;
mod cleaning;
mod clients;
mod file;
mod keys;
mod page;
mod queue;
mod row;
mod stats;
#[cfg(test)]
mod tests;
mod usage;
mod writer;

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Instant;

use tokio::sync::{broadcast, watch};

pub use captures::{Develop, Document};
pub use clients::{ClientSeen, KeySeen};
pub use keys::KeySpent;
pub use page::{Filter, Page, StatusClass};
pub use row::LogRow;
pub use stats::{GroupTotals, HourTotals, Stats, Totals};
pub use usage::{Bucket, CategoryCount, Latency, Span, Step, Usage, UsageKind};

use self::cleaning::Pass;
use self::queue::{Queue, Task};
use self::writer::Writer;
use crate::backups::{Backup, BackupKind, Backups};
use crate::readers::{OnDamage, Readers, lock};
use crate::room::Fullness;
use crate::{Error, Pending, connection, files};

/// What to keep. A pass never deletes more than half of the rows, and none after the clock jumped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// Rows older than this go.
    pub days: Option<u32>,
    /// Oldest rows go until the file is no larger than this many MiB.
    pub megabytes: Option<u64>,
}

/// What a cleaning pass did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Cleaned {
    pub deleted: u64,
    /// Bytes of the file afterwards.
    pub bytes: u64,
    /// True when nothing was done because the clock had jumped.
    pub clock_jumped: bool,
}

/// The log.
pub struct Logs {
    backups: Backups,
    fullness: Fullness,
    queue: Arc<Queue>,
    readers: Arc<Readers>,
    writer: Mutex<Option<JoinHandle<()>>>,
    committed: Committed,
}

/// Tells of rows as they are committed.
type Committed = broadcast::Sender<Arc<Vec<LogRow>>>;

/// Commits that a listener may be behind, each of at most 500 rows.
const BEHIND: usize = 64;

/// Takes rows; cheap to clone, never blocks.
#[derive(Clone)]
pub struct LogSink {
    queue: Arc<Queue>,
}

impl LogSink {
    /// Hands a row to the writer. It is on disk within 250 ms; when 8192 rows wait already it is dropped and
    /// counted.
    pub fn record(&self, row: LogRow) {
        self.queue.record(row);
    }

    /// Hands the wire of a request to the writer. When some wait already it is dropped: bodies are large.
    pub fn keep(&self, document: Document) {
        self.queue.keep(document);
    }

    /// Rows dropped since the start.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.queue.dropped()
    }
}

impl Logs {
    /// Opens or makes `logs.db` in `folder`. A damaged file is moved aside with its -wal and -shm, and the log
    /// starts empty. Takes a few milliseconds; blocks.
    ///
    /// # Errors
    /// When the folder cannot be used.
    pub fn open(folder: &Path, now_ms: i64) -> Result<Self, Error> {
        files::private_folder(folder)?;
        let path = folder.join("logs.db");
        let opened = file::open(&path)?;
        let queue = Arc::new(Queue::default());
        let generation = Arc::new(AtomicU64::new(0));
        let committed = Committed::new(BEHIND);
        let fullness = Fullness::default();
        let on_damage: OnDamage = Arc::new({
            let (queue, generation) = (queue.clone(), generation.clone());
            move |error: &Error| {
                tracing::error!(%error, "logs.db is damaged; it is moved aside");
                queue.push(Task::Damaged { generation: generation.load(Ordering::Acquire) });
            }
        });
        let readers = Arc::new(Readers::new(path.clone(), 2, on_damage));
        let writer = match opened.writer {
            Some(connection) => {
                let (queue, readers) = (queue.clone(), readers.clone());
                let clocks = (now_ms, Instant::now());
                let next_id = opened.next_id;
                let committed = committed.clone();
                let fullness = fullness.clone();
                let writer = Writer {
                    connection,
                    file: path,
                    queue,
                    readers,
                    generation,
                    next_id,
                    clocks,
                    committed,
                    fullness,
                };
                Some(writer.start()?)
            }
            None => {
                queue.close();
                None
            }
        };
        if opened.unchecked {
            // Damage is handled where it is found; nobody waits for the verdict.
            drop(readers.read(connection::quick_check));
        }
        Ok(Self {
            backups: Backups::of(folder),
            fullness,
            queue,
            readers,
            writer: Mutex::new(writer),
            committed,
        })
    }

    #[must_use]
    pub fn sink(&self) -> LogSink {
        LogSink { queue: self.queue.clone() }
    }

    /// Rows from now on, commit by commit, once they are stored.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Vec<LogRow>>> {
        self.committed.subscribe()
    }

    /// Rows that fit `filter`, newest first, older than `before`, at most `limit` (1 to 1000).
    pub fn page(&self, filter: Filter, before: Option<i64>, limit: u32) -> Pending<Page> {
        self.readers.read(move |connection| page::find(connection, &filter, before, limit))
    }

    pub fn row(&self, id: i64) -> Pending<Option<LogRow>> {
        self.readers.read(move |connection| row::find(connection, id))
    }

    /// Clients that sent a request since `since_ms`, with their last; at most 200.
    pub fn clients_since(&self, since_ms: i64) -> Pending<Vec<ClientSeen>> {
        self.readers.read(move |connection| clients::since(connection, since_ms))
    }

    /// The last request of each local key since `since_ms`.
    pub fn key_uses(&self, since_ms: i64) -> Pending<Vec<KeySeen>> {
        self.readers.read(move |connection| clients::keys_since(connection, since_ms))
    }

    /// What each local key has spent since `day_ms` and since `month_ms`, the starts of hours, and when it was last used.
    pub fn spent_by_key(&self, day_ms: i64, month_ms: i64) -> Pending<Vec<KeySpent>> {
        self.readers.read(move |connection| keys::spent(connection, day_ms, month_ms))
    }

    /// Accounts that were asked since `since_ms`, with when that was last, milliseconds since 1970.
    pub fn account_uses(&self, since_ms: i64) -> Pending<Vec<(String, i64)>> {
        self.readers.read(move |connection| clients::accounts_since(connection, since_ms))
    }

    /// Totals by hour or day of the whole hours that touch `span`, with what the newest of its rows tell.
    pub fn usage(&self, span: Span, kind: UsageKind, step: Step) -> Pending<Usage> {
        self.readers.read(move |connection| usage::usage(connection, span, kind, step))
    }

    /// Totals of the whole hours that touch `since_ms..until_ms`; at most 200 groups of a kind.
    pub fn stats(&self, since_ms: i64, until_ms: i64) -> Pending<Stats> {
        let dropped = self.queue.dropped();
        self.readers.read(move |connection| stats::stats(connection, since_ms, until_ms, dropped))
    }

    /// The wire of a request, as it was developed.
    pub fn capture(&self, request_id: &str) -> Pending<Option<Vec<u8>>> {
        let request_id = request_id.to_owned();
        self.readers.read(move |connection| captures::find(connection, &request_id))
    }

    /// Removes every capture.
    pub fn forget_captures(&self) -> Pending<()> {
        let (promise, pending) = Pending::new();
        self.queue.push(Task::ForgetCaptures(promise));
        pending
    }

    /// One cleaning pass, in small steps between which rows are written. A pass under way is ended by a new one.
    pub fn cleanup(&self, keep: Retention, now_ms: i64) -> Pending<Cleaned> {
        let (promise, pending) = Pending::new();
        // When the log is closed the promise is dropped, which answers that.
        self.queue.push(Task::Clean(Pass::new(keep, now_ms, promise)));
        pending
    }

    /// Tells when rows wait because the disk is full, and when they are written again. 8192 wait in memory;
    /// further ones are dropped and counted.
    #[must_use]
    pub fn fullness(&self) -> watch::Receiver<bool> {
        self.fullness.subscribe()
    }

    /// Copies the log as it is on disk to a backup, while rows are written. Takes as long as writing a file of its size.
    pub fn back_up(&self, now_ms: i64) -> Pending<Backup> {
        let backups = self.backups.clone();
        self.readers.read(move |connection| backups.add_dated(connection, BackupKind::Log, now_ms))
    }

    /// Resolves when all rows recorded before are committed.
    pub fn flush(&self) -> Pending<()> {
        let (promise, pending) = Pending::new();
        self.queue.push(Task::Flush(promise));
        pending
    }

    /// Commits what waits and closes the file. Blocks; rows recorded later are dropped and counted.
    pub fn close(&self) {
        self.queue.close();
        self.readers.close();
        if let Some(writer) = lock(&self.writer).take()
            && writer.join().is_err()
        {
            tracing::error!("the writing thread of logs.db panicked");
        }
    }
}

impl Drop for Logs {
    fn drop(&mut self) {
        self.close();
    }
}

impl std::fmt::Debug for Logs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Logs").field("dropped", &self.queue.dropped()).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for LogSink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogSink").field("dropped", &self.queue.dropped()).finish_non_exhaustive()
    }
}
