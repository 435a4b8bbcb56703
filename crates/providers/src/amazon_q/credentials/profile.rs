//! The profile of a sign-in: organisations have one, most Builder IDs have none, and only the service knows.

use std::collections::HashMap;
use std::time::Duration;

use arc_swap::ArcSwap;
use futures_util::future::join_all;
use llm::Error;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use wire::amazon_q::has_no_profiles;

use super::stored::is_profile_arn;
use crate::Account;
use crate::amazon_q::bearer::Bearer;
use crate::amazon_q::operation::Operation;
use crate::amazon_q::{AmazonQ, SignIn, hosts};

/// Where profiles can be. Government regions are told by the account.
const REGIONS: [&str; 2] = ["us-east-1", "eu-central-1"];

/// For the whole search; a session waits for it.
const PATIENCE: Duration = Duration::from_secs(10);

/// Nobody has more.
const MOST_PAGES: usize = 5;

/// A search that could not be finished is repeated after this, doubling up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_secs(60);
const LONGEST_PAUSE: Duration = Duration::from_secs(60 * 60);

/// What a search came to.
pub(super) enum Search {
    Found(String),
    /// Every region answered, and none has one.
    None,
    /// Some region could not be asked. To be repeated after this.
    Undecided(Duration),
}

/// Searches in a row that could not be finished, by sign-in: a host that is away for long must not be asked every
/// minute.
#[derive(Debug, Default)]
pub(in crate::amazon_q) struct Unfinished(ArcSwap<HashMap<SignIn, u32>>);

impl Unfinished {
    /// Counts one more and tells how long to wait.
    fn another(&self, whose: SignIn) -> Duration {
        let before = self.0.load().get(&whose).copied().unwrap_or(0);
        self.set(whose, before.saturating_add(1));
        FIRST_PAUSE.saturating_mul(1 << before.min(10)).min(LONGEST_PAUSE)
    }

    pub(in crate::amazon_q) fn forget(&self, whose: SignIn) {
        if self.0.load().contains_key(&whose) {
            self.0.rcu(|all| {
                let mut next = HashMap::clone(all);
                next.remove(&whose);
                next
            });
        }
    }

    fn set(&self, whose: SignIn, times: u32) {
        self.0.rcu(|all| {
            let mut next = HashMap::clone(all);
            next.insert(whose, times);
            next
        });
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    #[serde(default)]
    profiles: Vec<Listed>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
struct Listed {
    arn: String,
    status: Option<String>,
}

impl AmazonQ {
    /// Looks for the profile of a token in all regions that have profiles.
    pub(super) async fn search_profile(&self, account: &Account, bearer: &Bearer) -> Search {
        let own = account.region.as_str();
        let mut regions = Vec::from(REGIONS);
        if account.endpoint_url.is_some() {
            regions = vec![hosts::region(account, None)];
        } else if own.starts_with("us-gov-") {
            regions = vec![own];
        } else if let Some(at) = regions.iter().position(|region| *region == own) {
            // The person's own choice wins where there are several.
            regions.swap(0, at);
        }
        let asked = join_all(regions.into_iter().map(|region| self.profiles_in(account, bearer, region)));
        let Ok(answers) = tokio::time::timeout(PATIENCE, asked).await else {
            return Search::Undecided(self.unfinished.another(bearer.sign_in));
        };
        let mut undecided = false;
        for answer in answers {
            match answer {
                Ok(Some(arn)) => {
                    self.unfinished.forget(bearer.sign_in);
                    return Search::Found(arn);
                }
                Ok(None) => {}
                Err(error) => {
                    tracing::info!(
                        account = %account.name, category = error.category.name(),
                        "the account's profile could not be looked up"
                    );
                    undecided = true;
                }
            }
        }
        if undecided {
            return Search::Undecided(self.unfinished.another(bearer.sign_in));
        }
        self.unfinished.forget(bearer.sign_in);
        Search::None
    }

    /// The first usable profile of a region. Builder IDs may not ask, and are told so: they have none. Another refusal
    /// may be the region's or the host's alone.
    async fn profiles_in(
        &self,
        account: &Account,
        bearer: &Bearer,
        region: &str,
    ) -> Result<Option<String>, Error> {
        let mut members = Map::from_iter([("maxResults".to_owned(), json!(10))]);
        for _ in 0..MOST_PAGES {
            let asked = self.ask(account, bearer, region, Operation::ListAvailableProfiles, &members);
            let page: Page = match asked.await {
                Ok(page) => page,
                Err(error) if has_no_profiles(&error) => return Ok(None),
                Err(error) => return Err(error),
            };
            let usable = |listed: &Listed| {
                is_profile_arn(&listed.arn)
                    && listed.status.as_deref().is_none_or(|status| status == "ACTIVE")
            };
            if let Some(listed) = page.profiles.into_iter().find(usable) {
                return Ok(Some(listed.arn));
            }
            let Some(next) = page.next_token.filter(|token| !token.is_empty()) else { return Ok(None) };
            members.insert("nextToken".to_owned(), Value::from(next));
        }
        Ok(None)
    }
}
