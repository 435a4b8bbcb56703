//! Local keys as they are kept.

use std::collections::HashMap;
use std::sync::Arc;

use accounts::{Clock, milliseconds};
use llm::Secret;
use store::{Core, LocalKeyRow, Logs};

use super::{KeyRules, LOCAL, LocalKey, LocalKeys, Meter, day_start, month_start};

/// Name of the key that the environment brings.
const ENVIRONMENT: &str = "environment";

impl LocalKey {
    /// A stored key. One whose rules cannot be read counts as expired: what was limited must not become unlimited.
    pub(crate) fn of_row(row: &LocalKeyRow, meter: Arc<Meter>) -> Self {
        let rules = serde_json::from_value(row.rules.clone()).unwrap_or_else(|error| {
            tracing::error!(key = %row.name, %error, "the rules of this local key cannot be read; it is not accepted");
            KeyRules { expires_ms: Some(1), ..KeyRules::default() }
        });
        Self {
            id: row.id.clone(),
            name: row.name.clone(),
            hash: row.hash,
            owner: row.id == LOCAL,
            rules,
            meter,
        }
    }
}

impl LocalKeys {
    /// All stored keys with what the log knows of them, and the one of the environment. A key that is among `known` keeps
    /// its meter.
    ///
    /// # Errors
    /// When the keys cannot be read. A log that cannot be read costs the sums of this day and month.
    pub async fn load(
        core: &Core,
        logs: &Logs,
        environment: Option<&Secret>,
        clock: &dyn Clock,
        known: &Self,
    ) -> Result<Self, store::Error> {
        let (now_ms, began) = (milliseconds(clock.now()), clock.instant());
        let rows = core.local_keys().await?;
        let mut meters: HashMap<_, _> =
            known.iter().map(|key| (key.id.clone(), Arc::clone(&key.meter))).collect();
        let ids = rows.iter().map(|row| row.id.as_str()).chain(environment.map(|_| ENVIRONMENT));
        if ids.into_iter().any(|id| !meters.contains_key(id)) {
            let spent = logs.spent_by_key(day_start(now_ms), month_start(now_ms)).await.unwrap_or_else(|error| {
                tracing::error!(%error, "what local keys have spent is not known; their limits count from now on");
                Vec::new()
            });
            for spent in spent {
                let resumed = || Arc::new(Meter::resumed(began, &spent, now_ms));
                meters.entry(spent.key_id.clone()).or_insert_with(resumed);
            }
        }
        let mut meter = |id: &str| meters.remove(id).unwrap_or_else(|| Arc::new(Meter::new(began)));
        let mut keys: Vec<_> = rows.iter().map(|row| LocalKey::of_row(row, meter(&row.id))).collect();
        if let Some(text) = environment {
            keys.push(LocalKey::of_owner(ENVIRONMENT, text.expose(), meter(ENVIRONMENT)));
        }
        Ok(Self::new(keys))
    }
}
