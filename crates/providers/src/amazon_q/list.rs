//! The models of an account, as the control plane lists them: the list depends on plan and region and is the authority.
//!
//! Asked once an hour; the last good list serves for a day when the service cannot be asked.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use llm::{Category, Error, Model};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use wire::amazon_q::Shape;

use super::bearer::Bearer;
use super::operation::Operation;
use super::{AmazonQ, SignIn, facts, hosts, name};
use crate::{Account, Session};

const FRESH: Duration = Duration::from_secs(60 * 60);
const GOOD: Duration = Duration::from_secs(24 * 60 * 60);

/// A page has at most a hundred models, and there are about twenty; an upstream that never ends is cut off here.
const MOST_PAGES: usize = 10;

/// How long a request that could use the list goes without, after the list could not be had.
const GIVEN_UP: Duration = Duration::from_secs(5 * 60);

/// What was told. Reading takes no lock.
#[derive(Debug, Default)]
pub(super) struct Lists {
    good: ArcSwap<HashMap<SignIn, Arc<List>>>,
    /// When it was last asked in vain.
    failed: ArcSwap<HashMap<SignIn, SystemTime>>,
}

/// The list of one sign-in.
#[derive(Debug)]
pub(super) struct List {
    /// Where it was asked: an account that moves needs a new one.
    region: String,
    endpoint: Option<String>,
    at: SystemTime,
    /// A model was refused that stands in it.
    doubted: bool,
    pub(super) models: Vec<Listed>,
}

/// A model of a list.
#[derive(Clone, Debug)]
pub(super) struct Listed {
    pub(super) model: Arc<Model>,
    /// What the model takes in `additionalModelRequestFields`, as a JSON Schema.
    pub(super) schema: Option<Arc<Value>>,
    /// The id as [`name::key`] writes it.
    pub(super) key: String,
    /// The friendly name, so written.
    pub(super) named: String,
    /// How many credits it takes, against the model that takes one; `None` when the list does not tell.
    pub(super) rate: Option<f64>,
    /// Shown to people. What is not certain to exist is found by its name only.
    pub(super) offered: bool,
}

impl Listed {
    pub(super) fn new(model: Model, schema: Option<Value>) -> Self {
        let (key, named) = (name::key(&model.id), name::key(&model.name));
        Self { model: Arc::new(model), schema: schema.map(Arc::new), key, named, rate: None, offered: true }
    }
}

impl List {
    /// A model with what it takes, by the id of the list or by another spelling of it.
    pub(super) fn find(&self, id: &str) -> Option<&Listed> {
        let key = name::key(id);
        let exact = self.models.iter().find(|listed| listed.model.id == id);
        exact.or_else(|| self.models.iter().find(|listed| listed.key == key))
    }

    /// The friendly name of the model that takes the fewest credits, Claude before others.
    pub(super) fn cheapest(&self) -> Option<String> {
        let rated = self.models.iter().filter_map(|listed| Some((&listed.model, listed.rate?)));
        let least = rated.min_by(|(one, rate), (other, other_rate)| {
            other.is_claude().cmp(&one.is_claude()).then(rate.total_cmp(other_rate))
        });
        least.map(|(model, _)| model.name.clone())
    }

    fn is_of(&self, account: &Account) -> bool {
        self.region == account.region && self.endpoint == account.endpoint_url
    }

    fn is_younger(&self, than: Duration, now: SystemTime) -> bool {
        // A clock that went back makes the list old, too.
        now.duration_since(self.at).is_ok_and(|age| age < than)
    }
}

impl Lists {
    /// The last good list of an account; `None` when there is none of the last day.
    pub(super) fn of(&self, whose: SignIn, account: &Account, now: SystemTime) -> Option<Arc<List>> {
        let lists = self.good.load();
        let list = lists.get(&whose)?;
        (list.is_of(account) && list.is_younger(GOOD, now)).then(|| list.clone())
    }

    /// Forgets what a sign-in was told.
    pub(super) fn forget(&self, whose: SignIn) {
        self.good.rcu(|lists| without(lists, whose));
        self.failed.rcu(|failed| without(failed, whose));
    }

    fn put(&self, whose: SignIn, list: &Arc<List>) {
        self.good.rcu(|lists| {
            let mut next = HashMap::clone(lists);
            next.insert(whose, list.clone());
            next
        });
    }

