//! A window's session, as a browser has it.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::exchange::{Answer, Question};
use crate::process::Serving;

/// A cookie, and the token that changes need beside it.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    /// `name=value`.
    pub(crate) cookie: String,
    pub(crate) csrf: String,
}

impl Session {
    /// Opens one with a token or a password.
    pub(crate) async fn open(serving: &Serving, proof: &Value) -> Result<Self> {
        let answer = sign_in(serving, proof).await?;
        ensure!(answer.status == 200, "no session for the right proof: {answer:?}");
        Self::of(&answer)
    }

    /// The one that an answer opens.
    pub(crate) fn of(answer: &Answer) -> Result<Self> {
        let set = answer.headers("set-cookie");
        let cookie = set.first().and_then(|line| line.split(';').next()).context("no cookie")?;
        let csrf = answer.json()["csrf"].as_str().context("no CSRF token")?.to_owned();
        Ok(Self { cookie: cookie.to_owned(), csrf })
    }

    /// With an address that only who starts the program or has its key can get.
    pub(crate) async fn invited(serving: &Serving) -> Result<Self> {
        let invited = serving.post("/api/session/invite", &json!({})).await?.json();
        let url = invited["url"].as_str().context("no invitation")?;
        let token = url.split_once("#token=").context("no token")?.1;
        Self::open(serving, &json!({"token": token})).await
    }

    /// A question with the cookie alone.
    pub(crate) fn ask(&self, method: &'static str, path: &str) -> Question {
        Question::new(method, path).header("cookie", &self.cookie)
    }

    /// A change as the window makes it.
    pub(crate) fn change(&self, method: &'static str, path: &str) -> Question {
        self.ask(method, path).header("x-switchboard-csrf", &self.csrf)
    }

    /// Whether it opens anything now.
    pub(crate) async fn lives(&self, serving: &Serving) -> Result<bool> {
        Ok(serving.send(self.ask("GET", "/api/status")).await?.status == 200)
    }
}

/// Shows a proof, without any key.
pub(crate) async fn sign_in(serving: &Serving, proof: &Value) -> Result<Answer> {
    serving.send(Question::new("POST", "/api/session").json(proof)).await
}
