//! A gateway on temporary stores with one invented provider, for tests.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use accounts::{Accounts, Clock};
use futures_util::future::BoxFuture;
use llm::{
    Answer, Block, CachePoints, Category, Error, Model, Price, Secret, StructuredOutput, ThinkingStyle,
};
use llm::{ToolSupport, Upstream, Usage, Wire};
use providers::{
    Account, Body, Call, CredentialKind, CredentialSummary, Description, Field, Identity, Opened, Policy,
    Provider, Registry, Reply, Session, Target, TokenCount, Why,
};
use serde_json::Value;
use tempfile::TempDir;
use tokio_util::task::TaskTracker;

use crate::{Gateway, Limits, LocalKeys, Settings};

/// The local key of every [`House`].
pub(crate) const KEY: &str = "sk-local-house";
/// The time on its clock: 2026-01-02 03:04:05 UTC.
const NOW: Duration = Duration::from_secs(1_767_323_045);

pub(crate) struct House {
    pub(crate) gateway: Arc<Gateway>,
    /// Ids of the accounts whose models were asked for.
    pub(crate) listed: tokio::sync::watch::Receiver<Vec<String>>,
    _folder: TempDir,
}

impl House {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock: Arc<dyn Clock> = Arc::new(Stopped(Instant::now()));
        let now_ms = i64::try_from(NOW.as_millis()).unwrap();
        let core = Arc::new(store::Core::open(folder.path()).unwrap());
        let logs = Arc::new(store::Logs::open(folder.path(), now_ms).unwrap());
        let invented = Invented::default();
        let listed = invented.listed.subscribe();
        let registry = Arc::new(Registry::new([Arc::new(invented) as Arc<dyn Provider>]));
        let accounts =
            Accounts::load(Arc::clone(&core), Arc::clone(&registry), Arc::clone(&clock), TaskTracker::new())
                .await
                .unwrap();
        let gateway = Gateway {
            accounts,
            core,
            sink: logs.sink(),
            logs,
            registry,
            settings: Arc::new(Settings::default()).into(),
            settings_changes: tokio::sync::watch::Sender::new(()),
            keys: Arc::new(LocalKeys::single(KEY)).into(),
            limits: Limits::default(),
            addresses: Arc::new(vec!["127.0.0.1:4880".parse().unwrap()]).into(),
            clock,
            started: SystemTime::UNIX_EPOCH + NOW - Duration::from_secs(90),
            version: "0.0.0-test",
        };
        Self { gateway: Arc::new(gateway), listed, _folder: folder }
    }
}

/// A clock that stands still.
#[derive(Debug)]
struct Stopped(Instant);

impl Clock for Stopped {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + NOW
    }

    fn instant(&self) -> Instant {
        self.0
    }
}

/// A provider with two models: `small` answers, `broken` fails.
#[derive(Debug, Default)]
struct Invented {
    listed: tokio::sync::watch::Sender<Vec<String>>,
}

fn model(name: &str, account: &Account, price: f64) -> Arc<Model> {
    Arc::new(Model {
        id: format!("{}.vendor.{name}", account.region),
        name: name.to_owned(),
        display_name: name.to_uppercase(),
        vendor: "anthropic".to_owned(),
        wire: Wire::BedrockConverse,
        context: 200_000,
        max_output: 8192,
        price: Some(Price { input: price, output: 5.0 * price, ..Price::default() }),
        tools: ToolSupport::Yes,
        system: true,
        vision: true,
        documents: false,
        thinking: ThinkingStyle::No,
        efforts: vec![],
        structured_output: StructuredOutput::No,
        cache: CachePoints::default(),
        cache_min_tokens: 0,
        sampling: true,
        forced_tool_use: true,
        mid_conversation_system: false,
        end_of_life: None,
    })
}

impl Provider for Invented {
    fn id(&self) -> &'static str {
        "invented"
    }

    fn describe(&self) -> Description {
        Description {
            id: "invented",
            name: "Invented",
            policy_note: None,
            policy: Policy::Offline,
            regions: &["us-east-1", "eu-west-1"],
            credentials: vec![CredentialKind {
                kind: "api_key",
                fields: vec![Field { name: "api_key", secret: true, required: true }],
            }],
        }
    }

    fn check(&self, account: &Account, credential: &Value) -> Result<CredentialSummary, Error> {
        if !["us-east-1", "eu-west-1"].contains(&account.region.as_str()) {
            return Err(Error::invalid("There is no such region").with_param("region"));
        }
        match (credential["kind"].as_str(), credential["api_key"].as_str()) {
            (Some("api_key"), Some(key)) => Ok(CredentialSummary {
                kind: "api_key".to_owned(),
                label: format!("…{}", &key[key.len().saturating_sub(4)..]),
            }),
            _ => Err(Error::invalid("The credential needs an api_key").with_param("credential")),
        }
    }

    fn open<'a>(
        &'a self,
        account: &'a Arc<Account>,
        credential: &'a Secret,
        _: Why,
    ) -> BoxFuture<'a, Result<Opened, Error>> {
        let session = Session {
            account: Arc::clone(account),
            identity: Identity::Bearer(credential.clone()),
            expires: None,
            clock_offset: 0,
        };
        Box::pin(async { Ok(Opened { session, rotated: None }) })
    }

    fn resolve(&self, account: &Account, asked: &str) -> Result<Target, Error> {
        let models = self.known_models(account);
        let model = models.into_iter().find(|model| model.name == asked);
        let model = model.ok_or_else(|| Error::new(Category::ModelNotFound, "There is no such model"))?;
        Ok(Target { model, effort: None, long_context: false })
    }

    fn send<'a>(&'a self, _: &'a Session, call: Call<'a>) -> BoxFuture<'a, Result<Reply, Error>> {
        Box::pin(async move {
            if call.target.model.name == "broken" {
                let upstream = Upstream {
                    status: 429,
                    code: "ThrottlingException".to_owned(),
                    message: "Too many".to_owned(),
                    request_id: Some("up-1".to_owned()),
                    clock_offset: None,
                };
                return Err(Error::new(Category::RateLimited, "Too many requests").with_upstream(upstream));
            }
            let answer =
                Answer { content: vec![Block::text("pong")], usage: Usage::default(), ..Answer::default() };
            Ok(Reply {
                date: None,
                wire: Wire::BedrockConverse,
                request_id: None,
                adjustments: vec![],
                attempts: 1,
                body: Body::Answer(Box::new(answer)),
            })
        })
    }

    fn count_tokens<'a>(&'a self, _: &'a Session, _: Call<'a>) -> BoxFuture<'a, Result<TokenCount, Error>> {
        Box::pin(async { Ok(TokenCount { input: 1, estimated: true }) })
    }

    fn models<'a>(&'a self, session: &'a Session) -> BoxFuture<'a, Result<Vec<Arc<Model>>, Error>> {
        Box::pin(async {
            self.listed.send_modify(|listed| listed.push(session.account.id.clone()));
            if session.account.region == "eu-west-1" {
                return Err(Error::new(Category::PermissionDenied, "ListModels is not allowed"));
            }
            Ok(vec![model("fresh", &session.account, 3.0)])
        })
    }

    fn known_models(&self, account: &Account) -> Vec<Arc<Model>> {
        vec![model("broken", account, 2.0), model("small", account, 1.0)]
    }
}
