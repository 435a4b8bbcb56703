//! Clients connected and put back.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::change::{at, digest};
use crate::client::{Client, Words};
use crate::journal::{Entry, Journal};
use crate::plan::Plan;
use crate::{Error, Home, Machine, book, file, homes};

/// The files of one person's clients, and the journal of what was written into them.
#[derive(Debug)]
pub struct Connections {
    machine: Machine,
    /// Where the system's files begin.
    root: PathBuf,
    folder: PathBuf,
    /// Held from the look at a file to the last of what is written.
    writing: Mutex<()>,
}

/// How a client's file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The client is not on this machine.
    NotFound,
    NotConnected,
    /// What we wrote stands there.
    Connected,
    /// It does not any more: somebody else changed it.
    Changed,
    /// It stands there, but leads to where the proxy was before.
    Moved,
}

/// What was found of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    pub standing: Standing,
    /// Its file, for people; `~` is home.
    pub file: String,
    /// When it was connected, milliseconds since 1970.
    pub connected_ms: Option<i64>,
    /// SHA-256, in hex, of the local key that it was given then.
    pub key: Option<String>,
}

/// What became of one client's file.
#[derive(Debug)]
pub struct Restored {
    pub client: String,
    /// [`Home::id`] of whose file it was.
    pub home: String,
    pub path: PathBuf,
    /// Somebody else changed the file since, so only what is ours was taken out.
    pub changed_since: bool,
    pub result: Result<(), Error>,
}

impl Connections {
    /// `folder` holds the journal.
    #[must_use]
    pub fn new(machine: Machine, folder: &Path) -> Self {
        Self { machine, root: PathBuf::from("/"), folder: folder.to_owned(), writing: Mutex::new(()) }
    }

    /// The same on a system whose files begin in another folder.
    #[must_use]
    pub fn at_root(self, root: PathBuf) -> Self {
        Self { root, ..self }
    }

    /// Homes beside the person's own. Looks at files, and on Windows asks for the Linux that runs.
    #[must_use]
    pub fn homes(&self) -> Vec<Home> {
        homes::others(self.machine.system, &self.root)
    }

    /// The home with this id, or the person's own.
    ///
    /// # Errors
    /// [`Error::NoHome`].
    pub fn home(&self, id: Option<&str>) -> Result<Home, Error> {
        match id.filter(|id| !id.is_empty()) {
            None => Ok(Home::own(&self.machine)),
            Some(id) => self.homes().into_iter().find(|home| home.id == id).ok_or(Error::NoHome),
        }
    }

    /// How the client is, for a proxy at `root`.
    ///
    /// # Errors
    /// When the journal cannot be read. A file that cannot be read counts as changed.
    pub fn look(&self, client: &Client, home: &Home, root: &str) -> Result<Look, Error> {
        let journal = Journal::load(&self.folder)?;
        let entry = journal.of(client.id, &home.id);
        let standing = entry.and_then(|entry| stands(client, entry, root));
        let missing =
            || if client.is_found(&home.machine) { Standing::NotConnected } else { Standing::NotFound };
        let path = entry.map_or_else(|| client.file(&home.machine), |entry| entry.path.clone());
        let standing = standing.unwrap_or_else(missing);
        let is_connected = !matches!(standing, Standing::NotFound | Standing::NotConnected);
        let entry = entry.filter(|_| is_connected);
        let (connected_ms, key) = (entry.map(|entry| entry.time_ms), entry.map(|entry| entry.key.clone()));
        Ok(Look { standing, file: self.machine.shown(&path), connected_ms, key })
    }

    /// A path as people write it; `~` is home.
    #[must_use]
    pub fn shown(&self, path: &Path) -> String {
        self.machine.shown(path)
    }

