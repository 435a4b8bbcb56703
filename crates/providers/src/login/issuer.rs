//! A service that gives out tokens: what it is asked, and what its answers mean.

use std::fmt;
use std::time::{Duration, SystemTime};

use llm::{Category, Error, Secret, Upstream};
use serde_json::{Map, Value};
use url::{Host, Url};

use super::{Callback, Complaint, Doorway, Heard, Proof, Question};
use crate::http::is_localhost;

/// No vendor gives out tokens that live longer; the number is theirs, so it is bounded.
const LONGEST_LIFE: Duration = Duration::from_secs(90 * 24 * 3600);

/// One of the three sorts of sign-in service. Pure: requests and answers are values.
pub(crate) trait Issuer: Send + fmt::Debug {
    /// Where a browser is to come back to.
    fn doorway(&self) -> Doorway;

    /// The doorway's port, told before anything is asked.
    fn comes_back_to(&mut self, port: u16);

    /// What is to be asked before the rest; asked for until there is nothing more.
    fn preparation(&self) -> Result<Option<Question>, Error>;

    fn prepared(&mut self, heard: &Heard) -> Result<(), Error>;

    /// Asks for a code that the person confirms on a page.
    fn device(&self) -> Result<Question, Error>;

    fn read_device(&self, heard: &Heard) -> Result<Device, Error>;

    /// Asks whether the person confirmed it.
    fn poll(&self, code: &Secret) -> Result<Question, Error>;

    /// The page that a browser is sent to.
    fn page(&self, proof: &Proof) -> Result<Url, Error>;

    /// Asks for the tokens of a code that a browser brought back.
    fn redeem(&self, code: &str, callback: &Callback, proof: &Proof) -> Result<Question, Error>;

    /// What a token endpoint said.
    fn read(&self, heard: &Heard) -> Told;

    /// Another service to go on with, when the person chose it on this one's page.
    fn referred(&self, callback: &Callback) -> Option<Result<Box<dyn Issuer>, Error>> {
        let _ = callback;
        None
    }

    /// The credential to store.
    fn credential(&self, tokens: &Tokens, now: SystemTime) -> Result<Map<String, Value>, Error>;
}

/// A code that waits for a person.
#[derive(Debug)]
pub(crate) struct Device {
    pub(crate) code: Secret,
    pub(crate) user_code: String,
    /// Where they confirm it.
    pub(crate) url: String,
    pub(crate) life: Duration,
    pub(crate) interval: Option<Duration>,
}

/// What a token endpoint gave.
#[derive(Clone, Debug)]
pub(crate) struct Tokens {
    pub(crate) access: Secret,
    pub(crate) refresh: Option<Secret>,
    pub(crate) life: Option<Duration>,
    pub(crate) profile_arn: Option<String>,
}

/// What a token endpoint said.
#[derive(Debug)]
pub(crate) enum Told {
    Tokens(Tokens),
    /// The person has not decided.
    Pending,
    SlowDown,
    Denied,
    /// The code is too old.
    Expired,
    /// It may work later.
    Trouble(Error),
    Refused(Error),
}

