//! Where a request may go: accounts in order, each with the model the asked name means there.

use std::sync::Arc;

use accounts::{Entry, Passed};
use llm::{Category, Error, Request};
use providers::{Account, Embed, Target};

use crate::conversation;
use crate::keys::LocalKey;
use crate::model_rules;
use crate::state::Gateway;

/// What is wanted, as far as it decides where a request may go: the person's rules are followed already.
#[derive(Clone)]
pub(crate) struct Wanted {
    model: String,
    /// What the client wrote, where a rule says that it means something else.
    own_name: Option<String>,
    /// Id of the only account that may answer, whether it rests or not.
    pinned: Option<String>,
    /// Has a say in accounts and models.
    key: Option<Arc<LocalKey>>,
    /// What is wanted as vectors, where that is the work and not an answer.
    texts: Option<Arc<Embed>>,
}

impl Wanted {
    /// Follows the person's rules for `model`, which `client` asks for. An account that the client named comes before
    /// one that a rule names.
    ///
    /// # Errors
    /// [`Category::Forbidden`] when a rule names an account that the key may not use.
    pub(crate) fn new(
        gateway: &Gateway,
        model: &str,
        client: &str,
        pinned: Option<&str>,
        key: Option<Arc<LocalKey>>,
    ) -> Result<Self, Error> {
        let settings = gateway.settings.load();
        let rule = model_rules::followed(&settings.model_rules, model, client).map(|(_, rule)| rule);
        let meant = rule.and_then(|rule| rule.model.as_deref());
        let ruled = rule.filter(|_| pinned.is_none()).and_then(|rule| rule.account.as_deref());
        if let (Some(rule), Some(account), Some(key)) = (rule, ruled, key.as_deref())
            && !gateway.accounts.is_among(account, &key.rules.accounts)
        {
            let message = format!(
                "Your rule for models named {} wants an account that the local key {} may not use.",
                rule.name, key.name
            );
            return Err(Error::new(Category::Forbidden, message).with_param("model"));
        }
        Ok(Self {
            model: meant.unwrap_or(model).to_owned(),
            own_name: meant.map(|_| model.to_owned()),
            pinned: pinned.or(ruled).map(str::to_owned),
            key,
            texts: None,
        })
    }

    /// The same for texts that are wanted as vectors.
    pub(crate) fn wanting_vectors(self, texts: Embed) -> Self {
        Self { texts: Some(Arc::new(texts)), ..self }
    }

    /// What the name means for an account.
    fn resolve(&self, entry: &Entry) -> Result<Target, Error> {
        if self.texts.is_none() {
            return entry.provider.resolve(&entry.account, &self.model);
        }
        let model = entry.provider.embedder(&entry.account, &self.model).ok_or_else(|| {
            let message = format!(
                "No account makes embeddings with the model {}. Bedrock accounts have amazon.titan-embed-text-v2:0, \
                 cohere.embed-v4:0 and amazon.nova-2-multimodal-embeddings-v1:0.",
                self.model.chars().take(200).collect::<String>()
            );
            Error::new(Category::ModelNotFound, message).with_param("model")
        })?;
        Ok(Target { model, effort: None, long_context: false })
    }

    /// The only accounts that may answer; none means all.
    fn among(&self) -> &[String] {
        self.key.as_deref().map_or(&[], |key| &key.rules.accounts)
    }

    /// The same for the model that answers where a name means none. It makes no vectors.
    fn by_default(&self, gateway: &Gateway) -> Option<Self> {
        if self.texts.is_some() {
            return None;
        }
        let model = gateway.settings.load().default_model.clone()?;
        (model != self.model).then(|| Self { own_name: Some(self.model.clone()), model, ..self.clone() })
    }
}

/// A request's way: its plan, and how to make another when a person who was signing in has come back.
pub(crate) struct Course {
    wanted: Wanted,
    plan: Result<Plan, Refused>,
}

/// Why nobody can be asked, and who was passed over for it.
pub(crate) struct Refused {
    pub(crate) error: Error,
    pub(crate) passed: Vec<Passed>,
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self { error, passed: Vec::new() }
    }
}

impl Course {
    /// As [`plan`]; that nobody can be asked for want of a sign-in which is under way is no error yet.
    pub(crate) fn new(gateway: &Gateway, asked: &Request, wanted: Wanted) -> Result<Self, Refused> {
        let plan = match plan(gateway, asked, &wanted) {
            Err(refused) if refused.error.category != Category::NoCredentials => return Err(refused),
            Err(refused)
                if gateway.accounts.signing_in(wanted.pinned.as_deref(), wanted.among()).is_none() =>
            {
                return Err(refused);
            }
            plan => plan,
        };
        Ok(Self { wanted, plan })
    }