    /// What connecting the client would change.
    ///
    /// # Errors
    /// When its file cannot be read or has something else where ours belongs.
    pub fn connect(
        &self,
        client: &'static Client,
        home: &Home,
        words: &Words,
        now_ms: i64,
    ) -> Result<Plan, Error> {
        let journal = Journal::load(&self.folder)?;
        let entry = journal.of(client.id, &home.id).filter(|entry| stands(client, entry, "").is_some());
        Plan::connect(client, home, entry, words, now_ms)
    }

    /// What putting the client's file back would change. The home it is in need not be seen any more.
    ///
    /// # Errors
    /// [`Error::NotConnected`], or when the file cannot be read.
    pub fn undo(&self, client: &'static Client, home: &str) -> Result<Plan, Error> {
        let journal = Journal::load(&self.folder)?;
        Plan::undo(client, journal.of(client.id, home).ok_or(Error::NotConnected)?)
    }

    /// Writes what was planned, unless the file is another than the one with this fingerprint.
    ///
    /// # Errors
    /// [`Error::Changed`], or when it cannot be written; then the file is as it was.
    pub fn carry_out(&self, plan: Plan, expected: &str) -> Result<(), Error> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let path = plan.path().to_owned();
        let now = file::read(&path)?;
        if plan.fingerprint() != expected || now != plan.current {
            return Err(Error::Changed { path });
        }
        let Plan { client, home, after, mut entry, made, .. } = plan;
        let journal = Journal::load(&self.folder)?;
        let Some(text) = after else {
            file::remove(&path, &made)?;
            return journal.with(client, &home, entry).store(&self.folder);
        };
        match &mut entry {
            Some(entry) => {
                // First, so that whatever happens next the way back is known.
                let known = Journal { entries: journal.entries.clone() };
                known.with(client, &home, Some(entry.clone())).store(&self.folder)?;
                if now.as_deref() != Some(&text) {
                    let made = match file::write(&path, &text) {
                        Ok(made) => made,
                        Err(error) => {
                            journal.store(&self.folder)?;
                            return Err(error);
                        }
                    };
                    if made.is_empty() {
                        return Ok(());
                    }
                    entry.made = made;
                }
                journal.with(client, &home, Some(entry.clone())).store(&self.folder)
            }
            None => {
                if now.as_deref() != Some(&text) {
                    file::write(&path, &text)?;
                }
                journal.with(client, &home, None).store(&self.folder)
            }
        }
    }

    /// Puts every file back. One that cannot be does not keep the others.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn restore(&self) -> Result<Vec<Restored>, Error> {
        let journal = Journal::load(&self.folder)?;
        let one = |entry: &Entry| {
            let planned = match book::find(&entry.client) {
                Some(client) => Plan::undo(client, entry),
                None => Err(Error::NotConnected),
            };
            let changed_since = planned.as_ref().is_ok_and(Plan::changed_since);
            let result = planned.and_then(|plan| {
                let fingerprint = plan.fingerprint();
                self.carry_out(plan, &fingerprint)
            });
            let (client, home) = (entry.client.clone(), entry.home.clone());
            Restored { client, home, path: entry.path.clone(), changed_since, result }
        };
        Ok(journal.entries.iter().map(one).collect())
    }
}

/// How what we wrote stands; `None` when it was put back by somebody, or never got there.
fn stands(client: &Client, entry: &Entry, root: &str) -> Option<Standing> {
    let Ok(current) = file::read(&entry.path) else { return Some(Standing::Changed) };
    let fingerprint = file::fingerprint(current.as_deref());
    if fingerprint != entry.after {
        if current == entry.before {
            return None;
        }
        let values = client.format.read(current.as_deref().unwrap_or_default()).ok();
        let whole = values.is_some_and(|values| {
            entry
                .puts
                .iter()
                .all(|put| at(&values, &put.path).is_some_and(|value| digest(value) == put.digest))
        });
        if !whole {
            return Some(Standing::Changed);
        }
    }
    Some(if entry.root == root { Standing::Connected } else { Standing::Moved })
}
