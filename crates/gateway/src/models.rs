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
use crate::reply::{ReplyBody, plain};
use crate::state::Gateway;

/// All models.
pub(crate) fn list(gateway: &Gateway, head: &Parts) -> Response<ReplyBody> {
    if let Err(error) = admission::check(gateway, &head.headers) {
        return refuse(gateway, head, &error);
    }
    let models = served(gateway);
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
    if let Err(error) = admission::check(gateway, &head.headers) {
        return refuse(gateway, head, &error);
    }
    let models = served(gateway);
    let Some(model) = models.iter().find(|model| model.name == id || model.id == id) else {
        let error = Error::new(Category::ModelNotFound, format!("No account serves the model {id}."));
        return refuse(gateway, head, &error.with_param("model"));
    };
    let body =
        if is_anthropic(&head.headers) { write_model(&card(model)) } else { openai::single(entry(model)) };
    plain(StatusCode::OK, body)
}

/// Models of all usable accounts, each name once, in the accounts' order.
fn served(gateway: &Gateway) -> Vec<Arc<Model>> {
    let mut seen = HashSet::new();
    let mut models = Vec::new();
    for entry in gateway.accounts.entries() {
        for model in entry.provider.known_models(&entry.account) {
            if seen.insert(model.name.clone()) {
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
