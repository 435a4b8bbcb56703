//! `/api/secrets`: where stored secrets are, what keeps their key, and the way out when it is not at hand.

mod credentials;

use std::sync::Arc;

use ::secrets::{SlotKind, Trouble, Wish};
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use llm::Secret;
use serde::{Deserialize, Serialize};

use super::json::Given;
use super::{Desk, Refusal};
use crate::safe::{Door, Refused};

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub(super) struct Secrets {
    door: Door,
    slots: Vec<SlotView>,
    /// The key is in a file of ours: whoever can read the person's folders reads the secrets.
    reduced: bool,
    has_recovery_key: bool,
    /// Places where the key could be moved to.
    choices: Vec<SlotKind>,
    /// Every credential there is, and where it is.
    credentials: Vec<credentials::Credential>,
}

/// What keeps the key.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS), ts(rename = "SecretSlot"))]
struct SlotView {
    slot: SlotKind,
    /// Milliseconds since 1970.
    created_ms: i64,
    /// The file, where it is one.
    path: Option<String>,
}

pub(super) async fn show(State(desk): State<Arc<Desk>>) -> Result<Json<Secrets>, Refusal> {
    Ok(Json(of(&desk).await?))
}

async fn of(desk: &Desk) -> Result<Secrets, Refusal> {
    let gateway = &desk.gateway;
    let newer = matches!(gateway.safe.door(), Door::Newer { .. });
    let known = gateway.safe.slots().await?;
    let slots: Vec<_> = known
        .into_iter()
        .map(|(slot, created_ms)| SlotView { slot, created_ms, path: gateway.safe.path_of(slot) })
        .collect();
    let has = |kind| slots.iter().any(|view| view.slot == kind);
    Ok(Secrets {
        door: gateway.safe.door(),
        reduced: has(SlotKind::KeyFile),
        has_recovery_key: has(SlotKind::RecoveryKey),
        choices: gateway.safe.choices(),
        credentials: if newer { Vec::new() } else { credentials::all(gateway).await? },
        slots,
    })
}

/// A passphrase or a recovery key. `Debug` is left out on purpose.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entered {
    secret: String,
}

/// Opens the safe with what the person entered.
pub(super) async fn unlock(
    State(desk): State<Arc<Desk>>,
    Given(Entered { secret }): Given<Entered>,
) -> Result<Json<Secrets>, Refusal> {
    desk.gateway.unlock_safe(&secret).await.map_err(|trouble| {
        let (status, code, message) = match trouble {
            Trouble::WrongKey => (
                StatusCode::FORBIDDEN,
                "secrets_wrong_key",
                "This is neither the passphrase nor the recovery key",
            ),
            Trouble::NotUsed => (
                StatusCode::CONFLICT,
                "secrets_no_such_slot",
                "There is neither a passphrase nor a recovery key for these secrets",
            ),
            _ => (StatusCode::INTERNAL_SERVER_ERROR, "storage", "The stored key cannot be read"),
        };
        Refusal::new(status, code, message)
    })?;
    Ok(Json(of(&desk).await?))
}

/// Looks for the key at once.
pub(super) async fn retry(State(desk): State<Arc<Desk>>) -> Result<Json<Secrets>, Refusal> {
    desk.gateway.open_safe().await;
    Ok(Json(of(&desk).await?))
}

/// Where the key is to be kept.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Protection {
    slot: SlotKind,
    /// For the slot of that name.
    passphrase: Option<String>,
}

/// Moves the key.
pub(super) async fn protect(
    State(desk): State<Arc<Desk>>,
    Given(Protection { slot, passphrase }): Given<Protection>,
) -> Result<Json<Secrets>, Refusal> {
    let missing = || Refusal::invalid("passphrase is missing").with("field", "passphrase");
    let wish = match slot {
        SlotKind::Keychain => Wish::Keychain,
        SlotKind::MasterKeyFile => Wish::MasterKeyFile,
        SlotKind::KeyFile => Wish::KeyFile,
        SlotKind::Passphrase => Wish::Passphrase(Secret::new(passphrase.ok_or_else(missing)?)),
        SlotKind::RecoveryKey => {
            let message =
                "A recovery key stands beside another slot; POST /api/secrets/recovery-key makes one";
            return Err(Refusal::invalid(message).with("field", "slot"));
        }
    };
    desk.gateway.protect_safe(wish).await?;
    Ok(Json(of(&desk).await?))
}

/// Shown once.
#[derive(Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub(super) struct RecoveryKey {
    recovery_key: String,
}

/// A new recovery key; the one before opens nothing any more.
pub(super) async fn new_recovery_key(State(desk): State<Arc<Desk>>) -> Result<Json<RecoveryKey>, Refusal> {
    let key = desk.gateway.new_recovery_key().await?;
    Ok(Json(RecoveryKey { recovery_key: key.expose().to_owned() }))
}

pub(super) async fn forget_recovery_key(State(desk): State<Arc<Desk>>) -> Result<StatusCode, Refusal> {
    if desk.gateway.forget_recovery_key().await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    let message = "There is no recovery key, or nothing else that opens the secrets";
    Err(Refusal::new(StatusCode::CONFLICT, "secrets_last_slot", message))
}

/// The person gives up on what is locked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StartOver {
    confirm: bool,
}

/// Where the data that was given up is kept.
#[derive(Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub(super) struct StartedOver {
    kept_at: String,
}

/// Begins without accounts and keys. What is locked is kept in a file beside, and can be restored.
pub(super) async fn start_over(
    State(desk): State<Arc<Desk>>,
    Given(StartOver { confirm }): Given<StartOver>,
) -> Result<Json<StartedOver>, Refusal> {
    if !confirm {
        return Err(Refusal::invalid("confirm must be true").with("field", "confirm"));
    }
    let kept = desk.gateway.start_over().await?;
    Ok(Json(StartedOver { kept_at: kept.display().to_string() }))
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        let said = refused.to_string();
        match refused {
            Refused::Locked => Self::from(::secrets::Error::Locked),
            Refused::Open => Self::new(StatusCode::CONFLICT, "secrets_open", said),
            Refused::TooShort => Self::new(StatusCode::BAD_REQUEST, "secrets_passphrase_short", said)
                .with("field", "passphrase"),
            Refused::Slot(slot, trouble) => Self::new(StatusCode::CONFLICT, "secrets_slot_failed", said)
                .with("slot", slot.name())
                .with("trouble", trouble.name()),
            Refused::OtherKey => Self::new(StatusCode::CONFLICT, "secrets_other_key", said),
            Refused::Store(error) => error.into(),
        }
    }
}
