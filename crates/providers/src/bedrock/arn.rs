//! What stands behind the ARN of an application inference profile, which does not say it itself.
//!
//! Companies give such ARNs out to book costs. Which wire the model speaks is known from the account's own list, or
//! else by asking for this one profile, once.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use llm::{Category, Error, Model};
use serde::Deserialize;

use super::endpoint::{self, Service};
use super::list::ProfileModel;
use super::resolve::behind_arn;
use super::{Bedrock, geo};
use crate::Session;

const KIND: &str = ":application-inference-profile/";

/// A profile names at most five models.
const LONGEST_PROFILE: usize = 64 * 1024;

/// Profiles remembered; clients choose the names that are asked for.
const MOST: usize = 256;

/// The foundation id behind each profile that was asked for; `None` where the account may not know.
#[derive(Debug, Default)]
pub(super) struct Profiles(ArcSwap<HashMap<Box<str>, Option<Box<str>>>>);

impl Profiles {
    fn put(&self, arn: &str, behind: Option<&str>) {
        self.0.rcu(|known| {
            let mut next = HashMap::clone(known);
            if next.len() < MOST {
                next.insert(arn.into(), behind.map(Into::into));
            }
            next
        });
    }
}

#[derive(Deserialize)]
struct Profile {
    #[serde(default)]
    models: Vec<ProfileModel>,
}

impl Bedrock {
    /// The model with the facts of what stands behind its ARN, as far as that was asked before.
    pub(super) fn unmasked(&self, model: Arc<Model>) -> Arc<Model> {
        if !model.id.contains(KIND) {
            return model;
        }
        match self.profiles_asked.0.load().get(model.id.as_str()) {
            Some(Some(behind)) => Arc::new(behind_arn(&model.id, geo::split(behind))),
            _ => model,
        }
    }

    /// The same, and asks if nobody did. Where the profile may not be read the model stays as it is: Converse speaks
    /// to all.
    pub(super) async fn unmask(&self, session: &Session, model: &Arc<Model>) -> Arc<Model> {
        let arn = model.id.as_str();
        let listed = || {
            self.lists.of(&session.account).is_some_and(|list| list.available.behind_arn.contains_key(arn))
        };
        if !arn.contains(KIND) || self.profiles_asked.0.load().contains_key(arn) || listed() {
            return self.unmasked(model.clone());
        }
        match self.ask_profile(session, arn).await {
            Ok(behind) => self.profiles_asked.put(arn, behind.as_deref()),
            Err(error) => {
                tracing::debug!(category = error.category.name(), "an inference profile could not be read");
                if matches!(error.category, Category::PermissionDenied | Category::ModelNotFound) {
                    self.profiles_asked.put(arn, None);
                }
            }
        }
        self.unmasked(model.clone())
    }

    async fn ask_profile(&self, session: &Session, arn: &str) -> Result<Option<String>, Error> {
        let base = endpoint::base(Service::Control, &session.account, &self.endpoints)?;
        let url = endpoint::parse(&format!("{base}/inference-profiles/{}", endpoint::segment(arn)))?;
        let body = self.get(session, url).await?.read(LONGEST_PROFILE).await?;
        let profile: Profile = serde_json::from_slice(&body).map_err(|error| {
            Error::new(Category::Upstream, format!("Bedrock's inference profile cannot be read: {error}."))
        })?;
        let first = profile.models.into_iter().find_map(|model| model.model_arn);
        Ok(first.and_then(|arn| arn.rsplit_once('/').map(|(_, id)| id.to_owned())))
    }
}
