//! `POST /api/accounts/{id}/test`: one real request of one token, through the provider like any other.

use std::sync::Arc;
use std::time::Duration;

use accounts::Entry;
use axum::Json;
use axum::extract::State;
use bytes::Bytes;
use futures_util::StreamExt;
use http::HeaderMap;
use llm::{Category, Error, Model, Request};
use providers::{Body, Call, Frames, Hurdle};
use serde::{Deserialize, Serialize};
use serde_json::json;
use wire::anthropic::server::AnthropicServer;
use wire::{Detail, ServerCodec};

use super::json::{Given, Id};
use super::{Desk, Refusal};
use crate::{Gateway, errand};

/// A person waits for this.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Trial {
    /// The model to ask; the account's cheapest when left out.
    model: Option<String>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub(super) struct Verdict {
    ok: bool,
    model: String,
    latency_ms: u64,
    /// Seconds by which the upstream's clock is ahead of ours; AWS refuses signatures beyond five minutes.
    clock_offset_s: Option<i64>,
    error: Option<Failure>,
    /// What keeps the account from the model, where its vendor tells.
    hurdles: Vec<Hurdle>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
struct Failure {
    /// The category's name.
    code: &'static str,
    message: String,
    upstream_status: Option<u16>,
    upstream_code: Option<String>,
    upstream_request_id: Option<String>,
}

pub(super) async fn run(
    State(desk): State<Arc<Desk>>,
    Id(id): Id,
    Given(trial): Given<Trial>,
) -> Result<Json<Verdict>, Refusal> {
    let gateway = &desk.gateway;
    let entry = gateway.accounts.entry(&id).ok_or(accounts::Error::NotFound)?;
    Ok(Json(try_out(gateway, &entry, trial.model).await?))
}

/// Asks an account for one token, of its cheapest model unless one is named.
pub(super) async fn try_out(
    gateway: &Gateway,
    entry: &Arc<Entry>,
    model: Option<String>,
) -> Result<Verdict, Refusal> {
    let cheapest = || {
        let told = entry.provider.cheapest(&entry.account);
        told.or_else(|| cheapest(&entry.provider.known_models(&entry.account)))
    };
    let model = match model.or_else(cheapest) {
        Some(model) => model,
        None => {
            return Err(
                Refusal::invalid("No model of this account is known: name one").with("field", "model")
            );
        }
    };
    let start = gateway.clock.instant();
    let asked = tokio::time::timeout(PATIENCE, ask(gateway, entry, &model)).await;
    let result = asked.unwrap_or_else(|_| {
        Err(Error::new(Category::Timeout, format!("There was no answer within {} s", PATIENCE.as_secs())))
    });
    let hurdles = match &result {
        Err(error) if matches!(error.category, Category::PermissionDenied | Category::ModelNotFound) => {
            hurdles(gateway, entry, &model).await
        }
        _ => Vec::new(),
    };
    let latency = gateway.clock.instant().saturating_duration_since(start);
    if result.is_ok() {
        // What kept the account from being asked is over.
        gateway.accounts.revive(entry);
    }
    Ok(Verdict {
        ok: result.is_ok(),
        model,
        latency_ms: u64::try_from(latency.as_millis()).unwrap_or(u64::MAX),
        clock_offset_s: match &result {
            Ok(date) => date.as_deref().and_then(|date| providers::clock_offset(date, gateway.now())),
            Err(error) => error.upstream.as_ref().and_then(|upstream| upstream.clock_offset),
        },
        error: result.err().map(Failure::from),
        hurdles,
    })
}

/// Why a model was refused. That it cannot be told is no failure of its own.
async fn hurdles(gateway: &Gateway, entry: &Arc<Entry>, model: &str) -> Vec<Hurdle> {
    let Ok(target) = entry.provider.resolve(&entry.account, model) else { return Vec::new() };
    let (provider, model) = (&entry.provider, &target.model);
    let asked = errand::run(gateway, entry, |session| async move { provider.hurdles(&session, model).await });
    tokio::time::timeout(PATIENCE, asked).await.ok().and_then(Result::ok).unwrap_or_default()
}

impl Verdict {
    pub(super) const fn is_ok(&self) -> bool {
        self.ok
    }

    pub(super) fn model(&self) -> &str {
        &self.model
    }

    pub(super) const fn clock_offset_s(&self) -> Option<i64> {
        self.clock_offset_s
    }

    /// What the account said, when it did not answer.
    pub(super) fn failure(&self) -> Option<&str> {
        self.error.as_ref().map(|error| error.message.as_str())
    }
}

/// The name of the model that costs least, Claude before others: that is what most people add an account for.
fn cheapest(models: &[Arc<Model>]) -> Option<String> {
    let cost = |model: &Model| model.price.map_or(f64::INFINITY, |price| price.input + price.output);
    models
        .iter()
        .filter(|model| model.end_of_life.is_none())
        .min_by(|a, b| b.is_claude().cmp(&a.is_claude()).then(cost(a).total_cmp(&cost(b))))
        .or(models.first())
        .map(|model| model.name.clone())
}

/// Asks for one token; returns the upstream's `Date`.
async fn ask(gateway: &Gateway, entry: &Arc<Entry>, model: &str) -> Result<Option<String>, Error> {
    let asked = ping(model)?;
    let target = entry.provider.resolve(&entry.account, model)?;
    let call = Call { asked: &asked, target: &target, detail: Detail::Control };
    let reply =
        errand::run(gateway, entry, |session| async move { entry.provider.send(&session, call).await })
            .await?;
    let date = reply.date;
    if let Body::Stream { bytes, reader } = reply.body {
        let mut frames = Frames::new(bytes, reader);
        while let Some(chunk) = frames.next().await {
            chunk?;
        }
    }
    Ok(date)
}

fn ping(model: &str) -> Result<Request, Error> {
    let body = json!({"model": model, "max_tokens": 1, "messages": [{"role": "user", "content": "ping"}]});
    AnthropicServer::new().read_request(&HeaderMap::new(), Bytes::from(body.to_string()))
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let upstream = error.upstream.map(|upstream| *upstream).unwrap_or_default();
        let given = |text: String| (!text.is_empty()).then_some(text);
        Self {
            code: error.category.name(),
            message: error.message,
            upstream_status: (upstream.status != 0).then_some(upstream.status),
            upstream_code: given(upstream.code),
            upstream_request_id: upstream.request_id,
        }
    }
}
