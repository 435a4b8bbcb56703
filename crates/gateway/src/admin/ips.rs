//! `/api/ips`: addresses that are not let in.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, State};
use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::json::Given;
use super::{Desk, Peer, Refusal};
use crate::visitors::{Block, Full};
use crate::{Gateway, Network};

/// Letters of a note.
const LONGEST: usize = 200;
/// A year; for longer, block for good.
const MOST_MINUTES: u32 = 366 * 24 * 60;

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub(super) struct Blocked {
    blocked: Vec<Block>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct New {
    /// An address, or a range like `192.0.2.0/24`.
    address: Network,
    #[serde(default)]
    note: String,
    /// For so long; for good without.
    minutes: Option<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Old {
    address: Network,
}

fn list(gateway: &Gateway) -> Json<Blocked> {
    Json(Blocked { blocked: gateway.office.visitors.blocked(gateway.now_ms()) })
}

pub(super) async fn blocked(State(desk): State<Arc<Desk>>) -> Json<Blocked> {
    list(&desk.gateway)
}

/// Blocks from the next request on. What is under way runs to its end.
pub(super) async fn block(
    State(desk): State<Arc<Desk>>,
    peer: Option<Extension<Peer>>,
    Given(new): Given<New>,
) -> Result<Json<Blocked>, Refusal> {
    let gateway = &desk.gateway;
    if new.address.touches_loopback() {
        return Err(Refusal::invalid("This machine is not blocked: it is where you sit"));
    }
    if peer.is_some_and(|Extension(Peer(own))| new.address.contains(own)) {
        return Err(Refusal::invalid("This is the address that you come from"));
    }
    if new.note.chars().count() > LONGEST || new.note.chars().any(char::is_control) {
        return Err(Refusal::invalid("note: has up to 200 letters"));
    }
    if new.minutes.is_some_and(|minutes| !(1..=MOST_MINUTES).contains(&minutes)) {
        return Err(Refusal::invalid("minutes: is from 1 to 527040"));
    }
    let since_ms = gateway.now_ms();
    let until_ms = new.minutes.map(|minutes| since_ms + i64::from(minutes) * 60_000);
    let block = Block { address: new.address, note: new.note, since_ms, until_ms };
    let _changing = desk.changing.lock().await;
    gateway.office.visitors.block(&gateway.core, block).await?;
    Ok(list(gateway))
}

/// Lets an address or a range in again, as it stands in the list.
pub(super) async fn unblock(
    State(desk): State<Arc<Desk>>,
    Given(old): Given<Old>,
) -> Result<Json<Blocked>, Refusal> {
    let gateway = &desk.gateway;
    let _changing = desk.changing.lock().await;
    gateway.office.visitors.unblock(&gateway.core, old.address).await?;
    Ok(list(gateway))
}

impl From<Full> for Refusal {
    fn from(full: Full) -> Self {
        match full {
            Full::Many => Self::new(StatusCode::CONFLICT, "invalid_request", full.to_string()),
            Full::Store(error) => error.into(),
        }
    }
}
