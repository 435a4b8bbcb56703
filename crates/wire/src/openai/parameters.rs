//! Parameters that OpenAI's dialects have in common.

use bytes::Bytes;
use http::HeaderMap;
use llm::{Error, Hints, RawBody, Sampling, Tier};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::error::{invalid_type, missing, unsupported};
use super::notes::Notes;

/// A member of a type; null counts as absent.
pub(super) fn typed<T: DeserializeOwned>(
    raw: &RawBody,
    name: &str,
    expected: &str,
) -> Result<Option<T>, Error> {
    raw.read(name).map_err(|_| invalid_type(name, expected, raw.get(name)))
}

pub(super) fn flag(raw: &RawBody, name: &str) -> Result<Option<bool>, Error> {
    typed(raw, name, "a boolean")
}

fn number(raw: &RawBody, name: &str) -> Result<Option<f64>, Error> {
    typed(raw, name, "a number")
}

/// A whole number; `4096.0` is one, as in JavaScript.
pub(super) fn integer(raw: &RawBody, name: &str) -> Result<Option<i64>, Error> {
    match typed::<f64>(raw, name, "an integer")? {
        Some(value) if value.fract() == 0.0 => Ok(Some(value as i64)),
        Some(_) => Err(invalid_type(name, "an integer", raw.get(name))),
        None => Ok(None),
    }
}

fn below(name: &str, kind: &str, least: &str, got: impl std::fmt::Display) -> Error {
    Error::invalid(format!(
        "Invalid '{name}': {kind} below minimum value. Expected a value >= {least}, but got {got} instead."
    ))
    .with_param(name)
}

fn above(name: &str, kind: &str, most: &str, got: impl std::fmt::Display) -> Error {
    Error::invalid(format!(
        "Invalid '{name}': {kind} above maximum value. Expected a value <= {most}, but got {got} instead."
    ))
    .with_param(name)
}

/// The model's name as written; what it means is the provider's business.
pub(super) fn model(raw: &RawBody) -> Result<String, Error> {
    let model: String = typed(raw, "model", "a string")?.ok_or_else(|| missing("model"))?;
    if model.trim().is_empty() { Err(missing("model")) } else { Ok(model) }
}

pub(super) fn stream(raw: &RawBody) -> Result<bool, Error> {
    Ok(flag(raw, "stream")?.unwrap_or(false))
}

/// One answer a request: the upstreams have no way to ask for several.
pub(super) fn single_choice(raw: &RawBody, name: &str) -> Result<(), Error> {
    match integer(raw, name)? {
        Some(more @ 2..) => Err(unsupported(
            name,
            format!(
                "Unsupported value: '{name}' does not support {more} here. Only the default (1) value is supported."
            ),
        )),
        Some(less @ ..=0) => Err(below(name, "integer", "1", less)),
        _ => Ok(()),
    }
}

/// The first of `names` that is given.
pub(super) fn max_tokens(raw: &RawBody, names: &[&str]) -> Result<Option<u32>, Error> {
    for name in names {
        match integer(raw, name)? {
            Some(less @ ..=0) => return Err(below(name, "integer", "1", less)),
            Some(tokens) => return Ok(Some(u32::try_from(tokens).unwrap_or(u32::MAX))),
            None => {}
        }
    }
    Ok(None)
}

