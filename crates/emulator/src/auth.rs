//! Who calls: a signature or a Bedrock API key.

mod sigv4;
#[cfg(test)]
mod tests;

use std::time::SystemTime;

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::request::Parts;

use crate::{AccessKey, Config, Refusal};

/// An accepted caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    /// The access key id or the bearer key.
    pub(crate) key: String,
    /// The region that the signature was made for; a bearer key does not tell.
    pub(crate) region: Option<String>,
}

/// Accepts a request or says what the service would say. `roles` are keys beside those of the configuration.
pub(crate) fn admit(
    config: &Config,
    roles: &[AccessKey],
    service: &str,
    head: &Parts,
    body: &Bytes,
    now: SystemTime,
) -> Result<Caller, Refusal> {
    let Some(given) = head.headers.get(AUTHORIZATION) else {
        if let Some(key) = vendor_key(head) {
            return bearer(config, key);
        }
        return Err(Refusal::new(403, "MissingAuthenticationTokenException", "Missing Authentication Token"));
    };
    let given = given.to_str().unwrap_or_default();
    if let Some(key) = given.strip_prefix("Bearer ") {
        return bearer(config, key.trim());
    }
    let known: Vec<_> = config.access_keys.iter().chain(roles).collect();
    sigv4::verify(&known, service, given, head, body, now)
}

/// The key as Anthropic's clients send it, which its own API takes alone.
fn vendor_key(head: &Parts) -> Option<&str> {
    head.headers.get("x-api-key").filter(|_| head.uri.path().contains("/anthropic/"))?.to_str().ok()
}

fn bearer(config: &Config, key: &str) -> Result<Caller, Refusal> {
    if config.bearer_keys.iter().any(|known| known == key) {
        return Ok(Caller { key: key.to_owned(), region: None });
    }
    Err(Refusal::new(
        403,
        "AccessDeniedException",
        "Authentication failed: Please make sure your API Key is valid.",
    ))
}

/// The key that a request claims to have, before anything is verified.
pub(crate) fn claimed_key(headers: &http::HeaderMap) -> Option<&str> {
    let given = headers.get(AUTHORIZATION)?.to_str().ok()?;
    if let Some(key) = given.strip_prefix("Bearer ") {
        return Some(key.trim());
    }
    let credential = &given[given.find("Credential=")? + "Credential=".len()..];
    credential.split('/').next()
}
