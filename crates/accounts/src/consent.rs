//! What the person agreed to: a vendor that does not document its interface may stop an account for using it, so
//! nobody gets such an account without having been told.

use std::collections::BTreeMap;
use std::sync::Arc;

use providers::{Policy, Provider};
use serde::{Deserialize, Serialize};

use crate::board::Board;
use crate::clock::milliseconds;
use crate::roster::Inner;
use crate::{Accounts, Error};

pub(crate) const CONSENTS: &str = "accounts.consents";

/// Consents by provider id.
pub(crate) type Consents = BTreeMap<String, Consent>;

/// The person accepted a provider's policy note.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// Milliseconds since 1970.
    pub time_ms: i64,
    pub by: ConsentBy,
}

/// How a consent was given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub enum ConsentBy {
    #[default]
    AdminApi,
    CommandLine,
    /// By putting the credential into the environment; the note was shown at the start.
    Environment,
}

impl Accounts {
    /// The consent to a provider's policy note; `None` when there is none yet.
    #[must_use]
    pub fn consent(&self, provider: &str) -> Option<Consent> {
        self.inner.board.load().consents.get(provider).copied()
    }
}

impl Inner {
    /// The note to agree to first.
    pub(crate) fn needs_consent(&self, provider: &dyn Provider) -> Option<&'static str> {
        let description = provider.describe();
        let open = description.policy == Policy::UndocumentedWire
            && !self.board.load().consents.contains_key(description.id);
        open.then(|| description.policy_note.unwrap_or("Its vendor does not document the interface it uses."))
    }

    /// Records a consent. The caller holds `edit`.
    pub(crate) async fn consent(&self, provider: &str, by: ConsentBy) -> Result<(), Error> {
        let mut consents = self.board.load().consents.clone();
        Arc::make_mut(&mut consents)
            .insert(provider.to_owned(), Consent { time_ms: milliseconds(self.clock.now()), by });
        let value = serde_json::to_value(&*consents)
            .map_err(|error| Error::Invalid { field: "policy_accepted", message: error.to_string() })?;
        self.core.put_settings(vec![(CONSENTS.to_owned(), Some(value))]).await?;
        self.publish(|board| Board { consents: consents.clone(), ..board.clone() });
        tracing::info!(provider, ?by, "the policy note of this provider was accepted");
        Ok(())
    }
}
