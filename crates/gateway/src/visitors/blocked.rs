//! The addresses that are not let in.

use std::net::IpAddr;
use std::sync::Arc;

use arc_swap::ArcSwap;
use serde::{Deserialize, Serialize};
use store::Core;

use crate::Network;

/// Name of the row in `core.db`.
pub(crate) const ROW: &str = "visitors.blocked";

/// Entries of the list. Each request from another machine is held against all of them.
const MOST: usize = 500;

/// A range of addresses that is not let in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Block {
    /// An address, or a range like `192.0.2.0/24`.
    #[cfg_attr(feature = "types", ts(type = "string"))]
    pub address: Network,
    /// Why, in the person's words.
    pub note: String,
    /// Milliseconds since 1970.
    pub since_ms: i64,
    /// Milliseconds since 1970; for good without.
    pub until_ms: Option<i64>,
}

/// Why a range was not blocked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Full {
    #[error("{MOST} addresses are blocked already. Unblock one first, or block a range")]
    Many,
    #[error(transparent)]
    Store(#[from] store::Error),
}

#[derive(Debug, Default)]
pub(super) struct Blocked {
    list: ArcSwap<Vec<Block>>,
}

impl Blocked {
    pub(super) async fn load(core: &Core) -> Result<Self, store::Error> {
        let row = core.settings().await?.remove(ROW).unwrap_or_default();
        let entries = row.as_array().cloned().unwrap_or_default();
        let mut list = Vec::with_capacity(entries.len());
        for entry in entries {
            match serde_json::from_value(entry) {
                Ok(block) => list.push(block),
                // The others still count.
                Err(error) => tracing::error!(%error, "a blocked address cannot be read; block it anew"),
            }
        }
        Ok(Self { list: ArcSwap::from_pointee(list) })
    }

    pub(super) async fn reload(&self, core: &Core) -> Result<(), store::Error> {
        self.list.store(Self::load(core).await?.list.load_full());
        Ok(())
    }

    pub(super) fn holds(&self, address: IpAddr, now_ms: i64) -> bool {
        self.list.load().iter().any(|block| block.counts(now_ms) && block.address.contains(address))
    }

    pub(super) fn list(&self, now_ms: i64) -> Vec<Block> {
        self.list.load().iter().filter(|block| block.counts(now_ms)).cloned().collect()
    }

    pub(super) async fn put(&self, core: &Core, block: Block) -> Result<(), Full> {
        let mut list = self.list(block.since_ms);
        list.retain(|old| old.address != block.address);
        if list.len() >= MOST {
            return Err(Full::Many);
        }
        list.push(block);
        Ok(self.store(core, list).await?)
    }

    pub(super) async fn remove(&self, core: &Core, address: Network) -> Result<(), store::Error> {
        let mut list = Vec::clone(&self.list.load());
        list.retain(|block| block.address != address);
        self.store(core, list).await
    }

    async fn store(&self, core: &Core, list: Vec<Block>) -> Result<(), store::Error> {
        // Plain fields always serialise.
        let row = serde_json::to_value(&list).unwrap_or_default();
        core.put_settings(vec![(ROW.to_owned(), Some(row))]).await?;
        self.list.store(Arc::new(list));
        Ok(())
    }
}

impl Block {
    fn counts(&self, now_ms: i64) -> bool {
        self.until_ms.is_none_or(|until| until > now_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(address: &str, until_ms: Option<i64>) -> Block {
        Block { address: address.parse().unwrap(), note: String::new(), since_ms: 1, until_ms }
    }

    #[tokio::test]
    async fn what_is_blocked_stays_blocked_until_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let core = Core::open(folder.path()).unwrap();
        let blocked = Blocked::load(&core).await.unwrap();
        blocked.put(&core, block("192.0.2.0/24", None)).await.unwrap();
        blocked.put(&core, block("2001:db8::7", Some(100))).await.unwrap();
        blocked.put(&core, block("192.0.2.99/24", None)).await.unwrap();
        let again = Blocked::load(&core).await.unwrap();
        for known in [&blocked, &again] {
            assert_eq!(known.list(5).len(), 2, "one entry for one range");
            assert!(known.holds("192.0.2.9".parse().unwrap(), 5));
            assert!(known.holds("2001:db8::7".parse().unwrap(), 99));
            assert!(!known.holds("2001:db8::7".parse().unwrap(), 100));
            assert!(!known.holds("198.51.100.1".parse().unwrap(), 5));
        }
        again.remove(&core, "192.0.2.0/24".parse().unwrap()).await.unwrap();
        assert!(!again.holds("192.0.2.9".parse().unwrap(), 5));
        assert_eq!(Blocked::load(&core).await.unwrap().list(5).len(), 1);
    }

    #[tokio::test]
    async fn the_list_has_an_end_and_a_damaged_entry_costs_itself_alone() {
        let folder = tempfile::tempdir().unwrap();
        let core = Core::open(folder.path()).unwrap();
        let entry = |at: usize| {
            serde_json::to_value(block(&format!("10.0.{}.{}", at / 250, at % 250), None)).unwrap()
        };
        let mut entries: Vec<_> = (0..MOST).map(entry).collect();
        entries.push(serde_json::json!({"address": "nowhere"}));
        core.put_settings(vec![(ROW.to_owned(), Some(entries.into()))]).await.unwrap();
        let blocked = Blocked::load(&core).await.unwrap();
        assert_eq!(blocked.list(1).len(), MOST);
        assert!(matches!(blocked.put(&core, block("192.0.2.1", None)).await, Err(Full::Many)));
        blocked.put(&core, block("10.0.0.7", Some(9))).await.unwrap();
    }
}