    /// The plan, once.
    pub(crate) fn plan(&mut self) -> Result<Plan, Refused> {
        let none = Error::new(Category::NoCredentials, "No account can answer.");
        std::mem::replace(&mut self.plan, Err(none.into()))
    }

    /// Waits for a person who is signing in to an account of this request, and makes another plan when they are done.
    /// `None` when nobody is, or not in time.
    pub(crate) async fn wait(&self, gateway: &Gateway, asked: &Request) -> Option<Plan> {
        let patience = gateway.settings.load().timeouts.sign_in();
        let signing_in = gateway.accounts.signing_in(self.wanted.pinned.as_deref(), self.wanted.among());
        let signing_in = signing_in.filter(|_| !patience.is_zero())?;
        tracing::info!("a request waits for a sign-in");
        let done = tokio::time::timeout(patience, signing_in.done()).await.unwrap_or(false);
        if !done {
            return None;
        }
        plan(gateway, asked, &self.wanted).ok()
    }
}

/// The stops of one request, best first. A name is resolved for an account when its turn comes: most requests need
/// one account only, however many there are.
pub(crate) struct Plan {
    wanted: Wanted,
    entries: std::vec::IntoIter<Arc<Entry>>,
    /// How many of them were taken.
    taken: usize,
    passed: std::iter::Peekable<std::vec::IntoIter<Passed>>,
    next: Option<Stop>,
    /// Which of the person's choices it follows.
    pub(crate) choice: u64,
    /// Go on also past a used-up quota or a suspension.
    pub(crate) on_quota: bool,
}

/// An account that may serve a request, and with which model.
pub(crate) struct Stop {
    pub(crate) entry: Arc<Entry>,
    pub(crate) target: Target,
    /// Accounts that would have come before it, but were passed over.
    pub(crate) passed: Vec<Passed>,
    /// Accounts that would have come before it, but do not know the model.
    pub(crate) unsuited: Vec<Arc<Account>>,
}

impl Plan {
    /// What is wanted as vectors.
    pub(crate) fn texts(&self) -> Option<&Embed> {
        self.wanted.texts.as_deref()
    }

    /// The next account that knows the model.
    pub(crate) fn take(&mut self) -> Option<Stop> {
        self.find().ok().flatten()
    }

    /// Whether another account knows the model.
    pub(crate) fn has_more(&mut self) -> bool {
        self.next = self.take();
        self.next.is_some()
    }

    /// The next stop, or what the first account that does not know the model says of it.
    fn find(&mut self) -> Result<Option<Stop>, Error> {
        if self.next.is_some() {
            return Ok(self.next.take());
        }
        let mut unknown = None;
        let mut unsuited = Vec::new();
        while let Some(entry) = self.entries.next() {
            self.taken += 1;
            match self.wanted.resolve(&entry).and_then(|target| self.allowed(target)) {
                Ok(target) => {
                    let mut passed = Vec::new();
                    while let Some(before) = self.passed.next_if(|passed| passed.after < self.taken) {
                        passed.push(before);
                    }
                    return Ok(Some(Stop { entry, target, passed, unsuited }));
                }
                Err(error) => {
                    unknown.get_or_insert(error);
                    unsuited.push(Arc::clone(&entry.account));
                }
            }
        }
        unknown.map_or(Ok(None), Err)
    }

    /// Lets a model through that the key may use. It is judged by what the name means, for one model has many names.
    fn allowed(&self, target: Target) -> Result<Target, Error> {
        let Some(key) = self.wanted.key.as_deref() else { return Ok(target) };
        if key.rules.allow_model(&target.model, self.wanted.own_name.as_deref()) {
            return Ok(target);
        }
        let message = format!(
            "The local key {} may not use {}. It may use {}.",
            key.name,
            target.model.name,
            key.rules.models.join(", ")
        );
        Err(Error::new(Category::Forbidden, message).with_param("model"))
    }
}

/// The accounts that may answer a request, in the person's order, or first the one that its conversation stays with; at
/// least one.
///
/// # Errors
/// [`Category::AllCooling`] with the soonest time when all accounts rest, [`Category::ModelNotFound`] when none
/// knows the model, [`Category::NoCredentials`] when there is no account at all, [`Category::Forbidden`] for a model
/// that the key may not use.
pub(crate) fn plan(gateway: &Gateway, asked: &Request, wanted: &Wanted) -> Result<Plan, Refused> {
    match reach(gateway, asked, wanted) {
        Err(refused) if refused.error.category == Category::ModelNotFound => {
            wanted.by_default(gateway).map_or(Err(refused), |instead| reach(gateway, asked, &instead))
        }
        plan => plan,
    }
}

