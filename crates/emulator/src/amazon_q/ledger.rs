//! Tokens, clients and credits as they change, and the hand that tests change them with.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use serde_json::Value;
use tokio::sync::watch;

use super::account::{KiroAccount, KiroConfig, KiroKind};
use super::errors::case;
use super::roles::Roles;
use super::sign_in::Sittings;
use crate::Refusal;
use crate::dice::Dice;

/// Access tokens of one account that stay valid beside each other; the oldest goes first.
const MOST_TOKENS: usize = 64;
/// Registered clients are forgotten beyond this many, so that a long-lived Sandbox stays small.
const MOST_CLIENTS: usize = 256;

/// A handle to the Kiro accounts of an emulator. Clones share them. Accounts go by [`KiroAccount::name`]; a name that
/// no account has is a mistake of the test, and panics in debug builds.
#[derive(Clone, Debug)]
pub struct Kiro(Arc<Mutex<Ledger>>, pub(super) watch::Sender<()>);

pub(super) struct Ledger {
    seats: Vec<Seat>,
    clients: Vec<Client>,
    pub(super) sittings: Sittings,
    pub(super) dice: Dice,
    pub(super) roles: Roles,
    lasting: bool,
    forgiving: bool,
    token_life: Duration,
    client_life: Duration,
}

/// One account's state.
struct Seat {
    account: KiroAccount,
    refresh_token: String,
    /// The one before it.
    spent_token: Option<String>,
    access: Vec<Access>,
    refreshes: usize,
    spent: f64,
    revoked: bool,
    suspended: bool,
}

struct Access {
    token: String,
    expires: SystemTime,
}

struct Client {
    id: String,
    secret: String,
    expires: SystemTime,
    registered: Registered,
}

/// What a client said when it registered.
#[derive(Clone, Debug, Default)]
pub(super) struct Registered {
    /// Where a browser may be sent back to.
    pub(super) redirects: Vec<String>,
    pub(super) scopes: Vec<String>,
    /// The start page of its people.
    pub(super) issuer: Option<String>,
}

/// What a token endpoint gives out.
pub(super) struct Tokens {
    pub(super) access: String,
    pub(super) refresh: Option<String>,
    pub(super) seconds: u64,
    pub(super) profile_arn: Option<String>,
}

/// Whose a bearer token is.
pub(super) enum Standing {
    Good(KiroAccount),
    Expired,
    Suspended,
    Unknown,
}

impl std::fmt::Debug for Ledger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ledger").field("accounts", &self.seats.len()).finish_non_exhaustive()
    }
}

