//! The one thread that writes `core.db`.

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::backups::Backups;
use crate::readers::lock;
use crate::room::{Ballast, Fullness};
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
    ballast: Ballast,
    fullness: Fullness,
    jobs: Mutex<Option<Sender<Job>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    pub(super) fn start(
        connection: Connection,
        file: PathBuf,
        backups: Backups,
        ballast: Ballast,
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
        let (jobs, thread) = (Mutex::new(Some(sender)), Mutex::new(Some(thread)));
        Ok(Self { ballast, fullness: Fullness::default(), jobs, thread })
    }

    /// Tells when there is no room on the disk, and when there is again.
    pub(super) fn fullness(&self) -> &Fullness {
        &self.fullness
    }

    /// Runs `work` in a transaction of its own and answers after the commit.
    pub(super) fn write<T: Send + 'static>(
        &self,
        worth: Worth,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Pending<T> {
        let (promise, pending) = Pending::new();
        let fullness = self.fullness.clone();
        let job: Job = Box::new(move |connection, _| {
            let answer = commit(connection, work);
            fullness.note(&answer);
            let changed = answer.is_ok();
            // The caller may have left; the change is made all the same.
            let _ = promise.send(answer);
            changed && worth == Worth::Backup
        });
        self.submit(job, pending)
    }

    /// The same for what must not be lost: where the disk has no room, the room that was kept for this is used.
    pub(super) fn write_vital<T: Send + 'static>(
        &self,
        work: impl Fn(&Transaction<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Pending<T> {
        let (promise, pending) = Pending::new();
        let (ballast, fullness) = (self.ballast.clone(), self.fullness.clone());
        let job: Job = Box::new(move |connection, _| {
            let mut answer = commit(connection, &work);
            fullness.note(&answer);
            if answer.as_ref().is_err_and(Error::is_full) && ballast.release() {
                // The disk goes on being full: who looks is told until something else is written.
                answer = commit(connection, &work);
            }
            let changed = answer.is_ok();
            // The caller may have left; the change is made all the same.
            let _ = promise.send(answer);
            changed
        });
        self.submit(job, pending)
    }

    /// Runs `work` outside a transaction, with the backups at hand.
    pub(super) fn tend<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection, &Backups) -> Result<T, Error> + Send + 'static,
    ) -> Pending<T> {
        let (promise, pending) = Pending::new();
        let fullness = self.fullness.clone();
        let job: Job = Box::new(move |connection, backups| {
            let answer = work(connection, backups);
            fullness.note(&answer);
            let _ = promise.send(answer);
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
