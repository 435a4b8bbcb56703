//! Amazon Bedrock: Claude through InvokeModel, which speaks Anthropic's own wire, OpenAI's clients with models of that kind
//! through their own surface, everything else through Converse. An account may have Claude asked through Anthropic's own API
//! instead.
//!
//! The Sandbox is the same provider with a fixed address and fixed keys, so that what works offline works on AWS.

mod arn;
mod catalog;
mod claude;
mod claude_name;
mod count;
mod credentials;
mod draft;
mod elsewhere;
mod embed;
mod endpoint;
mod exchange;
mod extras;
mod facts;
#[cfg(test)]
mod fixture;
mod found;
mod geo;
mod heal;
mod hurdles;
mod list;
mod logins;
mod memo;
mod options;
mod resolve;
mod route;
mod send;
mod sign;
mod sso;
mod surface;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use arc_swap::ArcSwap;
use aws_credential_types::Credentials;
use futures_util::future::BoxFuture;
use llm::{Error, Model, Secret, Wire};
use serde_json::Value;
use time::{Date, OffsetDateTime};

pub use catalog::{Catalog, Entry};
pub use credentials::ProfileOptions;
pub use endpoint::EndpointEnvironment;
pub use geo::Residency;
pub use resolve::{Available, Resolver};

use crate::{
    Account, Begin, Call, CredentialSummary, Description, Elsewhere, Embed, Embedded, Found, Heard, Http,
    Hurdle, Identity, Opened, Policy, Preferences, Procedure, Provider, Question, Reply, Session, Target,
    TokenCount, Why, Wish,
};
use credentials::{Profiles, Sources, Way};
use heal::Memory;
use list::Lists;
use memo::{Circumstances, Memo};
use route::Unserved;
use surface::Surfaces;

/// The access key that the Sandbox signs with; its emulator knows no other.
pub const SANDBOX_ACCESS_KEY_ID: &str = "AKIASANDBOX000000000";
/// Its other half. It opens nothing: it never leaves this machine.
pub const SANDBOX_SECRET_ACCESS_KEY: &str = "sandbox+secret+sandbox+secret+sandbox+00";
const SANDBOX_REGION: &str = "us-east-1";

/// Tells the time; handed in, so that tests own it.
pub type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// What the provider needs from outside.
#[derive(Clone)]
pub struct BedrockOptions {
    pub http: Http,
    pub clock: Clock,
    pub endpoints: EndpointEnvironment,
    pub profiles: ProfileOptions,
}

/// The provider, with what it learned since the start.
pub struct Bedrock {
    place: Place,
    http: Http,
    clock: Clock,
    endpoints: EndpointEnvironment,
    sources: Sources,
    memory: Memory,
    unserved: Unserved,
    surfaces: Surfaces,
    lists: Lists,
    resolved: Memo,
    profiles_asked: arn::Profiles,
    preferences: ArcSwap<Preferences>,
    elsewhere: Elsewhere,
}

enum Place {
    Aws,
    /// The emulator's address.
    Sandbox(String),
}

impl Bedrock {
    /// Amazon Bedrock itself, as `bedrock`.
    #[must_use]
    pub fn new(options: BedrockOptions) -> Self {
        let BedrockOptions { http, clock, endpoints, profiles } = options;
        let way = Way { http: http.clone(), clock: clock.clone() };
        let sources = Sources { profiles: Profiles::new(http.clone(), profiles), way };
        Self {
            place: Place::Aws,
            http,
            clock,
            endpoints,
            sources,
            memory: Memory::default(),
            unserved: Unserved::default(),
            surfaces: Surfaces::default(),
            lists: Lists::default(),
            resolved: Memo::default(),
            profiles_asked: arn::Profiles::default(),
            preferences: ArcSwap::default(),
            elsewhere: Elsewhere::default(),
        }
    }

    /// The emulator at `endpoint`, as `sandbox`.
    #[must_use]
    pub fn sandbox(endpoint: String, http: Http, clock: Clock) -> Self {
        let options = BedrockOptions {
            http,
            clock,
            endpoints: EndpointEnvironment::default(),
            profiles: ProfileOptions::default(),
        };
        Self { place: Place::Sandbox(endpoint), ..Self::new(options) }
    }

