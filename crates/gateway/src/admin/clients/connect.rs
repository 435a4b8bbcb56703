//! Writing a client's file and putting it back.

use std::sync::Arc;

use ::clients::{Client as File, Connections, Error, Home, KeyPlace, Model, Plan, Words};
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use llm::Secret;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{Client, Whose, favourite, own_key, shown, unknown};
use crate::admin::json::{Asked, Given, Id};
use crate::admin::{Desk, Refusal};

/// Models that a configuration lists.
const MODELS: usize = 12;

/// What most models have whose limits are not known, in tokens.
const CONTEXT: u32 = 200_000;
const OUTPUT: u32 = 32_000;

/// Stands for a key that is made when it is needed.
const NO_KEY: &str = "sk-switchboard-not-made-yet";

/// What would be written.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[cfg_attr(feature = "types", ts(rename = "ClientPreview"))]
pub(in crate::admin) struct Preview {
    /// The file; `~` is home.
    file: String,
    /// A unified diff, secrets masked; empty when nothing changes.
    diff: String,
    /// What the file is now, to send along when this is to be written.
    fingerprint: String,
    /// The file is made, or removed.
    whole_file: bool,
    /// Somebody else changed the file since it was connected, so what they wrote stays.
    changed_since: bool,
}

/// A client that has been connected.
#[derive(Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[cfg_attr(feature = "types", ts(rename = "ClientConnected"))]
pub(in crate::admin) struct Connected {
    client: Client,
    /// Its key, where the person has to enter it.
    key: Option<String>,
}

/// What became of one client's file.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[cfg_attr(feature = "types", ts(rename = "ClientRestored"))]
pub(in crate::admin) struct Put {
    id: String,
    /// Id of the home; empty for the person's own.
    home: String,
    file: String,
    changed_since: bool,
    problem: Option<Refusal>,
}

#[derive(Debug, Serialize)]
pub(in crate::admin) struct Restored {
    restored: Vec<Put>,
}

/// What a program needs that starts a client.
#[derive(Serialize)]
pub(in crate::admin) struct Own {
    key: String,
    root: String,
    model: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::admin) struct Wish {
    /// The model to ask; one that the active account has when left out.
    model: Option<String>,
    /// Id of a home; the person's own when left out.
    home: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::admin) struct Order {
    /// As the preview told it.
    fingerprint: String,
    model: Option<String>,
    /// Id of a home; the person's own when left out.
    home: Option<String>,
}

pub(in crate::admin) async fn preview_connect(
    State(desk): State<Arc<Desk>>,
    Id(id): Id,
    Asked(wish): Asked<Wish>,
) -> Result<Json<Preview>, Refusal> {
    let file = known(&id)?;
    let connections = connections(&desk)?;
    let owner = own_key::owner(file.id, wish.home.as_deref().unwrap_or_default());
    let key = own_key::read(&desk.gateway, &owner).await?.unwrap_or_else(|| Secret::new(NO_KEY));
    let (words, now) = (words(&desk, key, wish.model)?, desk.gateway.now_ms());
    let preview = at_the_files(move || {
        let home = connections.home(wish.home.as_deref())?;
        Ok(preview(&connections, &connections.connect(file, &home, &words, now)?))
    })
    .await?;
    Ok(Json(preview))
}

pub(in crate::admin) async fn preview_undo(
    State(desk): State<Arc<Desk>>,
    Id(id): Id,
    Asked(whose): Asked<Whose>,
) -> Result<Json<Preview>, Refusal> {
    let file = known(&id)?;
    let connections = connections(&desk)?;
    let home = whose.home.unwrap_or_default();
    let preview = at_the_files(move || Ok(preview(&connections, &connections.undo(file, &home)?))).await?;
    Ok(Json(preview))
}

fn preview(connections: &Connections, plan: &Plan) -> Preview {
    Preview {
        file: connections.shown(plan.path()),
        diff: plan.diff(),
        fingerprint: plan.fingerprint(),
        whole_file: plan.is_whole_file(),
        changed_since: plan.changed_since(),
    }
}

pub(in crate::admin) async fn connect(
    State(desk): State<Arc<Desk>>,
    Id(id): Id,
    Given(order): Given<Order>,
) -> Result<Json<Connected>, Refusal> {
    let file = known(&id)?;
    let connections = connections(&desk)?;
    let changing = desk.changing.lock().await;
    let home = home(&connections, order.home.clone()).await?;
    let owner = own_key::owner(file.id, &home.id);
    let name = if home.is_own() { file.name.to_owned() } else { format!("{} · {}", file.name, home.name) };
    let had_one = own_key::read(&desk.gateway, &owner).await?.is_some();
    let key = own_key::get(&desk.gateway, &owner, &name).await?;
    let (words, now) = (words(&desk, key.clone(), order.model)?, desk.gateway.now_ms());
    let written = at_the_files(move || {
        let plan = connections.connect(file, &home, &words, now)?;
        connections.carry_out(plan, &order.fingerprint)
    })
    .await;
    if let Err(refusal) = written {
        // Nobody has it.
        if !had_one {
            own_key::remove(&desk.gateway, &owner).await?;
        }
        return Err(refusal);
    }
    drop(changing);
    let key = (file.key == KeyPlace::ByHand).then(|| key.expose().to_owned());
    Ok(Json(Connected { client: shown(&desk, file.id, order.home).await?, key }))
}

