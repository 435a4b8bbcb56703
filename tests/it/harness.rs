//! Starts the product as a person would have it: a data folder, an account, a client.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use emulator::{Emulator, KiroConfig};
use http_body_util::{BodyExt, Full};
use hyper::{Request, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use llm::Secret;
use serde_json::{Value, json};
use switchboard::{App, Config, Running};
use tempfile::TempDir;

use crate::upstream::Upstream;

/// Nothing here takes longer, whatever the machine; a test that waits so long has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// The key every test client shows.
pub(crate) const KEY: &str = "sk-test-key";

/// A running product with one Bedrock account whose AWS is an emulator of its own.
pub(crate) struct TestApp {
    pub(crate) running: Running,
    pub(crate) emulator: Emulator,
    pub(crate) folder: TempDir,
    client: Client<HttpConnector, Full<Bytes>>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: hyper::HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The events of a stream: name (empty without one) and data.
    pub(crate) fn events(&self) -> Vec<(String, String)> {
        self.text()
            .split("\n\n")
            .filter(|block| !block.trim().is_empty() && !block.starts_with(':'))
            .map(|block| {
                let field = |name: &str| {
                    block
                        .lines()
                        .find_map(|line| line.strip_prefix(name))
                        .unwrap_or_default()
                        .trim_start()
                        .to_owned()
                };
                (field("event:"), field("data:"))
            })
            .collect()
    }
}

/// Waits for what must come.
pub(crate) async fn in_time<T>(event: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, event).await.expect("in time")
}

/// Reads an opened answer to its end.
pub(crate) async fn rest(response: hyper::Response<hyper::body::Incoming>) -> Answer {
    let (head, body) = response.into_parts();
    let body = in_time(body.collect()).await.expect("a body").to_bytes();
    Answer { status: head.status, headers: head.headers, body }
}

/// The AWS keys of a test account; the emulator knows those of `main`, `a`, `b` and `c`.
pub(crate) fn access_key(name: &str) -> emulator::AccessKey {
    emulator::AccessKey::new(format!("AKIATEST{:0>12}", name.to_uppercase()), format!("secret+of+{name}"))
}

/// The configuration of a test instance on `folder`.
pub(crate) fn config(folder: &Path) -> Config {
    Config {
        data_dir: folder.to_owned(),
        config_dir: folder.join("config"),
        keychain: switchboard::KeychainUse::Off,
        master_key_file: None,
        port: Some(0),
        bind: None,
        allow_lan: false,
        admin_port: None,
        local_key: Some(Secret::new(KEY)),
        environment: switchboard::environment::read(|_| None),
    }
}

impl TestApp {
    /// Starts with an active account `main`.
    pub(crate) async fn start() -> Self {
        let app = Self::sandbox().await;
        app.add_account("main").await;
        app
    }

    /// Starts as on a first start: the Sandbox is active.
    pub(crate) async fn sandbox() -> Self {
        Self::with(KiroConfig::default()).await
    }

    /// The same, with an emulator that plays Kiro so.
    pub(crate) async fn with(kiro: KiroConfig) -> Self {
        Self::of(kiro, tempfile::tempdir().expect("folder"), |_| None).await
    }

    /// The same on a folder, for a person whose environment is `variables`.
    pub(crate) async fn of(
        kiro: KiroConfig,
        folder: TempDir,
        variables: impl Fn(&str) -> Option<String>,
    ) -> Self {
        let environment = switchboard::environment::read(variables);
        let config = Config { environment, ..config(folder.path()) };
        let access_keys = ["main", "a", "b", "c"].map(access_key).to_vec();
        let emulator = emulator::Config { record: true, access_keys, kiro, ..emulator::Config::default() };
        let emulator = Emulator::start(emulator).expect("emulator");
        let running = App::open(&config).await.expect("open").listen(&config).await.expect("listen");
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { running, emulator, folder, client }
    }

    /// Adds an account that reaches the emulator with [`access_key`] of its name and makes it the active one;
    /// returns its id.
    pub(crate) async fn add_account(&self, name: &str) -> String {
        let id = self.add_account_with(name, &self.emulator.url(), &access_key(name)).await;
        self.activate(&id).await;
        id
    }

    /// Adds an account that reaches `upstream` and makes it the active one; returns its id.
    pub(crate) async fn add_account_at(&self, name: &str, upstream: &Upstream) -> String {
        let id = self.add_account_with(name, &upstream.url(), &access_key(name)).await;
        self.activate(&id).await;
        id
    }