    /// Looks for profiles there.
    #[must_use]
    pub fn beside(self, elsewhere: Elsewhere) -> Self {
        Self { elsewhere, ..self }
    }

    /// The address that is the account's own doing.
    fn own_endpoint(&self, account: &Account) -> Option<String> {
        match self.place {
            Place::Aws => account.endpoint_url.clone(),
            Place::Sandbox(_) => None,
        }
    }

    /// `prefer_global` and `forbid_global` of the account's options, else of the person's preferences.
    fn residency(&self, options: &Value) -> Residency {
        let general = self.preferences.load();
        let on = |name: &str, general: bool| options.get(name).and_then(Value::as_bool).unwrap_or(general);
        Residency {
            prefer_global: on("prefer_global", general.prefer_global),
            forbid_global: on("forbid_global", general.forbid_global),
        }
    }

    fn today(&self) -> Date {
        OffsetDateTime::from((self.clock)()).date()
    }

    /// Runs `look` with what is known of an account's models.
    fn with_resolver<T>(&self, account: &Account, look: impl FnOnce(&Resolver<'_>) -> T) -> T {
        let list = self.lists.of(account);
        let region = match (&self.place, &list) {
            _ if !account.region.is_empty() => account.region.as_str(),
            (_, Some(list)) => list.region(),
            (Place::Sandbox(_), None) => SANDBOX_REGION,
            (Place::Aws, None) => "",
        };
        look(&Resolver {
            region,
            residency: self.residency(&account.options),
            available: list.as_deref().map(|list| &list.available),
            aliases: &aliases(&account.options),
            today: &self.today().to_string(),
        })
    }
}

/// Major and minor of the Claude that a name means, with dashes or dots in it; `None` for other names and for those
/// without a version.
pub(crate) fn claude_generation(name: &str) -> Option<(u8, u8)> {
    claude_name::ClaudeName::parse(&name.replace('.', "-"))?.version
}

/// `aliases` of the account's options: the person's own names for models.
fn aliases(options: &Value) -> BTreeMap<String, String> {
    let own = options.get("aliases").and_then(Value::as_object);
    own.into_iter()
        .flatten()
        .filter_map(|(name, meant)| Some((name.to_ascii_lowercase(), meant.as_str()?.to_owned())))
        .collect()
}

impl Provider for Bedrock {
    fn id(&self) -> &'static str {
        match self.place {
            Place::Aws => "bedrock",
            Place::Sandbox(_) => "sandbox",
        }
    }

    fn prefer(&self, preferences: Preferences) {
        self.http.wait(preferences.patience);
        self.preferences.store(Arc::new(preferences));
    }

    fn describe(&self) -> Description {
        match self.place {
            Place::Aws => Description {
                id: self.id(),
                name: "Amazon Bedrock",
                policy: Policy::DocumentedApi,
                policy_note: None,
                regions: endpoint::REGIONS,
                credentials: credentials::kinds(),
                logins: logins::ways(),
                options: options::offered(),
            },
            Place::Sandbox(_) => Description {
                id: self.id(),
                name: "Sandbox",
                policy: Policy::Offline,
                policy_note: None,
                regions: &[SANDBOX_REGION],
                credentials: Vec::new(),
                logins: Vec::new(),
                options: Vec::new(),
            },
        }
    }

    fn check(&self, account: &Account, credential: &Value) -> Result<CredentialSummary, Error> {
        match self.place {
            Place::Aws => {
                options::check(&account.options)?;
                credentials::check(account, credential)
            }
            // It has one address and one key, which are not the person's to choose.
            Place::Sandbox(_) => {
                Ok(CredentialSummary { kind: "none".to_owned(), label: "offline".to_owned() })
            }
        }
    }

