//! Amazon Q and Kiro through the door.

mod chats;
mod failures;
mod models;
mod sign_in;
mod tokens;

use std::net::SocketAddr;

use emulator::{Config, Emulator, KIRO_PROFILE, Kiro, KiroAccount, KiroConfig};
use http::Request;
use http_body_util::Full;
use serde_json::{Value, json};

use crate::caller::{Answer, Open, open};

const CONVERSATION: &str = "7d0c1a52-0b8e-4d0b-9b2f-3f1f6a5c9e10";
const GENERATE: &str = "AmazonCodeWhispererStreamingService.GenerateAssistantResponse";

/// A client that knows nothing but headers.
struct Client {
    addr: SocketAddr,
    headers: Vec<(&'static str, String)>,
}

fn started(kiro: KiroConfig) -> Emulator {
    Emulator::start(Config { record: true, kiro, ..Config::default() }).unwrap()
}

fn emulator() -> (Emulator, Kiro) {
    let emulator = started(KiroConfig::default());
    let kiro = emulator.kiro();
    (emulator, kiro)
}

fn with(account: KiroAccount) -> (Emulator, Kiro) {
    let emulator = started(KiroConfig { accounts: vec![account], ..KiroConfig::default() });
    let kiro = emulator.kiro();
    (emulator, kiro)
}

impl Client {
    fn stranger(emulator: &Emulator) -> Self {
        Self { addr: emulator.addr(), headers: Vec::new() }
    }

    /// A client with a fresh access token of the account.
    fn of(emulator: &Emulator, account: &str) -> Self {
        let token = emulator.kiro().access_token(account);
        let client = Self::stranger(emulator).with("authorization", &format!("Bearer {token}"));
        match account {
            "api-key" => client.with("tokentype", "API_KEY"),
            "external" => client.with("tokentype", "EXTERNAL_IDP"),
            _ => client,
        }
    }

    fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    async fn open(&self, method: &str, path: &str, more: &[(&str, &str)], body: String) -> Open {
        let mut request = Request::builder().method(method).uri(path).header("host", self.addr.to_string());
        for (name, value) in
            self.headers.iter().map(|(name, value)| (*name, value.as_str())).chain(more.iter().copied())
        {
            request = request.header(name, value);
        }
        open(self.addr, request.body(Full::new(body.into())).unwrap()).await
    }

    /// The binding of the target.
    async fn call(&self, target: &str, body: &Value) -> Answer {
        let headers = [("x-amz-target", target), ("content-type", "application/x-amz-json-1.0")];
        self.open("POST", "/", &headers, body.to_string()).await.read().await
    }

    async fn chat(&self, body: &Value) -> Answer {
        self.call(GENERATE, body).await
    }

    /// The binding of the paths.
    async fn post(&self, path: &str, body: &Value) -> Answer {
        let headers = [("content-type", "application/json")];
        self.open("POST", path, &headers, body.to_string()).await.read().await
    }

    async fn form(&self, path: &str, body: &str) -> Answer {
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        self.open("POST", path, &headers, body.to_owned()).await.read().await
    }

    async fn get(&self, path: &str) -> Answer {
        self.open("GET", path, &[], String::new()).await.read().await
    }
}

/// One turn of an account with a profile.
fn says(model: &str, content: &str) -> Value {
    json!({
        "conversationState": {
            "conversationId": CONVERSATION,
            "chatTriggerType": "MANUAL",
            "history": [],
            "currentMessage": { "userInputMessage": {
                "content": content, "modelId": model, "origin": "AI_EDITOR",
            } },
        },
        "profileArn": KIRO_PROFILE,
    })
}

/// One turn of an account without a profile.
fn says_bare(content: &str) -> Value {
    let mut body = says("auto", content);
    body.as_object_mut().unwrap().remove("profileArn");
    body["conversationState"]["agentContinuationId"] = json!(CONVERSATION);
    body["conversationState"]["currentMessage"]["userInputMessage"]["origin"] = json!("KIRO_CLI");
    body
}

fn tool(name: &str) -> Value {
    json!({ "toolSpecification": {
        "name": name,
        "description": "Does it.",
        "inputSchema": { "json": { "type": "object", "properties": { "path": { "type": "string" } } } },
    } })
}

fn equip(body: &mut Value, tools: &[&str]) {
    let tools: Vec<_> = tools.iter().map(|name| tool(name)).collect();
    body["conversationState"]["currentMessage"]["userInputMessage"]["userInputMessageContext"]["tools"] =
        json!(tools);
}

/// The values of one member of all events of a kind.
fn all<'a>(events: &'a [(String, Value)], kind: &str, member: &str) -> Vec<&'a Value> {
    let found = events.iter().filter(|(name, _)| name == kind);
    found.map(|(_, payload)| &payload[member]).filter(|value| !value.is_null()).collect()
}

fn joined(events: &[(String, Value)], kind: &str, member: &str) -> String {
    all(events, kind, member).into_iter().filter_map(Value::as_str).collect()
}

fn text(events: &[(String, Value)]) -> String {
    joined(events, "assistantResponseEvent", "content")
}

/// What an error is called, in either binding.
fn code(answer: &Answer) -> String {
    match answer.json()["__type"].as_str() {
        Some(name) => name.rsplit('#').next().unwrap().to_owned(),
        None => answer.code().to_owned(),
    }
}
