//! What is made ready each time stored secrets can be read: at the start, after the person unlocked them, after a backup
//! took the place of the data.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use anyhow::Result;
use arc_swap::ArcSwapOption;
use emulator::AccessKey;
use gateway::{Gateway, LocalKeys};
use llm::Secret;
use providers::Account;
use serde_json::{Value, json};

use crate::keys;

/// What depends on stored secrets, and what the environment adds to it.
#[derive(Debug, Default)]
pub(crate) struct Household {
    /// `SWITCHBOARD_LOCAL_KEY`.
    extra_key: Option<Secret>,
    /// Accounts of the environment.
    accounts: Vec<(Account, Value)>,
    /// The local key to show.
    key: ArcSwapOption<Secret>,
    notes: Mutex<Vec<String>>,
}

impl Household {
    pub(crate) fn new(extra_key: Option<Secret>, accounts: Vec<(Account, Value)>) -> Self {
        Self { key: extra_key.clone().map(Arc::new).into(), extra_key, accounts, notes: Mutex::default() }
    }

    /// The key that editors must send; `None` while it cannot be read.
    pub(crate) fn key(&self) -> Option<Secret> {
        self.key.load().as_deref().cloned()
    }

    /// What the person must be shown once.
    pub(crate) fn notes(&self) -> Vec<String> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Has `gateway` settle whenever its safe opens.
    pub(crate) fn attend(self: &Arc<Self>, gateway: &Arc<Gateway>) {
        let (household, gateway_of) = (Arc::clone(self), Arc::downgrade(gateway));
        gateway.safe.on_open(Box::new(move || {
            let (household, gateway) = (Arc::clone(&household), Weak::clone(&gateway_of));
            Box::pin(async move {
                let Some(gateway) = gateway.upgrade() else { return Err("the program ends".to_owned()) };
                household.settle(&gateway).await.map_err(|error| format!("{error:#}"))
            })
        }));
    }

    async fn settle(&self, gateway: &Gateway) -> Result<()> {
        let stored = keys::ensure(&gateway.core, gateway.safe.keyring(), gateway.now_ms()).await?;
        self.key.store(self.extra_key.clone().or(stored).map(Arc::new));
        let (Gateway { core, logs, clock, .. }, known) = (gateway, gateway.keys.load_full());
        let keys = LocalKeys::load(core, logs, self.extra_key.as_ref(), &**clock, &known).await?;
        gateway.keys.store(Arc::new(keys));
        let accounts = &gateway.accounts;
        accounts.reload().await?;
        let mut notes = Vec::new();
        for (account, credential) in &self.accounts {
            match accounts.add_from_environment(account.clone(), credential).await {
                Ok(None) => {}
                Ok(Some(note)) => notes.push(format!("{} was taken into use. {note}", account.name)),
                Err(error) => {
                    tracing::warn!(account = %account.name, %error, "an account of the environment cannot be used");
                }
            }
        }
        if !notes.is_empty() {
            *self.notes.lock().unwrap_or_else(PoisonError::into_inner) = notes;
        }
        let (account, credential) = sandbox();
        accounts.add_ephemeral(account, &credential)?;
        Ok(())
    }
}

/// The account that needs no AWS: the emulator, reached through the same provider code as AWS.
fn sandbox() -> (Account, Value) {
    let key = AccessKey::sandbox();
    let account = Account {
        id: "sandbox".to_owned(),
        name: "Sandbox".to_owned(),
        provider: "sandbox".to_owned(),
        region: "us-east-1".to_owned(),
        endpoint_url: None,
        options: json!({}),
    };
    (account, json!({"kind": "access_key", "access_key_id": key.id, "secret_access_key": key.secret}))
}
