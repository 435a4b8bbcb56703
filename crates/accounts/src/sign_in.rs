//! People who are signing in with the help of a browser: begun, followed, chosen in, cancelled. What a sign-in brings
//! becomes an account, or takes the place of an account's credential: that one keeps its id, name and place.

mod door;
mod run;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use providers::{Account, Begin, ENTROPY, Flow, Prompt, Wish};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::roster::Inner;
use crate::{Accounts, ConsentBy, Error, check};
use run::Ticket;

/// More at once is nobody's need.
const MOST: usize = 8;

/// A sign-in that is over can be looked at for so long.
const KEPT: Duration = Duration::from_secs(600);

/// A sign-in to begin. `Debug` leaves the fields out.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewSignIn {
    /// The account to sign in to again. Without it a new one comes of it, and `provider` and `name` say which.
    #[serde(default)]
    pub account: Option<String>,
    #[serde(default)]
    pub provider: String,
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub region: String,
    #[serde(default)]
    pub endpoint_url: Option<String>,
    #[serde(default)]
    pub options: Value,
    /// Which way; may be left out where the account knows how it was signed in to.
    #[serde(default)]
    pub login: Option<String>,
    #[serde(default)]
    pub flow: Option<Flow>,
    #[serde(default)]
    pub fields: Map<String, Value>,
    #[serde(default)]
    pub policy_accepted: bool,
    #[serde(default)]
    pub policy_accepted_by: ConsentBy,
}

impl fmt::Debug for NewSignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewSignIn")
            .field("account", &self.account)
            .field("provider", &self.provider)
            .field("login", &self.login)
            .finish_non_exhaustive()
    }
}

/// A sign-in for people. It holds nothing that they must not see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct SignInView {
    pub id: String,
    pub provider: String,
    /// The account that is signed in to again; once done, also the new one.
    pub account: Option<String>,
    pub name: String,
    pub login: String,
    pub state: SignInState,
    /// What the person must do, while it waits for them.
    pub prompt: Option<Prompt>,
    /// Until when they can. Milliseconds since 1970.
    pub ends_ms: Option<i64>,
    pub problem: Option<SignInProblem>,
    /// Counts the changes of this sign-in.
    pub version: u64,
}

/// How a sign-in is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub enum SignInState {
    /// A service is being asked.
    Working,
    /// For the person.
    Waiting,
    Done,
    Failed,
}

/// Why a sign-in came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct SignInProblem {
    /// [`providers::Failure::code`], or the code of [`Error`] when the account could not be stored.
    pub code: String,
    pub message: String,
}

/// All sign-ins.
#[derive(Debug, Default)]
pub(crate) struct SignIns {
    all: Mutex<BTreeMap<String, Arc<SignIn>>>,
    changes: watch::Sender<u64>,
}

/// One of them.
#[derive(Debug)]
pub(crate) struct SignIn {
    view: watch::Sender<SignInView>,
    /// The person's choices.
    hand: mpsc::Sender<String>,
    cancel: CancellationToken,
    /// When it was over.
    over: Mutex<Option<Instant>>,
}

/// The person is at it: somebody may wait for them.
#[derive(Debug)]
pub struct SigningIn(watch::Receiver<SignInView>);

impl SigningIn {
    /// Waits until it is over; `true` when the account can be asked again. Cancelling it is an end too.
    pub async fn done(mut self) -> bool {
        let over = |view: &SignInView| matches!(view.state, SignInState::Done | SignInState::Failed);
        self.0.wait_for(over).await.is_ok_and(|view| view.state == SignInState::Done)
    }
}

impl SignIn {
    fn is_over(&self) -> bool {
        matches!(self.view.borrow().state, SignInState::Done | SignInState::Failed)
    }
}

