//! The one thread that writes `core.db`.

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::backups::Backups;
use crate::readers::lock;
use crate::{Error, Pending, files};

/// A backup follows a change after this long, and the backup before after at least [`BETWEEN`].
const QUIET: Duration = Duration::from_millis(500);
const BETWEEN: Duration = Duration::from_secs(5);

type Job = Box<dyn FnOnce(&mut Connection, &Backups) -> bool + Send>;

/// Whether a change is worth a backup of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Worth {
    Backup,
    /// It will ride in the next one.
    Little,
}

pub(super) struct Writer {
    jobs: Mutex<Option<Sender<Job>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    pub(super) fn start(
        connection: Connection,
        file: PathBuf,
        backups: Backups,
        fresh: bool,
    ) -> Result<Self, Error> {
        let (sender, receiver) = channel();
        let thread = thread::Builder::new()
            .name("core-writer".into())
            .spawn(move || {
                if fresh && let Err(error) = files::sync(&file) {
                    tracing::warn!(%error, "the new core.db may not survive a power failure");
                }
                backups.sweep();
                run(connection, &receiver, &backups);
            })
            .map_err(Error::Thread)?;
        Ok(Self { jobs: Mutex::new(Some(sender)), thread: Mutex::new(Some(thread)) })
    }

    /// Runs `work` in a transaction of its own and answers after the commit.
    pub(super) fn write<T: Send + 'static>(
        &self,
        worth: Worth,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Pending<T> {
        let (promise, pending) = Pending::new();
        let job: Job = Box::new(move |connection, _| {
            let answer = commit(connection, work);
            let changed = answer.is_ok();
            // The caller may have left; the change is made all the same.
            let _ = promise.send(answer);
            changed && worth == Worth::Backup
        });
        self.submit(job, pending)
    }

    /// Runs `work` outside a transaction, with the backups at hand.
    pub(super) fn tend<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection, &Backups) -> Result<T, Error> + Send + 'static,
    ) -> Pending<T> {
        let (promise, pending) = Pending::new();
        let job: Job = Box::new(move |connection, backups| {
            let _ = promise.send(work(connection, backups));
            false
        });
        self.submit(job, pending)
    }

    fn submit<T>(&self, job: Job, pending: Pending<T>) -> Pending<T> {
        match lock(&self.jobs).as_ref() {
            Some(sender) if sender.send(job).is_ok() => pending,
            _ => Pending::failed(Error::Closed),
        }
    }

    pub(super) fn close(&self) {
        drop(lock(&self.jobs).take());
        if let Some(thread) = lock(&self.thread).take()
            && thread.join().is_err()
        {
            tracing::error!("the writing thread of core.db panicked");
        }
    }
}

fn commit<T>(
    connection: &mut Connection,
    work: impl FnOnce(&Transaction<'_>) -> Result<T, Error>,
) -> Result<T, Error> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let answer = work(&transaction)?;
    transaction.commit()?;
    Ok(answer)
}

fn run(mut connection: Connection, jobs: &Receiver<Job>, backups: &Backups) {
    let mut last_backup: Option<Instant> = None;
    let mut changed = false;
    loop {
        let next = if changed {
            let rest = last_backup.map_or(Duration::ZERO, |last| BETWEEN.saturating_sub(last.elapsed()));
            jobs.recv_timeout(rest.max(QUIET))
        } else {
            jobs.recv().map_err(|_| RecvTimeoutError::Disconnected)
        };
        match next {
            Ok(job) => changed |= job(&mut connection, backups),
            Err(ended) => {
                if changed {
                    // Folded back too, so that a lost -wal is a small loss.
                    let folded =
                        connection.execute_batch("PRAGMA wal_checkpoint(PASSIVE)").map_err(Error::from);
                    if let Err(error) = folded.and_then(|()| backups.add(&connection)) {
                        tracing::warn!(%error, "cannot back up core.db");
                    }
                    changed = false;
                    last_backup = Some(Instant::now());
                }
                if ended == RecvTimeoutError::Disconnected {
                    break;
                }
            }
        }
    }
    if let Err((_, error)) = connection.close() {
        tracing::warn!(%error, "cannot close core.db");
    }
}
