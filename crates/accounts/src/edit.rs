//! Changes of the accounts by the person: checked, stored, then published.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;

use llm::{Sealed, Secret};
use providers::Account;
use secrets::Place;
use serde_json::Value;
use store::{AccountRow, StateRow};

use crate::board::{Board, Seat};
use crate::clock::milliseconds;
use crate::roster::{ACTIVE, FAILOVER, Inner};
use crate::seat::policy_of;
use crate::vault::Vault;
use crate::ward::Ward;
use crate::{AccountView, Accounts, Entry, Error, Failover, NewAccount, Patch, check};

impl Accounts {
    /// Checks and stores a new account.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn add(&self, new: NewAccount) -> Result<AccountView, Error> {
        let id = self.to_the_end(|inner| async move { inner.add(new).await }).await?;
        self.get(&id).ok_or(Error::NotFound)
    }

    /// Changes an account. Requests under way go on with what they hold. Switching it on (again), or a change of what it
    /// connects with, ends its rest.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn update(&self, id: &str, patch: Patch) -> Result<AccountView, Error> {
        let changed = id.to_owned();
        self.to_the_end(|inner| async move { inner.update(&changed, patch).await }).await?;
        self.get(id).ok_or(Error::NotFound)
    }

    /// Removes an account. Requests under way go on.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn remove(&self, id: &str) -> Result<(), Error> {
        let id = id.to_owned();
        self.to_the_end(|inner| async move { inner.remove(&id).await }).await
    }

    /// Makes an account the first to be asked, from the next request on. Switches it on and ends its rest.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn activate(&self, id: &str) -> Result<AccountView, Error> {
        let chosen = id.to_owned();
        self.to_the_end(|inner| async move { inner.activate(chosen).await }).await?;
        self.get(id).ok_or(Error::NotFound)
    }

    /// Orders the stored accounts; those not named follow in their old order.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn set_order(&self, ids: Vec<String>) -> Result<(), Error> {
        self.to_the_end(|inner| async move {
            let _edit = inner.edit.lock().await;
            inner.core.order_accounts(ids.clone()).await?;
            inner.publish(|board| {
                let mut board = board.clone();
                let places: HashMap<&str, usize> =
                    ids.iter().enumerate().rev().map(|(place, id)| (id.as_str(), place)).collect();
                let place = |seat: &Arc<Seat>| places.get(seat.id()).copied().unwrap_or(ids.len());
                board
                    .seats
                    .sort_by_key(|seat| (seat.ephemeral, if seat.ephemeral { 0 } else { place(seat) }));
                board
            });
            inner.stays.forget_all();
            Ok(())
        })
        .await
    }

    /// Changes how requests go on to other accounts, from the next one on.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn set_failover(&self, failover: Failover) -> Result<(), Error> {
        self.to_the_end(|inner| async move {
            let _edit = inner.edit.lock().await;
            let value = serde_json::to_value(&failover)
                .map_err(|error| Error::Invalid { field: "failover", message: error.to_string() })?;
            inner.core.put_settings(vec![(FAILOVER.to_owned(), Some(value))]).await?;
            inner.publish(|board| Board { failover: failover.clone(), ..board.clone() });
            inner.stays.forget_all();
            Ok(())
        })
        .await
    }

    /// Runs a change that is finished also when its caller leaves: what is stored must be published.
    pub(crate) async fn to_the_end<T, F>(&self, change: impl FnOnce(Arc<Inner>) -> F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        self.inner.tasks.spawn(change(self.inner.clone())).await.map_err(|_| Error::Interrupted)?
    }
}

impl Inner {
    pub(crate) fn publish(&self, change: impl Fn(&Board) -> Board) {
        self.board.rcu(|board| change(board).indexed());
        self.changed();
        self.nudge.notify_one();
    }

    pub(crate) fn provider(&self, id: &str) -> Result<Arc<dyn providers::Provider>, Error> {
        self.registry.get(id).cloned().ok_or_else(|| Error::UnknownProvider(id.to_owned()))
    }

