//! Kiro accounts: every way to sign in, every dialect, everything that can go wrong, and the rules of the service over
//! all that was sent.

mod calls;
mod conversations;
mod failing;
mod formats;
mod guarding;
mod limits;
mod media;
mod models;
mod plain;
mod refresh;
mod searching;
mod streams;
mod switching;
mod thinking;

use emulator::{Emulator, Operation};
use serde_json::{Value, json};

use crate::client::CLAUDE;
use crate::harness::{Sent, TestApp};
use crate::rules;

/// The accounts of the emulator, one for each way to sign in.
pub(crate) const KINDS: [&str; 5] = ["builder-id", "identity-center", "social", "external", "api-key"];

/// The model of most tests, as the service calls it.
const SONNET: &str = "claude-sonnet-4.5";
/// A model that thinks without being asked to in words.
const OPUS: &str = "claude-opus-4-8";

/// The credential of one of [`KINDS`].
pub(crate) fn credential(emulator: &Emulator, kind: &str) -> Value {
    let token = emulator.kiro().refresh_token(kind);
    match kind {
        "api-key" => json!({"kind": "kiro_api_key", "api_key": token}),
        "social" => json!({"kind": "kiro_social", "refresh_token": token}),
        "external" => json!({
            "kind": "external_idp", "refresh_token": token, "client_id": "client-external",
            "token_endpoint": format!("{}/idp/token", emulator.url()), "issuer_url": emulator.url(),
        }),
        oidc => json!({
            "kind": "oidc_refresh_token", "refresh_token": token,
            "client_id": format!("client-{oidc}"), "client_secret": format!("secret-{oidc}"),
        }),
    }
}

/// An account of one of [`KINDS`], named so.
pub(crate) fn account(emulator: &Emulator, kind: &str) -> Value {
    json!({
        "name": kind, "provider": "amazon_q", "endpoint_url": emulator.url(), "policy_accepted": true,
        "credential": credential(emulator, kind),
    })
}

/// The bodies of all chats that the emulator received, in order.
pub(crate) fn chats(emulator: &Emulator) -> Vec<Value> {
    let requests = emulator.journal().requests();
    let chats = requests.iter().filter(|row| row.operation == Some(Operation::GenerateAssistantResponse));
    chats.map(Sent::json).collect()
}

/// Fails when the emulator received no chat, or one that breaks a rule of the service.
pub(crate) fn check_rules(emulator: &Emulator) {
    let chats = chats(emulator);
    assert!(!chats.is_empty(), "Kiro was never asked");
    for chat in chats {
        rules::check(&chat).unwrap_or_else(|broken| panic!("{broken}: {chat:#}"));
    }
}

impl TestApp {
    /// Starts with an active Kiro account of a kind; returns its id too.
    async fn kiro(kind: &str) -> (Self, String) {
        let app = Self::sandbox().await;
        let id = app.add_kiro(kind).await;
        app.activate(&id).await;
        (app, id)
    }

    /// Adds an account of one of [`KINDS`]; returns its id.
    pub(crate) async fn add_kiro(&self, kind: &str) -> String {
        self.add_kiro_with(&account(&self.emulator, kind)).await
    }

    /// Adds an account; returns its id.
    pub(crate) async fn add_kiro_with(&self, account: &Value) -> String {
        let added = self.post("/api/accounts", account).await;
        assert_eq!(added.status, 201, "{}", added.text());
        added.json()["id"].as_str().expect("id").to_owned()
    }

    /// Changes an account.
    async fn patch(&self, id: &str, patch: &Value) {
        let request = self.request("PATCH", &format!("/api/accounts/{id}"));
        let body = http_body_util::Full::from(patch.to_string());
        let changed = self.send(request.body(body).expect("request")).await;
        assert_eq!(changed.status, 200, "{}", changed.text());
    }

    /// Asks the upstream for its models: the list tells how they think.
    async fn learn_models(&self) {
        let list = self.get("/api/models?refresh=true").await.json();
        assert_eq!(list["problems"], json!([]));
    }

    /// The last chat that Kiro received.
    fn last_chat(&self) -> Value {
        chats(&self.emulator).pop().expect("a chat")
    }

    /// Ends the instance. Everything that went to Kiro must have kept the service's rules.
    pub(crate) async fn finish(self) {
        check_rules(&self.emulator);
        self.stop().await;
    }
}

/// The current message of a chat.
fn current(chat: &Value) -> &Value {
    &chat["conversationState"]["currentMessage"]["userInputMessage"]
}

/// The names of a chat's tools.
fn tool_names(chat: &Value) -> Vec<String> {
    let tools = current(chat)["userInputMessageContext"]["tools"].as_array();
    let name = |tool: &Value| tool["toolSpecification"]["name"].as_str().expect("a name").to_owned();
    tools.into_iter().flatten().map(name).collect()
}

/// What an answer tells of the changes to its request.
fn adjusted(answer: &crate::harness::Answer) -> Vec<String> {
    let told = answer.header("x-proxy-adjusted").unwrap_or_default();
    told.split("; ").filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// A plain question, in Anthropic's words.
fn hello(stream: bool) -> Value {
    crate::client::Dialect::Messages.asking(CLAUDE, "hello", stream)
}
