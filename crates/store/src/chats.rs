//! `chats.db`: the conversations of the window's chat, and the answers that clients want kept.
//!
//! A file of its own: conversations may grow to hundreds of megabytes, and neither a backup of the accounts nor the
//! cleaning of the log is to carry them along. It is opened when the chat is first used, on the one thread that works
//! with it, so who never chats here pays nothing.

mod file;
mod responses;
mod table;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};

use rusqlite::Connection;

pub use responses::ResponseRow;
pub use table::{ConversationHead, ConversationPage, ConversationRow};

use crate::readers::lock;
use crate::{Error, Pending};

type Job = Box<dyn FnOnce(&mut Result<Connection, Error>) + Send>;

/// The conversations.
pub struct Chats {
    folder: PathBuf,
    state: Mutex<State>,
}

#[derive(Default)]
enum State {
    #[default]
    Unused,
    Open {
        jobs: Sender<Job>,
        thread: JoinHandle<()>,
    },
    Closed,
}

impl Chats {
    /// Touches nothing yet.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), state: Mutex::default() }
    }

    /// Conversations that hold `text` (all when it is empty), the last used first, used before `before`, at most `limit`
    /// (1 to 200).
    pub fn page(&self, text: &str, before: Option<i64>, limit: u32) -> Pending<ConversationPage> {
        let text = text.to_lowercase();
        self.work(move |connection| table::page(connection, &text, before, limit))
    }

    pub fn find(&self, id: &str) -> Pending<Option<ConversationRow>> {
        let id = id.to_owned();
        self.work(move |connection| table::find(connection, &id))
    }

    /// Stores a conversation, in the place of the one with its id. `words` is what a search finds it by. Answers with what
    /// was stored: its time is the newest of all.
    pub fn put(&self, row: ConversationRow, words: String) -> Pending<ConversationHead> {
        self.work(move |connection| table::put(connection, row, &words))
    }

    /// `false` when it was gone already.
    pub fn remove(&self, id: &str) -> Pending<bool> {
        let id = id.to_owned();
        self.work(move |connection| table::remove(connection, &id))
    }

    /// Keeps an answer, and no longer those older than `days` before it.
    pub fn keep_response(&self, row: ResponseRow, days: u32) -> Pending<()> {
        self.work(move |connection| responses::put(connection, &row, days))
    }

    /// An answer that was given to the key.
    pub fn response(&self, id: &str, key_id: &str) -> Pending<Option<ResponseRow>> {
        let (id, key_id) = (id.to_owned(), key_id.to_owned());
        self.work(move |connection| responses::find(connection, &id, &key_id))
    }

    /// The newest answer that was given to the key and has `text` in it.
    pub fn response_holding(&self, text: &str, key_id: &str) -> Pending<Option<ResponseRow>> {
        let (text, key_id) = (text.to_owned(), key_id.to_owned());
        self.work(move |connection| responses::holding(connection, &text, &key_id))
    }

    /// `false` when it was gone already, or never the key's.
    pub fn remove_response(&self, id: &str, key_id: &str) -> Pending<bool> {
        let (id, key_id) = (id.to_owned(), key_id.to_owned());
        self.work(move |connection| responses::remove(connection, &id, &key_id))
    }

    fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, Error> + Send + 'static,
    ) -> Pending<T> {
        let (promise, pending) = Pending::new();
        let job: Job = Box::new(move |connection| {
            let answer = match connection {
                Ok(connection) => work(connection),
                Err(error) => Err(std::mem::replace(error, Error::Closed)),
            };
            // The caller may have left.
            let _ = promise.send(answer);
        });
        match self.hand_over(job) {
            Ok(()) => pending,
            Err(error) => Pending::failed(error),
        }
    }

    fn hand_over(&self, job: Job) -> Result<(), Error> {
        let mut state = lock(&self.state);
        if matches!(*state, State::Unused) {
            let (jobs, waiting) = channel();
            let folder = self.folder.clone();
            let thread = thread::Builder::new()
                .name("chats".into())
                .spawn(move || run(&folder, &waiting))
                .map_err(Error::Thread)?;
            *state = State::Open { jobs, thread };
        }
        match &*state {
            State::Open { jobs, .. } => jobs.send(job).map_err(|_| Error::Closed),
            State::Unused | State::Closed => Err(Error::Closed),
        }
    }

    /// Finishes what was asked and closes the file. Blocks; later calls answer [`Error::Closed`].
    pub fn close(&self) {
        let state = std::mem::replace(&mut *lock(&self.state), State::Closed);
        if let State::Open { jobs, thread } = state {
            drop(jobs);
            if thread.join().is_err() {
                tracing::error!("the thread of chats.db panicked");
            }
        }
    }
}

fn run(folder: &Path, jobs: &Receiver<Job>) {
    let mut connection = file::open(folder);
    if let Err(error) = &connection {
        tracing::error!(%error, "chats.db cannot be used");
    }
    while let Ok(job) = jobs.recv() {
        job(&mut connection);
        // What could not be opened may be opened later: a full disk, a file that somebody held.
        if connection.is_err() {
            connection = file::open(folder);
        }
    }
    if let Ok(connection) = connection
        && let Err((_, error)) = connection.close()
    {
        tracing::warn!(%error, "cannot close chats.db");
    }
}

impl Drop for Chats {
    fn drop(&mut self) {
        self.close();
    }
}

impl std::fmt::Debug for Chats {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Chats").finish_non_exhaustive()
    }
}