    /// Compares beyond ASCII, which the store's own rule does not.
    pub(crate) fn check_free(&self, name: &str, but: Option<&str>) -> Result<(), Error> {
        let wanted = name.to_lowercase();
        let board = self.board.load();
        let taken = board
            .seats
            .iter()
            .any(|seat| Some(seat.id()) != but && seat.entry.account.name.to_lowercase() == wanted);
        if taken { Err(Error::NameTaken) } else { Ok(()) }
    }

    pub(crate) async fn add(&self, new: NewAccount) -> Result<String, Error> {
        let _edit = self.edit.lock().await;
        let provider = self.provider(&new.provider)?;
        let note = self.needs_consent(provider.as_ref());
        if let Some(note) = note.filter(|_| !new.policy_accepted) {
            return Err(Error::PolicyConsentRequired { provider: provider.id(), note });
        }
        let by = new.policy_accepted_by;
        let seat = self.new_seat(provider, new, true)?;
        self.check_free(&seat.entry.account.name, None)?;
        if note.is_some() {
            self.consent(&seat.entry.account.provider, by).await?;
        }
        self.core.add_account(self.row_of(&seat)?).await.map_err(named)?;
        self.publish(|board| board.with(seat.clone()));
        Ok(seat.id().to_owned())
    }

    /// Checks an account and gives it a seat; whether its name is free is not looked at.
    pub(crate) fn new_seat(
        &self,
        provider: Arc<dyn providers::Provider>,
        new: NewAccount,
        enabled: bool,
    ) -> Result<Seat, Error> {
        let account = Account {
            id: uuid::Uuid::new_v4().simple().to_string(),
            name: check::name(&new.name)?,
            provider: new.provider,
            region: new.region.trim().to_owned(),
            endpoint_url: check::endpoint_url(new.endpoint_url.as_deref().unwrap_or_default())?,
            options: check::options(new.options)?,
        };
        let (tags, note) = (check::tags(new.tags)?, check::note(new.note)?);
        let summary = provider.check(&account, &new.credential).map_err(Error::Refused)?;
        let now_ms = milliseconds(self.clock.now());
        let credential = Secret::new(new.credential.to_string());
        let policy = policy_of(provider.as_ref());
        let entry = Arc::new(Entry {
            account: Arc::new(account),
            provider,
            vault: Arc::new(Vault::new(credential, 1)),
            ward: Arc::default(),
        });
        Ok(Seat {
            entry,
            summary,
            policy,
            enabled,
            ephemeral: false,
            tags,
            note,
            created_ms: now_ms,
            updated_ms: now_ms,
        })
    }

    pub(crate) async fn update(&self, id: &str, mut patch: Patch) -> Result<(), Error> {
        let _edit = self.edit.lock().await;
        let old = self.board.load().seat(id).cloned().ok_or(Error::NotFound)?;
        let only_switched = Patch { enabled: None, ..patch.clone() }.is_empty();
        if old.ephemeral && !only_switched {
            return Err(Error::Ephemeral);
        }
        let mut seat = Seat::clone(&old);
        let switched_on = patch.enabled == Some(true);
        seat.enabled = patch.enabled.unwrap_or(old.enabled);
        if let Some(tags) = patch.tags.take() {
            seat.tags = check::tags(tags)?;
        }
        if let Some(note) = patch.note.take() {
            seat.note = check::note(note)?;
        }
        // What is written to an account changes nothing of how it works.
        if !(Patch { enabled: None, ..patch.clone() }).is_empty() {
            (seat.entry, seat.summary) = self.changed_entry(&old, patch)?;
        }
        if !seat.ephemeral {
            seat.updated_ms = milliseconds(self.clock.now());
            if !self.core.update_account(self.row_of(&seat)?).await.map_err(named)? {
                return Err(Error::NotFound);
            }
        }
        self.publish(|board| board.with(seat.clone()));
        if switched_on || !Arc::ptr_eq(&seat.entry.ward, &old.entry.ward) {
            self.revive(&seat.entry);
        }
        Ok(())
    }

