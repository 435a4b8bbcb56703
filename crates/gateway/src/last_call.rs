//! The end of the program, as answers hear of it that are still under way then.

use std::time::Duration;

use futures_util::future::BoxFuture;
use llm::{Category, Error};

use crate::state::Gateway;

/// From the order to quit to the last words: whatever ends by itself until then ends whole. Shorter than the grace of
/// connections, so that the words still reach the client.
const WAIT: Duration = Duration::from_secs(4);

/// Ready when an answer must end now, with what its client is told.
pub(crate) type LastCall = BoxFuture<'static, Error>;

pub(crate) fn last_call(gateway: &Gateway) -> LastCall {
    let quit = gateway.office.quit.clone();
    Box::pin(async move {
        quit.cancelled().await;
        tokio::time::sleep(WAIT).await;
        Error::new(Category::Unavailable, "Switchboard is quitting. Start it again and repeat the request.")
    })
}
