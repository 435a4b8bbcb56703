//! `GET /api/models`: every model once, and which account serves it under which id.

use std::collections::HashMap;
use std::sync::Arc;

use accounts::Entry;
use axum::Json;
use axum::extract::State;
use futures_util::future::join_all;
use llm::{Effort, Error, Model, Price, ThinkingStyle, ToolSupport};
use serde::{Deserialize, Serialize};

use super::json::Asked;
use super::{Desk, Refusal};
use crate::{Gateway, errand};

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Question {
    /// Ask the upstreams instead of answering from what is known. They are asked once an hour at most.
    refresh: bool,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS), ts(rename = "Models"))]
pub(super) struct List {
    models: Vec<Card>,
    /// Accounts whose upstream would not tell; their known models are listed all the same.
    problems: Vec<Problem>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
struct Card {
    /// What clients write.
    name: String,
    display_name: String,
    vendor: String,
    /// Tokens; 0 when unknown.
    context: u32,
    /// Tokens; 0 when unknown.
    max_output: u32,
    /// USD per million tokens.
    price: Option<Price>,
    tools: bool,
    vision: bool,
    documents: bool,
    thinking: bool,
    efforts: Vec<&'static str>,
    end_of_life: Option<String>,
    accounts: Vec<Server>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
struct Server {
    id: String,
    name: String,
    /// What the upstream calls the model for this account.
    model_id: String,
    wire: &'static str,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS), ts(rename = "ModelProblem"))]
struct Problem {
    account_id: String,
    code: &'static str,
    message: String,
}

pub(super) async fn list(
    State(desk): State<Arc<Desk>>,
    Asked(question): Asked<Question>,
) -> Result<Json<List>, Refusal> {
    let gateway = &desk.gateway;
    let entries = gateway.accounts.entries();
    let mut problems = Vec::new();
    let mut cards = Cards::default();
    if question.refresh {
        let answers = join_all(entries.iter().map(|entry| ask(gateway, entry))).await;
        for (entry, answer) in entries.iter().zip(answers) {
            let models = answer.unwrap_or_else(|error| {
                problems.push(Problem {
                    account_id: entry.account.id.clone(),
                    code: error.category.name(),
                    message: error.message,
                });
                entry.provider.known_models(&entry.account)
            });
            cards.add(entry, models);
        }
    } else {
        for entry in &entries {
            cards.add(entry, entry.provider.known_models(&entry.account));
        }
    }
    Ok(Json(List { models: cards.list, problems }))
}

async fn ask(gateway: &Gateway, entry: &Arc<Entry>) -> Result<Vec<Arc<Model>>, Error> {
    errand::run(gateway, entry, |session| async move { entry.provider.models(&session).await }).await
}

/// The merged list, in the order in which names first came.
#[derive(Default)]
struct Cards {
    list: Vec<Card>,
    places: HashMap<String, usize>,
}

impl Cards {
    fn add(&mut self, entry: &Entry, models: Vec<Arc<Model>>) {
        for model in models {
            let place = *self.places.entry(model.name.clone()).or_insert_with(|| {
                self.list.push(Card::from(&*model));
                self.list.len() - 1
            });
            let servers = &mut self.list[place].accounts;
            // An account may serve one name under several ids; the first is the one it would use.
            if servers.iter().all(|server| server.id != entry.account.id) {
                servers.push(Server {
                    id: entry.account.id.clone(),
                    name: entry.account.name.clone(),
                    model_id: model.id.clone(),
                    wire: model.wire.name(),
                });
            }
        }
    }
}

impl From<&Model> for Card {
    fn from(model: &Model) -> Self {
        Self {
            name: model.name.clone(),
            display_name: model.display_name.clone(),
            vendor: model.vendor.clone(),
            context: model.context,
            max_output: model.max_output,
            price: model.price,
            tools: model.tools != ToolSupport::No,
            vision: model.vision,
            documents: model.documents,
            thinking: model.thinking != ThinkingStyle::No,
            efforts: model.efforts.iter().copied().map(Effort::word).collect(),
            end_of_life: model.end_of_life.clone(),
            accounts: Vec::new(),
        }
    }
}
