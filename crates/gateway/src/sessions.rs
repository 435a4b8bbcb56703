//! Sessions of the window: a token that works once, or the admin password, becomes a cookie.
//!
//! Only SHA-256 of tokens and cookies is kept. They have 256 random bits, so a slow hash would add nothing.

#[cfg(test)]
mod tests;
mod tries;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::HeaderMap;
use http::header::COOKIE;
use subtle::ConstantTimeEq;
use tokio::sync::watch;

use self::tries::Tries;
use crate::keys::fingerprint;

/// A session that does nothing ends.
const IDLE_MS: i64 = 12 * 60 * 60 * 1000;
/// No session lives longer.
const LIFE_MS: i64 = 7 * 24 * 60 * 60 * 1000;
/// A token that nobody used.
const INVITATION_MS: i64 = 24 * 60 * 60 * 1000;
/// Windows and browsers of one person.
const MOST_SESSIONS: usize = 64;
const MOST_INVITATIONS: usize = 32;

/// All sessions of this process.
#[derive(Debug)]
pub struct Sessions {
    cookie: String,
    state: Mutex<State>,
    /// Changes when a session ends before its time: what is open on its behalf ends with it.
    ended: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct State {
    /// Fingerprints of tokens that were not used yet, and when they were made.
    invitations: Vec<([u8; 32], i64)>,
    sessions: HashMap<[u8; 32], Session>,
    tries: Tries,
}

#[derive(Debug)]
struct Session {
    csrf: String,
    proof: Proof,
    began_ms: i64,
    seen_ms: i64,
}

/// What opened a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proof {
    /// Comes from whoever may read the data folder, and so needs no password to change it.
    Token,
    Password,
}

/// A session that has just been opened.
#[derive(Debug)]
pub(crate) struct Opened {
    /// For the `Set-Cookie` header.
    pub(crate) cookie: String,
    pub(crate) csrf: String,
}

/// Why none was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    Wrong,
    TooMany { retry_after: Duration },
    NoRandomness,
}

/// A session that a request belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) id: [u8; 32],
    pub(crate) csrf: String,
    pub(crate) proof: Proof,
}

impl Sessions {
    /// `instance` tells this data folder from others: browsers send a cookie to every port of a host.
    #[must_use]
    pub fn new(instance: &str) -> Self {
        let mark = hex::encode(&fingerprint(instance)[..6]);
        Self { cookie: format!("switchboard_{mark}"), state: Mutex::default(), ended: watch::Sender::new(0) }
    }

    /// A token that opens one session, within a day. `None` when the system has no randomness.
    #[must_use]
    pub fn invite(&self, now_ms: i64) -> Option<String> {
        let token = secret()?;
        let mut state = self.lock();
        state.invitations.retain(|(_, made)| now_ms - made < INVITATION_MS);
        if state.invitations.len() >= MOST_INVITATIONS {
            state.invitations.remove(0);
        }
        state.invitations.push((fingerprint(&token), now_ms));
        Some(token)
    }

    /// Opens a session for a token, in the place of the one that `headers` may carry. A right token counts however
    /// many wrong ones came before: nobody guesses 256 bits, and nobody is to be kept out of their own house by others'
    /// guesses.
    pub(crate) fn open(
        &self,
        token: &str,
        headers: &HeaderMap,
        peer: Option<IpAddr>,
        now_ms: i64,
    ) -> Result<Opened, Refused> {
        let shown = fingerprint(token);
        let mut state = self.lock();
        let mut found = None;
        for (at, (hash, made)) in state.invitations.iter().enumerate() {
            if bool::from(hash.ct_eq(&shown)) && now_ms - made < INVITATION_MS {
                found = Some(at);
            }
        }
        let Some(at) = found else {
            state.tries.begin(peer, now_ms)?;
            return Err(Refused::Wrong);
        };
        state.invitations.remove(at);
        drop(state);
        self.admit(Proof::Token, headers, peer, now_ms)
    }

