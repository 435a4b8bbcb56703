//! The boundary: one check in front of every route, unknown paths, health and OPTIONS included.
//!
//! A web page in the person's browser can reach 127.0.0.1 like any program can. What keeps it out is that a browser
//! says where a request comes from: in `Host` (a page whose name was pointed at us), in `Origin` and in
//! `Sec-Fetch-Site`. Keys are not looked at here.

mod answer;
mod host;
mod origin;
#[cfg(test)]
mod tests;

use http::header::{CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderValue, Method, Uri};
use llm::{Category, Error};

pub use answer::{Dialect, Pass, guarded};

use crate::Settings;
use crate::listener::Flaw;

/// What the rules look at: a request's head, and what its connection knows.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    pub method: &'a Method,
    pub uri: &'a Uri,
    pub headers: &'a HeaderMap,
    /// Port of our end of the connection.
    pub port: u16,
    /// What was wrong with the head as it was written.
    pub flaw: Option<Flaw>,
}

/// What the person allowed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Policy<'a> {
    /// `name` or `name:port`, lower case.
    pub hosts: &'a [String],
    /// `scheme://host`, lower case.
    pub origins: &'a [String],
    /// Where our own pages come from, which may be another port than the one that is asked.
    pub own: &'a [String],
}

impl<'a> From<&'a Settings> for Policy<'a> {
    fn from(settings: &'a Settings) -> Self {
        Self { hosts: &settings.extra_hosts, origins: &settings.allowed_origins, own: &[] }
    }
}

/// A request that may go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Passed {
    /// To its route. `cors` is the listed origin that the answer must name.
    Serve { cors: Option<HeaderValue> },
    /// A browser asks on behalf of a listed origin whether it may ask. These headers say so.
    Preflight(HeaderMap),
}

/// Decides about one request. Reads nothing but its arguments.
///
/// # Errors
/// 400 for heads that servers read differently, no or two `Host`, or an absolute target that contradicts it; 403 for
/// an unknown host or a foreign origin; 405 for CONNECT and TRACE; 415 for a body that is not JSON.
pub fn check(head: Head<'_>, policy: Policy<'_>) -> Result<Passed, Error> {
    if let Some(flaw) = head.flaw {
        return Err(Error::invalid(flaw.message()));
    }
    let host = host::of(head.headers, head.uri)?;
    if !host::is_known(host, head.port, policy.hosts) {
        return Err(Error::new(
            Category::Forbidden,
            "This host name is not served here. Use localhost or 127.0.0.1, or add the name to extra_hosts",
        ));
    }
    let cors = origin::check(head.method, head.uri, head.headers, host, policy)?;
    if matches!(*head.method, Method::CONNECT | Method::TRACE) {
        return Err(Error::new(Category::MethodNotAllowed, "This method is not served here"));
    }
    if head.method == Method::OPTIONS
        && let Some(origin) = &cors
        && let Some(answer) = origin::preflight(head.headers, origin)
    {
        return Ok(Passed::Preflight(answer));
    }
    if matches!(*head.method, Method::POST | Method::PUT | Method::PATCH) && !is_json(head.headers) {
        return Err(Error::new(Category::UnsupportedMedia, "Content-Type must be application/json"));
    }
    Ok(Passed::Serve { cors })
}

/// A page may send any form and any text to us without being asked first, but not JSON.
fn is_json(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    match (types.next(), types.next()) {
        (None, _) => {
            !headers.contains_key(TRANSFER_ENCODING)
                && headers.get(CONTENT_LENGTH).is_none_or(|length| length.as_bytes() == b"0")
        }
        (Some(only), None) => {
            let essence = only.as_bytes().split(|byte| *byte == b';').next().unwrap_or_default();
            essence.trim_ascii().eq_ignore_ascii_case(b"application/json")
        }
        (Some(_), Some(_)) => false,
    }
}
