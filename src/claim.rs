//! A data folder taken for this process, with the process's own log in it: what every host does before it starts an
//! [`crate::App`].

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::sync::watch;

use crate::Running;
use crate::lock::{self, InstanceLock};
use crate::logging::{self, Detail};
use crate::paths;

pub use crate::lock::Holder;

/// How long an instance may take to end: the grace of its live answers, and some more.
const ENDING: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(100);

/// Held for as long as the instance lives.
pub struct Claim {
    lock: InstanceLock,
    detail: Detail,
    moves: Option<watch::Receiver<u64>>,
}

/// Who has the folder.
#[derive(Debug)]
pub enum Claimed {
    Ours(Claim),
    /// Another instance; `None` when it does not listen yet.
    Theirs(Option<Holder>),
}

impl Claimed {
    /// The exit code of a second instance: `EX_CANTCREAT` of sysexits.h.
    pub const EXIT: u8 = 73;
}

impl Claim {
    /// Takes the folder, making it when there is none, and starts the process's log. Waits up to ten seconds, blocking,
    /// for an instance that is about to end.
    ///
    /// # Errors
    /// When the folder cannot be used, or the process logs already.
    pub fn take(folder: &Path) -> Result<Claimed> {
        paths::make_private(folder)
            .with_context(|| format!("cannot use the data folder {}", folder.display()))?;
        let Some(lock) = taken(folder)? else {
            return Ok(Claimed::Theirs(lock::holder(folder)));
        };
        let logs = folder.join("logs");
        paths::make_private(&logs)?;
        let directives = std::env::var("SWITCHBOARD_LOG").ok().filter(|text| !text.is_empty());
        let detail = logging::start(&logs, directives.as_deref())?;
        Ok(Claimed::Ours(Self { lock, detail, moves: None }))
    }

    /// Says where the instance listens, and lets its settings decide what is logged.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn hand_over(&mut self, running: &Running) -> io::Result<()> {
        running.follow_debug_setting(self.detail.clone());
        self.moves = Some(running.gateway().office.subscribe());
        self.lock.announce(&running.admin_url(), running.app().pass())
    }

    /// Says that the instance is about to end, so that the next one waits for the folder.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn leave(&mut self) -> io::Result<()> {
        self.lock.withdraw()
    }

    /// Says it anew whenever the instance moves, until dropped; nothing is lost then.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub async fn follow(&mut self, running: &Running) -> io::Result<Infallible> {
        loop {
            let moved = match &mut self.moves {
                Some(moves) => moves.changed().await.is_ok(),
                None => false,
            };
            if !moved {
                return std::future::pending().await;
            }
            self.lock.announce(&running.admin_url(), running.app().pass())?;
        }
    }
}

/// Waits for an instance that is about to end: one that has the folder without saying where it listens.
fn taken(folder: &Path) -> io::Result<Option<InstanceLock>> {
    // Nothing is ever sent: this is a pause between two looks.
    let (_keep, pause) = mpsc::channel::<()>();
    let mut left = ENDING;
    loop {
        let lock = InstanceLock::take(folder)?;
        if lock.is_some() || lock::holder(folder).is_some() || left.is_zero() {
            return Ok(lock);
        }
        let _ = pause.recv_timeout(LOOK);
        left = left.saturating_sub(LOOK);
    }
}

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claim").finish_non_exhaustive()
    }
}