fn reach(gateway: &Gateway, asked: &Request, wanted: &Wanted) -> Result<Plan, Refused> {
    let accounts = match &wanted.pinned {
        None => gateway.accounts.plan(wanted.among(), || {
            conversation::turn(asked).filter(|turn| turn.later).map(|turn| turn.conversation)
        }),
        Some(id) => alone(gateway, id)?,
    };
    if let Some(error) = accounts.refusal() {
        return Err(Refused { error, passed: accounts.passed });
    }
    let mut plan = Plan {
        wanted: wanted.clone(),
        entries: accounts.entries.into_iter(),
        taken: 0,
        passed: accounts.passed.into_iter().peekable(),
        next: None,
        choice: accounts.choice,
        on_quota: accounts.on_quota,
    };
    plan.next = plan.find()?;
    if plan.next.is_none() {
        let message = format!("No account serves {}.", wanted.model);
        return Err(Error::new(Category::ModelNotFound, message).into());
    }
    Ok(plan)
}

/// A plan with one account.
fn alone(gateway: &Gateway, id: &str) -> Result<accounts::Plan, Error> {
    let entry = gateway.accounts.entry(id);
    let entry = entry.ok_or_else(|| {
        Error::invalid(
            "There is no account with the id that x-switchboard-account or your rule for the model names.",
        )
    })?;
    let mut plan = accounts::Plan::default();
    plan.entries.push(entry);
    Ok(plan)
}

#[cfg(test)]
mod tests {
    use accounts::NewAccount;
    use bytes::Bytes;
    use http::HeaderMap;
    use serde_json::json;
    use wire::ServerCodec;

    use super::*;
    use crate::Settings;
    use crate::dialect::MESSAGES;
    use crate::house::House;

    fn asking(model: &str) -> Request {
        let body = json!({"model": model, "max_tokens": 9, "messages": [{"role": "user", "content": "x"}]})
            .to_string();
        MESSAGES.read_request(&HeaderMap::new(), Bytes::from(body)).unwrap()
    }

    async fn with_accounts(names: &[&str]) -> (House, Vec<String>) {
        let house = House::new().await;
        let mut ids = Vec::new();
        for name in names {
            let new = json!({
                "name": name, "provider": "invented", "region": "us-east-1",
                "credential": {"kind": "api_key", "api_key": "sk-1234"},
            });
            let new: NewAccount = serde_json::from_value(new).unwrap();
            ids.push(house.gateway.accounts.add(new).await.unwrap().id);
        }
        (house, ids)
    }

    fn stop(gateway: &Gateway, name: &str, client: &str) -> Result<Stop, Category> {
        let wanted = Wanted::new(gateway, name, client, None, None).map_err(|error| error.category)?;
        let plan = plan(gateway, &asking(name), &wanted).map_err(|refused| refused.error.category);
        Ok(plan?.take().unwrap())
    }

    #[tokio::test]
    async fn a_name_means_what_the_first_rule_says() {
        let (house, ids) = with_accounts(&["a", "b"]).await;
        let rules = json!([
            {"name": "gpt-*", "client": "Zed", "model": "broken"},
            {"name": "gpt-*", "model": "small"},
            {"name": "small", "account": ids[1]},
            {"name": "gone", "account": "nobody"},
        ]);
        let model_rules = serde_json::from_value(rules).unwrap();
        house.gateway.apply(Settings { model_rules, ..Settings::default() });
        for (asked, client, meant, account) in [
            ("gpt-4o", "Zed", "broken", &ids[0]),
            ("GPT-4o", "Cline", "small", &ids[0]),
            ("small", "Cline", "small", &ids[1]),
        ] {
            let stop = stop(&house.gateway, asked, client).ok().unwrap();
            assert_eq!(stop.target.model.name, meant, "{asked}");
            assert_eq!(&stop.entry.account.id, account, "{asked}");
        }
        assert_eq!(stop(&house.gateway, "slow", "Zed").err(), Some(Category::ModelNotFound));
        assert_eq!(stop(&house.gateway, "gone", "Zed").err(), Some(Category::InvalidRequest));
    }

    #[tokio::test]
    async fn the_default_answers_for_names_that_mean_nothing() {
        let (house, _) = with_accounts(&["a"]).await;
        let settings =
            |default: &str| Settings { default_model: Some(default.to_owned()), ..Settings::default() };
        house.gateway.apply(settings("small"));
        assert_eq!(stop(&house.gateway, "o7-mini", "x").ok().unwrap().target.model.name, "small");
        assert_eq!(stop(&house.gateway, "broken", "x").ok().unwrap().target.model.name, "broken");
        house.gateway.apply(settings("nothing-either"));
        assert_eq!(stop(&house.gateway, "o7-mini", "x").err(), Some(Category::ModelNotFound));
    }
}