impl Kiro {
    pub(super) fn new(config: &KiroConfig, seed: u64) -> Self {
        let seats = config.accounts.iter().map(|account| Seat {
            account: account.clone(),
            refresh_token: account.secret.clone(),
            spent_token: None,
            access: Vec::new(),
            refreshes: 0,
            spent: account.spent,
            revoked: false,
            suspended: false,
        });
        let far = SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 40);
        let oidc = config.accounts.iter().filter(|account| account.is_oidc());
        let clients = oidc.map(|account| Client {
            id: account.client_id.clone(),
            secret: account.client_secret.clone(),
            expires: far,
            registered: Registered::default(),
        });
        let ledger = Ledger {
            seats: seats.collect(),
            clients: clients.collect(),
            sittings: Sittings::new(config),
            dice: Dice::new(seed),
            roles: Roles::new(config.role_life),
            lasting: config.lasting,
            forgiving: config.forgiving,
            token_life: config.token_life,
            client_life: config.client_life,
        };
        Self(Arc::new(Mutex::new(ledger)), watch::Sender::new(()))
    }

    /// A fresh access token of the account without a refresh; the key itself of an API key.
    #[must_use]
    pub fn access_token(&self, account: &str) -> String {
        let mut ledger = self.ledger();
        let Ledger { seats, dice, token_life, .. } = &mut *ledger;
        let Some(seat) = seat(seats, account) else { return String::new() };
        if seat.account.kind == KiroKind::ApiKey {
            return seat.account.secret.clone();
        }
        seat.open(dice, crate::clock::now(0) + *token_life)
    }

    /// The refresh token that counts now.
    #[must_use]
    pub fn refresh_token(&self, account: &str) -> String {
        self.with(account, |seat| seat.refresh_token.clone())
    }

    /// How often the account's tokens were refreshed.
    #[must_use]
    pub fn refreshes(&self, account: &str) -> usize {
        self.with(account, |seat| seat.refreshes)
    }

    /// Every access token given out so far is expired.
    pub fn expire(&self, account: &str) {
        self.with(account, |seat| {
            seat.access.iter_mut().for_each(|access| access.expires = SystemTime::UNIX_EPOCH);
        });
    }

    /// The account is signed out: its access tokens are worth nothing and its refresh token is refused.
    pub fn revoke(&self, account: &str) {
        self.with(account, |seat| {
            seat.revoked = true;
            seat.access.clear();
        });
    }

    /// The account is locked as a precaution, until [`Self::restore`].
    pub fn suspend(&self, account: &str) {
        self.with(account, |seat| seat.suspended = true);
    }

    /// Takes back [`Self::suspend`] and [`Self::revoke`].
    pub fn restore(&self, account: &str) {
        self.with(account, |seat| {
            seat.suspended = false;
            seat.revoked = false;
        });
    }

    /// What is left; `None` for an account whose credits never end.
    #[must_use]
    pub fn credits(&self, account: &str) -> Option<f64> {
        self.with(account, |seat| seat.left())
    }

    /// So much is left from now on.
    pub fn set_credits(&self, account: &str, credits: f64) {
        self.with(account, |seat| {
            seat.account.credits = Some(credits + seat.spent);
        });
    }

    /// The client registration that the account's refresh token belongs to has run out.
    pub fn expire_client(&self, account: &str) {
        let id = self.with(account, |seat| seat.account.client_id.clone());
        let mut ledger = self.ledger();
        let clients = ledger.clients.iter_mut().filter(|client| client.id == id);
        clients.for_each(|client| client.expires = SystemTime::UNIX_EPOCH);
    }

    pub(super) fn account(&self, name: &str) -> Option<KiroAccount> {
        let ledger = self.ledger();
        ledger.seats.iter().find(|seat| seat.account.name == name).map(|seat| seat.account.clone())
    }

    /// The name of the account that a token of either sort was given to.
    pub(super) fn owner_of(&self, token: &str) -> Option<String> {
        let ledger = self.ledger();
        let owner = ledger.seats.iter().find(|seat| seat.refresh_token == token || seat.holds(token));
        owner.map(|seat| seat.account.name.clone())
    }

    pub(super) fn standing(&self, token: &str, now: SystemTime) -> Standing {
        let ledger = self.ledger();
        let Some(seat) = ledger.seats.iter().find(|seat| seat.holds(token)) else {
            return Standing::Unknown;
        };
        if seat.access.iter().any(|access| access.token == token && access.expires <= now) {
            Standing::Expired
        } else if seat.suspended {
            Standing::Suspended
        } else {
            Standing::Good(seat.account.clone())
        }
    }

    /// The credits that were used so far.
    pub(super) fn spent(&self, account: &str) -> f64 {
        self.with(account, |seat| seat.spent)
    }

    /// Takes what an answer costs. The last answer may cost more than is left.
    pub(super) fn charge(&self, account: &str, credits: f64) {
        self.with(account, |seat| seat.spent += credits);
    }

    /// A new client of the OIDC service: id, secret, and when it ends.
    pub(super) fn register(&self, registered: Registered, now: SystemTime) -> (String, String, SystemTime) {
        let mut ledger = self.ledger();
        let (id, secret) = (ledger.dice.word("", 22), ledger.dice.word("eyJr", 60));
        let expires = now + ledger.client_life;
        if ledger.clients.len() >= MOST_CLIENTS {
            let used = |client: &Client| ledger.seats.iter().any(|seat| seat.account.client_id == client.id);
            let oldest = ledger.clients.iter().position(|client| !used(client)).unwrap_or(0);
            ledger.clients.remove(oldest);
        }
        ledger.clients.push(Client { id: id.clone(), secret: secret.clone(), expires, registered });
        (id, secret, expires)
    }

    pub(super) fn check_client(&self, id: &str, secret: &str, now: SystemTime) -> Result<(), Refusal> {
        let ledger = self.ledger();
        match ledger.clients.iter().find(|client| client.id == id && client.secret == secret) {
            None => Err(case("invalid_client").because("no such client, or another secret")),
            Some(client) if client.expires <= now => {
                Err(case("invalid_client").because("the client registration has run out"))
            }
            Some(_) => Ok(()),
        }
    }

    /// What a client said when it registered; `None` for one that did not.
    pub(super) fn registered(&self, client: &str) -> Option<Registered> {
        let ledger = self.ledger();
        ledger.clients.iter().find(|own| own.id == client).map(|client| client.registered.clone())
    }

    /// Whether an account of a kind belongs to that client.
    pub(super) fn has_client(&self, kind: KiroKind, client: &str) -> bool {
        let ledger = self.ledger();
        ledger.seats.iter().any(|seat| seat.account.kind == kind && seat.account.client_id == client)
    }

    /// A person signed in: the account's tokens belong to that client from now on, those from before end.
    pub(super) fn sign_in(
        &self,
        account: &str,
        client: Option<(&str, &str)>,
        now: SystemTime,
    ) -> Option<Tokens> {
        let mut ledger = self.ledger();
        let Ledger { seats, dice, token_life, lasting, .. } = &mut *ledger;
        let seat = seat(seats, account)?;
        if let Some((id, secret)) = client {
            seat.account.client_id = id.to_owned();
            seat.account.client_secret = secret.to_owned();
        }
        seat.revoked = false;
        let mut tokens = seat.rotate(dice, now, *token_life);
        if seat.account.kind == KiroKind::Workforce && !*lasting {
            tokens.refresh = None;
        }
        Some(tokens)
    }

    /// The first account of one of these kinds.
    pub(super) fn first_of(&self, kinds: &[KiroKind]) -> Option<String> {
        let ledger = self.ledger();
        let first = ledger.seats.iter().find(|seat| kinds.contains(&seat.account.kind));
        first.map(|seat| seat.account.name.clone())
    }

    /// Spends a refresh token: it is worth nothing after, and new tokens take its place.
    pub(super) fn refresh(
        &self,
        token: &str,
        belongs: impl Fn(&KiroAccount) -> bool,
        now: SystemTime,
    ) -> Result<Tokens, Refusal> {
        let mut ledger = self.ledger();
        let Ledger { seats, dice, token_life, forgiving, .. } = &mut *ledger;
        let counts = |seat: &Seat| {
            seat.refresh_token == token || (*forgiving && seat.spent_token.as_deref() == Some(token))
        };
        let seat = seats.iter_mut().find(|seat| counts(seat) && belongs(&seat.account));
        let Some(seat) = seat else {
            return Err(case("invalid_grant").because("no refresh token that counts"));
        };
        if seat.revoked {
            return Err(case("invalid_grant").because("the account is signed out"));
        }
        seat.refreshes += 1;
        let tokens = seat.rotate(dice, now, *token_life);
        seat.spent_token = Some(token.to_owned());
        Ok(tokens)
    }

    fn with<T: Default>(&self, account: &str, act: impl FnOnce(&mut Seat) -> T) -> T {
        seat(&mut self.ledger().seats, account).map(act).unwrap_or_default()
    }

    pub(super) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn seat<'a>(seats: &'a mut [Seat], account: &str) -> Option<&'a mut Seat> {
    let found = seats.iter_mut().find(|seat| seat.account.name == account);
    debug_assert!(found.is_some(), "no Kiro account is called {account}");
    found
}

