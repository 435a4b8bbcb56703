//! Whether a sign-in without a profile has none after all. The service may say of a request that it needs one: then what
//! an earlier search came to is searched once more.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use llm::{Category, Error};
use wire::amazon_q::wants_profile;

use crate::Account;
use crate::amazon_q::bearer::{Bearer, TokenKind};
use crate::amazon_q::{AmazonQ, SignIn};

/// A search in vain is not repeated before, however many requests are refused.
const ONCE_IN: Duration = Duration::from_secs(60 * 60);

/// The doubts of the last hour.
#[derive(Default)]
pub(in crate::amazon_q) struct Doubts(Mutex<HashMap<SignIn, Doubt>>);

struct Doubt {
    since: SystemTime,
    /// The session is to be opened again for the search alone: its token is good.
    reopen: bool,
    /// The search is still to be made, or to be finished.
    search: bool,
}

impl Doubts {
    /// `false` when there was a doubt lately.
    fn raise(&self, whose: SignIn, now: SystemTime) -> bool {
        let mut all = self.all();
        let lately = |doubt: &Doubt| now.duration_since(doubt.since).is_ok_and(|since| since < ONCE_IN);
        if all.get(&whose).is_some_and(lately) {
            return false;
        }
        all.insert(whose, Doubt { since: now, reopen: true, search: true });
        true
    }

    /// Whether a session that is opened again wants a search and no other token. Once: the next one may.
    pub(super) fn reopened(&self, whose: SignIn) -> bool {
        self.all().get_mut(&whose).is_some_and(|doubt| std::mem::take(&mut doubt.reopen))
    }

    pub(super) fn wants_search(&self, whose: SignIn) -> bool {
        self.all().get(&whose).is_some_and(|doubt| doubt.search)
    }

    pub(super) fn settle(&self, whose: SignIn) {
        if let Some(doubt) = self.all().get_mut(&whose) {
            doubt.search = false;
        }
    }

    pub(in crate::amazon_q) fn forget(&self, whose: SignIn) {
        self.all().remove(&whose);
    }

    /// Whole after every statement, so a panic of another holder does not matter.
    fn all(&self) -> MutexGuard<'_, HashMap<SignIn, Doubt>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AmazonQ {
    /// A refusal as its caller is to see it: one for want of a profile makes the session be opened again, which searches
    /// for one.
    pub(in crate::amazon_q) fn doubting(&self, account: &Account, bearer: &Bearer, error: Error) -> Error {
        let may_have_one = bearer.profile_arn.is_none() && bearer.kind != TokenKind::ApiKey;
        if !may_have_one || !wants_profile(&error) || !self.doubts.raise(bearer.sign_in, (self.clock)()) {
            return error;
        }
        tracing::info!(account = %account.name, "Kiro wants a profile of this account: looking for one again");
        Error { category: Category::Expired, ..error }
    }
}
