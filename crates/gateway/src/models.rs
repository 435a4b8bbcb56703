//! `GET /v1/models`: what the accounts serve, in the shape of the dialect that asks.

use std::collections::HashSet;
use std::sync::Arc;

use http::request::Parts;
use http::{HeaderMap, Response, StatusCode};
use llm::{Category, Error, Model};
use wire::anthropic::server::{ModelCard, Page, write_model, write_models};
use wire::openai::models::{self as openai, Entry};

use crate::admission;
use crate::dialect::refuse;
use crate::keys::LocalKey;
use crate::reply::{ReplyBody, plain};
use crate::state::Gateway;

/// All models.
pub(crate) fn list(gateway: &Gateway, head: &Parts) -> Response<ReplyBody> {
    let key = match admission::check(gateway, &head.headers) {
        Ok(key) => key,
        Err(error) => return refuse(gateway, head, &error),
    };
    let models = served(gateway, key.as_deref());
    let body = if is_anthropic(&head.headers) {
        let cards: Vec<_> = models.iter().map(|model| card(model)).collect();
        write_models(&cards, &Page::from_query(head.uri.query().unwrap_or_default()))
    } else {
        openai::list(models.iter().map(|model| entry(model)))
    };
    plain(StatusCode::OK, body)
}

/// One model, under its friendly name or its upstream id.
pub(crate) fn single(gateway: &Gateway, head: &Parts, id: &str) -> Response<ReplyBody> {
    let key = match admission::check(gateway, &head.headers) {
        Ok(key) => key,
        Err(error) => return refuse(gateway, head, &error),
    };
    let models = served(gateway, key.as_deref());
    let Some(model) = models.iter().find(|model| model.name == id || model.id == id) else {
        let error = Error::new(Category::ModelNotFound, format!("No account serves the model {id}."));
        return refuse(gateway, head, &error.with_param("model"));
    };
    let body =
        if is_anthropic(&head.headers) { write_model(&card(model)) } else { openai::single(entry(model)) };
    plain(StatusCode::OK, body)
}

/// Models of all usable accounts that the key may use, each name once, in the accounts' order.
fn served(gateway: &Gateway, key: Option<&LocalKey>) -> Vec<Arc<Model>> {
    let mut seen = HashSet::new();
    let mut models = Vec::new();
    for entry in gateway.accounts.entries() {
        if key.is_some_and(|key| !gateway.accounts.is_among(&entry.account.id, &key.rules.accounts)) {
            continue;
        }
        for model in entry.provider.known_models(&entry.account) {
            let allowed = key.is_none_or(|key| key.rules.allow_model(&model, None));
            if allowed && seen.insert(model.name.clone()) {
                models.push(model);
            }
        }
    }
    models
}

/// The header decides, never the key: new Anthropic SDKs send a bearer key as OpenAI's do.
fn is_anthropic(headers: &HeaderMap) -> bool {
    headers.contains_key("anthropic-version")
}

fn card(model: &Model) -> ModelCard<'_> {
    ModelCard {
        id: &model.name,
        display_name: &model.display_name,
        max_input_tokens: model.context,
        max_tokens: model.max_output,
    }
}

fn entry(model: &Model) -> Entry<'_> {
    Entry { id: &model.name, created: 0, owned_by: &model.vendor }
}
