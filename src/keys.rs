//! The local key: made once, stored, shown to its owner.

use anyhow::Result;
use gateway::{LOCAL, new_local_key};
use llm::Secret;
use secrets::{Keyring, Place};
use store::{Core, LocalKeyRow};

/// The stored key of the person, made when there is none yet. One that cannot be decrypted goes on being accepted, and is
/// not shown.
pub(crate) async fn ensure(core: &Core, keyring: &Keyring, now_ms: i64) -> Result<Option<Secret>> {
    if let Some(row) = of_person(core).await? {
        return Ok(keyring.open(Place::local_key(&row.id), &row.key).ok());
    }
    let (row, key) = new_local_key(keyring, now_ms)?;
    core.add_local_key(row).await?;
    Ok(Some(key))
}

/// The person's own key among those that are stored.
pub(crate) async fn of_person(core: &Core) -> Result<Option<LocalKeyRow>> {
    Ok(core.local_keys().await?.into_iter().find(|row| row.id == LOCAL))
}
