//! The accounts there are.

use std::fmt;
use std::sync::Arc;

use providers::{Account, Registry, Session};
use serde_json::Value;
use tokio::sync::watch;
use tokio_util::task::TaskTracker;

use crate::{AccountView, Clock, Entry, Error, Failover, Outcome, Plan};

/// All accounts. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Accounts {
    changes: Arc<watch::Sender<u64>>,
}

/// An account to be added. `Debug` leaves the credential out.
#[derive(Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewAccount {
    pub name: String,
    pub provider: String,
    #[serde(default)]
    pub region: String,
    #[serde(default)]
    pub endpoint_url: Option<String>,
    /// An object with a `kind`, as the provider's description says.
    pub credential: Value,
    #[serde(default)]
    pub options: Value,
    #[serde(default)]
    pub policy_accepted: bool,
}

/// Changes of an account; `None` leaves a field as it is. `Debug` leaves the credential out.
#[derive(Clone, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Patch {
    pub name: Option<String>,
    pub region: Option<String>,
    /// An empty text removes it.
    pub endpoint_url: Option<String>,
    pub credential: Option<Value>,
    /// Replaces all options.
    pub options: Option<Value>,
    pub enabled: Option<bool>,
}

impl fmt::Debug for NewAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewAccount").field("name", &self.name).field("provider", &self.provider).finish_non_exhaustive()
    }
}

impl fmt::Debug for Patch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Patch").field("name", &self.name).field("enabled", &self.enabled).finish_non_exhaustive()
    }
}

impl Accounts {
    /// Reads the stored accounts and starts the background refresh on `tasks`. Call [`Accounts::stop`] before
    /// waiting for `tasks`.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn load(
        core: Arc<store::Core>,
        registry: Arc<Registry>,
        clock: Arc<dyn Clock>,
        tasks: TaskTracker,
    ) -> Result<Self, Error> {
        let _ = (core, registry, clock, tasks);
        Ok(Self { changes: Arc::new(watch::Sender::new(0)) })
    }

    /// Adds an account that lives only in memory: the environment's, the Sandbox.
    ///
    /// # Errors
    /// As [`Accounts::add`].
    pub fn add_ephemeral(&self, account: Account, credential: &Value) -> Result<(), Error> {
        let _ = credential;
        Err(Error::UnknownProvider(account.provider))
    }

    /// All accounts in order.
    #[must_use]
    pub fn list(&self) -> Vec<AccountView> {
        Vec::new()
    }

    #[must_use]
    pub fn get(&self, id: &str) -> Option<AccountView> {
        self.list().into_iter().find(|view| view.id == id)
    }

    /// The account for work that is not a planned request: a test, a list of models.
    #[must_use]
    pub fn entry(&self, id: &str) -> Option<Arc<Entry>> {
        let _ = id;
        None
    }

    /// The accounts that can be used, in order: for lists of models.
    #[must_use]
    pub fn entries(&self) -> Vec<Arc<Entry>> {
        Vec::new()
    }

    /// The id of the account that is asked first.
    #[must_use]
    pub fn active(&self) -> Option<String> {
        None
    }

    /// Checks and stores a new account.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn add(&self, new: NewAccount) -> Result<AccountView, Error> {
        Err(Error::UnknownProvider(new.provider))
    }

    /// Changes an account. Requests under way go on with what they hold.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn update(&self, id: &str, patch: Patch) -> Result<AccountView, Error> {
        let _ = (id, patch);
        Err(Error::NotFound)
    }

    /// Removes an account. Requests under way go on.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn remove(&self, id: &str) -> Result<(), Error> {
        let _ = id;
        Err(Error::NotFound)
    }

    /// Makes an account the first to be asked, from the next request on.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn activate(&self, id: &str) -> Result<AccountView, Error> {
        let _ = id;
        Err(Error::NotFound)
    }

    /// Orders the stored accounts; those not named follow in their old order.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn set_order(&self, ids: Vec<String>) -> Result<(), Error> {
        drop(ids);
        Ok(())
    }

    #[must_use]
    pub fn failover(&self) -> Failover {
        Failover::default()
    }

    /// # Errors
    /// See [`Error`].
    pub async fn set_failover(&self, failover: Failover) -> Result<(), Error> {
        drop(failover);
        Ok(())
    }

    /// Whom to ask now.
    #[must_use]
    pub fn plan(&self) -> Plan {
        Plan::default()
    }

    /// A fresh session. At once when there is one; else waits for the one refresh that is under way.
    ///
    /// # Errors
    /// What the provider said; see [`providers::Provider::open`].
    pub async fn session(&self, entry: &Arc<Entry>) -> Result<Arc<Session>, llm::Error> {
        let _ = entry;
        Err(llm::Error::new(llm::Category::NoCredentials, "no session"))
    }

    /// The upstream refused `used` as expired: refreshes it, unless somebody did since.
    ///
    /// # Errors
    /// As [`Accounts::session`].
    pub async fn rejected(&self, entry: &Arc<Entry>, used: &Arc<Session>) -> Result<Arc<Session>, llm::Error> {
        let _ = used;
        self.session(entry).await
    }

    /// Tells what came of asking an account. Note [`llm::Category::Expired`] only when the request failed again
    /// after [`Accounts::rejected`]. After [`llm::Category::Signature`] ask for the session again: it carries the
    /// clock offset that the upstream told.
    pub fn note(&self, entry: &Arc<Entry>, outcome: Outcome<'_>) {
        let _ = (entry, outcome);
    }

    /// Changes whenever [`Accounts::list`] would answer something else.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Ends the background refresh. A refresh under way is finished.
    pub fn stop(&self) {}
}
