//! `GET /api/clients`: the editors and tools that can be pointed at us, and how.

mod book;
mod steps;

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use super::{Desk, Refusal};
use book::BOOK;

/// How far back a client counts as one that is in use.
const SEEN_MS: i64 = 30 * 24 * 60 * 60 * 1000;

#[derive(Debug, Serialize)]
pub(super) struct List {
    clients: Vec<Client>,
}

/// An editor or tool.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub(super) struct Client {
    id: &'static str,
    name: &'static str,
    kind: Kind,
    state: ClientState,
    /// Its last request, milliseconds since 1970.
    last_seen_ms: Option<i64>,
    /// As it said with that request.
    version: Option<String>,
    steps: Vec<ClientStep>,
    /// What the person should know; the window has the words.
    note_code: Option<&'static str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "types", derive(ts_rs::TS), ts(rename = "ClientKind"))]
pub(super) enum Kind {
    CommandLine,
    Editor,
    Extension,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub(super) enum ClientState {
    /// It sent a request in the last thirty days.
    Connected,
    /// Whether it is there and set up is not known.
    Unknown,
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub(super) struct ClientStep {
    /// `linux`, `macos` or `windows`; null for all.
    os: Option<&'static str>,
    kind: StepKind,
    /// A file's path, a name for a block of variables, or what to do in English.
    text: String,
    /// What to do, for the window's own words.
    code: Option<&'static str>,
    /// What to paste, with our address and key in it.
    copy: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub(super) enum StepKind {
    /// Environment variables.
    Env,
    /// `text` is the path of a file, `copy` what to put into it.
    File,
    Text,
}

pub(super) async fn list(State(desk): State<Arc<Desk>>) -> Result<Json<List>, Refusal> {
    let gateway = &desk.gateway;
    let since = gateway.now_ms().saturating_sub(SEEN_MS);
    let seen = gateway.logs.clients_since(since).await?;
    let seen: HashMap<_, _> = seen.into_iter().map(|client| (client.name.clone(), client)).collect();
    let model = favourite(&desk);
    let words = steps::Words {
        root: gateway.base_url(),
        key: super::keys::stored(&desk).await?.expose().to_owned(),
        model,
    };
    let clients = BOOK.iter().map(|page| {
        let last = page.seen_as.iter().filter_map(|name| seen.get(*name)).max_by_key(|client| client.last_ms);
        Client {
            id: page.id,
            name: page.name,
            kind: page.kind,
            state: if last.is_some() { ClientState::Connected } else { ClientState::Unknown },
            last_seen_ms: last.map(|client| client.last_ms),
            version: last.and_then(|client| version(&client.user_agent)),
            steps: (page.steps)(&words),
            note_code: page.note_code,
        }
    });
    Ok(Json(List { clients: clients.collect() }))
}

/// A model that the active account has, for examples to name.
fn favourite(desk: &Desk) -> String {
    const USUAL: &str = "claude-sonnet-4-5";
    let accounts = &desk.gateway.accounts;
    let active = accounts.active().and_then(|id| accounts.entry(&id));
    let Some(entry) = active else { return USUAL.to_owned() };
    let models = entry.provider.known_models(&entry.account);
    let usual = models.iter().find(|model| model.name == USUAL).or_else(|| models.first());
    usual.map_or_else(|| USUAL.to_owned(), |model| model.name.clone())
}

/// What stands behind the first slash of a user agent.
fn version(user_agent: &str) -> Option<String> {
    let product = user_agent.split_ascii_whitespace().next()?;
    let (_, version) = product.split_once('/')?;
    let version: String = version.chars().take(32).collect();
    version.starts_with(|first: char| first.is_ascii_digit()).then_some(version)
}
