//! Many accounts at once, from a file or a pasted text: first looked at, then added in one transaction.

pub(crate) mod draft;
mod lines;
mod mark;
mod object;
pub(crate) mod text;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use providers::{CredentialSummary, Policy};
use serde::Serialize;

use self::draft::{Draft, Piece, Unreadable};
use self::mark::{Mark, marks};
use crate::board::Seat;
use crate::edit::named;
use crate::roster::Inner;
use crate::{AccountView, Accounts, ConsentBy, Error, NewAccount};

/// Accounts that there may be.
pub const MOST_ACCOUNTS: usize = 500;

/// A text to take accounts from. `Debug` leaves it out.
#[derive(Clone)]
pub struct Source {
    /// A file of ours, JSON of other programs, or a pasted list.
    pub text: String,
    /// For Bedrock accounts that bring none; empty means `us-east-1`.
    pub region: String,
}

/// Which accounts of a text to add.
#[derive(Clone, Debug, Default)]
pub struct Taking {
    /// Indices of [`Listed`]; `None` means all that are new.
    pub take: Option<Vec<usize>>,
    /// The person read the providers' policy notes and agrees.
    pub policy_accepted: bool,
    pub policy_accepted_by: ConsentBy,
}

/// What is in a text, in its order.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Preview {
    pub found: Vec<Listed>,
    /// Providers whose policy note the person must agree to before anything of them is added.
    pub consents: Vec<OpenConsent>,
}

/// A provider and the note to agree to.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct OpenConsent {
    pub provider: &'static str,
    pub note: &'static str,
}

/// One account of a text. Never a secret.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Listed {
    pub index: usize,
    /// The name it would get, or where in the text it stood.
    pub name: String,
    pub provider: String,
    pub region: String,
    /// Whoever sends requests elsewhere must be seen to do so.
    pub endpoint_url: Option<String>,
    pub credential: Option<CredentialSummary>,
    pub enabled: bool,
    pub tags: Vec<String>,
    pub finding: Finding,
}

/// What an account of a text is to us.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub enum Finding {
    New,
    /// The same credential is there already.
    Duplicate {
        /// The name of the account that has it.
        of: String,
        /// That account comes earlier in the same text.
        in_text: bool,
    },
    Unreadable {
        /// A stable name of the reason.
        code: &'static str,
        message: String,
    },
}

/// What an import came to.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct TakenIn {
    pub added: Vec<AccountView>,
    /// What was left out, and why.
    pub skipped: Vec<Listed>,
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source").field("region", &self.region).finish_non_exhaustive()
    }
}

/// A piece of the text and the seat it would take.
struct Judged {
    found: Listed,
    seat: Option<Seat>,
}

impl Accounts {
    /// What [`Accounts::import`] would do. Changes nothing.
    ///
    /// # Errors
    /// [`Error::Import`] when the text as a whole cannot be read.
    pub async fn preview(&self, source: Source) -> Result<Preview, Error> {
        self.to_the_end(|inner| async move {
            let judged = inner.judge(&source)?;
            let consents = inner.open_consents(&judged);
            Ok(Preview { found: judged.into_iter().map(|judged| judged.found).collect(), consents })
        })
        .await
    }

    /// Adds accounts of a text: all that are new, or those that were chosen; all or none of them.
    ///
    /// # Errors
    /// [`Error::Import`] when the text cannot be read or holds too many, [`Error::PolicyConsentRequired`]; then nothing
    /// was added.
    pub async fn import(&self, source: Source, taking: Taking) -> Result<TakenIn, Error> {
        let (ids, skipped) =
            self.to_the_end(|inner| async move { inner.import(&source, &taking).await }).await?;
        let ids: HashSet<String> = ids.into_iter().collect();
        let added = self.list().into_iter().filter(|view| ids.contains(&view.id)).collect();
        Ok(TakenIn { added, skipped })
    }
}

impl Inner {
    fn judge(&self, source: &Source) -> Result<Vec<Judged>, Error> {
        let region = Some(source.region.trim()).filter(|region| !region.is_empty()).unwrap_or("us-east-1");
        let pieces = text::read(&source.text, region).map_err(refused)?;
        if pieces.is_empty() {
            return Err(refused(Unreadable::new("import_empty", "there is no account in this text")));
        }
        if pieces.len() > MOST_ACCOUNTS {
            return Err(too_many());
        }
        let board = self.board.load();
        let mut owners: HashMap<Mark, (String, bool)> = HashMap::new();
        // What is offline stands for nobody's account.
        for seat in board.seats.iter().filter(|seat| seat.policy != Policy::Offline) {
            for mark in self.marks_of(seat) {
                owners.insert(mark, (seat.entry.account.name.clone(), false));
            }
        }
        let mut taken: HashSet<String> =
            board.seats.iter().map(|seat| seat.entry.account.name.to_lowercase()).collect();
        let judge = |(index, piece)| self.judge_one(index, piece, &mut owners, &mut taken);
        Ok(pieces.into_iter().enumerate().map(judge).collect())
    }

    /// The marks of an account that is here already.
    fn marks_of(&self, seat: &Seat) -> Vec<Mark> {
        let credential = seat.entry.vault.credential().ok();
        let credential = credential.and_then(|credential| serde_json::from_str(credential.expose()).ok());
        let account = &seat.entry.account;
        marks(Some(&account.id), &account.region, &credential.unwrap_or_default())
    }

