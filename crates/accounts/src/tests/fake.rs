//! A provider and a clock that do as they are told.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use futures_util::future::BoxFuture;
use llm::{Category, Error, Model, Secret};
use providers::{
    Account, Begin, Call, CredentialSummary, Description, Heard, Identity, Opened, Policy, Procedure,
    Provider, Question, Registry, Reply, Session, Target, TokenCount, Why, Wish,
};
use secrets::{DataKey, Keyring, Place};
use serde_json::{Value, json};
use store::Core;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

use crate::{Accounts, Clock, ConsentBy, NewAccount};

#[derive(Debug)]
pub(super) struct FakeClock {
    base: (SystemTime, Instant),
    /// What passed on the wall and on the monotonic clock.
    passed: Mutex<(Duration, Duration)>,
}

impl Default for FakeClock {
    fn default() -> Self {
        let base = (SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000), Instant::now());
        Self { base, passed: Mutex::default() }
    }
}

impl FakeClock {
    pub(super) fn pass(&self, seconds: u64) {
        let mut passed = self.passed.lock().unwrap();
        passed.0 += Duration::from_secs(seconds);
        passed.1 += Duration::from_secs(seconds);
    }

    /// The machine sleeps: only the wall clock goes on.
    pub(super) fn sleep(&self, seconds: u64) {
        self.passed.lock().unwrap().0 += Duration::from_secs(seconds);
    }
}

impl Clock for FakeClock {
    fn now(&self) -> SystemTime {
        self.base.0 + self.passed.lock().unwrap().0
    }

    fn instant(&self) -> Instant {
        self.base.1 + self.passed.lock().unwrap().1
    }
}

/// How the token endpoint answers.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    /// A rotated credential, and a session to be opened again.
    Half(&'static str),
    /// A session that lives so many seconds, and a rotated credential.
    Session(u64, Option<&'static str>),
    Forever,
    Fail(Category),
}

#[derive(Debug)]
pub(super) struct FakeProvider {
    id: &'static str,
    policy: Policy,
    clock: Arc<FakeClock>,
    /// Each opening takes a permit: a test that wants to hold them back gives none.
    pub gate: Semaphore,
    pub answers: Mutex<VecDeque<Answer>>,
    pub opened: Mutex<Vec<(String, Why)>>,
    running: AtomicUsize,
    pub most: AtomicUsize,
    started: tokio::sync::watch::Sender<usize>,
    pub woken: AtomicUsize,
}

impl FakeProvider {
    fn new(id: &'static str, policy: Policy, clock: Arc<FakeClock>) -> Self {
        Self {
            id,
            policy,
            clock,
            gate: Semaphore::new(Semaphore::MAX_PERMITS),
            answers: Mutex::default(),
            opened: Mutex::default(),
            running: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
            started: tokio::sync::watch::Sender::new(0),
            woken: AtomicUsize::new(0),
        }
    }

    /// Lets nothing through until permits are added.
    pub(super) fn hold(&self) {
        self.gate.forget_permits(usize::MAX);
    }

    pub(super) fn release(&self) {
        self.gate.add_permits(Semaphore::MAX_PERMITS / 2);
    }

    pub(super) fn will(&self, answers: impl IntoIterator<Item = Answer>) {
        self.answers.lock().unwrap().extend(answers);
    }

    pub(super) fn openings(&self) -> usize {
        self.opened.lock().unwrap().len()
    }

    /// Waits until so many openings have begun.
    pub(super) async fn begun(&self, count: usize) {
        self.started.subscribe().wait_for(|started| *started >= count).await.unwrap();
    }
}

impl Provider for FakeProvider {
    fn id(&self) -> &'static str {
        self.id
    }

    fn describe(&self) -> Description {
        Description {
            id: self.id,
            name: self.id,
            policy: self.policy,
            policy_note: (self.policy == Policy::UndocumentedWire).then_some("It may stop the account."),
            regions: &[],
            credentials: Vec::new(),
            logins: Vec::new(),
            options: Vec::new(),
        }
    }

    fn check(&self, account: &Account, credential: &Value) -> Result<CredentialSummary, Error> {
        if account.region == "nowhere" {
            return Err(Error::invalid("there is no such region").with_param("region"));
        }
        let key =
            credential.get("key").and_then(Value::as_str).ok_or_else(|| Error::invalid("key is missing"))?;
        Ok(CredentialSummary { kind: "key".into(), label: key.chars().take(2).collect() })
    }

    fn open<'a>(
        &'a self,
        account: &'a Arc<Account>,
        credential: &'a Secret,
        why: Why,
    ) -> BoxFuture<'a, Result<Opened, Error>> {
        Box::pin(async move {
            self.opened.lock().unwrap().push((account.name.clone(), why));
            let running = self.running.fetch_add(1, Ordering::SeqCst) + 1;
            self.most.fetch_max(running, Ordering::SeqCst);
            self.started.send_modify(|started| *started += 1);
            self.gate.acquire().await.unwrap().forget();
            self.running.fetch_sub(1, Ordering::SeqCst);
            let answer = self.answers.lock().unwrap().pop_front().unwrap_or(Answer::Forever);
            let again = matches!(answer, Answer::Half(_));
            let (life, rotated) = match answer {
                Answer::Session(life, rotated) => (Some(life), rotated),
                Answer::Half(rotated) => (Some(100), Some(rotated)),
                Answer::Forever => (None, None),
                Answer::Fail(category) => return Err(Error::new(category, "the token endpoint said no")),
            };
            let session = Session {
                account: account.clone(),
                identity: Identity::Bearer(credential.clone()),
                expires: life.map(|life| self.clock.now() + Duration::from_secs(life)),
                clock_offset: 0,
            };
            Ok(Opened { session, rotated: rotated.map(Secret::new), again })
        })
    }

    fn is_ready(&self, credential: &Secret) -> bool {
        credential.expose().contains("ready")
    }

    fn woke(&self) {
        self.woken.fetch_add(1, Ordering::SeqCst);
    }

    fn begin(&self, begin: Begin<'_>) -> Result<Box<dyn Procedure>, Error> {
        super::sign_in::begun(begin)
    }

    fn ask<'a>(&'a self, _: &'a Account, _: Question) -> BoxFuture<'a, Result<Heard, Error>> {
        Box::pin(async { Err(Error::new(Category::Unreachable, "there is nobody to ask")) })
    }

    fn wish_again(&self, credential: &Value) -> Option<Wish> {
        let login = credential.get("login")?.as_str()?.to_owned();
        Some(Wish { login, ..Wish::default() })
    }

    fn resolve(&self, _: &Account, _: &str) -> Result<Target, Error> {
        Err(Error::new(Category::ModelNotFound, "no models"))
    }

    fn send<'a>(&'a self, _: &'a Session, _: Call<'a>) -> BoxFuture<'a, Result<Reply, Error>> {
        Box::pin(async { Err(Error::new(Category::Upstream, "sends nothing")) })
    }

    fn count_tokens<'a>(&'a self, _: &'a Session, _: Call<'a>) -> BoxFuture<'a, Result<TokenCount, Error>> {
        Box::pin(async { Err(Error::new(Category::Upstream, "counts nothing")) })
    }

    fn models<'a>(&'a self, _: &'a Session) -> BoxFuture<'a, Result<Vec<Arc<Model>>, Error>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn known_models(&self, _: &Account) -> Vec<Arc<Model>> {
        Vec::new()
    }
}