impl SignIns {
    fn with<T>(&self, work: impl FnOnce(&mut BTreeMap<String, Arc<SignIn>>) -> T) -> T {
        // Every change is one insertion or removal.
        work(&mut self.all.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn changed(&self) {
        self.changes.send_modify(|version| *version += 1);
    }

    fn find(&self, id: &str) -> Result<Arc<SignIn>, Error> {
        self.with(|all| all.get(id).cloned()).ok_or(Error::SignInNotFound)
    }

    /// Forgets what has been over for long.
    fn tidy(&self, now: Instant) {
        self.with(|all| {
            all.retain(|_, sign_in| {
                let over = *sign_in.over.lock().unwrap_or_else(PoisonError::into_inner);
                over.is_none_or(|over| now.saturating_duration_since(over) < KEPT)
            });
        });
    }

    /// The sign-in under way for an account.
    fn of_account(&self, account: &str) -> Option<Arc<SignIn>> {
        self.with(|all| {
            let mut open = all.values().filter(|sign_in| !sign_in.is_over());
            open.find(|sign_in| sign_in.view.borrow().account.as_deref() == Some(account)).cloned()
        })
    }
}

impl Accounts {
    /// Begins a sign-in. It goes on by itself until somebody said yes or no, or nobody did in time.
    ///
    /// # Errors
    /// See [`Error`]; nothing was asked of anybody then.
    pub fn begin_sign_in(&self, new: NewSignIn) -> Result<SignInView, Error> {
        let inner = &self.inner;
        // Who names no way wants what they had.
        let renew = new.account.is_some() && new.login.is_none();
        let (ticket, wish, old) = inner.ticket(new)?;
        let mut entropy = [0; ENTROPY];
        getrandom::fill(&mut entropy).map_err(|_| Error::Interrupted)?;
        let begin =
            Begin { account: &ticket.account, wish: &wish, old: old.as_ref(), renew, entropy: &entropy };
        let procedure = ticket.provider.begin(begin).map_err(Error::Refused)?;
        let sign_ins = &inner.sign_ins;
        sign_ins.tidy(inner.clock.instant());
        if let Some(id) = &ticket.again
            && let Some(earlier) = sign_ins.of_account(id)
        {
            earlier.cancel.cancel();
            sign_ins.with(|all| all.retain(|_, other| !Arc::ptr_eq(other, &earlier)));
        }
        let (hand, choices) = mpsc::channel(4);
        let view = SignInView {
            id: uuid::Uuid::new_v4().simple().to_string(),
            provider: ticket.account.provider.clone(),
            account: ticket.again.clone(),
            name: ticket.account.name.clone(),
            login: wish.login,
            state: SignInState::Working,
            prompt: None,
            ends_ms: None,
            problem: None,
            version: 0,
        };
        let sign_in = Arc::new(SignIn {
            view: watch::Sender::new(view.clone()),
            hand,
            cancel: inner.stop.child_token(),
            over: Mutex::default(),
        });
        sign_ins.with(|all| {
            if all.values().filter(|other| !other.is_over()).count() >= MOST {
                return Err(Error::TooManySignIns);
            }
            all.insert(view.id.clone(), sign_in.clone());
            Ok(())
        })?;
        sign_ins.changed();
        inner.tasks.spawn(run::run(inner.clone(), sign_in, ticket, procedure, choices));
        Ok(view)
    }

    /// The sign-in under way for one of the accounts that may be asked, as [`Accounts::plan`] has them, or for the
    /// only one that may.
    #[must_use]
    pub fn signing_in(&self, only: Option<&str>, among: &[String]) -> Option<SigningIn> {
        let sign_ins = &self.inner.sign_ins;
        if sign_ins.with(|all| all.is_empty()) {
            return None;
        }
        let found = match only {
            Some(id) => sign_ins.of_account(id),
            None => {
                let board = self.inner.board.load();
                board.line(among).into_iter().find_map(|seat| sign_ins.of_account(seat.id()))
            }
        };
        found.map(|sign_in| SigningIn(sign_in.view.subscribe()))
    }

    /// All sign-ins that are under way or were over a short while ago.
    #[must_use]
    pub fn sign_ins(&self) -> Vec<SignInView> {
        self.inner.sign_ins.tidy(self.inner.clock.instant());
        self.inner.sign_ins.with(|all| all.values().map(|sign_in| sign_in.view.borrow().clone()).collect())
    }

    /// A sign-in, as soon as it is another one than at `version`.
    ///
    /// # Errors
    /// [`Error::SignInNotFound`], also when it is cancelled meanwhile.
    pub async fn sign_in(&self, id: &str, version: Option<u64>) -> Result<SignInView, Error> {
        let sign_in = self.inner.sign_ins.find(id)?;
        let mut follow = sign_in.view.subscribe();
        let cancel = sign_in.cancel.clone();
        tokio::select! {
            view = follow.wait_for(|view| Some(view.version) != version) => {
                view.map(|view| view.clone()).map_err(|_| Error::SignInNotFound)
            }
            () = cancel.cancelled() => Err(Error::SignInNotFound),
        }
    }

    /// Tells what the person chose.
    ///
    /// # Errors
    /// [`Error::Invalid`] when that is not among the options.
    pub async fn choose_in_sign_in(&self, id: &str, choice: String) -> Result<SignInView, Error> {
        let sign_in = self.inner.sign_ins.find(id)?;
        let view = sign_in.view.borrow().clone();
        let offered = match &view.prompt {
            Some(Prompt::Choose { options, .. }) => options.iter().any(|option| option.id == choice),
            _ => false,
        };
        if !offered {
            let message = "choice is not among the options".to_owned();
            return Err(Error::Invalid { field: "choice", message });
        }
        sign_in.hand.send(choice).await.map_err(|_| Error::SignInNotFound)?;
        self.sign_in(id, Some(view.version)).await
    }

    /// Ends a sign-in and forgets it.
    ///
    /// # Errors
    /// [`Error::SignInNotFound`].
    pub fn cancel_sign_in(&self, id: &str) -> Result<(), Error> {
        let sign_in = self.inner.sign_ins.with(|all| all.remove(id)).ok_or(Error::SignInNotFound)?;
        sign_in.cancel.cancel();
        self.inner.sign_ins.changed();
        Ok(())
    }

    /// Changes whenever [`Accounts::sign_ins`] would answer something else.
    #[must_use]
    pub fn subscribe_to_sign_ins(&self) -> watch::Receiver<u64> {
        self.inner.sign_ins.changes.subscribe()
    }
}

impl Inner {
    /// Everything about a sign-in that can be checked before anybody is asked.
    fn ticket(&self, new: NewSignIn) -> Result<(Ticket, Wish, Option<Value>), Error> {
        if !self.keyring.is_open() {
            // What it ends with could not be stored.
            return Err(secrets::Error::Locked.into());
        }
        let NewSignIn { account, provider, name, region, endpoint_url, options, login, flow, fields, .. } =
            new;
        let Some(id) = account else {
            let provider = self.provider(&provider)?;
            let note = self.needs_consent(provider.as_ref());
            if let Some(note) = note.filter(|_| !new.policy_accepted) {
                return Err(Error::PolicyConsentRequired { provider: provider.id(), note });
            }
            let account = Account {
                id: String::new(),
                name: check::name(&name)?,
                provider: provider.id().to_owned(),
                region: region.trim().to_owned(),
                endpoint_url: check::endpoint_url(endpoint_url.as_deref().unwrap_or_default())?,
                options: check::options(options)?,
            };
            self.check_free(&account.name, None)?;
            let login = login.ok_or_else(|| Error::Invalid {
                field: "login",
                message: "login says how to sign in".to_owned(),
            })?;
            let consent = new.policy_accepted.then_some(new.policy_accepted_by);
            let ticket = Ticket { account, provider, again: None, consent };
            return Ok((ticket, Wish { login, flow, fields }, None));
        };
        let seat = self.board.load().seat(&id).cloned().ok_or(Error::NotFound)?;
        if seat.ephemeral {
            return Err(Error::Ephemeral);
        }
        let provider = seat.entry.provider.clone();
        // One that cannot be decrypted has a new one made for it all the same.
        let old = seat.entry.vault.credential().ok();
        let old: Option<Value> = old.and_then(|old| serde_json::from_str(old.expose()).ok());
        let known = old.as_ref().and_then(|old| provider.wish_again(old));
        let wish = match (login, known) {
            (None, None) => return Err(Error::SignInWayUnknown),
            (None, Some(known)) => Wish { flow: flow.or(known.flow), ..known },
            (Some(login), Some(known)) if login == known.login && fields.is_empty() => {
                Wish { login, flow, fields: known.fields }
            }
            (Some(login), _) => Wish { login, flow, fields },
        };
        let account = Account::clone(&seat.entry.account);
        Ok((Ticket { account, provider, again: Some(id), consent: None }, wish, old))
    }
}