    fn judge_one(
        &self,
        index: usize,
        piece: Piece,
        owners: &mut HashMap<Mark, (String, bool)>,
        taken: &mut HashSet<String>,
    ) -> Judged {
        let mut found = Listed {
            index,
            name: piece.name,
            provider: String::new(),
            region: String::new(),
            endpoint_url: None,
            credential: None,
            enabled: true,
            tags: Vec::new(),
            finding: Finding::New,
        };
        let unreadable = |mut found: Listed, code, message| {
            found.finding = Finding::Unreadable { code, message };
            Judged { found, seat: None }
        };
        let draft = match piece.read {
            Ok(draft) => draft,
            Err(Unreadable { code, message }) => return unreadable(found, code, message),
        };
        let marks = marks(draft.id.as_deref(), &draft.region, &draft.credential);
        let owner = marks.iter().find_map(|mark| owners.get(mark)).cloned();
        let seat = match self.seat_of_draft(draft, taken) {
            Ok(seat) => seat,
            Err(error) => return unreadable(found, error.code(), error.to_string()),
        };
        let account = &seat.entry.account;
        found.name.clone_from(&account.name);
        found.provider.clone_from(&account.provider);
        found.region.clone_from(&account.region);
        found.endpoint_url.clone_from(&account.endpoint_url);
        found.credential = Some(seat.summary.clone());
        found.enabled = seat.enabled;
        found.tags.clone_from(&seat.tags);
        taken.insert(account.name.to_lowercase());
        match owner {
            Some((of, in_text)) => found.finding = Finding::Duplicate { of, in_text },
            None => {
                for mark in marks {
                    owners.insert(mark, (account.name.clone(), true));
                }
            }
        }
        Judged { found, seat: Some(seat) }
    }

    fn seat_of_draft(&self, draft: Draft, taken: &HashSet<String>) -> Result<Seat, Error> {
        let provider = self.provider(&draft.provider)?;
        let wanted = match draft.name.trim() {
            "" => provider.describe().name,
            name => name,
        };
        let new = NewAccount {
            name: free(wanted, taken),
            provider: draft.provider,
            region: draft.region,
            endpoint_url: draft.endpoint_url,
            credential: draft.credential,
            options: draft.options,
            tags: draft.tags,
            note: draft.note,
            policy_accepted: false,
            policy_accepted_by: ConsentBy::default(),
        };
        self.new_seat(provider, new, draft.enabled.unwrap_or(true))
    }

    fn open_consents(&self, judged: &[Judged]) -> Vec<OpenConsent> {
        let mut open: Vec<OpenConsent> = Vec::new();
        for seat in judged.iter().filter_map(|judged| judged.seat.as_ref()) {
            let provider = seat.entry.provider.as_ref();
            if open.iter().all(|known| known.provider != provider.id())
                && let Some(note) = self.needs_consent(provider)
            {
                open.push(OpenConsent { provider: provider.id(), note });
            }
        }
        open
    }

    async fn import(&self, source: &Source, taking: &Taking) -> Result<(Vec<String>, Vec<Listed>), Error> {
        let _edit = self.edit.lock().await;
        let wanted = |found: &Listed| match &taking.take {
            Some(take) => take.contains(&found.index),
            None => found.finding == Finding::New,
        };
        let (chosen, left): (Vec<_>, Vec<_>) = self
            .judge(source)?
            .into_iter()
            .partition(|judged| judged.seat.is_some() && wanted(&judged.found));
        let stored = self.board.load().seats.iter().filter(|seat| !seat.ephemeral).count();
        if stored + chosen.len() > MOST_ACCOUNTS {
            return Err(too_many());
        }
        let consents = self.open_consents(&chosen);
        if let Some(&OpenConsent { provider, note }) = consents.first().filter(|_| !taking.policy_accepted) {
            return Err(Error::PolicyConsentRequired { provider, note });
        }
        let seats: Vec<Arc<Seat>> =
            chosen.into_iter().filter_map(|judged| judged.seat).map(Arc::new).collect();
        if !seats.is_empty() {
            let rows = seats.iter().map(|seat| self.row_of(seat)).collect::<Result<Vec<_>, _>>()?;
            for OpenConsent { provider, .. } in consents {
                self.consent(provider, taking.policy_accepted_by).await?;
            }
            self.core.add_accounts(rows).await.map_err(named)?;
            self.publish(|board| {
                let mut board = board.clone();
                let end = board.seats.iter().position(|seat| seat.ephemeral).unwrap_or(board.seats.len());
                drop(board.seats.splice(end..end, seats.iter().cloned()));
                board
            });
            tracing::info!(accounts = seats.len(), "accounts were imported");
        }
        let ids = seats.iter().map(|seat| seat.id().to_owned()).collect();
        Ok((ids, left.into_iter().map(|judged| judged.found).collect()))
    }
}

/// `wanted`, or the first of `wanted (2)`, `wanted (3)`, … that is not taken.
fn free(wanted: &str, taken: &HashSet<String>) -> String {
    if !taken.contains(&wanted.to_lowercase()) {
        return wanted.to_owned();
    }
    let numbered = (2_usize..).map(|number| format!("{wanted} ({number})"));
    numbered.into_iter().find(|name| !taken.contains(&name.to_lowercase())).unwrap_or_default()
}

fn refused(Unreadable { code, message }: Unreadable) -> Error {
    Error::Import { code, message }
}

fn too_many() -> Error {
    let message = format!("there may be {MOST_ACCOUNTS} accounts at most");
    Error::Import { code: "import_too_many", message }
}