/// Accounts over a store in a folder of their own.
pub(super) struct World {
    pub folder: tempfile::TempDir,
    pub clock: Arc<FakeClock>,
    pub core: Arc<Core>,
    pub keyring: Arc<Keyring>,
    pub provider: Arc<FakeProvider>,
    pub accounts: Accounts,
    pub tasks: TaskTracker,
}

impl World {
    pub(super) async fn new() -> Self {
        Self::at(tempfile::tempdir().unwrap(), Keyring::with(DataKey::generate().unwrap())).await
    }

    async fn at(folder: tempfile::TempDir, keyring: Keyring) -> Self {
        let keyring = Arc::new(keyring);
        let clock = Arc::new(FakeClock::default());
        let core = Arc::new(Core::open(folder.path()).unwrap());
        let provider = Arc::new(FakeProvider::new("real", Policy::DocumentedApi, clock.clone()));
        let sandbox = Arc::new(FakeProvider::new("sandbox", Policy::Offline, clock.clone()));
        let wild = Arc::new(FakeProvider::new("wild", Policy::UndocumentedWire, clock.clone()));
        let registry = Arc::new(Registry::new([provider.clone() as Arc<dyn Provider>, sandbox, wild]));
        let tasks = TaskTracker::new();
        let accounts = Accounts::load(core.clone(), keyring.clone(), registry, clock.clone(), tasks.clone())
            .await
            .unwrap();
        Self { folder, clock, core, keyring, provider, accounts, tasks }
    }

    /// Ends everything and starts again on the same folder.
    pub(super) async fn restart(self) -> Self {
        let key = self.keyring.key().map(|key| DataKey::clone(&key));
        self.restart_with(key).await
    }

    /// The same, with this key at hand.
    pub(super) async fn restart_with(self, key: Option<DataKey>) -> Self {
        let Self { folder, core, accounts, tasks, .. } = self;
        accounts.stop();
        tasks.close();
        tasks.wait().await;
        core.close();
        let keyring = Keyring::default();
        keyring.put(key);
        Self::at(folder, keyring).await
    }

    /// Adds an account and answers its id.
    pub(super) async fn add(&self, name: &str) -> String {
        self.accounts.add(account(name)).await.unwrap().id
    }

    /// The credential of the first account, as it is stored.
    pub(super) async fn kept(&self) -> Secret {
        let row = self.core.accounts().await.unwrap().swap_remove(0);
        self.keyring.open(Place::account(&row.id), &row.credential).unwrap()
    }

    pub(super) fn plan(&self) -> Vec<String> {
        self.accounts.plan(&[], || None).entries.iter().map(|entry| entry.account.name.clone()).collect()
    }

    pub(super) fn sandbox(&self) {
        let account = Account {
            id: "sandbox".into(),
            name: "Sandbox".into(),
            provider: "sandbox".into(),
            region: String::new(),
            endpoint_url: None,
            options: json!({}),
        };
        self.accounts.add_ephemeral(account, &json!({"key": "none"})).unwrap();
    }
}

pub(super) fn account(name: &str) -> NewAccount {
    NewAccount {
        name: name.into(),
        provider: "real".into(),
        region: "here".into(),
        endpoint_url: None,
        credential: json!({"key": "first-secret"}),
        options: Value::Null,
        tags: Vec::new(),
        note: String::new(),
        policy_accepted: false,
        policy_accepted_by: ConsentBy::AdminApi,
    }
}
