//! `/v1/responses/{id}`: looking at kept answers, and throwing them away.

use http::request::Parts;
use http::{Response, StatusCode};
use llm::{Category, Error};
use serde_json::{Value, json};
use store::ResponseRow;

use super::{owner, unreadable};
use crate::admission;
use crate::dialect::refuse;
use crate::reply::{ReplyBody, plain};
use crate::state::Gateway;

/// Items of a page unless told, and at most.
const ITEMS: usize = 20;
const MOST_ITEMS: usize = 100;

/// `GET /v1/responses/{id}`.
pub(crate) async fn show(gateway: &Gateway, head: &Parts, id: &str) -> Response<ReplyBody> {
    match found(gateway, head, id).await {
        Ok(row) => plain(StatusCode::OK, row.response),
        Err(error) => refuse(gateway, head, &error),
    }
}

/// `DELETE /v1/responses/{id}`.
pub(crate) async fn remove(gateway: &Gateway, head: &Parts, id: &str) -> Response<ReplyBody> {
    let removing = async {
        let key = allowed(gateway, head)?;
        let removed = gateway.office.chats.remove_response(id, &key).await.map_err(unreadable)?;
        if removed { Ok(()) } else { Err(missing(id)) }
    };
    match removing.await {
        Ok(()) => plain(StatusCode::OK, json!({"id": id, "object": "response", "deleted": true}).to_string()),
        Err(error) => refuse(gateway, head, &error),
    }
}

/// `GET /v1/responses/{id}/input_items`, the last first unless `order=asc`.
pub(crate) async fn input_items(gateway: &Gateway, head: &Parts, id: &str) -> Response<ReplyBody> {
    match found(gateway, head, id).await.and_then(|row| page(&row, head.uri.query().unwrap_or_default())) {
        Ok(page) => plain(StatusCode::OK, page.to_string()),
        Err(error) => refuse(gateway, head, &error),
    }
}

fn allowed(gateway: &Gateway, head: &Parts) -> Result<String, Error> {
    let key = admission::check(gateway, &head.headers)?;
    admission::open(gateway)?;
    Ok(owner(key.as_deref()).to_owned())
}

async fn found(gateway: &Gateway, head: &Parts, id: &str) -> Result<ResponseRow, Error> {
    let key = allowed(gateway, head)?;
    gateway.office.chats.response(id, &key).await.map_err(unreadable)?.ok_or_else(|| missing(id))
}

fn missing(id: &str) -> Error {
    let id: String = id.chars().take(80).collect();
    Error::new(Category::UnknownRoute, format!("Response with id '{id}' not found."))
        .with_code("response_not_found")
        .with_param("response_id")
}

fn page(row: &ResponseRow, query: &str) -> Result<Value, Error> {
    let asked = |name: &str| {
        query
            .split('&')
            .find_map(|pair| pair.split_once('=').filter(|(key, _)| *key == name))
            .map(|(_, value)| value)
    };
    let limit = match asked("limit").map(str::parse::<usize>) {
        None => ITEMS,
        Some(Ok(limit @ 1..=MOST_ITEMS)) => limit,
        Some(_) => {
            let message = format!("Invalid 'limit': expected a number from 1 to {MOST_ITEMS}.");
            return Err(Error::invalid(message).with_param("limit"));
        }
    };
    let mut items: Vec<Value> = serde_json::from_str(&row.input).unwrap_or_default();
    let mark = row.id.trim_start_matches("resp_");
    for (number, item) in items.iter_mut().enumerate() {
        if let Some(members) = item.as_object_mut() {
            members.entry("type").or_insert_with(|| "message".into());
            members.entry("id").or_insert_with(|| format!("in_{mark}_{number}").into());
        }
    }
    if asked("order") != Some("asc") {
        items.reverse();
    }
    if let Some(after) = asked("after") {
        let at = items.iter().position(|item| item["id"] == after);
        items.drain(..at.map_or(0, |at| at + 1));
    }
    let has_more = items.len() > limit;
    items.truncate(limit);
    let id = |item: Option<&Value>| item.map_or(Value::Null, |item| item["id"].clone());
    let (first, last) = (id(items.first()), id(items.last()));
    Ok(json!({"object": "list", "data": items, "first_id": first, "last_id": last, "has_more": has_more}))
}
