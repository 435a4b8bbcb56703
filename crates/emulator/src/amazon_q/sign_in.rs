//! People who are signing in: codes that wait for them, and the pages where they say yes.

use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::request::Parts;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sha2::{Digest, Sha256};

use super::account::{KiroConfig, KiroKind};
use super::errors::case;
use super::ledger::Kiro;
use crate::Refusal;

/// Sign-ins are forgotten beyond this many, so that a long-lived Sandbox stays small.
const MOST: usize = 64;

/// Who sits before the browser.
#[derive(Clone, Debug, Default)]
enum Person {
    /// The first account that fits.
    #[default]
    Anyone,
    Account(String),
    Declines,
}

/// What waits.
pub(super) struct Sittings {
    devices: Vec<Device>,
    codes: Vec<Code>,
    person: Person,
    life: Duration,
    interval: Duration,
}

/// A device code.
struct Device {
    code: String,
    user_code: String,
    client: String,
    kinds: Vec<KiroKind>,
    expires: SystemTime,
    polled: Option<SystemTime>,
    answer: Answer,
}

enum Answer {
    Awaited,
    Approved(String),
    Declined,
}

/// An authorization code.
struct Code {
    code: String,
    client: String,
    address: String,
    challenge: String,
    account: String,
    expires: SystemTime,
}

/// What is told of a device sign-in that begins.
pub(super) struct Begun {
    pub(super) code: String,
    pub(super) user_code: String,
    pub(super) life: Duration,
    pub(super) interval: Duration,
}

/// What a client brings to get tokens for a code.
pub(super) struct Ticket<'a> {
    pub(super) code: &'a str,
    pub(super) verifier: &'a str,
    pub(super) address: &'a str,
    pub(super) client: &'a str,
}

impl Sittings {
    pub(super) const fn new(config: &KiroConfig) -> Self {
        Self {
            devices: Vec::new(),
            codes: Vec::new(),
            person: Person::Anyone,
            life: config.code_life,
            interval: config.poll_interval,
        }
    }

    #[cfg(test)]
    pub(super) const fn waiting(&self) -> (usize, usize) {
        (self.devices.len(), self.codes.len())
    }
}

impl Kiro {
    /// From now on this account's person sits before the browser and agrees to everything; `None` declines. At first
    /// it is whoever fits.
    pub fn browser(&self, account: Option<&str>) {
        let person = account.map_or(Person::Declines, |account| Person::Account(account.to_owned()));
        self.ledger().sittings.person = person;
    }

    /// The code of a device that waits for a person, as soon as there is one.
    pub async fn next_code(&self) -> String {
        let mut begun = self.1.subscribe();
        loop {
            let waiting = |device: &&Device| matches!(device.answer, Answer::Awaited);
            let found =
                self.ledger().sittings.devices.iter().find(waiting).map(|device| device.user_code.clone());
            match found {
                Some(code) => return code,
                // We hold a sender ourselves.
                None => begun.changed().await.unwrap_or_default(),
            }
        }
    }

    /// The person at the browser enters a device's code. Says whether that code waits.
    pub fn enter(&self, user_code: &str) -> bool {
        self.decide(user_code, true)
    }

    /// The person at the browser enters a device's code, and agrees or not.
    pub(super) fn decide(&self, user_code: &str, agrees: bool) -> bool {
        let mut ledger = self.ledger();
        let sittings = &mut ledger.sittings;
        let person = sittings.person.clone();
        let Some(at) = sittings.devices.iter().position(|device| device.user_code == user_code) else {
            return false;
        };
        let kinds = sittings.devices[at].kinds.clone();
        drop(ledger);
        let account = if agrees { self.decides(&person, &kinds) } else { None };
        let answer = account.map_or(Answer::Declined, Answer::Approved);
        let mut ledger = self.ledger();
        let device = ledger.sittings.devices.iter_mut().find(|device| device.user_code == user_code);
        device.map(|device| device.answer = answer).is_some()
    }

    fn decides(&self, person: &Person, kinds: &[KiroKind]) -> Option<String> {
        match person {
            Person::Anyone => self.first_of(kinds),
            Person::Account(name) => Some(name.clone()),
            Person::Declines => None,
        }
    }