    /// Before a password is looked at: counts the try as a failure, which [`Sessions::admit`] takes back. So tries that
    /// come at once are no more than those that come one by one.
    pub(crate) fn begin_try(&self, peer: Option<IpAddr>, now_ms: i64) -> Result<(), Refused> {
        self.lock().tries.begin(peer, now_ms)
    }

    /// A try turned out right.
    pub(crate) fn forgive(&self, peer: Option<IpAddr>) {
        self.lock().tries.forgive(peer);
    }

    /// A session for somebody who proved who they are, in the place of the one that `headers` may carry.
    pub(crate) fn admit(
        &self,
        proof: Proof,
        headers: &HeaderMap,
        peer: Option<IpAddr>,
        now_ms: i64,
    ) -> Result<Opened, Refused> {
        let (Some(secret), Some(csrf)) = (secret(), secret()) else { return Err(Refused::NoRandomness) };
        let mut state = self.lock();
        state.tries.forgive(peer);
        for old in self.shown(headers) {
            state.sessions.remove(&old);
        }
        state.expire(now_ms);
        if state.sessions.len() >= MOST_SESSIONS
            && let Some(oldest) =
                state.sessions.iter().min_by_key(|(_, session)| session.seen_ms).map(|(id, _)| *id)
        {
            state.sessions.remove(&oldest);
        }
        let session = Session { csrf: csrf.clone(), proof, began_ms: now_ms, seen_ms: now_ms };
        state.sessions.insert(fingerprint(&secret), session);
        drop(state);
        self.say_ended();
        Ok(Opened { cookie: self.set_cookie(&secret, LIFE_MS / 1000), csrf })
    }

    /// Ends every session, and what would still open one.
    pub(crate) fn end_all(&self) {
        let mut state = self.lock();
        state.sessions.clear();
        state.invitations.clear();
        drop(state);
        self.say_ended();
    }

    /// Tells that sessions ended.
    pub(crate) fn ended(&self) -> watch::Receiver<u64> {
        self.ended.subscribe()
    }

    fn say_ended(&self) {
        self.ended.send_modify(|count| *count += 1);
    }

    /// The session of a request, which this keeps awake.
    pub(crate) fn find(&self, headers: &HeaderMap, now_ms: i64) -> Option<Known> {
        let shown = self.shown(headers);
        let mut state = self.lock();
        state.expire(now_ms);
        shown.into_iter().find_map(|id| {
            let session = state.sessions.get_mut(&id)?;
            session.seen_ms = now_ms;
            Some(Known { id, csrf: session.csrf.clone(), proof: session.proof })
        })
    }

    /// Keeps a session awake that an open stream belongs to. `false` when it is over.
    pub(crate) fn touch(&self, id: &[u8; 32], now_ms: i64) -> bool {
        let mut state = self.lock();
        state.expire(now_ms);
        state.sessions.get_mut(id).map(|session| session.seen_ms = now_ms).is_some()
    }

    /// Ends the session of a request; the answer's `Set-Cookie`.
    pub(crate) fn close(&self, headers: &HeaderMap) -> String {
        let shown = self.shown(headers);
        let mut state = self.lock();
        for id in shown {
            state.sessions.remove(&id);
        }
        drop(state);
        self.say_ended();
        self.set_cookie("", 0)
    }

    /// Fingerprints of the cookies with our name.
    fn shown(&self, headers: &HeaderMap) -> Vec<[u8; 32]> {
        let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        let pairs = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        // A page of another port may have set more of them: not without end.
        pairs.filter(|(name, _)| *name == self.cookie).map(|(_, value)| fingerprint(value)).take(4).collect()
    }

    fn set_cookie(&self, value: &str, seconds: i64) -> String {
        format!("{}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}", self.cookie)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change is one insertion or removal: a panic leaves nothing half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn expire(&mut self, now_ms: i64) {
        self.sessions
            .retain(|_, session| now_ms - session.seen_ms < IDLE_MS && now_ms - session.began_ms < LIFE_MS);
    }
}

fn secret() -> Option<String> {
    secrets::token().ok().map(|token| token.expose().to_owned())
}
