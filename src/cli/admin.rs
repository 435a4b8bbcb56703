//! Commands talk to the admin API: over HTTP when an instance runs on the data folder, else in this process.
//! One way to say a thing, whoever is listening.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use gateway::axum::Router;
use gateway::{Door, Gateway};
use llm::Secret;
use serde_json::Value;

use super::typed;
use crate::config::Config;
use crate::lock;
use crate::{App, call};

/// The admin API of whoever owns the data folder.
pub(crate) enum Admin {
    Running { url: String, key: Secret, http: reqwest::Client },
    Here { app: Box<App>, router: Router },
}

/// What the API answered.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl Admin {
    /// Finds the running instance, or opens the data folder and what is stored encrypted.
    pub(crate) async fn reach(config: &Config) -> Result<Self> {
        let admin = Self::reach_locked(config).await?;
        let Self::Here { app, .. } = &admin else { return Ok(admin) };
        if let Err(error) = open_safe(app.gateway()).await {
            admin.done().await;
            return Err(error);
        }
        Ok(admin)
    }

    /// The same, also when stored secrets are locked.
    pub(crate) async fn reach_locked(config: &Config) -> Result<Self> {
        if let Some(holder) = lock::holder(&config.data_dir) {
            let key = Secret::new(holder.pass);
            let http = providers::local_client().context("cannot make an HTTP client")?;
            return Ok(Self::Running { url: holder.url, key, http });
        }
        if lock::is_held(&config.data_dir) {
            bail!("Switchboard is starting or stopping on this data folder; try again in a moment");
        }
        let app = App::open(config).await?;
        super::show_notes(&app);
        let router = app.router();
        Ok(Self::Here { app: Box::new(app), router })
    }

    /// The base URL of a running instance.
    pub(crate) fn url(&self) -> Option<&str> {
        match self {
            Self::Running { url, .. } => Some(url),
            Self::Here { .. } => None,
        }
    }

    /// Sends a request whatever its status.
    pub(crate) async fn send(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Answer> {
        match self {
            Self::Running { url, key, http } => {
                let method = reqwest::Method::from_bytes(method.as_bytes())?;
                let mut request = http.request(method, format!("{url}{path}")).bearer_auth(key.expose());
                request = match body {
                    Some(body) => request.json(body),
                    None => request.header("content-type", "application/json"),
                };
                let response = request.send().await.context("the running instance does not answer")?;
                let status = response.status().as_u16();
                let text = response.bytes().await?;
                Ok(Answer { status, body: serde_json::from_slice(&text).unwrap_or(Value::Null) })
            }
            Self::Here { app, router } => {
                let (status, body) = call::oneshot(router, app.pass(), method, path, body).await?;
                Ok(Answer { status, body })
            }
        }
    }

    /// Sends a request that must succeed.
    pub(crate) async fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value> {
        let answer = self.send(method, path, body).await?;
        if answer.status >= 400 {
            bail!("{}", answer.body["message"].as_str().unwrap_or("the admin API refused the request"));
        }
        Ok(answer.body)
    }

    /// Writes what is still in memory, when the data folder was opened here.
    pub(crate) async fn done(self) {
        if let Self::Here { app, .. } = self {
            app.close().await;
        }
    }
}

/// Longest that a command waits for a person who is asked by their keychain.
const PROMPT: Duration = Duration::from_secs(60);

/// Waits for a keychain that asks the person, then asks them ourselves, where that can help.
async fn open_safe(gateway: &Gateway) -> Result<()> {
    let safe = &gateway.safe;
    let is = |trouble: &str| match safe.door() {
        Door::Locked { slots, .. } => slots.iter().any(|shut| shut.trouble == trouble),
        _ => false,
    };
    if is("waits") {
        eprintln!("Your keychain asks for something. Waiting…");
        let asked = Instant::now();
        // Each try waits for as long as the keychain's patience lasts.
        while is("waits") && asked.elapsed() < PROMPT {
            gateway.open_safe().await;
        }
    }
    if is("asks_person") && std::io::stdin().is_terminal() {
        let entered = typed::secret("Stored secrets are locked. Passphrase or recovery key")?;
        gateway
            .unlock_safe(entered.expose())
            .await
            .map_err(|trouble| anyhow!("it was not unlocked: {trouble}"))?;
    }
    match safe.door() {
        Door::Open { .. } => Ok(()),
        // Said when the data was opened.
        Door::Newer { .. } => bail!("the data belongs to a newer version; nothing was changed"),
        Door::Opening | Door::Locked { .. } => {
            bail!("stored secrets are locked; nothing is lost. See `switchboard secrets status`")
        }
    }
}
