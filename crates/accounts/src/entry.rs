//! One account at work.

use std::sync::Arc;

use llm::Error;
use providers::{Account, Provider};

/// An account as a request holds it. It stays valid for the request when the account is changed or removed
/// meanwhile.
#[derive(Debug)]
pub struct Entry {
    pub account: Arc<Account>,
    pub provider: Arc<dyn Provider>,
}

/// What came of asking an account.
#[derive(Clone, Copy, Debug)]
pub enum Outcome<'a> {
    /// The answer was complete.
    Success,
    /// The failure decides by its category ([`llm::Category::cooling`]) and `retry_after`.
    Failure(&'a Error),
    /// Nobody knows: the client left, or the request was wrong.
    Abandoned,
}
