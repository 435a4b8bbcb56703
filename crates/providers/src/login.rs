//! Signing in with the help of a browser: what a person is asked for, and machines that lead there.
//!
//! A machine does no I/O and reads no clock. Whoever drives it does what [`Procedure::next`] says and tells what came
//! of it, so that window, command line and tests go the same way. What is secret (device code, verifier, the client's
//! secret) stays in the machine: a [`Prompt`] holds what a person needs to see and nothing else.

mod ended;
mod grant;
mod issuer;
mod oauth;
mod oidc;
mod pace;
mod proof;
mod question;
mod start_url;

use std::fmt;
use std::time::{Duration, Instant, SystemTime};

use llm::Error;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub(crate) use ended::ended;
pub(crate) use grant::Grant;
pub(crate) use issuer::{Device, Issuer, Tokens, Told, answer, shown, text, told, with_query};
pub(crate) use oauth::Complaint;
pub(crate) use oidc::{Oidc, OidcOptions};
pub use proof::ENTROPY;
pub(crate) use proof::Proof;
pub use question::{Heard, Question};
pub(crate) use start_url::{BUILDER_ID, start_url};

use crate::{Field, fields};

/// How long a person has for what stands on the screen, where no service sets a limit.
pub(crate) const PATIENCE: Duration = Duration::from_secs(600);

/// A way to sign in.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Login {
    /// Names it in the admin API, e.g. `builder_id`.
    pub id: &'static str,
    /// How it can be gone; the first is the usual one.
    pub flows: &'static [Flow],
    /// What the person must say before.
    pub fields: Vec<Field>,
}

/// How the person's yes gets here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub enum Flow {
    /// They confirm a code on a page of the service, on any machine.
    Device,
    /// A browser of this machine brings it back, to a listener of our own.
    Browser,
}

/// What a person asked for.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// [`Login::id`].
    pub login: String,
    /// `None` is the usual one.
    pub flow: Option<Flow>,
    /// By the names of [`Login::fields`].
    pub fields: Map<String, Value>,
}

/// The time on both clocks.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// For waiting.
    pub instant: Instant,
    /// For what is stored.
    pub wall: SystemTime,
}

/// What is to be done next.
#[derive(Debug)]
pub enum Next {
    /// Send this, and tell the answer.
    Ask(Question),
    /// Listen there, and tell the port.
    Listen(Doorway),
    /// Show this. Ask again at `until`, or when something else happened; at `ends` it is too late for the person.
    Wait { prompt: Prompt, until: Instant, ends: Instant },
    /// The person is signed in: the credential, as the admin API takes it.
    Done(Value),
    /// There is no way on.
    Over(Failure),
}

/// A listener on this machine's loopback for one browser's return.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Doorway {
    /// The first that is free; any when there is none here.
    pub ports: &'static [u16],
    /// `::1` too: browsers are sent to `localhost`, which may mean it.
    pub both: bool,
    /// The paths that a browser may come back to.
    pub paths: &'static [&'static str],
}

/// A browser that came back. `Debug` tells what it brought, not the values.
#[derive(Clone)]
pub struct Callback {
    pub path: String,
    /// Names and values, decoded.
    pub query: Vec<(String, String)>,
}

/// What the person must do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub enum Prompt {
    /// Open `url`, see that it shows `user_code`, and confirm.
    Device { url: String, user_code: String },
    /// Open `url` in a browser of the machine that Switchboard runs on.
    Browser { url: String },
    /// Choose one.
    Choose { what: Choosing, options: Vec<Choice> },
}

/// What there is to choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub enum Choosing {
    /// An AWS account.
    AwsAccount,
    /// A role in it.
    Role,
}

/// One of several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Choice {
    pub id: String,
    pub label: String,
}

/// Why a sign-in came to nothing.
#[derive(Clone, Debug)]
pub enum Failure {
    /// The person said no.
    Denied,
    /// Nobody said yes in time.
    Expired,
    /// None of the ports that the service sends browsers to is free.
    NoPort,
    /// The service, or the way to it.
    Refused(Error),
}

/// A sign-in under way, as a machine.
pub trait Procedure: Send + fmt::Debug {
    fn next(&mut self, now: Moment) -> Next;

    /// What came of the last [`Next::Ask`].
    fn heard(&mut self, heard: Result<Heard, Error>, now: Moment);

    /// Where the last [`Next::Listen`] listens; `None` when no port was free.
    fn listening(&mut self, port: Option<u16>, now: Moment);

    /// A browser came by. `false` when it was not sent by us: then it has done nothing, and is to be told so.
    fn returned(&mut self, callback: &Callback, now: Moment) -> bool;

    /// The person chose. `false` when that is not among the options of the last prompt.
    fn chose(&mut self, id: &str, now: Moment) -> bool;
}

impl Failure {
    /// The stable name of the failure.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Denied => "sign_in_denied",
            Self::Expired => "sign_in_expired",
            Self::NoPort => "sign_in_no_port",
            Self::Refused(_) => "sign_in_refused",
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Denied => f.write_str("The sign-in was declined in the browser. Start again to sign in."),
            Self::Expired => f.write_str("Nobody confirmed the sign-in in time. Start again."),
            Self::NoPort => f.write_str(
                "None of the ports that the service sends browsers back to is free. Use the code instead, or end the \
                 program that holds them.",
            ),
            Self::Refused(error) => write!(f, "{error}"),
        }
    }
}

impl Callback {
    /// A parameter; empty counts as absent.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str());
        found.filter(|value| !value.is_empty())
    }
}

impl fmt::Debug for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.query.iter().map(|(name, _)| name).collect();
        f.debug_struct("Callback").field("path", &self.path).field("query", &names).finish()
    }
}

/// The way that a wish means, its flow, and whether its fields are those of the way.
///
/// # Errors
/// [`llm::Category::InvalidRequest`] naming the field.
pub(crate) fn chosen<'a>(wish: &Wish, logins: &'a [Login]) -> Result<(&'a Login, Flow), Error> {
    let Some(login) = logins.iter().find(|login| login.id == wish.login) else {
        let names: Vec<_> = logins.iter().map(|login| login.id).collect();
        return Err(fields::wrong("login", &format!("must be one of: {}", names.join(", "))));
    };
    let flow = match wish.flow {
        None => login.flows.first().copied().unwrap_or(Flow::Device),
        Some(flow) if login.flows.contains(&flow) => flow,
        Some(_) => return Err(fields::wrong("flow", "is not one that this sign-in has")),
    };
    if let Some(name) = wish.fields.keys().find(|name| login.fields.iter().all(|field| field.name != *name)) {
        return Err(fields::wrong(&format!("fields.{name}"), "is not a field of this sign-in"));
    }
    Ok((login, flow))
}

/// A time as credentials hold it: RFC 3339, in whole seconds.
pub(crate) fn written(time: SystemTime) -> String {
    let time = time::OffsetDateTime::from(time);
    let whole = time.replace_nanosecond(0).unwrap_or(time);
    whole.format(&time::format_description::well_known::Rfc3339).unwrap_or_default()
}
