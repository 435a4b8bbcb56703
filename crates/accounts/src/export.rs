//! All accounts as a text that another Switchboard can import. It holds every credential.

use llm::Secret;
use serde_json::{Value, json};

use crate::import::draft::Draft;
use crate::import::text::{OURS, VERSION};
use crate::{Accounts, Error};

/// A text with accounts in it.
#[derive(Clone, Debug)]
pub struct Exported {
    /// JSON, not encrypted.
    pub text: Secret,
    pub accounts: usize,
    /// Names of those whose credential cannot be decrypted.
    pub left_out: Vec<String>,
}

impl Accounts {
    /// Writes down the stored accounts with these ids, or all.
    ///
    /// # Errors
    /// While stored secrets are locked.
    pub fn export(&self, ids: Option<&[String]>) -> Result<Exported, Error> {
        let board = self.inner.board.load();
        let mut accounts = Vec::new();
        let mut left_out = Vec::new();
        let wanted = |id: &str| ids.is_none_or(|ids| ids.iter().any(|wanted| wanted == id));
        for seat in board.seats.iter().filter(|seat| !seat.ephemeral && wanted(seat.id())) {
            let account = &seat.entry.account;
            let credential: Value = match seat.entry.vault.credential() {
                Ok(credential) => serde_json::from_str(credential.expose()).unwrap_or_default(),
                Err(secrets::Error::Locked) => return Err(secrets::Error::Locked.into()),
                Err(_) => {
                    left_out.push(account.name.clone());
                    continue;
                }
            };
            accounts.push(Draft {
                id: Some(account.id.clone()),
                name: account.name.clone(),
                provider: account.provider.clone(),
                region: account.region.clone(),
                endpoint_url: account.endpoint_url.clone(),
                credential,
                options: account.options.clone(),
                enabled: Some(seat.enabled),
                tags: seat.tags.clone(),
                note: seat.note.clone(),
            });
        }
        let count = accounts.len();
        let file = json!({OURS.0: OURS.1, "version": VERSION, "accounts": accounts});
        // An indented text can be read where it is not encrypted.
        let text = serde_json::to_string_pretty(&file).unwrap_or_default();
        Ok(Exported { text: Secret::new(text), accounts: count, left_out })
    }
}
