//! A client of a running proxy.

use bytes::Bytes;
use emulator::{AccessKey, Emulator};
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

use crate::harness::{Answer, PATIENCE};

/// The model that the tests ask for.
pub(crate) const MODEL: &str = "claude-sonnet-4-5";

/// Knows where the proxy is and its key. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) url: String,
    pub(crate) key: String,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl Caller {
    pub(crate) fn new(url: &str, key: &str) -> Self {
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { url: url.to_owned(), key: key.to_owned(), client }
    }

    /// Sends a request; `None` when the proxy went away before the answer ended.
    pub(crate) async fn attempt(&self, method: &str, path: &str, body: &Value) -> Option<Answer> {
        let body = if body.is_null() { Bytes::new() } else { body.to_string().into() };
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url))
            .header("authorization", format!("Bearer {}", self.key))
            .header("content-type", "application/json")
            .body(Full::new(body))
            .expect("request");
        let exchange = async {
            let (head, body) = self.client.request(request).await.ok()?.into_parts();
            let body = body.collect().await.ok()?.to_bytes();
            Some(Answer { status: head.status, headers: head.headers, body })
        };
        tokio::time::timeout(PATIENCE, exchange).await.expect("in time")
    }

    pub(crate) async fn send(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.attempt(method, path, body).await.unwrap_or_else(|| panic!("no answer to {method} {path}"))
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, body).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &Value::Null).await
    }

    /// Asks for an echo and returns the account that gave it.
    pub(crate) async fn served_by(&self, text: &str) -> String {
        let answer = self.post("/v1/messages", &ask(text)).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.json()["content"][0]["text"], format!("echo: {text}"), "{}", answer.text());
        answer.header("x-proxy-account").expect("an account").to_owned()
    }

    /// Adds an account and makes it the active one.
    pub(crate) async fn use_account(&self, account: &Value) {
        let added = self.post("/api/accounts", account).await;
        assert_eq!(added.status, 201, "{}", added.text());
        let id = added.json()["id"].as_str().expect("id").to_owned();
        let used = self.post(&format!("/api/accounts/{id}/activate"), &json!({})).await;
        assert_eq!(used.status, 200, "{}", used.text());
    }

    /// All rows of the log, newest first, once there are `count` of them: they are written in groups.
    pub(crate) async fn all_rows(&self, count: usize) -> Vec<Value> {
        let all = async {
            loop {
                let rows = self.rows().await;
                if rows.len() >= count {
                    return rows;
                }
            }
        };
        tokio::time::timeout(PATIENCE, all).await.expect("rows in time")
    }

    /// The rows of the log that are written, newest first.
    pub(crate) async fn rows(&self) -> Vec<Value> {
        let mut rows = Vec::new();
        let mut before = String::new();
        loop {
            let page = self.get(&format!("/api/logs?limit=1000{before}")).await.json();
            rows.extend(page["rows"].as_array().unwrap_or_else(|| panic!("{page}")).iter().cloned());
            match page["next"].as_i64() {
                Some(next) => before = format!("&before={next}"),
                None => return rows,
            }
        }
    }
}

/// A Messages request.
pub(crate) fn ask(text: &str) -> Value {
    json!({"model": MODEL, "max_tokens": 64, "messages": [{"role": "user", "content": text}]})
}

/// An account that reaches the emulator with `key`.
pub(crate) fn account(name: &str, emulator: &Emulator, key: &AccessKey) -> Value {
    let mut credential =
        json!({"kind": "access_key", "access_key_id": key.id, "secret_access_key": key.secret});
    if let Some(token) = &key.token {
        credential["session_token"] = json!(token);
    }
    json!({
        "name": name, "provider": "bedrock", "region": "us-east-1",
        "endpoint_url": emulator.url(), "credential": credential,
    })
}
