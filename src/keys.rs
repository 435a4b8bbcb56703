//! The local key: made once, stored, shown to its owner.

use anyhow::Result;
use gateway::{LocalKey, LocalKeys, fingerprint, new_local_key};
use llm::Secret;
use secrets::{Keyring, Place};
use store::Core;

/// The stored key, made when there is none yet. One that cannot be decrypted goes on being accepted, and is not shown.
pub(crate) async fn ensure(core: &Core, keyring: &Keyring, now_ms: i64) -> Result<Option<Secret>> {
    if let Some(first) = core.local_keys().await?.into_iter().next() {
        return Ok(keyring.open(Place::local_key(&first.id), &first.key).ok());
    }
    let (row, key) = new_local_key(keyring, now_ms)?;
    core.add_local_key(row).await?;
    Ok(Some(key))
}

/// Everything clients may show: the stored keys and the environment's.
pub(crate) async fn accepted(core: &Core, extra: Option<&Secret>) -> Result<LocalKeys> {
    let mut keys: Vec<LocalKey> =
        core.local_keys().await?.into_iter().map(|row| LocalKey { name: row.name, hash: row.hash }).collect();
    if let Some(extra) = extra {
        keys.push(LocalKey { name: "environment".to_owned(), hash: fingerprint(extra.expose()) });
    }
    Ok(LocalKeys::new(keys))
}