/// OpenAI's temperature goes to 2, everybody else's to 1. It is cut, never rescaled: 1 means the same to both.
pub(super) fn sampling(raw: &RawBody, notes: &mut Notes) -> Result<Sampling, Error> {
    let mut temperature = number(raw, "temperature")?;
    match temperature {
        Some(cold) if cold < 0.0 => return Err(below("temperature", "decimal", "0", cold)),
        Some(hot) if hot > 2.0 => return Err(above("temperature", "decimal", "2", hot)),
        Some(hot) if hot > 1.0 => {
            temperature = Some(1.0);
            notes.add("temperature:1");
        }
        _ => {}
    }
    let top_p = number(raw, "top_p")?;
    match top_p {
        Some(less) if less < 0.0 => return Err(below("top_p", "decimal", "0", less)),
        Some(more) if more > 1.0 => return Err(above("top_p", "decimal", "1", more)),
        _ => {}
    }
    let top_k = match integer(raw, "top_k")? {
        Some(less @ ..=-1) => return Err(below("top_k", "integer", "0", less)),
        // Several servers use 0 for "no limit".
        Some(0) | None => None,
        Some(k) => Some(u32::try_from(k).unwrap_or(u32::MAX)),
    };
    Ok(Sampling { temperature, top_p, top_k })
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

fn strings(raw: &RawBody, name: &str) -> Result<Vec<String>, Error> {
    Ok(match typed(raw, name, "a string or an array of strings")? {
        Some(OneOrMany::One(one)) => vec![one],
        Some(OneOrMany::Many(many)) => many,
        None => Vec::new(),
    })
}

/// Stop sequences without blank ones, which the upstreams refuse.
pub(super) fn stop(raw: &RawBody, notes: &mut Notes) -> Result<Vec<String>, Error> {
    let mut stop = strings(raw, "stop")?;
    let all = stop.len();
    stop.retain(|sequence| !sequence.trim().is_empty());
    if stop.len() < all {
        notes.add("stop:dropped");
    }
    Ok(stop)
}

/// The service tier that the client asks for.
pub(super) fn tier(raw: &RawBody, notes: &mut Notes) -> Result<Option<Tier>, Error> {
    let word: Option<String> = typed(raw, "service_tier", "a string")?;
    Ok(match word.as_deref() {
        None | Some("auto") => None,
        Some("default" | "standard") => Some(Tier::Default),
        Some("flex") => Some(Tier::Flex),
        Some("priority" | "fast") => Some(Tier::Priority),
        Some("scale") => Some(Tier::Reserved),
        Some(_) => {
            notes.add("service_tier:dropped");
            None
        }
    })
}

pub(super) fn user(raw: &RawBody) -> Result<Option<String>, Error> {
    typed(raw, "user", "a string")
}

#[derive(Default, Deserialize)]
struct StreamOptions {
    #[serde(default)]
    include_usage: Option<bool>,
}

/// Checked when the request is read, so that a writer never meets a wrong one.
pub(super) fn include_usage(raw: &RawBody) -> Result<bool, Error> {
    let options: StreamOptions = typed(raw, "stream_options", "an object")?.unwrap_or_default();
    Ok(options.include_usage.unwrap_or(false))
}

/// Notes every member outside `read` that is given and not null.
pub(super) fn note_dropped(raw: &RawBody, read: &[&str], notes: &mut Notes) {
    for member in raw.members() {
        if member.json.as_ref() != b"null" && !read.contains(&&*member.name) {
            notes.add_dropped(&member.name);
        }
    }
}

/// What matters upstream and is no part of the conversation. `anthropic_beta` in the body is for SDKs that
/// cannot set headers a request.
pub(super) fn hints(headers: &HeaderMap, raw: &RawBody) -> Result<Hints, Error> {
    const SESSIONS: [&str; 4] = ["x-claude-code-session-id", "session-id", "session_id", "x-session-id"];
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let mut betas: Vec<String> = Vec::new();
    let lists = headers.get_all("anthropic-beta").iter().filter_map(|value| value.to_str().ok());
    for list in lists.map(str::to_owned).chain(strings(raw, "anthropic_beta")?) {
        for beta in list.split(',').map(str::trim).filter(|beta| !beta.is_empty()) {
            if !betas.iter().any(|known| known == beta) {
                betas.push(beta.to_owned());
            }
        }
    }
    Ok(Hints {
        tier: None,
        betas,
        session: SESSIONS.into_iter().find_map(text).map(str::to_owned),
        anthropic_version: text("anthropic-version").map(str::to_owned),
        hide_thinking: false,
    })
}

/// True when the JSON text is an array without items.
pub(super) fn is_empty_array(json: &Bytes) -> bool {
    json.strip_prefix(b"[").is_some_and(|rest| rest.trim_ascii_start().starts_with(b"]"))
}
