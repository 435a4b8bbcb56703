//! Who comes from other machines: which address a request is from, who is not let in, and how often one may come. This
//! machine's own programs are neither counted nor blocked.

mod blocked;
mod forwarded;
mod pace;

use std::net::IpAddr;
use std::time::Instant;

use llm::{Category, Error};
use store::Core;

pub use blocked::Block;
pub(crate) use blocked::{Full, ROW};
pub(crate) use forwarded::client;

use self::blocked::Blocked;
use self::pace::Paces;
use crate::{Network, Settings};

/// What is known of visitors.
#[derive(Debug, Default)]
pub struct Visitors {
    blocked: Blocked,
    paces: Paces,
}

impl Visitors {
    /// With the addresses that the person blocked.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn load(core: &Core) -> Result<Self, store::Error> {
        Ok(Self { blocked: Blocked::load(core).await?, paces: Paces::default() })
    }

    /// Reads the blocked addresses anew: something took the place of the data.
    pub(crate) async fn reload(&self, core: &Core) -> Result<(), store::Error> {
        self.blocked.reload(core).await
    }

    /// Lets one request in, and counts it.
    ///
    /// # Errors
    /// [`Category::Forbidden`] for a blocked address, [`Category::RateLimited`] for one that comes too often.
    pub(crate) fn admit(
        &self,
        client: IpAddr,
        settings: &Settings,
        now_ms: i64,
        now: Instant,
    ) -> Result<(), Error> {
        if client.is_loopback() {
            return Ok(());
        }
        if self.blocked.holds(client, now_ms) {
            let message = "This address is blocked. Ask whoever runs Switchboard to let it in again.";
            return Err(Error::new(Category::Forbidden, message));
        }
        self.paces.take(client, settings.ip_limit, now).map_err(|wait| {
            let most = settings.ip_limit;
            let message = format!(
                "An address may send {} requests in {} seconds here. Wait a little.",
                most.requests, most.window_s
            );
            Error::new(Category::RateLimited, message).with_retry_after(wait)
        })
    }

    /// What is blocked at `now_ms`, the oldest first.
    pub(crate) fn blocked(&self, now_ms: i64) -> Vec<Block> {
        self.blocked.list(now_ms)
    }

    /// Blocks a range of addresses, or changes how it is blocked. Who changes this list does so one after the other.
    ///
    /// # Errors
    /// When there are too many already, or nothing can be stored.
    pub(crate) async fn block(&self, core: &Core, block: Block) -> Result<(), Full> {
        self.blocked.put(core, block).await
    }

    /// Lets a range of addresses in again; nothing happens when it was not blocked.
    ///
    /// # Errors
    /// When nothing can be stored.
    pub(crate) async fn unblock(&self, core: &Core, address: Network) -> Result<(), store::Error> {
        self.blocked.remove(core, address).await
    }
}
