//! Accounts that live only in memory: made at every start, from the environment or for the Sandbox.

use std::sync::Arc;

use llm::Secret;
use providers::Account;
use secrets::Place;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::board::Seat;
use crate::seat::policy_of;
use crate::vault::Vault;
use crate::{Accounts, ConsentBy, Entry, Error, check};

/// The member of a credential that a vendor takes back with every refresh.
const ROTATING: &str = "refresh_token";

impl Accounts {
    /// Adds an account that lives only in memory. One with the same id is replaced.
    ///
    /// # Errors
    /// As [`Accounts::add`].
    pub fn add_ephemeral(&self, account: Account, credential: &Value) -> Result<(), Error> {
        let vault = Vault::new(Secret::new(credential.to_string()), 1);
        self.seat_ephemeral(account, credential, vault)
    }

    /// Adds an account that the environment brings. A refresh token that its vendor rotated since is used in place of
    /// the environment's, which is void; another token in the environment wins over it. Answers the provider's policy
    /// note when the person must be shown it now: having put the credential there is their consent.
    ///
    /// # Errors
    /// As [`Accounts::add`]; a locked store has no say in what the token became, so nothing is added then.
    pub async fn add_from_environment(
        &self,
        mut account: Account,
        credential: &Value,
    ) -> Result<Option<&'static str>, Error> {
        let inner = &self.inner;
        account.endpoint_url = check::endpoint_url(account.endpoint_url.as_deref().unwrap_or_default())?;
        let origin = origin_of(credential);
        let kept = match &origin {
            Some(origin) => inner.core.rotation(&account.id, origin).await?,
            None => None,
        };
        let kept = match kept.map(|kept| inner.keyring.open(Place::rotation(&account.id), &kept)).transpose()
        {
            Err(secrets::Error::Unreadable) => {
                tracing::warn!(account = %account.name, "what its credential became cannot be decrypted");
                None
            }
            other => other?,
        };
        let credential = kept.map_or_else(|| credential.clone(), |kept| renewed(credential, &kept));
        let provider = inner.provider(&account.provider)?;
        let mut vault = Vault::new(Secret::new(credential.to_string()), 1);
        vault.origin = origin;
        self.seat_ephemeral(account, &credential, vault)?;
        let note = inner.needs_consent(provider.as_ref());
        if note.is_some() {
            let _edit = inner.edit.lock().await;
            if let Err(error) = inner.consent(provider.id(), ConsentBy::Environment).await {
                tracing::warn!(%error, "the consent could not be stored; the note is shown again at the next start");
            }
        }
        Ok(note)
    }

    fn seat_ephemeral(&self, account: Account, credential: &Value, vault: Vault) -> Result<(), Error> {
        let provider = self.inner.provider(&account.provider)?;
        let summary = provider.check(&account, credential).map_err(Error::Refused)?;
        let seat = Seat {
            policy: policy_of(provider.as_ref()),
            entry: Arc::new(Entry {
                account: Arc::new(account),
                provider,
                vault: Arc::new(vault),
                ward: Arc::default(),
            }),
            summary,
            enabled: true,
            ephemeral: true,
            tags: Vec::new(),
            note: String::new(),
            created_ms: 0,
            updated_ms: 0,
        };
        self.inner.publish(|board| board.with(seat.clone()));
        Ok(())
    }
}

/// What tells the environment's refresh token from others without being it; `None` when there is none.
fn origin_of(credential: &Value) -> Option<String> {
    let token = credential.get(ROTATING)?.as_str()?;
    Some(hex::encode(Sha256::digest(token)))
}

/// What became of the environment's credential, with everything else as the environment has it now.
fn renewed(credential: &Value, kept: &Secret) -> Value {
    let Ok(Value::Object(mut members)) = serde_json::from_str(kept.expose()) else {
        return credential.clone();
    };
    for (name, value) in credential.as_object().into_iter().flatten().filter(|(name, _)| *name != ROTATING) {
        members.insert(name.clone(), value.clone());
    }
    Value::Object(members)
}
