//! A stored account takes its seat.

use std::sync::Arc;
use std::time::Duration;

use providers::{Account, CredentialSummary, Policy, Registry};
use secrets::{Keyring, Place};
use store::AccountRow;

use crate::board::Seat;
use crate::clock::milliseconds;
use crate::cooling::{Health, Reason};
use crate::refresh::sealed;
use crate::vault::Vault;
use crate::ward::Ward;
use crate::{Clock, Entry, LastError, Outcome};

/// The seat of a stored account; its name when nobody knows its provider.
pub(crate) fn seat_of(
    row: AccountRow,
    registry: &Registry,
    clock: &dyn Clock,
    keyring: &Keyring,
) -> Result<Seat, String> {
    let Some(provider) = registry.get(&row.provider) else { return Err(row.name) };
    let credential = keyring.open(Place::account(&row.id), &row.credential);
    let mut health = Reason::from_stored(&row.state.state).map_or_else(Health::default, |reason| {
        let left = row.state.until_ms.unwrap_or(0).saturating_sub(milliseconds(clock.now()));
        // A sign-in may have happened while we were not running.
        let left = if reason == Reason::NeedsSignIn { 0 } else { u64::try_from(left).unwrap_or(0) };
        Health::restored(reason, clock.instant() + Duration::from_millis(left.min(31 * 24 * 3_600_000)))
    });
    let mut last_error = row.state.error_category.map(|category| LastError {
        category,
        code: None,
        message: row.state.error_message.unwrap_or_default(),
        time_ms: row.state.error_ms.unwrap_or_default(),
    });
    if credential == Err(secrets::Error::Unreadable) {
        // This account alone is set aside; its row stays as it is.
        tracing::error!(account = %row.name, "the credential of this account cannot be decrypted");
        let error = sealed(secrets::Error::Unreadable);
        health.note(clock.instant(), Outcome::Failure(&error));
        last_error = Some(LastError {
            category: error.category.name().to_owned(),
            code: error.code,
            message: error.message,
            time_ms: milliseconds(clock.now()),
        });
    }
    let account = Account {
        id: row.id,
        name: row.name,
        provider: row.provider,
        region: row.region,
        endpoint_url: row.endpoint_url,
        options: row.options,
    };
    Ok(Seat {
        policy: policy_of(provider.as_ref()),
        entry: Arc::new(Entry {
            account: Arc::new(account),
            provider: provider.clone(),
            vault: Arc::new(Vault::holding(credential, row.credential_generation)),
            ward: Arc::new(Ward::new(health, last_error)),
        }),
        summary: CredentialSummary { kind: row.credential_kind, label: row.credential_label },
        enabled: row.enabled,
        ephemeral: false,
        tags: row.tags,
        note: row.note,
        created_ms: row.created_ms,
        updated_ms: row.updated_ms,
    })
}

pub(crate) fn policy_of(provider: &dyn providers::Provider) -> Policy {
    provider.describe().policy
}
