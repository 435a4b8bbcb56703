//! Figures for Prometheus. They are fed with the rows of the log as those are stored, so that a request pays nothing for
//! them. Off unless the person turns them on.
//!
//! Nothing that a client may write becomes a label: providers, dialects and statuses are few, and models are those that
//! upstreams served, up to a number.

#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use store::LogRow;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use crate::Gateway;

/// Models with figures of their own.
const MOST_MODELS: usize = 200;
/// Stands for all further ones.
const OTHER: &str = "other";

/// Seconds.
const BUCKETS: [f64; 12] = [0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0, 120.0, 300.0];

type Histograms = Family<Way, Histogram, fn() -> Histogram>;

/// The figures of one instance, since its start or since they were turned on.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: Family<Asked, Counter>,
    seconds: Histograms,
    first_content: Histograms,
    tokens: Family<Tokens, Counter>,
    usd: Family<Served, Counter<f64, AtomicU64>>,
    accounts: Family<State, Gauge>,
    refreshes: Family<Outcome, Counter>,
    under_way: Gauge,
    dropped: Counter,
    models: Mutex<HashSet<(String, String)>>,
    /// Held while what is true at the moment is put together.
    telling: Mutex<()>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Asked {
    dialect: String,
    provider: String,
    model: String,
    status: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Way {
    dialect: String,
    provider: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Served {
    provider: String,
    model: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Tokens {
    provider: String,
    model: String,
    kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct State {
    provider: String,
    state: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

impl Default for Metrics {
    fn default() -> Self {
        let histograms = || Histograms::new_with_constructor(|| Histogram::new(BUCKETS));
        let mut metrics = Self {
            registry: Registry::with_prefix("switchboard"),
            requests: Family::default(),
            seconds: histograms(),
            first_content: histograms(),
            tokens: Family::default(),
            usd: Family::default(),
            accounts: Family::default(),
            refreshes: Family::default(),
            under_way: Gauge::default(),
            dropped: Counter::default(),
            models: Mutex::default(),
            telling: Mutex::default(),
        };
        let registry = &mut metrics.registry;
        registry.register(
            "requests",
            "Requests that ended, failed ones among them",
            metrics.requests.clone(),
        );
        registry.register(
            "request_seconds",
            "From a request to the end of its answer",
            metrics.seconds.clone(),
        );
        registry.register(
            "first_content_seconds",
            "From a request to the first content of its answer",
            metrics.first_content.clone(),
        );
        registry.register("tokens", "Tokens, some of them estimates", metrics.tokens.clone());
        registry.register("cost_usd", "Estimated cost in USD, where prices are known", metrics.usd.clone());
        registry.register("accounts", "Accounts by state", metrics.accounts.clone());
        registry.register("session_refreshes", "Sessions asked of vendors", metrics.refreshes.clone());
        registry.register(
            "requests_under_way",
            "Requests that are being answered",
            metrics.under_way.clone(),
        );
        registry.register("log_rows_dropped", "Log rows that could not be written", metrics.dropped.clone());
        metrics
    }
}

impl Metrics {
    /// Counts one request.
    fn count(&self, row: &LogRow) {
        let provider = row.provider.clone().unwrap_or_default();
        let model = self.model(&provider, row.model_served.as_deref().unwrap_or_default());
        let way = Way { dialect: row.dialect.clone(), provider: provider.clone() };
        let served = Served { provider: provider.clone(), model: model.clone() };
        self.seconds.get_or_create(&way).observe(row.total_ms / 1e3);
        if let Some(first) = row.first_byte_ms {
            self.first_content.get_or_create(&way).observe(first / 1e3);
        }
        for (kind, count) in [
            ("input", row.input_tokens),
            ("output", row.output_tokens),
            ("cache_read", row.cache_read_tokens),
            ("cache_write", row.cache_write_tokens),
        ] {
            if let Some(count) = count.filter(|count| *count > 0) {
                let Served { provider, model } = served.clone();
                self.tokens.get_or_create(&Tokens { provider, model, kind }).inc_by(count);
            }
        }
        if let Some(usd) = row.cost_usd.filter(|usd| *usd > 0.0) {
            self.usd.get_or_create(&served).inc_by(usd);
        }
        let asked = Asked { dialect: way.dialect, provider, model, status: row.status.into() };
        self.requests.get_or_create(&asked).inc();
    }

    /// The model as a label.
    fn model(&self, provider: &str, model: &str) -> String {
        // One insertion: a panic leaves nothing half done.
        let mut models = self.models.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = (provider.to_owned(), model.to_owned());
        if models.contains(&wanted) || models.len() < MOST_MODELS {
            models.insert(wanted);
            return model.to_owned();
        }
        OTHER.to_owned()
    }

    /// All figures, in the text form of OpenMetrics, which is also that of Prometheus.
    pub(crate) fn text(&self, gateway: &Gateway) -> String {
        let _one = self.telling.lock().unwrap_or_else(PoisonError::into_inner);
        self.accounts.clear();
        for account in gateway.accounts.list() {
            // The word that the admin API has for it.
            let state = serde_json::to_value(account.state).unwrap_or_default();
            let state = state["kind"].as_str().unwrap_or_default().to_owned();
            self.accounts.get_or_create(&State { provider: account.provider, state }).inc();
        }
        let (done, failed) = gateway.accounts.refreshes();
        for (outcome, count) in [("done", done), ("failed", failed)] {
            self.refreshes.get_or_create(&Outcome { outcome }).inner().store(count, Ordering::Relaxed);
        }
        self.under_way.set(i64::try_from(gateway.limits.under_way()).unwrap_or(i64::MAX));
        self.dropped.inner().store(gateway.sink.dropped(), Ordering::Relaxed);
        let mut text = String::new();
        // A string takes whatever is written.
        let _ = text::encode(&mut text, &self.registry);
        text
    }
}

/// Counts rows as they are stored, while the setting is on, until `quit`.
pub async fn keep_counting(gateway: Arc<Gateway>, quit: CancellationToken) {
    let mut settings = gateway.settings_changes.subscribe();
    loop {
        let mut rows = gateway.settings.load().metrics.then(|| gateway.logs.subscribe());
        loop {
            let next = async {
                match &mut rows {
                    Some(rows) => rows.recv().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = quit.cancelled() => return,
                changed = settings.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    if gateway.settings.load().metrics != rows.is_some() {
                        break;
                    }
                }
                next = next => match next {
                    Ok(next) => next.iter().for_each(|row| gateway.office.metrics.count(row)),
                    Err(RecvError::Lagged(commits)) => {
                        tracing::warn!(commits, "the metrics could not keep up with the log");
                    }
                    Err(RecvError::Closed) => return,
                },
            }
        }
    }
}