impl Seat {
    fn holds(&self, token: &str) -> bool {
        (self.account.kind == KiroKind::ApiKey && self.account.secret == token && !self.revoked)
            || self.access.iter().any(|access| access.token == token)
    }

    fn rotate(&mut self, dice: &mut Dice, now: SystemTime, life: Duration) -> Tokens {
        self.refresh_token = dice.word("aorAAAAAG", 60);
        Tokens {
            access: self.open(dice, now + life),
            refresh: Some(self.refresh_token.clone()),
            seconds: life.as_secs(),
            profile_arn: self.account.profile_arn.clone(),
        }
    }

    fn open(&mut self, dice: &mut Dice, expires: SystemTime) -> String {
        let token = dice.word("aoaAAAAAG", 60);
        if self.access.len() >= MOST_TOKENS {
            self.access.remove(0);
        }
        self.access.push(Access { token: token.clone(), expires });
        token
    }

    fn left(&self) -> Option<f64> {
        self.account.credits.map(|credits| (credits - self.spent).max(0.0))
    }
}

/// The text of a member, or the complaint about it.
pub(super) fn member<'a>(body: &'a Value, name: &str) -> Result<&'a str, Refusal> {
    body[name]
        .as_str()
        .filter(|text| !text.is_empty())
        .ok_or_else(|| case("invalid_request").because(format!("{name} is missing")))
}

#[cfg(test)]
mod tests;
