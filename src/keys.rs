//! The local key: made once, stored, shown to its owner.

use std::path::Path;

use anyhow::{Result, anyhow};
use gateway::{LocalKey, LocalKeys, fingerprint, new_local_key};
use llm::Secret;
use store::Core;

/// The stored key, made when there is none yet.
pub(crate) async fn ensure(core: &Core, now_ms: i64) -> Result<Secret> {
    if let Some(first) = core.local_keys().await?.into_iter().next() {
        return Ok(first.key);
    }
    let row = new_local_key(now_ms).map_err(|_| anyhow!("the system has no randomness"))?;
    let key = row.key.clone();
    core.add_local_key(row).await?;
    Ok(key)
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

/// The stored key of a data folder that another process runs on.
pub(crate) async fn stored(data_dir: &Path) -> Result<Option<Secret>> {
    let core = Core::open(data_dir)?;
    let keys = core.local_keys().await?;
    Ok(keys.into_iter().next().map(|row| row.key))
}
