//! Signing in to IAM Identity Center, then choosing an AWS account and a role in it.

#[cfg(test)]
mod tests;

use std::time::Instant;

use llm::{Category, Error, Secret};
use serde_json::{Map, Value};

use super::sso::{Places, page};
use crate::address::check_region;
use crate::fields::{field, required_at, wrong};
use crate::login::{
    Callback, Choice, Choosing, Failure, Flow, Grant, Heard, Login, Moment, Next, Oidc, OidcOptions,
    PATIENCE, Prompt, Proof, Wish, chosen, start_url,
};
use crate::{Begin, Procedure};

/// Without a scope the service gives no refresh token, and the sign-in ends with its first token.
const SCOPES: &[&str] = &["sso:account:access"];

/// Nobody has more.
const MOST: usize = 2000;

pub(super) const KIND: &str = "identity_center";

/// What the UI offers.
pub(super) fn ways() -> Vec<Login> {
    vec![Login {
        id: KIND,
        flows: &[Flow::Device, Flow::Browser],
        fields: vec![field("start_url", false, true), field("oidc_region", false, true)],
    }]
}

/// Begins a sign-in.
///
/// # Errors
/// [`Category::InvalidRequest`] naming the field.
pub(super) fn begin(begin: Begin<'_>) -> Result<Box<dyn Procedure>, Error> {
    let Begin { account, wish, old, renew, entropy } = begin;
    let ways = ways();
    let (_, flow) = chosen(wish, &ways)?;
    let region = required_at(&wish.fields, "fields", "oidc_region")?;
    check_region(&region)
        .map_err(|_| wrong("fields.oidc_region", "is not an AWS region; regions look like `us-east-1`"))?;
    let start = start_url(&required_at(&wish.fields, "fields", "start_url")?, "fields.start_url")?;
    check_region(&account.region)?;
    let places = Places::of(account, &region)?;
    let options =
        OidcOptions { base: places.oidc.clone(), region, start_url: start, scopes: SCOPES, kind: KIND };
    let grant = Grant::new(Box::new(Oidc::new(options)), flow, Proof::new(entropy));
    let kept = old.filter(|_| renew).and_then(|old| {
        Some(Role {
            account: old.get("account_id")?.as_str()?.to_owned(),
            name: old.get("role_name")?.as_str()?.to_owned(),
        })
    });
    Ok(Box::new(SsoLogin { places, kept, state: State::Granting(Box::new(grant)) }))
}

/// What to wish for to get a credential like this one anew.
pub(super) fn again(credential: &Value) -> Option<Wish> {
    if credential.get("kind")? != KIND {
        return None;
    }
    let names = ["start_url", "oidc_region"];
    let fields = names.into_iter().filter_map(|name| Some((name.to_owned(), credential.get(name)?.clone())));
    Some(Wish { login: KIND.to_owned(), flow: None, fields: fields.collect() })
}

/// A role of a person.
#[derive(Clone, Debug)]
struct Role {
    account: String,
    name: String,
}

/// A sign-in to an organisation.
#[derive(Debug)]
struct SsoLogin {
    places: Places,
    /// The role that was chosen before.
    kept: Option<Role>,
    state: State,
}

#[derive(Debug)]
enum State {
    Granting(Box<Grant>),
    Accounts(Choose),
    Roles { account: String, choose: Choose },
    Done(Credential),
    Over(Failure),
}

/// The credential as it grows.
struct Credential(Map<String, Value>);

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credential")
    }
}

/// A list that is read page by page and then shown.
#[derive(Debug)]
struct Choose {
    credential: Credential,
    found: Vec<Choice>,
    next: Option<String>,
    /// Everything was read; the person has until then.
    ends: Option<Instant>,
}

impl Choose {
    const fn new(credential: Credential) -> Self {
        Self { credential, found: Vec::new(), next: None, ends: None }
    }

    fn token(&self) -> Secret {
        Secret::new(self.credential.0.get("access_token").and_then(Value::as_str).unwrap_or_default())
    }

    /// Takes a page in.
    fn take(
        &mut self,
        heard: Result<Heard, Error>,
        name: &str,
        choice: fn(&Value) -> Option<Choice>,
        now: Instant,
    ) -> Result<(), Error> {
        let (entries, next) = page(&heard?, name)?;
        self.found.extend(entries.iter().filter_map(choice));
        // A service that names a page again would be asked without end.
        let more = next.filter(|next| self.next.as_ref() != Some(next) && self.found.len() < MOST);
        self.ends = more.is_none().then(|| now + PATIENCE);
        self.next = more;
        Ok(())
    }

    fn show(&self, what: Choosing, now: Instant) -> Option<Result<Next, Failure>> {
        let ends = self.ends?;
        if self.found.is_empty() {
            let words = match what {
                Choosing::AwsAccount => {
                    "Your organisation has given you no AWS account. Ask its administrators."
                }
                Choosing::Role => "You have no role in this AWS account. Ask its administrators.",
            };
            return Some(Err(Failure::Refused(Error::new(Category::NoCredentials, words))));
        }
        if ends <= now {
            return Some(Err(Failure::Expired));
        }
        let prompt = Prompt::Choose { what, options: self.found.clone() };
        Some(Ok(Next::Wait { prompt, until: ends, ends }))
    }