impl Tokens {
    /// Reads either spelling; whatever holds a token is taken.
    pub(crate) fn read(answer: &Value) -> Option<Self> {
        let text = |names: [&str; 2]| {
            let found = names.into_iter().find_map(|name| answer.get(name)?.as_str());
            found.filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let seconds = ["expiresIn", "expires_in"].into_iter().find_map(|name| match answer.get(name)? {
            Value::String(text) => text.trim().parse().ok(),
            number => number.as_f64(),
        });
        Some(Self {
            access: text(["accessToken", "access_token"])?.into(),
            refresh: text(["refreshToken", "refresh_token"]).map(Secret::new),
            life: seconds
                .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
                .map(|life| life.min(LONGEST_LIFE)),
            profile_arn: text(["profileArn", "profile_arn"]),
        })
    }

    /// The refresh token of a service without which there is no lasting sign-in.
    pub(crate) fn lasting(&self) -> Result<&Secret, Error> {
        self.refresh.as_ref().ok_or_else(|| {
            Error::new(
                Category::Upstream,
                "The sign-in service gave no refresh token, so the sign-in would not last.",
            )
        })
    }
}

/// Reads an answer of a token endpoint that speaks OAuth's words.
pub(crate) fn told(heard: &Heard) -> Told {
    if heard.status == 200 {
        return match heard.json().map(|answer| Tokens::read(&answer)) {
            Ok(Some(tokens)) => Told::Tokens(tokens),
            Ok(None) => {
                Told::Refused(Error::new(Category::Upstream, "The sign-in service answered without a token."))
            }
            Err(error) => Told::Refused(error),
        };
    }
    let complaint = Complaint::read(heard.header("x-amzn-errortype"), &heard.body);
    match complaint.code.as_str() {
        "authorization_pending" => Told::Pending,
        "slow_down" => Told::SlowDown,
        "access_denied" => Told::Denied,
        "expired_token" => Told::Expired,
        _ if heard.status >= 500 || heard.status == 429 || !complaint.is_json => {
            Told::Trouble(refused(heard.status, &complaint))
        }
        _ => Told::Refused(refused(heard.status, &complaint)),
    }
}

/// Why a service would not do what it was asked, for people.
pub(crate) fn refused(status: u16, complaint: &Complaint) -> Error {
    let words = match (&complaint.elsewhere, complaint.code.as_str()) {
        (Some(Some(region)), _) => format!("This sign-in belongs to the region {region}. Choose that one."),
        (Some(None), _) => "This sign-in belongs to another region. Choose that one.".to_owned(),
        (None, code) if code.is_empty() || status >= 500 => {
            format!("The sign-in service failed with status {status}.")
        }
        (None, code) => format!("The sign-in service refused: {code}."),
    };
    let words =
        if complaint.said.is_empty() { words } else { format!("{words} It said: {}", complaint.said) };
    let category = if status >= 500 { Category::Upstream } else { Category::NoCredentials };
    Error::new(category, words).with_upstream(Upstream {
        status,
        code: complaint.code.clone(),
        message: complaint.said.clone(),
        ..Upstream::default()
    })
}

/// A good answer's members, or why there is none.
pub(crate) fn answer(heard: &Heard) -> Result<Value, Error> {
    if heard.status == 200 {
        return heard.json();
    }
    let complaint = Complaint::read(heard.header("x-amzn-errortype"), &heard.body);
    Err(refused(heard.status, &complaint))
}

/// A member that an answer must have.
pub(crate) fn text<'a>(answer: &'a Value, name: &str) -> Result<&'a str, Error> {
    let found = answer.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    found.ok_or_else(|| {
        Error::new(Category::Upstream, format!("The sign-in service answered without {name}."))
    })
}

/// An address that a person may be sent to: https, or http on this machine.
pub(crate) fn shown(url: &str) -> Result<String, Error> {
    let parsed = Url::parse(url).ok().filter(|url| match (url.scheme(), url.host()) {
        ("https", Some(_)) => true,
        ("http", Some(Host::Domain(name))) => is_localhost(name),
        ("http", Some(Host::Ipv4(address))) => address.is_loopback(),
        ("http", Some(Host::Ipv6(address))) => address.is_loopback(),
        _ => false,
    });
    parsed.map(String::from).ok_or_else(|| {
        Error::new(Category::Upstream, "The sign-in service names a page that is not safe to open.")
    })
}

/// `address?name=value&…`, with blanks as `%20`.
pub(crate) fn with_query(address: &str, members: &[(&str, &str)]) -> Result<Url, Error> {
    let pairs: Vec<_> =
        members.iter().map(|(name, value)| format!("{name}={}", crate::address::segment(value))).collect();
    let sign = if address.contains('?') { '&' } else { '?' };
    crate::address::parse(&format!("{address}{sign}{}", pairs.join("&")))
}
