//! What an account's own fields may hold.

use serde_json::Value;
use url::{Host, Url};

use crate::Error;

const LONGEST_NAME: usize = 64;
const LONGEST_OPTIONS: usize = 16 * 1024;
const MOST_TAGS: usize = 16;
const LONGEST_TAG: usize = 32;
const LONGEST_NOTE: usize = 2000;

/// The name without blanks around it.
pub(crate) fn name(name: &str) -> Result<String, Error> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > LONGEST_NAME {
        return Err(invalid("name", format!("name must have 1 to {LONGEST_NAME} characters")));
    }
    if name.chars().any(forges) {
        return Err(invalid("name", "name must not hold control characters"));
    }
    Ok(name.to_owned())
}

/// Names stand in logs and on terminals; control and direction characters would forge what is read there.
fn forges(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

/// Tags without blanks around them and without doubles.
pub(crate) fn tags(given: Vec<String>) -> Result<Vec<String>, Error> {
    let mut tags: Vec<String> = Vec::new();
    for tag in given {
        let tag = tag.trim();
        if tag.chars().count() > LONGEST_TAG || tag.contains(',') || tag.chars().any(forges) {
            let message = format!("tags must be plain words of {LONGEST_TAG} characters at most");
            return Err(invalid("tags", message));
        }
        if !tag.is_empty() && !tags.iter().any(|known| known == tag) {
            tags.push(tag.to_owned());
        }
    }
    if tags.len() > MOST_TAGS {
        return Err(invalid("tags", format!("an account has {MOST_TAGS} tags at most")));
    }
    Ok(tags)
}

/// A text of several lines.
pub(crate) fn note(given: String) -> Result<String, Error> {
    let forged = given.chars().any(|c| forges(c) && !matches!(c, '\n' | '\r' | '\t'));
    if forged || given.chars().count() > LONGEST_NOTE {
        let message = format!("note must be a text of {LONGEST_NOTE} characters at most");
        return Err(invalid("note", message));
    }
    Ok(given)
}

/// An object; nothing given is an empty one.
pub(crate) fn options(options: Value) -> Result<Value, Error> {
    match options {
        Value::Null => Ok(Value::Object(serde_json::Map::new())),
        Value::Object(_) if options.to_string().len() <= LONGEST_OPTIONS => Ok(options),
        Value::Object(_) => Err(invalid("options", "options are too long")),
        _ => Err(invalid("options", "options must be an object")),
    }
}

/// One address for all hosts of the account: https anywhere, http on this machine. Empty is none.
pub(crate) fn endpoint_url(given: &str) -> Result<Option<String>, Error> {
    let given = given.trim();
    if given.is_empty() {
        return Ok(None);
    }
    let refuse = |why: &str| invalid("endpoint_url", format!("endpoint_url {why}"));
    let url = Url::parse(given).map_err(|_| refuse("is not an address"))?;
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => return Err(refuse("has no host")),
    };
    match url.scheme() {
        "https" => {}
        "http" if loopback => {}
        _ => return Err(refuse("must be https, or http on this machine")),
    }
    if !url.username().is_empty()
        || url.password().is_some()
        || url.query().is_some()
        || url.fragment().is_some()
    {
        return Err(refuse("must not hold a user, a query or a fragment"));
    }
    Ok(Some(given.trim_end_matches('/').to_owned()))
}

fn invalid(field: &'static str, message: impl Into<String>) -> Error {
    Error::Invalid { field, message: message.into() }
}
