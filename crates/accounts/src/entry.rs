//! One account at work.

use std::sync::Arc;

use llm::Error;
use providers::{Account, Provider};

use crate::vault::Vault;
use crate::ward::Ward;

/// An account as a request holds it. It stays valid for the request when the account is changed or removed
/// meanwhile.
#[derive(Debug)]
pub struct Entry {
    pub account: Arc<Account>,
    pub provider: Arc<dyn Provider>,
    pub(crate) vault: Arc<Vault>,
    pub(crate) ward: Arc<Ward>,
}

/// What came of asking an account.
#[derive(Clone, Copy, Debug)]
pub enum Outcome<'a> {
    /// The answer was complete.
    Success,
    /// The upstream said yes; how the answer ends is still to be told.
    Answered,
    /// The failure decides by its category ([`llm::Category::cooling`]) and `retry_after`.
    Failure(&'a Error),
    /// Nobody knows: the client left, or the request was wrong.
    Abandoned,
}
