//! Accounts in and out: `/api/accounts/import`, `/feed` and `/export`. Passphrases travel in bodies, never in addresses.

use std::sync::Arc;

use ::secrets::{ParcelError, SHORTEST_PASSPHRASE, is_parcel, unwrap, wrap};
use accounts::{ConsentBy, Preview, Source, TakenIn, Taking};
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use llm::Secret;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::json::{Given, List};
use super::{Desk, Refusal};

/// What to import. `Debug` is left out on purpose.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Import {
    /// A file of ours, encrypted or not, JSON of other programs, or a pasted list.
    content: String,
    /// Opens `content` when it is encrypted.
    passphrase: Option<String>,
    /// Only look.
    #[serde(default)]
    preview: bool,
    /// Indices of what the preview found; left out, all that are new.
    take: Option<Vec<usize>>,
    /// For Bedrock accounts that bring none.
    #[serde(default)]
    region: String,
    #[serde(default)]
    policy_accepted: bool,
    #[serde(default)]
    policy_accepted_by: ConsentBy,
}

/// Shows what a text holds, or adds it.
pub(super) async fn import(
    State(desk): State<Arc<Desk>>,
    List(asked): List<Import>,
) -> Result<Response, Refusal> {
    let text = opened(asked.content, asked.passphrase).await?;
    let source = Source { text, region: asked.region };
    let accounts = &desk.gateway.accounts;
    if asked.preview {
        let preview: Preview = accounts.preview(source).await?;
        return Ok(Json(preview).into_response());
    }
    let taking = Taking {
        take: asked.take,
        policy_accepted: asked.policy_accepted,
        policy_accepted_by: asked.policy_accepted_by,
    };
    let imported: TakenIn = accounts.import(source, taking).await?;
    Ok((StatusCode::CREATED, Json(imported)).into_response())
}

/// A list of accounts as JSON, for scripts: an array, or an object with `accounts`. New ones are added, the others named.
pub(super) async fn feed(
    State(desk): State<Arc<Desk>>,
    List(list): List<Value>,
) -> Result<(StatusCode, Json<TakenIn>), Refusal> {
    let policy_accepted = list["policy_accepted"] == true;
    let source = Source { text: list.to_string(), region: String::new() };
    let taking = Taking { policy_accepted, ..Taking::default() };
    Ok((StatusCode::CREATED, Json(desk.gateway.accounts.import(source, taking).await?)))
}

/// What to export. `Debug` is left out on purpose.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Export {
    /// What the file shall be encrypted with.
    passphrase: Option<String>,
    /// The person knows that whoever reads the file has the accounts.
    #[serde(default)]
    plain: bool,
    /// Ids of the accounts; left out, all.
    ids: Option<Vec<String>>,
}

/// A file with accounts in it.
#[derive(Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub(super) struct ExportedFile {
    name: &'static str,
    content: String,
    /// How many are in it.
    accounts: usize,
    /// Names of those whose credential cannot be read.
    left_out: Vec<String>,
}

pub(super) async fn export(
    State(desk): State<Arc<Desk>>,
    Given(asked): Given<Export>,
) -> Result<Json<ExportedFile>, Refusal> {
    let exported = desk.gateway.accounts.export(asked.ids.as_deref())?;
    let (name, content) = match (asked.passphrase, asked.plain) {
        (Some(passphrase), false) => {
            let passphrase = Secret::new(passphrase);
            let text = exported.text;
            ("switchboard-accounts.age", aside(move || wrap(&text, &passphrase)).await?)
        }
        (None, true) => ("switchboard-accounts.json", exported.text.expose().to_owned()),
        _ => {
            let message = "Give a passphrase to encrypt the file with, or say plain: true";
            return Err(Refusal::invalid(message).with("field", "passphrase"));
        }
    };
    tracing::info!(accounts = exported.accounts, plain = asked.plain, "accounts were exported");
    let (accounts, left_out) = (exported.accounts, exported.left_out);
    Ok(Json(ExportedFile { name, content, accounts, left_out }))
}

async fn opened(content: String, passphrase: Option<String>) -> Result<String, Refusal> {
    if !is_parcel(&content) {
        return Ok(content);
    }
    let Some(passphrase) = passphrase.filter(|passphrase| !passphrase.is_empty()).map(Secret::new) else {
        let message = "This file is encrypted: give its passphrase";
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "import_passphrase_required", message)
            .with("field", "passphrase"));
    };
    let text = aside(move || unwrap(&content, &passphrase)).await?;
    Ok(text.expose().to_owned())
}

/// Scrypt takes most of a second, in which an event loop must not stand still.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ParcelError> + Send + 'static,
) -> Result<T, Refusal> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or(Err(ParcelError::Damaged)).map_err(Refusal::from)
}

impl From<ParcelError> for Refusal {
    fn from(error: ParcelError) -> Self {
        let said = error.to_string();
        match error {
            ParcelError::TooShort => Self::new(StatusCode::BAD_REQUEST, "secrets_passphrase_short", said)
                .with("field", "passphrase")
                .with("count", SHORTEST_PASSPHRASE),
            ParcelError::WrongPassphrase => {
                Self::new(StatusCode::BAD_REQUEST, "import_wrong_passphrase", said)
                    .with("field", "passphrase")
            }
            ParcelError::Damaged => Self::new(StatusCode::BAD_REQUEST, "import_damaged", said),
            ParcelError::NoRandomness => Self::from(::secrets::Error::NoRandomness),
        }
    }
}