pub(in crate::admin) async fn undo(
    State(desk): State<Arc<Desk>>,
    Id(id): Id,
    Given(order): Given<Order>,
) -> Result<Json<Client>, Refusal> {
    let file = known(&id)?;
    let connections = connections(&desk)?;
    let changing = desk.changing.lock().await;
    let home = order.home.clone().unwrap_or_default();
    let owner = own_key::owner(file.id, &home);
    at_the_files(move || connections.carry_out(connections.undo(file, &home)?, &order.fingerprint)).await?;
    own_key::remove(&desk.gateway, &owner).await?;
    drop(changing);
    Ok(Json(shown(&desk, file.id, order.home).await?))
}

/// Puts every file back. One that cannot be does not keep the others.
pub(in crate::admin) async fn restore(State(desk): State<Arc<Desk>>) -> Result<Json<Restored>, Refusal> {
    let connections = connections(&desk)?;
    let _changing = desk.changing.lock().await;
    let restored = at_the_files(move || {
        let put = |one: ::clients::Restored| Put {
            file: connections.shown(&one.path),
            changed_since: one.changed_since,
            problem: one.result.err().map(|error| refusal(&error)),
            id: one.client,
            home: one.home,
        };
        Ok(connections.restore()?.into_iter().map(put).collect::<Vec<_>>())
    })
    .await?;
    for put in restored.iter().filter(|put| put.problem.is_none()) {
        own_key::remove(&desk.gateway, &own_key::owner(&put.id, &put.home)).await?;
    }
    Ok(Json(Restored { restored }))
}

/// The key of a client whose file is not to be written, for whoever starts it.
pub(in crate::admin) async fn key(
    State(desk): State<Arc<Desk>>,
    Id(id): Id,
    Given(wish): Given<Wish>,
) -> Result<Json<Own>, Refusal> {
    let page = super::BOOK.iter().find(|page| page.id == id).ok_or_else(unknown)?;
    let _changing = desk.changing.lock().await;
    let key = own_key::get(&desk.gateway, page.id, page.name).await?;
    let model = wish.model.unwrap_or_else(|| favourite(&desk));
    Ok(Json(Own { key: key.expose().to_owned(), root: desk.gateway.base_url(), model }))
}

fn known(id: &str) -> Result<&'static File, Refusal> {
    let by_hand = || match super::BOOK.iter().any(|page| page.id == id) {
        true => Refusal::new(
            StatusCode::CONFLICT,
            "client_by_hand",
            "This client keeps its settings where no other program can write them; follow its steps",
        ),
        false => unknown(),
    };
    ::clients::find(id).ok_or_else(by_hand)
}

fn connections(desk: &Desk) -> Result<Arc<Connections>, Refusal> {
    let unknown = || Refusal::new(StatusCode::CONFLICT, "home_unknown", "The home folder is not known");
    desk.gateway.office.clients.clone().ok_or_else(unknown)
}

async fn home(connections: &Arc<Connections>, id: Option<String>) -> Result<Home, Refusal> {
    let connections = Arc::clone(connections);
    at_the_files(move || connections.home(id.as_deref())).await
}

/// What a configuration needs now.
fn words(desk: &Desk, key: Secret, model: Option<String>) -> Result<Words, Refusal> {
    let gateway = &desk.gateway;
    if model
        .as_deref()
        .is_some_and(|model| model.is_empty() || model.chars().any(|c| c.is_control() || c == '"'))
    {
        return Err(Refusal::invalid("model is no name of a model"));
    }
    let is_named = model.is_some();
    let favourite = model.unwrap_or_else(|| favourite(desk));
    let active = gateway.accounts.active().and_then(|id| gateway.accounts.entry(&id));
    let known = active.map(|entry| entry.provider.known_models(&entry.account)).unwrap_or_default();
    let listed = |name: &str| {
        let model = known.iter().find(|model| model.name == name);
        let limit = |known: Option<u32>, usual| known.filter(|limit| *limit > 0).unwrap_or(usual);
        Model {
            name: name.to_owned(),
            context: limit(model.map(|model| model.context), CONTEXT),
            output: limit(model.map(|model| model.max_output), OUTPUT),
            images: model.is_some_and(|model| model.vision),
        }
    };
    let mut models = vec![listed(&favourite)];
    let rest = known.iter().filter(|model| model.name != favourite);
    let (ours, others): (Vec<_>, Vec<_>) = rest.partition(|model| model.vendor == "anthropic");
    models.extend(ours.into_iter().chain(others).take(MODELS - 1).map(|model| listed(&model.name)));
    let now = OffsetDateTime::from(gateway.clock.now()).format(&Rfc3339).unwrap_or_default();
    Ok(Words { root: gateway.base_url(), key, models, is_named, now })
}

/// Folders of a network take their time, which no event loop has.
pub(super) async fn at_the_files<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Refusal> {
    let done = tokio::task::spawn_blocking(work).await;
    let lost = || Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "Looking at the files failed");
    done.map_err(|_| lost())?.map_err(|error| refusal(&error))
}

fn refusal(error: &Error) -> Refusal {
    let status = match error {
        Error::Io { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::CONFLICT,
    };
    let refusal = Refusal::new(status, error.code(), error.to_string());
    let refusal = match error.path() {
        Some(path) => refusal.with("path", path.display().to_string()),
        None => refusal,
    };
    match error {
        Error::Unreadable { what, .. } => refusal.with("what", what.as_str()),
        Error::Shape { at, .. } => refusal.with("what", at.as_str()),
        Error::Io { source, .. } => refusal.with("what", source.to_string()),
        _ => refusal,
    }
}