    /// The account with a patch applied. With a new credential everything starts afresh; else the vault stays, for a
    /// refresh under way may rotate what is in it.
    fn changed_entry(
        &self,
        old: &Seat,
        patch: Patch,
    ) -> Result<(Arc<Entry>, providers::CredentialSummary), Error> {
        let mut account = Account::clone(&old.entry.account);
        if let Some(name) = patch.name {
            account.name = check::name(&name)?;
            self.check_free(&account.name, Some(&account.id))?;
        }
        if let Some(region) = patch.region {
            region.trim().clone_into(&mut account.region);
        }
        if let Some(endpoint_url) = patch.endpoint_url {
            account.endpoint_url = check::endpoint_url(&endpoint_url)?;
        }
        if let Some(options) = patch.options {
            account.options = check::options(options)?;
        }
        let elsewhere = account.region != old.entry.account.region
            || account.endpoint_url != old.entry.account.endpoint_url
            || patch.credential.is_some();
        let vault = match &patch.credential {
            Some(new) => Arc::new(Vault::new(Secret::new(new.to_string()), old.entry.vault.generation + 1)),
            None => old.entry.vault.clone(),
        };
        let credential = match patch.credential {
            Some(new) => new,
            None => serde_json::from_str(vault.credential()?.expose()).unwrap_or(Value::Null),
        };
        let summary = old.entry.provider.check(&account, &credential).map_err(Error::Refused)?;
        // A session carries its account; the next request opens one that carries the changed one.
        vault.reset();
        let ward = if elsewhere { Arc::new(Ward::default()) } else { old.entry.ward.clone() };
        let provider = old.entry.provider.clone();
        Ok((Arc::new(Entry { account: Arc::new(account), provider, vault, ward }), summary))
    }

    async fn remove(&self, id: &str) -> Result<(), Error> {
        let _edit = self.edit.lock().await;
        let seat = self.board.load().seat(id).cloned().ok_or(Error::NotFound)?;
        if seat.ephemeral {
            return Err(Error::Ephemeral);
        }
        self.core.remove_account(id, milliseconds(self.clock.now())).await?;
        self.publish(|board| {
            let mut board = board.clone();
            board.seats.retain(|seat| seat.id() != id);
            board
        });
        Ok(())
    }

    async fn activate(&self, id: String) -> Result<(), Error> {
        let _edit = self.edit.lock().await;
        let old = self.board.load().seat(&id).cloned().ok_or(Error::NotFound)?;
        let seat = Seat { enabled: true, ..Seat::clone(&old) };
        if !old.enabled && !old.ephemeral {
            self.core.update_account(self.row_of(&seat)?).await?;
        }
        self.core.put_settings(vec![(ACTIVE.to_owned(), Some(Value::String(id.clone())))]).await?;
        self.publish(|board| Board { chosen: Some(id.clone()), ..board.with(seat.clone()) });
        self.stays.forget_all();
        self.revive(&seat.entry);
        Ok(())
    }

    /// What is stored of an account. A credential that cannot be read now is not written: its generation stays.
    pub(crate) fn row_of(&self, seat: &Seat) -> Result<AccountRow, Error> {
        let account = &seat.entry.account;
        let credential = match seat.entry.vault.credential() {
            Ok(credential) => self.keyring.seal(Place::account(&account.id), &credential)?,
            Err(_) => Sealed::default(),
        };
        Ok(AccountRow {
            id: account.id.clone(),
            name: account.name.clone(),
            provider: account.provider.clone(),
            region: account.region.clone(),
            endpoint_url: account.endpoint_url.clone(),
            options: account.options.clone(),
            credential,
            credential_generation: seat.entry.vault.generation,
            credential_kind: seat.summary.kind.clone(),
            credential_label: seat.summary.label.clone(),
            position: 0,
            enabled: seat.enabled,
            state: StateRow::default(),
            tags: seat.tags.clone(),
            note: seat.note.clone(),
            created_ms: seat.created_ms,
            updated_ms: seat.updated_ms,
        })
    }

    /// The person acted on the account: what held it back is over until it shows again.
    pub(crate) fn revive(&self, entry: &Entry) {
        entry.vault.forgive();
        entry.ward.with(|state| *state = crate::ward::State::default());
        self.save_state(entry);
        self.changed();
    }
}

pub(crate) fn named(error: store::Error) -> Error {
    match error {
        store::Error::Conflict => Error::NameTaken,
        other => Error::Store(other),
    }
}
