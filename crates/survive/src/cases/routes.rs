//! One route of each kind, to be knocked at.

use serde_json::{Value, json};

use crate::exchange::Question;
use crate::process::{Serving, message};

pub(super) struct Route {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) body: Option<Value>,
}

/// Health, pages, models, the dialects, the window's own, what there is not, and OPTIONS of each.
pub(super) fn routes() -> Vec<Route> {
    let bare = |method, path| Route { method, path, body: None };
    let with = |path, body: Value| Route { method: "POST", path, body: Some(body) };
    vec![
        bare("GET", "/health"),
        bare("GET", "/"),
        bare("HEAD", "/"),
        bare("GET", "/assets/none.js"),
        bare("GET", "/no/such/path"),
        bare("OPTIONS", "/"),
        bare("OPTIONS", "/v1/messages"),
        bare("OPTIONS", "/api/accounts"),
        bare("GET", "/v1/models"),
        bare("GET", "/api/hello"),
        bare("GET", "/api/session"),
        bare("GET", "/api/accounts"),
        bare("GET", "/api/events"),
        bare("GET", "/api/no-such-thing"),
        bare("DELETE", "/api/accounts/nobody"),
        with("/v1/messages", message("hi")),
        with("/v1/chat/completions", message("hi")),
        with("/api/accounts/nobody/activate", json!({})),
        with("/no/such/path", json!({})),
    ]
}

impl Route {
    /// A good question but for what the case does to it.
    pub(super) fn question(&self, serving: &Serving) -> Question {
        self.to(serving, "")
    }

    /// The same with a target that names a server.
    pub(super) fn to(&self, serving: &Serving, server: &str) -> Question {
        let question = serving.ask(self.method, &format!("{server}{}", self.path));
        match &self.body {
            Some(body) => question.json(body),
            None => question,
        }
    }

    /// The status of a good question; a stream's too.
    pub(super) async fn status(&self, serving: &Serving, question: Question) -> anyhow::Result<u16> {
        if self.path == "/api/events" {
            return Ok(question.open(serving.address()).await?.0.status);
        }
        Ok(serving.send(question).await?.status)
    }

    pub(super) fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}
