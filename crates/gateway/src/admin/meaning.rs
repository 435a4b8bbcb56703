//! `POST /api/models/meaning`: what a name of a model would mean now, and by which rule. Nothing is asked upstream.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use llm::Category;
use serde::{Deserialize, Serialize};

use super::json::Given;
use super::{Desk, Refusal};
use crate::model_rules;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Question {
    /// As a client would write it.
    name: String,
    /// As the log names it; rules for one client are followed for no other.
    #[serde(default)]
    client: String,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub(super) struct Meaning {
    /// Place of the rule that was followed, counted from 0.
    rule: Option<u32>,
    /// The default answers, because the name means no model of any account.
    by_default: bool,
    /// Every account that could answer, in the order they would be asked; those that rest too.
    accounts: Vec<Place>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS), ts(rename = "MeaningPlace"))]
struct Place {
    id: String,
    name: String,
    model: Option<String>,
    /// What the upstream calls it.
    model_id: Option<String>,
    /// Why it is none of this account's models.
    error: Option<String>,
}

pub(super) async fn show(
    State(desk): State<Arc<Desk>>,
    Given(question): Given<Question>,
) -> Result<Json<Meaning>, Refusal> {
    let gateway = &desk.gateway;
    let settings = gateway.settings.load();
    let name = question.name.trim();
    if name.is_empty() {
        return Err(Refusal::invalid("Say a name of a model."));
    }
    let followed = model_rules::followed(&settings.model_rules, name, &question.client);
    let rule = followed.map(|(_, rule)| rule);
    let model = rule.and_then(|rule| rule.model.as_deref()).unwrap_or(name);
    let account = rule.and_then(|rule| rule.account.as_deref());
    let mut accounts = places(&desk, model, account);
    let mut by_default = false;
    let nobody = accounts.iter().all(|place| place.model.is_none());
    if let Some(default) = settings.default_model.as_deref().filter(|_| nobody) {
        let instead = places(&desk, default, account);
        by_default = instead.iter().any(|place| place.model.is_some());
        if by_default {
            accounts = instead;
        }
    }
    let rule = followed.and_then(|(place, _)| u32::try_from(place).ok());
    Ok(Json(Meaning { rule, by_default, accounts }))
}

fn places(desk: &Desk, model: &str, only: Option<&str>) -> Vec<Place> {
    let entries = desk.gateway.accounts.entries();
    let may = entries.iter().filter(|entry| only.is_none_or(|only| only == entry.account.id));
    may.map(|entry| {
        let (target, error) = match entry.provider.resolve(&entry.account, model) {
            Ok(target) => (Some(target), None),
            Err(error) if error.category == Category::ModelNotFound => (None, Some(error.message)),
            Err(error) => (None, Some(error.to_string())),
        };
        Place {
            id: entry.account.id.clone(),
            name: entry.account.name.clone(),
            model: target.as_ref().map(|target| target.model.name.clone()),
            model_id: target.map(|target| target.model.id.clone()),
            error,
        }
    })
    .collect()
}
