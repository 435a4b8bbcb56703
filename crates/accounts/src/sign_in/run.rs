//! Drives a sign-in: does what its machine says, and shows how far it is.

use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use providers::{Account, Callback, Moment, Next, Procedure, Prompt, Provider};
use serde_json::Value;
use tokio::sync::mpsc;

use super::door::{Door, Visitor};
use super::{SignIn, SignInProblem, SignInState};
use crate::clock::milliseconds;
use crate::roster::Inner;
use crate::{ConsentBy, Error, NewAccount, Patch};

/// A machine that asks again at once is asked again after this.
const SHORTEST: Duration = Duration::from_millis(10);

/// For whom a sign-in is.
#[derive(Debug)]
pub(super) struct Ticket {
    pub(super) account: Account,
    pub(super) provider: Arc<dyn Provider>,
    /// The id of the account that is signed in to again.
    pub(super) again: Option<String>,
    pub(super) consent: Option<ConsentBy>,
}

/// What happened while the person was waited for.
enum Event {
    Due,
    Chosen(String),
    Knocked(Callback, Visitor),
}

pub(super) async fn run(
    inner: Arc<Inner>,
    sign_in: Arc<SignIn>,
    ticket: Ticket,
    procedure: Box<dyn Procedure>,
    choices: mpsc::Receiver<String>,
) {
    let cancel = sign_in.cancel.clone();
    tokio::select! {
        () = cancel.cancelled() => {}
        () = drive(&inner, &sign_in, ticket, procedure, choices) => {}
    }
}

async fn drive(
    inner: &Arc<Inner>,
    sign_in: &SignIn,
    ticket: Ticket,
    mut procedure: Box<dyn Procedure>,
    mut choices: mpsc::Receiver<String>,
) {
    let mut door: Option<Door> = None;
    loop {
        match procedure.next(inner.moment()) {
            Next::Ask(question) => {
                // Asking whether the person is done takes nothing from the screen.
                if !matches!(sign_in.view.borrow().prompt, Some(Prompt::Device { .. })) {
                    inner.show(sign_in, None);
                }
                let heard = ticket.provider.ask(&ticket.account, question).await;
                procedure.heard(heard, inner.moment());
            }
            Next::Listen(doorway) => {
                door = Door::open(doorway).await;
                procedure.listening(door.as_ref().map(Door::port), inner.moment());
            }
            Next::Wait { prompt, until, ends } => {
                inner.show(sign_in, Some((prompt, ends)));
                let pause = until.saturating_duration_since(inner.clock.instant()).max(SHORTEST);
                let event = tokio::select! {
                    () = tokio::time::sleep(pause) => Event::Due,
                    Some(choice) = choices.recv() => Event::Chosen(choice),
                    (callback, visitor) = knock(&mut door) => Event::Knocked(callback, visitor),
                };
                match event {
                    Event::Due => {}
                    Event::Chosen(choice) => {
                        procedure.chose(&choice, inner.moment());
                    }
                    Event::Knocked(callback, visitor) => {
                        let ours = procedure.returned(&callback, inner.moment());
                        if ours {
                            // One use: nobody else is to come in.
                            door = None;
                        }
                        visitor.answer(ours).await;
                    }
                }
            }
            Next::Done(credential) => {
                let again = ticket.again.is_some();
                match inner.clone().take_in(ticket, credential).await {
                    Ok(id) => {
                        tracing::info!(account = %id, again, "signed in");
                        inner.end(sign_in, Ok(id));
                    }
                    Err(error) => inner.end(sign_in, Err((error.code(), error.to_string()))),
                }
                return;
            }
            Next::Over(failure) => {
                tracing::info!(code = failure.code(), "a sign-in came to nothing");
                inner.end(sign_in, Err((failure.code(), failure.to_string())));
                return;
            }
        }
    }
}

async fn knock(door: &mut Option<Door>) -> (Callback, Visitor) {
    match door {
        Some(door) => door.knock().await,
        None => std::future::pending().await,
    }
}

impl Inner {
    fn moment(&self) -> Moment {
        Moment { instant: self.clock.instant(), wall: self.clock.now() }
    }

    fn show(&self, sign_in: &SignIn, waiting: Option<(Prompt, Instant)>) {
        let ends_ms = waiting.as_ref().map(|(_, ends)| {
            let left = ends.saturating_duration_since(self.clock.instant());
            // In whole seconds: the same end must look the same each time.
            (milliseconds(self.clock.now() + left) + 500) / 1000 * 1000
        });
        let state = if waiting.is_some() { SignInState::Waiting } else { SignInState::Working };
        let prompt = waiting.map(|(prompt, _)| prompt);
        let shown = sign_in.view.send_if_modified(|view| {
            if view.state == state && view.prompt == prompt {
                return false;
            }
            view.state = state;
            view.prompt = prompt;
            view.ends_ms = ends_ms;
            view.version += 1;
            true
        });
        if shown {
            self.sign_ins.changed();
        }
    }

    fn end(&self, sign_in: &SignIn, ended: Result<String, (&'static str, String)>) {
        *sign_in.over.lock().unwrap_or_else(PoisonError::into_inner) = Some(self.clock.instant());
        sign_in.view.send_modify(|view| {
            view.prompt = None;
            view.ends_ms = None;
            view.version += 1;
            match ended {
                Ok(account) => {
                    view.state = SignInState::Done;
                    view.account = Some(account);
                }
                Err((code, message)) => {
                    view.state = SignInState::Failed;
                    view.problem = Some(SignInProblem { code: code.to_owned(), message });
                }
            }
        });
        self.sign_ins.changed();
    }

    /// Stores what a sign-in brought; the id of its account. A token that was given out is worth finishing this for,
    /// whoever leaves.
    async fn take_in(self: Arc<Self>, ticket: Ticket, credential: Value) -> Result<String, Error> {
        let storing = self.tasks.spawn(store(self.clone(), ticket, credential));
        storing.await.map_err(|_| Error::Interrupted)?
    }
}

async fn store(inner: Arc<Inner>, ticket: Ticket, credential: Value) -> Result<String, Error> {
    if let Some(id) = ticket.again {
        inner.update(&id, Patch { credential: Some(credential), ..Patch::default() }).await?;
        return Ok(id);
    }
    let Account { name, provider, region, endpoint_url, options, .. } = ticket.account;
    let mut new = NewAccount {
        name: name.clone(),
        provider,
        region,
        endpoint_url,
        credential,
        options,
        tags: Vec::new(),
        note: String::new(),
        policy_accepted: ticket.consent.is_some(),
        policy_accepted_by: ticket.consent.unwrap_or_default(),
    };
    // Somebody may have taken the name while the person was away.
    for number in 2.. {
        match inner.add(new.clone()).await {
            Err(Error::NameTaken) => new.name = format!("{name} ({number})"),
            added => return added,
        }
    }
    Err(Error::NameTaken)
}
