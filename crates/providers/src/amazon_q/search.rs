//! The search of the web that the service offers beside its models: a tool of its MCP endpoint.

mod turns;

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use llm::{Category, Error};
use serde::Deserialize;
use serde_json::{Map, Value};
use uuid::Uuid;
use wire::amazon_q::{read_search, write_search};
use wire::web_search::{Failed, Page};

use super::bearer::Bearer;
use super::operation::{Asker, Operation, Trace, tool};
use super::{AmazonQ, SignIn, hosts};
use crate::{Account, Session};

/// How long it counts what an organisation allows.
const FRESH: Duration = Duration::from_secs(60 * 60);

/// How long a search waits to be told that it is forbidden.
const MOMENT: Duration = Duration::from_secs(4);

/// Whether the organisations of sign-ins allow tools of the service, and since when that is known. Reading takes no lock.
#[derive(Debug, Default)]
pub(super) struct Toggles(ArcSwap<HashMap<SignIn, (SystemTime, bool)>>);

#[derive(Deserialize)]
struct Answer {
    profile: Option<Profile>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Profile {
    opt_in_features: Option<Features>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Features {
    mcp_configuration: Option<Switch>,
}

#[derive(Deserialize)]
struct Switch {
    toggle: Option<String>,
}

impl Answer {
    fn forbids(self) -> bool {
        let switch = self.profile.and_then(|profile| profile.opt_in_features?.mcp_configuration?.toggle);
        switch.is_some_and(|word| word.eq_ignore_ascii_case("OFF"))
    }
}

impl Toggles {
    fn of(&self, whose: SignIn, now: SystemTime) -> Option<bool> {
        let known = self.0.load();
        let (at, allowed) = known.get(&whose)?;
        now.duration_since(*at).is_ok_and(|age| age < FRESH).then_some(*allowed)
    }

    fn put(&self, whose: SignIn, now: SystemTime, allowed: bool) {
        self.0.rcu(|known| {
            let mut next = HashMap::clone(known);
            next.insert(whose, (now, allowed));
            next
        });
    }

    pub(super) fn forget(&self, whose: SignIn) {
        self.0.rcu(|known| {
            let mut next = HashMap::clone(known);
            next.remove(&whose);
            next
        });
    }
}

impl AmazonQ {
    /// Searches the web.
    async fn search(&self, session: &Session, query: &str) -> Result<Vec<Page>, Failed> {
        let found = self.search_in_words(session, query).await;
        found.map_err(|error| {
            tracing::info!(account = %session.account.name, %error, "a search of the web failed");
            match error.category {
                Category::RateLimited | Category::Quota => Failed::TooManyRequests,
                // The tool's own word on its arguments.
                Category::InvalidRequest if error.upstream.is_none() => Failed::InvalidInput,
                _ => Failed::Unavailable,
            }
        })
    }

    async fn search_in_words(&self, session: &Session, query: &str) -> Result<Vec<Page>, Error> {
        let (account, bearer) = (&*session.account, super::bearer(session)?);
        let region = hosts::region(account, bearer.profile_arn.as_deref());
        if !self.may_search(account, bearer, region).await {
            return Err(Error::new(
                Category::PermissionDenied,
                "The organisation of this account does not allow tools of the service.",
            ));
        }
        let body = write_search(&Uuid::new_v4().to_string(), query);
        let outgoing =
            |asker: &Asker<'_>, base: &str, trace: &Trace| tool(asker, base, body.clone().into(), trace);
        self.ask_hosts(account, bearer, region, Operation::InvokeMcp, outgoing, read_search).await
    }

    /// Whether the organisation allows it. Where that cannot be found out the search itself will tell.
    async fn may_search(&self, account: &Account, bearer: &Bearer, region: &str) -> bool {
        let Some(arn) = &bearer.profile_arn else { return true };
        let now = (self.clock)();
        if let Some(known) = self.toggles.of(bearer.sign_in, now) {
            return known;
        }
        let members = Map::from_iter([("profileArn".to_owned(), Value::from(arn.as_str()))]);
        let asking = self.ask::<Answer>(account, bearer, region, Operation::GetProfile, &members);
        let told = tokio::time::timeout(MOMENT, asking).await;
        let allowed = told.ok().and_then(Result::ok).is_none_or(|answer| !answer.forbids());
        self.toggles.put(bearer.sign_in, now, allowed);
        allowed
    }
}

#[cfg(test)]
mod tests;