    /// Makes an account the first to be asked. Ends its rest too.
    pub(crate) async fn activate(&self, id: &str) {
        let activated = self.post(&format!("/api/accounts/{id}/activate"), &json!({})).await;
        assert_eq!(activated.status, 200, "{}", activated.text());
    }

    /// The account as the admin API shows it.
    pub(crate) async fn account(&self, id: &str) -> Value {
        let all = self.get("/api/accounts").await.json();
        let accounts = all["accounts"].as_array().expect("accounts");
        accounts.iter().find(|account| account["id"] == id).expect("the account").clone()
    }

    /// How the account is, in one word.
    pub(crate) async fn state(&self, id: &str) -> String {
        self.account(id).await["state"]["kind"].as_str().expect("a kind").to_owned()
    }

    /// Changes settings.
    pub(crate) async fn set(&self, settings: &Value) {
        let request = self.request("PUT", "/api/settings");
        let set = self.send(request.body(Full::from(settings.to_string())).expect("request")).await;
        assert_eq!(set.status, 200, "{}", set.text());
    }

    /// Adds an account with an endpoint and keys of its own.
    pub(crate) async fn add_account_with(
        &self,
        name: &str,
        endpoint: &str,
        key: &emulator::AccessKey,
    ) -> String {
        let mut credential =
            json!({"kind": "access_key", "access_key_id": key.id, "secret_access_key": key.secret});
        if let Some(token) = &key.token {
            credential["session_token"] = json!(token);
        }
        let body = json!({
            "name": name, "provider": "bedrock", "region": "us-east-1",
            "endpoint_url": endpoint, "credential": credential,
        });
        let added = self.post("/api/accounts", &body).await;
        assert_eq!(added.status, 201, "{}", added.text());
        added.json()["id"].as_str().expect("id").to_owned()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.running.url())
    }

    /// A request with the local key; change it before it goes.
    pub(crate) fn request(&self, method: &str, path: &str) -> hyper::http::request::Builder {
        Request::builder()
            .method(method)
            .uri(self.url(path))
            .header("x-api-key", KEY)
            .header("content-type", "application/json")
    }

    /// Sends a request and returns once its headers are back.
    pub(crate) async fn open(&self, request: Request<Full<Bytes>>) -> hyper::Response<hyper::body::Incoming> {
        in_time(self.client.request(request)).await.expect("an answer")
    }

    /// Sends a request and reads the whole answer.
    pub(crate) async fn send(&self, request: Request<Full<Bytes>>) -> Answer {
        rest(self.open(request).await).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.post_bytes(path, Bytes::from(body.to_string())).await
    }

    pub(crate) async fn post_bytes(&self, path: &str, body: impl Into<Bytes>) -> Answer {
        self.send(self.request("POST", path).body(Full::new(body.into())).expect("request")).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request("GET", path).body(Full::default()).expect("request")).await
    }

    /// The log row of an answer. A row is written when its answer is gone, which may be after the client has read it.
    pub(crate) async fn row(&self, answer: &Answer) -> Value {
        let id = answer.header("request-id").expect("a request id").to_owned();
        self.row_where(|row| row["request_id"] == id.as_str()).await
    }

    /// The newest log row that fits, as soon as there is one.
    pub(crate) async fn row_where(&self, fits: impl Fn(&Value) -> bool) -> Value {
        let look = async {
            loop {
                if let Some(row) = self.rows().await.into_iter().find(&fits) {
                    return row;
                }
            }
        };
        in_time(look).await
    }

    /// The newest log rows, once everything recorded so far is written.
    pub(crate) async fn rows(&self) -> Vec<Value> {
        self.running.gateway().logs.flush().await.expect("flush");
        let page = self.get("/api/logs").await.json();
        page["rows"].as_array().expect("rows").clone()
    }

    /// Ends the instance as a person would.
    pub(crate) async fn stop(self) {
        self.running.stop().await;
        self.emulator.shutdown().await;
    }
}

/// What the emulator was sent, for people and for programs.
pub(crate) trait Sent {
    fn text(&self) -> &str;

    fn json(&self) -> Value {
        serde_json::from_str(self.text()).expect("JSON")
    }
}

impl Sent for emulator::Recorded {
    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("UTF-8")
    }
}
