//! Several accounts: who is asked, who steps in, who rests.

mod failover;
mod importing;
mod resting;
mod switching;

use serde_json::{Value, json};

use crate::client::{CLAUDE, Dialect};
use crate::harness::{Answer, TestApp, access_key};

/// Three accounts with keys of their own at one emulator; `a` is active.
struct Three {
    app: TestApp,
    a: String,
    b: String,
    c: String,
}

impl Three {
    async fn start() -> Self {
        let app = TestApp::sandbox().await;
        let c = app.add_account("c").await;
        let b = app.add_account("b").await;
        let a = app.add_account("a").await;
        let three = Self { app, a, b, c };
        three.ordered(&["a", "b", "c"]).await;
        three
    }

    fn id(&self, name: &str) -> &str {
        match name {
            "a" => &self.a,
            "b" => &self.b,
            _ => &self.c,
        }
    }

    /// Sets the order in which others step in.
    async fn ordered(&self, names: &[&str]) {
        let order: Vec<_> = names.iter().map(|name| self.id(name)).collect();
        self.app.set(&json!({"failover": {"order": order}})).await;
    }

    async fn state(&self, name: &str) -> String {
        self.app.state(self.id(name)).await
    }

    async fn ask(&self, text: &str) -> Answer {
        self.app.ask(Dialect::Messages, &Dialect::Messages.asking(CLAUDE, text, true)).await
    }

    /// Who was asked since the `before`th request, in order.
    fn asked_since(&self, before: usize) -> Vec<&'static str> {
        let names = ["a", "b", "c"].map(|name| (name, access_key(name).id));
        let sent = self.app.emulator.journal().requests().split_off(before);
        // A signature that is not believed names nobody.
        let name_of = |key: &str| names.iter().find(|(_, id)| id == key).map_or("?", |(name, _)| name);
        sent.iter().map(|request| request.key.as_deref().map_or("?", name_of)).collect()
    }
}

/// Accounts and categories of the attempts that failed.
fn failed(row: &Value) -> Vec<(&str, &str)> {
    let attempts = row["failover_from"].as_array().map_or(&[][..], Vec::as_slice);
    fn word(value: &Value) -> &str {
        value.as_str().expect("a word")
    }
    attempts.iter().map(|attempt| (word(&attempt["account"]), word(&attempt["category"]))).collect()
}
