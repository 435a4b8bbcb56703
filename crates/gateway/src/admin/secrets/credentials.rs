//! Where each credential is: what a person wants to know before they trust us with one.

use std::collections::HashMap;

use ::secrets::Place;
use accounts::AccountView;
use serde::Serialize;

use crate::Gateway;
use crate::admin::Refusal;

/// Id of the provider whose accounts have no secret.
const SANDBOX: &str = "sandbox";
/// Uses before that are not told.
const LOOK_BACK_MS: i64 = 90 * 24 * 60 * 60 * 1000;

/// A credential, never its secret.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS), ts(rename = "StoredCredential"))]
pub(super) struct Credential {
    /// Of the account or the local key.
    id: String,
    name: String,
    of: Of,
    /// As the provider calls it, e.g. `access_key`.
    kind: String,
    /// E.g. the beginning of a key's id.
    label: String,
    place: Where,
    /// The last request it was used for within ninety days, milliseconds since 1970.
    last_used_ms: Option<i64>,
    /// It does not decrypt though the others do.
    unreadable: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "types", derive(ts_rs::TS), ts(rename = "CredentialOf"))]
enum Of {
    Account,
    /// Kept for a while, so that the removal can be taken back.
    RemovedAccount,
    LocalKey,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "types", derive(ts_rs::TS), ts(rename = "CredentialPlace"))]
enum Where {
    /// Encrypted in `core.db`.
    Encrypted,
    /// In a variable of this process.
    Environment,
    /// In the files of AWS's own tools, which are read and never written.
    AwsFiles,
    /// In the files of a program whose login is read and never renewed.
    OtherProgram,
}

pub(super) async fn all(gateway: &Gateway) -> Result<Vec<Credential>, Refusal> {
    let since = gateway.now_ms().saturating_sub(LOOK_BACK_MS);
    let uses: HashMap<String, i64> = gateway.logs.account_uses(since).await?.into_iter().collect();
    let accounts = gateway.accounts.list();
    let mut found: Vec<_> =
        accounts.iter().filter(|view| view.provider != SANDBOX).map(|view| of_account(view, &uses)).collect();
    let keyring = gateway.safe.keyring();
    let spent = gateway.logs.spent_by_key(since, since).await?;
    let key_uses: HashMap<String, i64> = spent.into_iter().map(|key| (key.key_id, key.last_ms)).collect();
    // Of a key that was shown once nothing is stored that could be stolen.
    for row in gateway.core.local_keys().await?.into_iter().filter(|row| !row.key.as_str().is_empty()) {
        found.push(Credential {
            unreadable: is_unreadable(keyring.open(Place::local_key(&row.id), &row.key)),
            last_used_ms: key_uses.get(&row.id).copied(),
            id: row.id,
            name: row.name,
            of: Of::LocalKey,
            kind: "local_key".to_owned(),
            label: row.hint,
            place: Where::Encrypted,
        });
    }
    for row in gateway.core.removed_accounts().await? {
        let account = row.account;
        found.push(Credential {
            unreadable: is_unreadable(keyring.open(Place::account(&account.id), &account.credential)),
            last_used_ms: uses.get(&account.id).copied(),
            place: place_of(&account.credential_kind, false),
            id: account.id,
            name: account.name,
            of: Of::RemovedAccount,
            kind: account.credential_kind,
            label: account.credential_label,
        });
    }
    Ok(found)
}

fn of_account(view: &AccountView, uses: &HashMap<String, i64>) -> Credential {
    let code = view.last_error.as_ref().and_then(|last| last.code);
    Credential {
        id: view.id.clone(),
        name: view.name.clone(),
        of: Of::Account,
        kind: view.credential.kind.clone(),
        label: view.credential.label.clone(),
        place: place_of(&view.credential.kind, view.ephemeral),
        last_used_ms: uses.get(&view.id).copied(),
        unreadable: code == Some("secret_unreadable"),
    }
}

/// Profiles, the default chain and logins of other programs name a credential and do not hold it.
fn place_of(kind: &str, ephemeral: bool) -> Where {
    match kind {
        "aws_profile" | "aws_default" => Where::AwsFiles,
        "shared_login" => Where::OtherProgram,
        _ if ephemeral => Where::Environment,
        _ => Where::Encrypted,
    }
}

fn is_unreadable<T>(opened: Result<T, ::secrets::Error>) -> bool {
    matches!(opened, Err(::secrets::Error::Unreadable))
}
