//! The clients that we have connected, as checks.

use serde_json::json;

use super::{Action, Check, CheckState};
use crate::admin::Desk;
use crate::admin::clients::{ClientState, all};

/// One for each client whose file was written; those of the person's own home.
pub(super) async fn checks(desk: &Desk) -> Vec<Check> {
    // Where the files cannot be looked at, the Clients screen says so.
    let clients = all(desk, None).await.unwrap_or_default();
    let check = |client: crate::admin::clients::Client| {
        let name = client.name;
        let (state, title, what) = match client.state {
            ClientState::Connected if client.proof.is_some() => {
                (CheckState::Ok, "check_client_ok", "is connected")
            }
            ClientState::Connected => {
                (CheckState::Ok, "check_client_set_up", "is set up; no request with its own key yet")
            }
            ClientState::Changed => {
                (CheckState::Warn, "check_client_changed", "its file was changed since it was connected")
            }
            ClientState::Outdated => (
                CheckState::Fail,
                "check_client_outdated",
                "its file has an old address or key; connect it again",
            ),
            ClientState::ByHand | ClientState::NotFound | ClientState::NotConnected => return None,
        };
        let message = format!("client {name}: {what}");
        let check = Check::new(format!("client.{}", client.id), state, title, message).with("name", name);
        Some(if state == CheckState::Ok { check } else { check.fixed_by(Action::OpenClients, json!({})) })
    };
    clients.into_iter().filter_map(check).collect()
}
