//! A gateway on temporary stores with two invented providers, for tests.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use accounts::{Accounts, Clock};
use futures_util::future::BoxFuture;
use llm::{
    Answer, Block, CachePoints, Category, Error, Model, Price, Secret, StructuredOutput, ThinkingStyle,
};
use llm::{ToolSupport, Upstream, Usage, Wire};
use providers::{
    Account, Begin, Body, Call, Callback, CredentialKind, CredentialSummary, Description, Field, Flow, Heard,
    Http, HttpOptions, Identity, Login, Moment, Next, Opened, Policy, Procedure, Prompt, Provider, Quota,
    Registry, Reply, Session, Target, TokenCount, Why,
};
use secrets::{DataKey, Keychain, Keyring, Tools};
use serde_json::Value;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::{
    Asset, Fittings, Gateway, Headless, Limits, LocalKey, LocalKeys, Meter, Office, Quotas, Safe, Settings,
    Shell,
};

/// The local key of every [`House`].
pub(crate) const KEY: &str = "sk-local-house";
/// The time on its clock: 2026-01-02 03:04:05 UTC.
const NOW: Duration = Duration::from_secs(1_767_323_045);

pub(crate) struct House {
    pub(crate) gateway: Arc<Gateway>,
    /// Ids of the accounts whose models were asked for.
    pub(crate) listed: tokio::sync::watch::Receiver<Vec<String>>,
    pub(crate) clock: Arc<Stopped>,
    pub(crate) invented: Arc<Invented>,
    folder: TempDir,
}

impl House {
    pub(crate) async fn new() -> Self {
        Self::furnished(&[], Arc::new(Headless)).await
    }

    pub(crate) async fn with_shell(shell: Arc<dyn Shell>) -> Self {
        Self::furnished(&[], shell).await
    }

    pub(crate) async fn with_pages(pages: &'static [Asset]) -> Self {
        Self::furnished(pages, Arc::new(Headless)).await
    }

    /// With a safe that is still shut.
    pub(crate) async fn with_keychain(keychain: Arc<dyn Keychain>) -> Self {
        Self::built(&[], Arc::new(Headless), Some(keychain)).await
    }

    async fn furnished(pages: &'static [Asset], shell: Arc<dyn Shell>) -> Self {
        let house = Self::built(pages, shell, None).await;
        house.gateway.safe.assume_open(DataKey::generate().unwrap());
        house
    }

    /// The data folder.
    pub(crate) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    async fn built(
        pages: &'static [Asset],
        shell: Arc<dyn Shell>,
        keychain: Option<Arc<dyn Keychain>>,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let stopped = Arc::new(Stopped { start: Instant::now(), passed: Mutex::default() });
        let clock: Arc<dyn Clock> = stopped.clone();
        let now_ms = i64::try_from(NOW.as_millis()).unwrap();
        let core = Arc::new(store::Core::open(folder.path()).unwrap());
        let logs = Arc::new(store::Logs::open(folder.path(), now_ms).unwrap());
        let keyring = Arc::new(Keyring::default());
        let invented = Arc::new(Invented::new("invented", Policy::Offline, Wire::BedrockConverse));
        let wild = Invented::new("wild", Policy::UndocumentedWire, Wire::AmazonQ);
        let listed = invented.listed.subscribe();
        let registry = Arc::new(Registry::new([invented.clone() as Arc<dyn Provider>, Arc::new(wild)]));
        let accounts = Accounts::load(
            Arc::clone(&core),
            Arc::clone(&keyring),
            Arc::clone(&registry),
            Arc::clone(&clock),
            TaskTracker::new(),
        )
        .await
        .unwrap();
        let tools = Tools { keychain, master_key_file: None, key_folder: folder.path().join("keys") };
        let safe = Safe::new(Arc::clone(&core), keyring, tools);
        let home = folder.path().join("home");
        let home = |name: &str| (name == "HOME").then(|| home.display().to_string());
        let machine = clients::Machine::read(clients::System::Linux, home);
        let clients =
            machine.map(|machine| clients::Connections::new(machine, &folder.path().join("clients")));
        let clients = clients.map(|clients| clients.at_root(folder.path().join("system")));
        let owner = LocalKey::of_owner("local", KEY, Arc::new(Meter::new(stopped.start)));
        let gateway = Gateway {
            accounts,
            core,
            sink: logs.sink(),
            logs,
            registry,
            settings: Arc::new(Settings::default()).into(),
            settings_changes: tokio::sync::watch::Sender::new(()),
            keys: Arc::new(LocalKeys::new(vec![owner])).into(),
            safe,
            limits: Limits::default(),
            quotas: Quotas::default(),
            office: Office::new(Fittings {
                pages,
                shell,
                folder: folder.path().to_owned(),
                pass: [0; 32],
                http: Http::new(HttpOptions::default()).unwrap(),
                ca_file: None,
                passwords: crate::Passwords::default(),
                visitors: crate::Visitors::default(),
                clients,
                quit: CancellationToken::new(),
            }),
            addresses: Arc::new(vec!["127.0.0.1:4880".parse().unwrap()]).into(),
            clock,
            started: SystemTime::UNIX_EPOCH + NOW - Duration::from_secs(90),
            version: "0.0.0-test",
        };
        Self { gateway: Arc::new(gateway), listed, clock: stopped, invented, folder }
    }
}

