//! `/api/shell/…`: what the desktop does for the window. A window has no other way to its host.

use std::path::Path;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::json::Given;
use super::{Desk, Refusal};
use crate::shell::Shell;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wish {
    on: bool,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub(super) struct Autostart {
    on: bool,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Place {
    /// Within the data folder; the folder itself when left out.
    path: Option<String>,
}

pub(super) async fn autostart(State(desk): State<Arc<Desk>>) -> Result<Json<Autostart>, Refusal> {
    switch(&desk, None).await
}

pub(super) async fn set_autostart(
    State(desk): State<Arc<Desk>>,
    Given(wish): Given<Wish>,
) -> Result<Json<Autostart>, Refusal> {
    switch(&desk, Some(wish.on)).await
}

async fn switch(desk: &Desk, wish: Option<bool>) -> Result<Json<Autostart>, Refusal> {
    let on = at_the_shell(desk, move |shell| shell.autostart(wish)).await?;
    Ok(Json(Autostart { on }))
}

/// Only what is ours is shown: a page must not make the desktop open anything it likes.
pub(super) async fn reveal(
    State(desk): State<Arc<Desk>>,
    Given(place): Given<Place>,
) -> Result<StatusCode, Refusal> {
    let folder = &desk.gateway.office.folder;
    let wanted = folder.join(place.path.as_deref().unwrap_or_default());
    let within = |path: &Path| {
        let (path, folder) = (path.canonicalize().ok()?, folder.canonicalize().ok()?);
        path.starts_with(folder).then_some(path)
    };
    let path = within(&wanted).ok_or_else(|| {
        Refusal::new(StatusCode::NOT_FOUND, "path_not_found", "There is no such file in the data folder")
    })?;
    at_the_shell(&desk, move |shell| shell.reveal(&path)).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn quit(State(desk): State<Arc<Desk>>) -> Result<StatusCode, Refusal> {
    if !desk.gateway.office.shell.capabilities().quit {
        return Err(unsupported("The program is not ended from here."));
    }
    desk.gateway.office.shell.quit();
    Ok(StatusCode::NO_CONTENT)
}

/// Desktops take their time, which no event loop has.
async fn at_the_shell<T: Send + 'static>(
    desk: &Desk,
    ask: impl FnOnce(&dyn Shell) -> Result<T, String> + Send + 'static,
) -> Result<T, Refusal> {
    let shell = Arc::clone(&desk.gateway.office.shell);
    let answer = tokio::task::spawn_blocking(move || ask(&*shell)).await;
    answer
        .unwrap_or_else(|_| Err("The desktop does not answer.".to_owned()))
        .map_err(|said| unsupported(&said))
}

fn unsupported(said: &str) -> Refusal {
    Refusal::new(StatusCode::CONFLICT, "shell_refused", said)
}
