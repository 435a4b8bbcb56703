//! `/api/clients`: the editors and tools that can be pointed at us, and pointing them.
//!
//! A change of a client's file is made in two steps: the difference is shown, then written if the file is still the one
//! that was looked at. Each client that is connected so has a local key of its own, which tells its requests from others.

mod book;
mod connect;
mod own_key;
mod steps;

use std::collections::HashMap;
use std::sync::Arc;

use ::clients::{Look, Standing};
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use store::{KeySeen, LocalKeyRow};

use super::json::Asked;
use super::{Desk, Refusal};
use book::BOOK;
#[cfg(all(test, feature = "types"))]
pub(super) use connect::{Connected, Preview, Put};
pub(super) use connect::{connect, key, preview_connect, preview_undo, restore, undo};

/// How far back a client counts as one that is in use.
const SEEN_MS: i64 = 30 * 24 * 60 * 60 * 1000;

#[derive(Debug, Serialize)]
pub(super) struct List {
    clients: Vec<Client>,
    /// Homes beside the person's own whose clients can be asked for.
    homes: Vec<OtherHome>,
}

/// Another home that this machine sees: of a Linux within Windows, or of the Windows around a Linux.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS), ts(rename = "ClientHome"))]
pub(super) struct OtherHome {
    id: String,
    name: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Whose {
    /// Id of a home; the person's own when left out.
    home: Option<String>,
}

/// An editor or tool.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub(super) struct Client {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    kind: Kind,
    pub(super) state: ClientState,
    /// Its configuration, when we can write it; `~` is home.
    file: Option<String>,
    /// When it was connected, milliseconds since 1970.
    connected_ms: Option<i64>,
    /// Its last request with its own key: only that proves that it is connected.
    pub(super) proof: Option<Proof>,
    /// Its last request with whatever key, by what it says of itself. Milliseconds since 1970.
    last_seen_ms: Option<i64>,
    /// As it said with that request.
    version: Option<String>,
    steps: Vec<ClientStep>,
    /// What the person should know; the window has the words.
    note_code: Option<&'static str>,
}

/// A request that a client sent with its own key.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[cfg_attr(feature = "types", ts(rename = "ClientProof"))]
pub(super) struct Proof {
    /// Milliseconds since 1970.
    time_ms: i64,
    /// As it said with it.
    version: Option<String>,
    /// The dialect it spoke, as in log rows.
    dialect: String,
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
    /// It has no file that we could write: it is set up by hand, and not known to be.
    ByHand,
    /// It is not on this machine.
    NotFound,
    NotConnected,
    /// Its file says what we wrote.
    Connected,
    /// Its file does not say what we wrote any more.
    Changed,
    /// Its file leads to where the proxy was before, or has a key that is not good any more.
    Outdated,
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

pub(super) async fn list(
    State(desk): State<Arc<Desk>>,
    Asked(whose): Asked<Whose>,
) -> Result<Json<List>, Refusal> {
    let homes = match desk.gateway.office.clients.clone() {
        Some(connections) => connect::at_the_files(move || Ok(connections.homes())).await?,
        None => Vec::new(),
    };
    let clients = all(&desk, whose.home).await?;
    let homes = homes.into_iter().map(|home| OtherHome { id: home.id, name: home.name }).collect();
    Ok(Json(List { clients, homes }))
}

/// Whether this local key belongs to a client.
pub(super) fn is_own_key(id: &str) -> bool {
    own_key::is(id)
}

/// One of the list.
async fn shown(desk: &Desk, id: &str, home: Option<String>) -> Result<Client, Refusal> {
    let found = all(desk, home).await?.into_iter().find(|client| client.id == id);
    found.ok_or_else(unknown)
}

pub(super) async fn all(desk: &Desk, home: Option<String>) -> Result<Vec<Client>, Refusal> {
    let gateway = &desk.gateway;
    let whose = home.clone().unwrap_or_default();
    let since = gateway.now_ms().saturating_sub(SEEN_MS);
    let seen = gateway.logs.clients_since(since).await?;
    let seen: HashMap<_, _> = seen.into_iter().map(|client| (client.name.clone(), client)).collect();
    let uses = gateway.logs.key_uses(since).await?;
    let keys = gateway.core.local_keys().await?;
    let mut looks = looks(desk, home).await?;
    let model = favourite(desk);
    let words = steps::Words {
        root: gateway.base_url(),
        key: super::keys::stored(desk).await?.expose().to_owned(),
        model,
    };
    let clients = BOOK.iter().map(|page| {
        let last = page.seen_as.iter().filter_map(|name| seen.get(*name)).max_by_key(|client| client.last_ms);
        let look = looks.remove(page.id);
        let key = own_key::of(&keys, &own_key::owner(page.id, &whose));
        Client {
            id: page.id,
            name: page.name,
            kind: page.kind,
            state: state(look.as_ref(), key, last.is_some()),
            proof: key.and_then(|key| proof(&uses, &key.id)),
            connected_ms: look.as_ref().and_then(|look| look.connected_ms),
            file: look.map(|look| look.file),
            last_seen_ms: last.map(|client| client.last_ms),
            version: last.and_then(|client| version(&client.user_agent)),
            steps: (page.steps)(&words),
            note_code: page.note_code,
        }
    });
    Ok(clients.collect())
}

/// How the files of the clients are.
async fn looks(desk: &Desk, home: Option<String>) -> Result<HashMap<&'static str, Look>, Refusal> {
    let Some(connections) = desk.gateway.office.clients.clone() else { return Ok(HashMap::new()) };
    let root = desk.gateway.base_url();
    connect::at_the_files(move || {
        let home = connections.home(home.as_deref())?;
        let look =
            |client: &'static ::clients::Client| Ok((client.id, connections.look(client, &home, &root)?));
        ::clients::all().iter().map(look).collect::<Result<_, ::clients::Error>>()
    })
    .await
}

fn state(look: Option<&Look>, key: Option<&LocalKeyRow>, was_seen: bool) -> ClientState {
    let Some(look) = look else { return ClientState::ByHand };
    let has_key = || key.is_some_and(|key| look.key == Some(hex::encode(key.hash)));
    match look.standing {
        // It is somewhere that nobody looks: its requests came.
        Standing::NotFound if was_seen => ClientState::NotConnected,
        Standing::NotFound => ClientState::NotFound,
        Standing::NotConnected => ClientState::NotConnected,
        Standing::Changed => ClientState::Changed,
        Standing::Connected if has_key() => ClientState::Connected,
        Standing::Connected | Standing::Moved => ClientState::Outdated,
    }
}

fn proof(uses: &[KeySeen], key_id: &str) -> Option<Proof> {
    let seen = uses.iter().find(|seen| seen.key_id == key_id)?;
    Some(Proof { time_ms: seen.last_ms, version: version(&seen.user_agent), dialect: seen.dialect.clone() })
}

fn unknown() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "client_unknown", "There is no such client")
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
