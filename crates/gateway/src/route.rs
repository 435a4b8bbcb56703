//! Where a request may go: accounts in order, each with the model the asked name means there.

use std::sync::Arc;

use accounts::{Entry, Passed};
use llm::{Category, Error, Request};
use providers::{Account, Target};

use crate::conversation;
use crate::keys::LocalKey;
use crate::state::Gateway;

/// A request's way: its plan, and how to make another when a person who was signing in has come back.
pub(crate) struct Course {
    pinned: Option<String>,
    key: Option<Arc<LocalKey>>,
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
    pub(crate) fn new(
        gateway: &Gateway,
        asked: &Request,
        pinned: Option<&str>,
        key: Option<Arc<LocalKey>>,
    ) -> Result<Self, Refused> {
        let pinned_to = pinned.map(str::to_owned);
        let plan = match plan(gateway, asked, pinned, key.clone()) {
            Err(refused) if refused.error.category != Category::NoCredentials => return Err(refused),
            Err(refused) if gateway.accounts.signing_in(pinned, among(key.as_deref())).is_none() => {
                return Err(refused);
            }
            plan => plan,
        };
        Ok(Self { pinned: pinned_to, key, plan })
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
        let signing_in = gateway.accounts.signing_in(self.pinned.as_deref(), among(self.key.as_deref()));
        let signing_in = signing_in.filter(|_| !patience.is_zero())?;
        tracing::info!("a request waits for a sign-in");
        let done = tokio::time::timeout(patience, signing_in.done()).await.unwrap_or(false);
        if !done {
            return None;
        }
        plan(gateway, asked, self.pinned.as_deref(), self.key.clone()).ok()
    }
}

/// The stops of one request, best first. A name is resolved for an account when its turn comes: most requests need
/// one account only, however many there are.
pub(crate) struct Plan {
    model: String,
    /// The person's own name for it, when the client used that.
    alias: Option<String>,
    /// What the one who asks may use.
    key: Option<Arc<LocalKey>>,
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
            let resolved = entry.provider.resolve(&entry.account, &self.model);
            match resolved.and_then(|target| self.allowed(target)) {
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
        let Some(key) = self.key.as_deref() else { return Ok(target) };
        if key.rules.allow_model(&target.model, self.alias.as_deref()) {
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
/// least one. `pinned` names the only one that may, whether it rests or not; `key` has a say in accounts and models.
///
/// # Errors
/// [`Category::AllCooling`] with the soonest time when all accounts rest, [`Category::ModelNotFound`] when none
/// knows the model, [`Category::NoCredentials`] when there is no account at all, [`Category::Forbidden`] for a model
/// that the key may not use.
pub(crate) fn plan(
    gateway: &Gateway,
    asked: &Request,
    pinned: Option<&str>,
    key: Option<Arc<LocalKey>>,
) -> Result<Plan, Refused> {
    let model = asked.model.as_str();
    let settings = gateway.settings.load();
    let aliases = settings.model_aliases.iter();
    let meant = aliases.clone().find(|(alias, _)| *alias == model);
    // Names of models are not case-sensitive anywhere else either.
    let meant = meant.or_else(|| aliases.clone().find(|(alias, _)| alias.eq_ignore_ascii_case(model)));
    let model = meant.map_or(model, |(_, meant)| meant.as_str());
    let accounts = match pinned {
        None => gateway.accounts.plan(among(key.as_deref()), || {
            conversation::turn(asked).filter(|turn| turn.later).map(|turn| turn.conversation)
        }),
        Some(id) => alone(gateway, id)?,
    };
    if let Some(error) = accounts.refusal() {
        return Err(Refused { error, passed: accounts.passed });
    }
    let mut plan = Plan {
        model: model.to_owned(),
        alias: meant.map(|(alias, _)| alias.clone()),
        key,
        entries: accounts.entries.into_iter(),
        taken: 0,
        passed: accounts.passed.into_iter().peekable(),
        next: None,
        choice: accounts.choice,
        on_quota: accounts.on_quota,
    };
    plan.next = plan.find()?;
    if plan.next.is_none() {
        return Err(Error::new(Category::ModelNotFound, format!("No account serves {model}.")).into());
    }
    Ok(plan)
}

/// The only accounts that may answer who shows `key`; none means all.
fn among(key: Option<&LocalKey>) -> &[String] {
    key.map_or(&[], |key| &key.rules.accounts)
}

/// A plan with one account.
fn alone(gateway: &Gateway, id: &str) -> Result<accounts::Plan, Error> {
    let entry = gateway.accounts.entry(id);
    let entry =
        entry.ok_or_else(|| Error::invalid("There is no account with the id of x-switchboard-account."))?;
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

    #[tokio::test]
    async fn an_alias_is_found_however_it_is_written() {
        let house = House::new().await;
        let new = json!({
            "name": "a", "provider": "invented", "region": "us-east-1",
            "credential": {"kind": "api_key", "api_key": "sk-1234"},
        });
        let new: NewAccount = serde_json::from_value(new).unwrap();
        house.gateway.accounts.add(new).await.unwrap();
        let aliases = [("Fast", "small"), ("fast", "broken")];
        let model_aliases = aliases.map(|(alias, model)| (alias.to_owned(), model.to_owned())).into();
        house.gateway.apply(Settings { model_aliases, ..Settings::default() });
        let request = |model: &str| {
            let body = serde_json::json!({"model": model, "max_tokens": 9, "messages": [{"role": "user", "content": "x"}]});
            MESSAGES.read_request(&HeaderMap::new(), Bytes::from(body.to_string())).unwrap()
        };
        for (asked, meant) in [("Fast", "small"), ("fast", "broken"), ("FAST", "small"), ("small", "small")] {
            let stop = plan(&house.gateway, &request(asked), None, None).ok().unwrap().take().unwrap();
            assert_eq!(stop.target.model.name, meant, "{asked}");
        }
        let unknown =
            plan(&house.gateway, &request("slow"), None, None).err().map(|refused| refused.error.category);
        assert_eq!(unknown, Some(Category::ModelNotFound));
    }
}
