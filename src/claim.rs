//! A data folder taken for this process, with the process's own log in it: what every host does before it starts an
//! [`crate::App`].

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::path::Path;

use anyhow::{Context, Result};
use tokio::sync::watch;

use crate::Running;
use crate::lock::{self, InstanceLock};
use crate::logging::{self, Detail};
use crate::paths;

pub use crate::lock::Holder;

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
    /// Takes the folder, making it when there is none, and starts the process's log.
    ///
    /// # Errors
    /// When the folder cannot be used, or the process logs already.
    pub fn take(folder: &Path) -> Result<Claimed> {
        paths::make_private(folder)
            .with_context(|| format!("cannot use the data folder {}", folder.display()))?;
        let Some(lock) = InstanceLock::take(folder)? else {
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

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claim").finish_non_exhaustive()
    }
}