    /// Whether the list of an account was asked for in vain a short while ago.
    pub(super) fn failed_lately(&self, whose: SignIn, now: SystemTime) -> bool {
        let failed = self.failed.load();
        failed.get(&whose).is_some_and(|at| now.duration_since(*at).is_ok_and(|since| since < GIVEN_UP))
    }

    pub(super) fn note_failure(&self, whose: SignIn, now: SystemTime) {
        self.failed.rcu(|failed| {
            let mut next = HashMap::clone(failed);
            next.insert(whose, now);
            next
        });
    }

    /// A model that the list has was refused: the next who asks gets a new list.
    pub(super) fn doubt(&self, whose: SignIn, account: &Account, now: SystemTime) {
        if let Some(list) = self.of(whose, account, now).filter(|list| !list.doubted) {
            let models = list.models.clone();
            let doubted = List {
                region: list.region.clone(),
                endpoint: list.endpoint.clone(),
                at: list.at,
                doubted: true,
                models,
            };
            self.put(whose, &Arc::new(doubted));
        }
    }
}

fn without<T: Clone>(all: &HashMap<SignIn, T>, gone: SignIn) -> HashMap<SignIn, T> {
    all.iter().filter(|(whose, _)| **whose != gone).map(|(whose, told)| (*whose, told.clone())).collect()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    #[serde(default)]
    models: Vec<Row>,
    next_token: Option<String>,
}

/// A model as the service describes it; only the id is certain.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Row {
    pub(super) model_id: String,
    pub(super) model_name: Option<String>,
    pub(super) supported_input_types: Option<Vec<String>>,
    pub(super) token_limits: Option<TokenLimits>,
    pub(super) additional_model_request_fields_schema: Option<Value>,
    /// Not worth a list when it is no number.
    pub(super) rate_multiplier: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TokenLimits {
    pub(super) max_input_tokens: Option<u32>,
    pub(super) max_output_tokens: Option<u32>,
}

impl AmazonQ {
    /// The account's list, asked for when the last one is older than an hour.
    ///
    /// # Errors
    /// Those of the request, when there is no list of the last day or the person must act.
    pub(super) async fn list(&self, session: &Session) -> Result<Arc<List>, Error> {
        let account = &session.account;
        let now = (self.clock)();
        let bearer = super::bearer(session)?;
        let known = self.lists.of(bearer.sign_in, account, now);
        if let Some(list) = known.as_ref().filter(|list| !list.doubted && list.is_younger(FRESH, now)) {
            return Ok(list.clone());
        }
        let models = match self.list_models(account, bearer).await {
            Ok(models) => models,
            Err(error) => {
                let error = self.doubting(account, bearer, error);
                let ours_to_fix = matches!(
                    error.category,
                    Category::Expired | Category::NoCredentials | Category::Suspended
                );
                return known.filter(|_| !ours_to_fix).ok_or(error);
            }
        };
        let list = Arc::new(List {
            region: account.region.clone(),
            endpoint: account.endpoint_url.clone(),
            at: now,
            doubted: false,
            models,
        });
        self.lists.put(bearer.sign_in, &list);
        Ok(list)
    }

    async fn list_models(&self, account: &Account, bearer: &Bearer) -> Result<Vec<Listed>, Error> {
        let mut members = whose(bearer);
        members.insert("maxResults".to_owned(), json!(100));
        let region = hosts::region(account, bearer.profile_arn.as_deref());
        let mut models = Vec::new();
        for _ in 0..MOST_PAGES {
            let page: Page =
                self.ask(account, bearer, region, Operation::ListAvailableModels, &members).await?;
            models.extend(page.models.into_iter().map(facts::listed));
            let Some(next) = page.next_token.filter(|token| !token.is_empty()) else { break };
            members.insert("nextToken".to_owned(), Value::from(next));
        }
        if models.is_empty() {
            return Err(Error::new(Category::Upstream, "Kiro's list of models is empty."));
        }
        Ok(models)
    }
}

/// The members that say on whose behalf the control plane is asked.
pub(super) fn whose(bearer: &Bearer) -> Map<String, Value> {
    let origin = match bearer.shape {
        Shape::Ide => "AI_EDITOR",
        Shape::Cli => "KIRO_CLI",
    };
    let mut members = Map::from_iter([("origin".to_owned(), json!(origin))]);
    if let Some(arn) = &bearer.profile_arn {
        members.insert("profileArn".to_owned(), json!(arn));
    }
    members
}

#[cfg(test)]
mod tests;
