//! A small pool of threads that read. Threads and connections are made when first needed.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use rusqlite::{Connection, InterruptHandle};

use crate::{Error, Pending, connection};

type Job = Box<dyn FnOnce(Result<&Connection, Error>) + Send>;

/// Called with a failure that means the file is damaged.
pub(crate) type OnDamage = Arc<dyn Fn(&Error) + Send + Sync>;

pub(crate) struct Readers {
    file: PathBuf,
    most: usize,
    on_damage: OnDamage,
    jobs: Mutex<Option<Sender<Job>>>,
    waiting: Arc<Mutex<Receiver<Job>>>,
    closing: Arc<AtomicBool>,
    threads: Mutex<Vec<Thread>>,
}

struct Thread {
    handle: JoinHandle<()>,
    slot: Arc<Slot>,
}

/// A thread's connection, where others can close it: Windows refuses to rename an open file.
#[derive(Default)]
struct Slot {
    connection: Mutex<Option<Connection>>,
    interrupt: Mutex<Option<InterruptHandle>>,
}

impl Slot {
    fn run(&self, file: &Path, job: Job) {
        let mut slot = lock(&self.connection);
        let connection = match slot.take() {
            Some(open) => open,
            None => match connection::reader(file) {
                Ok(opened) => {
                    *lock(&self.interrupt) = Some(opened.get_interrupt_handle());
                    opened
                }
                Err(error) => return job(Err(error)),
            },
        };
        job(Ok(slot.insert(connection)));
    }
}

impl Readers {
    pub(crate) fn new(file: PathBuf, most: usize, on_damage: OnDamage) -> Self {
        let (sender, receiver) = channel();
        Self {
            file,
            most,
            on_damage,
            jobs: Mutex::new(Some(sender)),
            waiting: Arc::new(Mutex::new(receiver)),
            closing: Arc::default(),
            threads: Mutex::default(),
        }
    }

    /// Runs `work` on one of the threads.
    pub(crate) fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    ) -> Pending<T> {
        let (promise, pending) = Pending::new();
        let on_damage = self.on_damage.clone();
        let job: Job = Box::new(move |connection| {
            let answer = connection.and_then(work);
            if let Err(error) = &answer
                && error.is_damage()
            {
                on_damage(error);
            }
            // The caller may have left.
            let _ = promise.send(answer);
        });
        match self.submit(job) {
            Ok(()) => pending,
            Err(error) => Pending::failed(error),
        }
    }

    fn submit(&self, job: Job) -> Result<(), Error> {
        let jobs = lock(&self.jobs);
        let sender = jobs.as_ref().ok_or(Error::Closed)?;
        let mut threads = lock(&self.threads);
        if threads.len() < self.most {
            let started = self.start(threads.len())?;
            threads.push(started);
        }
        sender.send(job).map_err(|_| Error::Closed)
    }

    fn start(&self, number: usize) -> Result<Thread, Error> {
        let slot = Arc::new(Slot::default());
        let mine = slot.clone();
        let (waiting, closing, file) = (self.waiting.clone(), self.closing.clone(), self.file.clone());
        let handle = thread::Builder::new()
            .name(format!("read-{number}"))
            .spawn(move || {
                loop {
                    let job = lock(&waiting).recv();
                    let Ok(job) = job else { break };
                    if !closing.load(Ordering::Relaxed) {
                        mine.run(&file, job);
                    }
                }
            })
            .map_err(Error::Thread)?;
        Ok(Thread { handle, slot })
    }

    /// Closes the connections; the next read opens the file anew.
    pub(crate) fn release(&self) {
        for thread in lock(&self.threads).iter() {
            *lock(&thread.slot.connection) = None;
        }
    }

    /// Breaks off what runs and ends the threads.
    pub(crate) fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
        drop(lock(&self.jobs).take());
        for thread in lock(&self.threads).drain(..) {
            if let Some(interrupt) = lock(&thread.slot.interrupt).as_ref() {
                interrupt.interrupt();
            }
            if thread.handle.join().is_err() {
                tracing::error!("a reading thread of the database panicked");
            }
        }
    }
}

/// A panic while the lock was held left a value that is still whole: every holder replaces it in one step.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
