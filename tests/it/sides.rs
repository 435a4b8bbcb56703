//! Every way in which an answer comes: the upstream's own wire, Converse, and Kiro's in both of its manners.

use serde_json::json;

use crate::client::{CLAUDE, NOVA};
use crate::harness::TestApp;
use crate::kiro::account;

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
/// The same name as [`BEDROCK`]'s, at Kiro: an account with a profile, asked in AWS JSON.
const KIRO: Side = Side { account: "social", model: CLAUDE };
/// The same: an account without a profile, asked with methods and paths.
const KIRO_REST: Side = Side { account: "builder-id", model: CLAUDE };

pub(crate) const SIDES: [Side; 4] = [BEDROCK, CONVERSE, KIRO, KIRO_REST];

impl Side {
    pub(crate) fn is_kiro(self) -> bool {
        self == KIRO || self == KIRO_REST
    }
}

/// An instance with the accounts of all sides. None steps in for another: a test asks one side at a time.
pub(crate) struct Sides {
    pub(crate) app: TestApp,
    bedrock: String,
    kiro: String,
    kiro_rest: String,
}

impl Sides {
    pub(crate) async fn start() -> Self {
        let app = TestApp::sandbox().await;
        let bedrock = app.add_account(BEDROCK.account).await;
        let kiro = app.add_kiro(KIRO.account).await;
        let mut rest = account(&app.emulator, KIRO_REST.account);
        rest["options"] = json!({"binding": "rest"});
        let kiro_rest = app.add_kiro_with(&rest).await;
        app.set(&json!({"failover": {"enabled": false}})).await;
        Self { app, bedrock, kiro, kiro_rest }
    }

    /// The side is asked from now on; a rest of its account is over.
    pub(crate) async fn turn_to(&self, side: Side) {
        let id = match side {
            KIRO => &self.kiro,
            KIRO_REST => &self.kiro_rest,
            _ => &self.bedrock,
        };
        self.app.activate(id).await;
    }

    /// Ends the instance; Kiro's sides must have been asked, in the service's words.
    pub(crate) async fn finish(self) {
        self.app.finish().await;
    }
}
