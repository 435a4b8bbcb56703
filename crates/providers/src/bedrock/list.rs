//! What an account can use, as the control plane tells: foundation models and inference profiles.
//!
//! Asked once an hour. Many people may call models and not list them; for them the built-in list serves, silently.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use llm::{Category, Error};
use serde::Deserialize;

use super::endpoint::{self, Service};
use super::{Available, Bedrock};
use crate::{Account, Session};

const FRESH: Duration = Duration::from_secs(60 * 60);

/// A list of all models is under a megabyte.
const LONGEST_LIST: usize = 16 * 1024 * 1024;

/// Pages of a thousand profiles each; an upstream that never ends is cut off here.
const MOST_PAGES: usize = 20;

/// What was told, by account id. Reading takes no lock.
#[derive(Debug, Default)]
pub(super) struct Lists(ArcSwap<HashMap<Box<str>, Arc<List>>>);

/// The list of one account.
#[derive(Debug)]
pub(super) struct List {
    /// Where it was asked: an account that moves needs a new one.
    region: String,
    endpoint: Option<String>,
    at: SystemTime,
    pub(super) available: Available,
}

impl List {
    /// Region the account turned out to have, when its profile brought one.
    pub(super) fn region(&self) -> &str {
        &self.region
    }

    fn is_of(&self, account: &Account) -> bool {
        (account.region.is_empty() || self.region == account.region) && self.endpoint == account.endpoint_url
    }

    fn is_fresh(&self, now: SystemTime) -> bool {
        // A clock that went back makes the list old, too.
        now.duration_since(self.at).is_ok_and(|age| age < FRESH)
    }
}

impl Lists {
    /// The last list of an account, however old; `None` when there never was one.
    pub(super) fn of(&self, account: &Account) -> Option<Arc<List>> {
        self.0.load().get(account.id.as_str()).filter(|list| list.is_of(account)).cloned()
    }

    fn put(&self, account: &str, list: &Arc<List>) {
        self.0.rcu(|lists| {
            let mut next = HashMap::clone(lists);
            next.insert(account.into(), list.clone());
            next
        });
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Models {
    #[serde(default)]
    model_summaries: Vec<ModelSummary>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ModelSummary {
    model_id: Box<str>,
    #[serde(default)]
    inference_types_supported: Vec<Box<str>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Profiles {
    #[serde(default)]
    inference_profile_summaries: Vec<ProfileSummary>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ProfileSummary {
    inference_profile_id: Box<str>,
    inference_profile_arn: Box<str>,
    #[serde(default)]
    models: Vec<ProfileModel>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ProfileModel {
    pub(super) model_arn: Option<String>,
}

impl Bedrock {
    /// The account's list, asked for when the last one is older than an hour.
    ///
    /// # Errors
    /// Those of the request, but for a missing permission, which is an empty list.
    pub(super) async fn list(&self, session: &Session) -> Result<Arc<List>, Error> {
        let account = &session.account;
        let now = (self.clock)();
        if let Some(list) = self.lists.of(account).filter(|list| list.is_fresh(now)) {
            return Ok(list);
        }
        let base = endpoint::base(Service::Control, account, &self.endpoints)?;
        let (models, system, own) = futures_util::future::join3(
            self.foundation_models(session, &base),
            self.inference_profiles(session, &base, "SYSTEM_DEFINED"),
            self.inference_profiles(session, &base, "APPLICATION"),
        )
        .await;
        let mut available = Available { on_demand: permitted(models)?, ..Available::default() };
        if let Some(system) = permitted(system)? {
            available.profiles =
                Some(system.into_iter().map(|profile| profile.inference_profile_id).collect());
        }
        for profile in permitted(own)?.unwrap_or_default() {
            let first = profile.models.iter().find_map(|model| model.model_arn.as_deref());
            if let Some(id) = first.and_then(|arn| arn.rsplit_once('/')).map(|(_, id)| id) {
                available.behind_arn.insert(profile.inference_profile_arn, id.into());
            }
        }
        let list = Arc::new(List {
            region: account.region.clone(),
            endpoint: self.own_endpoint(account),
            at: now,
            available,
        });
        self.lists.put(&account.id, &list);
        Ok(list)
    }

    /// Ids of foundation models that answer in text and need no profile.
    async fn foundation_models(
        &self,
        session: &Session,
        base: &str,
    ) -> Result<std::collections::HashSet<Box<str>>, Error> {
        let url = endpoint::parse(&format!("{base}/foundation-models?byOutputModality=TEXT"))?;
        let models: Models = self.read(session, url).await?;
        let on_demand = |model: &ModelSummary| {
            model.inference_types_supported.iter().any(|kind| kind.eq_ignore_ascii_case("ON_DEMAND"))
        };
        Ok(models.model_summaries.into_iter().filter(on_demand).map(|model| model.model_id).collect())
    }

    async fn inference_profiles(
        &self,
        session: &Session,
        base: &str,
        kind: &str,
    ) -> Result<Vec<ProfileSummary>, Error> {
        let mut all = Vec::new();
        let mut next: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let page = match &next {
                None => String::new(),
                Some(token) => format!("&nextToken={}", endpoint::segment(token)),
            };
            let url =
                endpoint::parse(&format!("{base}/inference-profiles?maxResults=1000{page}&type={kind}"))?;
            let profiles: Profiles = self.read(session, url).await?;
            all.extend(profiles.inference_profile_summaries);
            next = profiles.next_token.filter(|token| !token.is_empty());
            if next.is_none() {
                break;
            }
        }
        Ok(all)
    }

    async fn read<T: serde::de::DeserializeOwned>(
        &self,
        session: &Session,
        url: url::Url,
    ) -> Result<T, Error> {
        let body = self.get(session, url).await?.read(LONGEST_LIST).await?;
        serde_json::from_slice(&body).map_err(|error| {
            Error::new(Category::Upstream, format!("Bedrock's list of models cannot be read: {error}."))
        })
    }
}

/// `None` when the account may not list, or when the endpoint (an emulator, a private gateway) has no control plane.
fn permitted<T>(answer: Result<T, Error>) -> Result<Option<T>, Error> {
    match answer {
        Ok(list) => Ok(Some(list)),
        Err(error) if matches!(error.category, Category::PermissionDenied | Category::ModelNotFound) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests;
