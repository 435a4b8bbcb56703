//! Every way in which an answer comes: the upstream's own wire, Converse, and Kiro's.

use serde_json::json;

use crate::client::{CLAUDE, NOVA};
use crate::harness::TestApp;

/// An account and a model of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Side {
    /// The account's name.
    pub(crate) account: &'static str,
    /// What clients call the model.
    pub(crate) model: &'static str,
}

/// Claude on Bedrock, which is reached in Anthropic's own wire.
pub(crate) const BEDROCK: Side = Side { account: "main", model: CLAUDE };
/// A model that is reached through Converse.
pub(crate) const CONVERSE: Side = Side { account: "main", model: NOVA };
/// The same name as [`BEDROCK`]'s, at Kiro.
pub(crate) const KIRO: Side = Side { account: "social", model: CLAUDE };

pub(crate) const SIDES: [Side; 3] = [BEDROCK, CONVERSE, KIRO];

/// An instance with the accounts of all sides. None steps in for another: a test asks one side at a time.
pub(crate) struct Sides {
    pub(crate) app: TestApp,
    bedrock: String,
    kiro: String,
}

impl Sides {
    pub(crate) async fn start() -> Self {
        let app = TestApp::sandbox().await;
        let bedrock = app.add_account(BEDROCK.account).await;
        let kiro = app.add_kiro(KIRO.account).await;
        app.set(&json!({"failover": {"enabled": false}})).await;
        Self { app, bedrock, kiro }
    }

    /// The side is asked from now on; a rest of its account is over.
    pub(crate) async fn turn_to(&self, side: Side) {
        let id = if side == KIRO { &self.kiro } else { &self.bedrock };
        self.app.activate(id).await;
    }

    /// Ends the instance; Kiro's side must have been asked, in the service's words.
    pub(crate) async fn finish(self) {
        self.app.finish().await;
    }
}