/// A clock that goes on when it is told to.
#[derive(Debug)]
pub(crate) struct Stopped {
    start: Instant,
    passed: Mutex<Duration>,
}

impl Stopped {
    pub(crate) fn pass(&self, seconds: u64) {
        *self.passed.lock().unwrap() += Duration::from_secs(seconds);
    }
}

impl Clock for Stopped {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + NOW + *self.passed.lock().unwrap()
    }

    fn instant(&self) -> Instant {
        self.start + *self.passed.lock().unwrap()
    }
}

/// A provider with two models: `small` answers, `broken` fails. An account with an option `fails`, the name of a
/// category, fails with every model; one with `throttles: N` refuses the first N requests once all of them are there,
/// and holds the others until the gate has room. `wild` is one that needs consent, answers with what it was asked, and counts
/// credits.
#[derive(Debug)]
pub(crate) struct Invented {
    id: &'static str,
    policy: Policy,
    wire: Wire,
    listed: tokio::sync::watch::Sender<Vec<String>>,
    /// How often the allowance was asked for.
    counted: AtomicU32,
    /// How many requests came to accounts that throttle.
    pub(crate) came: tokio::sync::watch::Sender<u64>,
    pub(crate) gate: tokio::sync::Semaphore,
}

impl Invented {
    fn new(id: &'static str, policy: Policy, wire: Wire) -> Self {
        let (listed, came) = (tokio::sync::watch::Sender::default(), tokio::sync::watch::Sender::default());
        let gate = tokio::sync::Semaphore::new(0);
        Self { id, policy, wire, listed, counted: AtomicU32::new(0), came, gate }
    }

    fn is_wild(&self) -> bool {
        self.policy == Policy::UndocumentedWire
    }