    /// What there is no choice about.
    fn only(&self) -> Option<String> {
        match self.found.as_slice() {
            [only] if self.ends.is_some() => Some(only.id.clone()),
            _ => None,
        }
    }

    fn has(&self, id: &str) -> bool {
        self.ends.is_some() && self.found.iter().any(|choice| choice.id == id)
    }
}

fn aws_account(entry: &Value) -> Option<Choice> {
    let text = |name: &str| entry.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let id = text("accountId")?;
    let label = match (text("accountName"), text("emailAddress")) {
        (Some(name), _) => format!("{name} ({id})"),
        (None, Some(email)) => format!("{email} ({id})"),
        (None, None) => id.to_owned(),
    };
    Some(Choice { id: id.to_owned(), label })
}

fn role(entry: &Value) -> Option<Choice> {
    let name = entry.get("roleName")?.as_str()?;
    Some(Choice { id: name.to_owned(), label: name.to_owned() })
}

impl SsoLogin {
    /// Replaces the state by what `change` makes of it.
    fn turn(&mut self, change: impl FnOnce(State) -> State) {
        let state = std::mem::replace(&mut self.state, State::Over(Failure::Expired));
        self.state = change(state);
    }

    fn granted(&mut self, fields: Map<String, Value>) {
        let credential = Credential(fields);
        self.state = match self.kept.clone() {
            Some(role) => finished(credential, &role.account, &role.name),
            None => State::Accounts(Choose::new(credential)),
        };
    }

    fn settle(&mut self, choice: &str) {
        self.turn(|state| match state {
            State::Accounts(choose) => {
                State::Roles { account: choice.to_owned(), choose: Choose::new(choose.credential) }
            }
            State::Roles { account, choose } => finished(choose.credential, &account, choice),
            other => other,
        });
    }
}

fn finished(mut credential: Credential, account: &str, role: &str) -> State {
    credential.0.insert("account_id".to_owned(), Value::from(account));
    credential.0.insert("role_name".to_owned(), Value::from(role));
    State::Done(credential)
}

impl Procedure for SsoLogin {
    fn next(&mut self, now: Moment) -> Next {
        loop {
            let (shown, question) = match &mut self.state {
                State::Granting(grant) => {
                    if let Some(next) = grant.next(now) {
                        return next;
                    }
                    match grant.credential(now) {
                        Some(Ok(fields)) => self.granted(fields),
                        Some(Err(error)) => self.state = State::Over(Failure::Refused(error)),
                        None => self.state = State::Over(Failure::Expired),
                    }
                    continue;
                }
                State::Accounts(choose) => {
                    if let Some(only) = choose.only() {
                        self.settle(&only);
                        continue;
                    }
                    let asked = || self.places.accounts(&choose.token(), choose.next.as_deref());
                    (choose.show(Choosing::AwsAccount, now.instant), asked())
                }
                State::Roles { account, choose } => {
                    if let Some(only) = choose.only() {
                        self.settle(&only);
                        continue;
                    }
                    let asked = || self.places.roles(&choose.token(), account, choose.next.as_deref());
                    (choose.show(Choosing::Role, now.instant), asked())
                }
                State::Done(credential) => return Next::Done(Value::Object(credential.0.clone())),
                State::Over(failure) => return Next::Over(failure.clone()),
            };
            let next = shown.unwrap_or_else(|| question.map(Next::Ask).map_err(Failure::Refused));
            match next {
                Ok(next) => return next,
                Err(failure) => self.state = State::Over(failure),
            }
        }
    }

    fn heard(&mut self, heard: Result<Heard, Error>, now: Moment) {
        let taken = match &mut self.state {
            State::Granting(grant) => {
                grant.heard(heard, now);
                return;
            }
            State::Accounts(choose) => choose.take(heard, "accountList", aws_account, now.instant),
            State::Roles { choose, .. } => choose.take(heard, "roleList", role, now.instant),
            State::Done(_) | State::Over(_) => return,
        };
        if let Err(error) = taken {
            self.state = State::Over(Failure::Refused(error));
        }
    }

    fn listening(&mut self, port: Option<u16>, _: Moment) {
        if let State::Granting(grant) = &mut self.state {
            grant.listening(port);
        }
    }

    fn returned(&mut self, callback: &Callback, _: Moment) -> bool {
        match &mut self.state {
            State::Granting(grant) => grant.returned(callback),
            _ => false,
        }
    }

    fn chose(&mut self, id: &str, _: Moment) -> bool {
        let offered = match &self.state {
            State::Accounts(choose) | State::Roles { choose, .. } => choose.has(id),
            _ => false,
        };
        if offered {
            self.settle(id);
        }
        offered
    }
}
