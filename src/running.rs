//! An instance that listens.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result};
use gateway::{Doors, Gateway, url_of};
use llm::Secret;
use secrets::Place;

use crate::{App, keys, logging};

/// A listening instance.
#[derive(Debug)]
pub struct Running {
    pub(crate) app: App,
    pub(crate) doors: Arc<Doors>,
}

impl Running {
    /// The proxy's base URL, from this machine.
    #[must_use]
    pub fn url(&self) -> String {
        self.app.gateway.base_url()
    }

    /// Where the proxy listens; port 0 while it does not.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        gateway::preferred(&self.app.gateway.addresses.load())
    }

    /// The base URL of the window and of the admin API.
    #[must_use]
    pub fn admin_url(&self) -> String {
        self.app.gateway.office.page().map_or_else(|| self.url(), url_of)
    }

    /// An address that opens the window with a session of its own; it works once. `None` when the system has no
    /// randomness.
    #[must_use]
    pub fn window(&self) -> Option<String> {
        self.app.gateway.invitation()
    }

    /// The local key editors must send now: the person may have had another one made since the start.
    ///
    /// # Errors
    /// When the database cannot be read, or stored secrets are locked.
    pub async fn local_key(&self) -> Result<Secret> {
        let gateway = &self.app.gateway;
        match keys::of_person(&gateway.core).await? {
            Some(row) => Ok(gateway.safe.keyring().open(Place::local_key(&row.id), &row.key)?),
            None => self.app.key().context("stored secrets are locked"),
        }
    }

    /// As [`App::notes`].
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        self.app.notes()
    }

    pub(crate) const fn app(&self) -> &App {
        &self.app
    }

    /// The listeners.
    #[must_use]
    pub const fn doors(&self) -> &Arc<Doors> {
        &self.doors
    }

    /// The local key editors must send; `None` while stored secrets are locked.
    #[must_use]
    pub fn key(&self) -> Option<Secret> {
        self.app.key()
    }

    /// What handlers share.
    #[must_use]
    pub const fn gateway(&self) -> &Arc<Gateway> {
        &self.app.gateway
    }

    /// The name of the account that is asked first.
    #[must_use]
    pub fn active_account(&self) -> Option<String> {
        let accounts = &self.app.gateway.accounts;
        accounts.active().and_then(|id| accounts.get(&id)).map(|view| view.name)
    }

    /// Learns in the background which models the active account has.
    pub(crate) fn keep_models_listed(&self) {
        let App { gateway, tasks, quit, .. } = &self.app;
        tasks.spawn(gateway::keep_models_listed(Arc::clone(gateway), quit.clone()));
    }

    /// Lets the debug setting switch the detail of the process's log.
    pub(crate) fn follow_debug_setting(&self, detail: logging::Detail) {
        let gateway = Arc::clone(&self.app.gateway);
        let quit = self.app.quit.clone();
        let mut changes = gateway.settings_changes.subscribe();
        self.app.tasks.spawn(async move {
            loop {
                detail.set_debug(gateway.settings.load().debug_log);
                tokio::select! {
                    () = quit.cancelled() => return,
                    changed = changes.changed() => if changed.is_err() { return },
                }
            }
        });
    }

    /// Stops accepting, gives live answers five seconds, and closes the data folder.
    pub async fn stop(self) {
        self.app.close().await;
    }
}