    fn open<'a>(
        &'a self,
        account: &'a Arc<Account>,
        credential: &'a Secret,
        why: Why,
    ) -> BoxFuture<'a, Result<Opened, Error>> {
        match &self.place {
            Place::Aws => Box::pin(credentials::open(account, credential, why, &self.sources)),
            Place::Sandbox(endpoint) => {
                let account = Arc::new(Account {
                    region: SANDBOX_REGION.to_owned(),
                    endpoint_url: Some(endpoint.clone()),
                    ..Account::clone(account)
                });
                let keys = Credentials::from_keys(SANDBOX_ACCESS_KEY_ID, SANDBOX_SECRET_ACCESS_KEY, None);
                let session =
                    Session { account, identity: Identity::SigV4(keys), expires: None, clock_offset: 0 };
                Box::pin(async { Ok(Opened { session, rotated: None, again: false }) })
            }
        }
    }

    fn is_ready(&self, credential: &Secret) -> bool {
        match self.place {
            Place::Aws => credentials::is_ready(credential),
            Place::Sandbox(_) => true,
        }
    }

    fn woke(&self) {
        self.http.renew();
    }

    fn begin(&self, begin: Begin<'_>) -> Result<Box<dyn Procedure>, Error> {
        match self.place {
            Place::Aws => logins::begin(begin),
            Place::Sandbox(_) => Err(Error::invalid("Nobody signs in to the Sandbox.").with_param("login")),
        }
    }

    fn ask<'a>(&'a self, account: &'a Account, question: Question) -> BoxFuture<'a, Result<Heard, Error>> {
        Box::pin(async { self.http.of(account).ask(question).await })
    }

    fn found(&self) -> BoxFuture<'_, Vec<Found>> {
        let places = self.elsewhere.places.clone();
        Box::pin(async move {
            let Some(places) = places else { return Vec::new() };
            tokio::task::spawn_blocking(move || found::look(&places)).await.unwrap_or_default()
        })
    }

    fn wish_again(&self, credential: &Value) -> Option<Wish> {
        logins::again(credential)
    }

    fn sign_in_ends(&self, credential: &Secret) -> Option<SystemTime> {
        credentials::ends(credential)
    }

    fn resolve(&self, account: &Account, asked: &str) -> Result<Target, Error> {
        let now = Circumstances {
            list: self.lists.of(account),
            residency: self.residency(&account.options),
            today: self.today(),
        };
        let target = match self.resolved.recall(account, &now, asked) {
            Some(target) => target,
            None => {
                let target = self.with_resolver(account, |resolver| resolver.resolve(asked))?;
                self.resolved.keep(account, now, asked, &target);
                target
            }
        };
        Ok(Target { model: self.unmasked(target.model), ..target })
    }

    fn wire(&self, account: &Account, model: &Model, asked: Wire) -> Wire {
        if self.surface(account, model, asked).is_some() { asked } else { model.wire }
    }

    fn send<'a>(&'a self, session: &'a Session, call: Call<'a>) -> BoxFuture<'a, Result<Reply, Error>> {
        Box::pin(self.answer(session, call))
    }

    fn count_tokens<'a>(
        &'a self,
        session: &'a Session,
        call: Call<'a>,
    ) -> BoxFuture<'a, Result<TokenCount, Error>> {
        Box::pin(self.count(session, call))
    }

    fn embedder(&self, account: &Account, asked: &str) -> Option<Arc<Model>> {
        let residency = self.residency(&account.options);
        self.with_resolver(account, |resolver| embed::place(asked, &geo::order(resolver.region, residency)))
    }

    fn embed<'a>(
        &'a self,
        session: &'a Session,
        model: &'a str,
        wanted: &'a Embed,
    ) -> BoxFuture<'a, Result<Embedded, Error>> {
        Box::pin(self.vectors(session, model, wanted))
    }

    fn models<'a>(&'a self, session: &'a Session) -> BoxFuture<'a, Result<Vec<Arc<Model>>, Error>> {
        Box::pin(async {
            self.list(session).await?;
            Ok(self.known_models(&session.account))
        })
    }

    fn hurdles<'a>(
        &'a self,
        session: &'a Session,
        model: &'a Model,
    ) -> BoxFuture<'a, Result<Vec<Hurdle>, Error>> {
        Box::pin(self.ask_hurdles(session, model))
    }

    fn known_models(&self, account: &Account) -> Vec<Arc<Model>> {
        self.with_resolver(account, |resolver| resolver.known_models())
    }
}

impl fmt::Debug for Bedrock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bedrock").field("id", &self.id()).finish_non_exhaustive()
    }
}

impl fmt::Debug for BedrockOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BedrockOptions").field("profiles", &self.profiles).finish_non_exhaustive()
    }
}