    fn model(&self, name: &str, account: &Account, price: f64) -> Arc<Model> {
        Arc::new(Model { wire: self.wire, ..Model::clone(&model(name, account, price)) })
    }
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
        self.id
    }

    fn describe(&self) -> Description {
        Description {
            id: self.id,
            name: "Invented",
            policy_note: self.is_wild().then_some("The vendor may stop the account."),
            policy: self.policy,
            regions: &["us-east-1", "eu-west-1"],
            credentials: vec![CredentialKind {
                kind: "api_key",
                fields: vec![Field { name: "api_key", secret: true, required: true }],
            }],
            logins: vec![Login {
                id: "paper",
                flows: &[Flow::Device],
                fields: vec![Field { name: "start_url", secret: false, required: true }],
            }],
            options: Vec::new(),
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
        Box::pin(async { Ok(Opened { session, rotated: None, again: false }) })
    }

    fn sign_in_ends(&self, credential: &Secret) -> Option<SystemTime> {
        let credential: Value = serde_json::from_str(credential.expose()).ok()?;
        let minutes = credential["ends_in"].as_u64()?;
        Some(SystemTime::UNIX_EPOCH + NOW + Duration::from_secs(60 * minutes))
    }

    fn begin(&self, begin: Begin<'_>) -> Result<Box<dyn Procedure>, Error> {
        match begin.wish.fields.get("start_url") {
            Some(Value::String(url)) => Ok(Box::new(Paper { url: url.clone() })),
            _ => Err(Error::invalid("fields.start_url is missing.").with_param("fields.start_url")),
        }
    }

    fn resolve(&self, account: &Account, asked: &str) -> Result<Target, Error> {
        let models = self.known_models(account);
        let model = models.into_iter().find(|model| model.name == asked);
        let model = model.ok_or_else(|| Error::new(Category::ModelNotFound, "There is no such model"))?;
        Ok(Target { model, effort: None, long_context: false })
    }

    fn send<'a>(&'a self, session: &'a Session, call: Call<'a>) -> BoxFuture<'a, Result<Reply, Error>> {
        Box::pin(async move {
            let fails = session.account.options["fails"].as_str();
            let categories =
                [Category::RateLimited, Category::Quota, Category::Suspended, Category::Upstream];
            if let Some(category) = categories.into_iter().find(|category| Some(category.name()) == fails) {
                return Err(Error::new(category, "told to fail"));
            }
            if let Some(first) = session.account.options["throttles"].as_u64() {
                self.came.send_modify(|came| *came += 1);
                if *self.came.borrow() <= first {
                    self.came.subscribe().wait_for(|came| *came >= first).await.unwrap();
                    return Err(Error::new(Category::RateLimited, "slow").with_retry_after(Duration::ZERO));
                }
                self.gate.acquire().await.unwrap().forget();
            }
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
            let mut answer =
                Answer { content: vec![Block::text("pong")], usage: Usage::default(), ..Answer::default() };
            if self.is_wild() {
                let asked = format!("{:?} {:?}", call.detail, call.asked.meaning()?.messages);
                answer.content = vec![Block::text(asked)];
                answer.usage.credits = Some(0.25);
            }
            Ok(Reply {
                date: None,
                wire: self.wire,
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
        vec![self.model("broken", account, 2.0), self.model("small", account, 1.0)]
    }

    fn cheapest(&self, account: &Account) -> Option<String> {
        account.options["cheapest"].as_str().map(str::to_owned)
    }

    fn quota<'a>(&'a self, session: &'a Session) -> BoxFuture<'a, Result<Option<Quota>, Error>> {
        Box::pin(async {
            let asked = f64::from(self.counted.fetch_add(1, Ordering::Relaxed) + 1);
            let used = session.account.options["used"].as_f64().unwrap_or(asked);
            if session.account.options["fails"].is_string() {
                return Err(Error::new(Category::Upstream, format!("failed {used} times")));
            }
            Ok(self.is_wild().then(|| Quota {
                plan: Some("WILD PRO".to_owned()),
                unit: "credits".to_owned(),
                used,
                limit: 50.0,
                remaining: 50.0 - used,
                resets: Some(1_769_904_000),
                overage: None,
                parts: vec![],
            }))
        })
    }
}

/// A sign-in that waits for its person until it is cancelled.
#[derive(Debug)]
struct Paper {
    url: String,
}

impl Procedure for Paper {
    fn next(&mut self, now: Moment) -> Next {
        let ends = now.instant + Duration::from_secs(600);
        let prompt = Prompt::Device { url: self.url.clone(), user_code: "ABCD-EFGH".to_owned() };
        Next::Wait { prompt, until: ends, ends }
    }

    fn heard(&mut self, _: Result<Heard, Error>, _: Moment) {}

    fn listening(&mut self, _: Option<u16>, _: Moment) {}

    fn returned(&mut self, _: &Callback, _: Moment) -> bool {
        false
    }

    fn chose(&mut self, _: &str, _: Moment) -> bool {
        false
    }
}