    pub(super) fn begin(&self, client: &str, kinds: &[KiroKind], now: SystemTime) -> Begun {
        let mut ledger = self.ledger();
        let code = ledger.dice.word("", 43);
        let user_code = ledger.dice.word("", 8).to_ascii_uppercase();
        let user_code = format!("{}-{}", &user_code[..4], &user_code[4..]);
        let sittings = &mut ledger.sittings;
        if sittings.devices.len() >= MOST {
            sittings.devices.remove(0);
        }
        sittings.devices.push(Device {
            code: code.clone(),
            user_code: user_code.clone(),
            client: client.to_owned(),
            kinds: kinds.to_vec(),
            expires: now + sittings.life,
            polled: None,
            answer: Answer::Awaited,
        });
        self.1.send_replace(());
        Begun { code, user_code, life: sittings.life, interval: sittings.interval }
    }

    /// The account that the person chose for a device, told once.
    pub(super) fn poll(&self, code: &str, client: &str, now: SystemTime) -> Result<String, Refusal> {
        let mut ledger = self.ledger();
        let sittings = &mut ledger.sittings;
        let found = sittings.devices.iter().position(|device| device.code == code && device.client == client);
        let Some(at) = found else {
            return Err(case("invalid_grant").because("nobody's device code"));
        };
        let device = &mut sittings.devices[at];
        if device.expires <= now {
            return Err(case("expired_token").because("the device code is expired"));
        }
        let early = device.polled.is_some_and(|last| now < last + sittings.interval);
        device.polled = Some(now);
        match &device.answer {
            Answer::Awaited if early => Err(case("slow_down").because("asked again too soon")),
            Answer::Awaited => Err(case("authorization_pending").because("the person has not decided")),
            Answer::Declined => Err(case("access_denied").because("the person declined")),
            Answer::Approved(account) => {
                let account = account.clone();
                sittings.devices.remove(at);
                Ok(account)
            }
        }
    }

    /// A browser comes by: the code it takes back, `None` when its person declines.
    pub(super) fn visit(
        &self,
        kinds: &[KiroKind],
        client: &str,
        address: &str,
        challenge: &str,
        now: SystemTime,
    ) -> Option<String> {
        let person = self.ledger().sittings.person.clone();
        let account = self.decides(&person, kinds)?;
        let mut ledger = self.ledger();
        let code = ledger.dice.word("", 40);
        let sittings = &mut ledger.sittings;
        if sittings.codes.len() >= MOST {
            sittings.codes.remove(0);
        }
        sittings.codes.push(Code {
            code: code.clone(),
            client: client.to_owned(),
            address: address.to_owned(),
            challenge: challenge.to_owned(),
            account,
            expires: now + sittings.life,
        });
        Some(code)
    }

    /// The account that a code was given out for. A code counts once, even when what came with it is wrong.
    pub(super) fn redeem(&self, ticket: &Ticket<'_>, now: SystemTime) -> Result<String, Refusal> {
        let wrong = |why: &str| Err(case("invalid_grant").because(why));
        let mut ledger = self.ledger();
        let codes = &mut ledger.sittings.codes;
        let Some(at) = codes.iter().position(|code| code.code == ticket.code) else {
            return wrong("nobody's code");
        };
        let code = codes.remove(at);
        if code.expires <= now {
            return wrong("the code is expired");
        }
        if code.client != ticket.client || code.address != ticket.address {
            return wrong("the code is of another client or address");
        }
        if BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(ticket.verifier)) != code.challenge {
            return wrong("the verifier does not fit the challenge");
        }
        Ok(code.account)
    }
}

/// This emulator's address, as the caller knows it.
pub(super) fn host(head: &Parts) -> String {
    let host = head.headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or("127.0.0.1");
    format!("http://{host}")
}

/// Where a person enters a device's code: at this emulator.
pub(super) fn page(head: &Parts) -> String {
    format!("{}/device", host(head))
}

/// The parameters of an address.
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn of(head: &Parts) -> Self {
        let decoded =
            |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
        let pairs = head.uri.query().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
        Self(pairs.map(|(name, value)| (decoded(name), decoded(value))).collect())
    }

    pub(super) fn get(&self, name: &str) -> Result<&str, Refusal> {
        let found = self.0.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str());
        found
            .filter(|value| !value.is_empty())
            .ok_or_else(|| case("invalid_request").because(format!("{name} is missing")))
    }
}

pub(super) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}
