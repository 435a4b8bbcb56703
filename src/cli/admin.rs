//! Commands talk to the admin API: over HTTP when an instance runs on the data folder, else in this process.
//! One way to say a thing, whoever is listening.

use anyhow::{Context, Result, bail};
use gateway::axum::Router;
use llm::Secret;
use serde_json::Value;

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
    /// Finds the running instance, or opens the data folder.
    pub(crate) async fn reach(config: &Config) -> Result<Self> {
        if let Some(holder) = lock::holder(&config.data_dir) {
            // Not the environment's: the instance may have been started without it.
            let key = crate::keys::stored(&config.data_dir)
                .await?
                .context("the running instance has no local key")?;
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

    /// The local key.
    pub(crate) fn key(&self) -> &Secret {
        match self {
            Self::Running { key, .. } => key,
            Self::Here { app, .. } => app.key(),
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
                let (status, body) = call::oneshot(router, app.key(), method, path, body).await?;
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
