//! Who asks: the local key.

use http::HeaderMap;
use http::header::AUTHORIZATION;
use llm::{Category, Error};

use crate::state::Gateway;

/// Lets a request in when any key it carries is one of ours. Clients send `Authorization: Bearer` or `x-api-key`,
/// some send both with different values (a shell variable beside a settings file), so either will do.
///
/// # Errors
/// [`Category::LocalKey`].
pub(crate) fn check(gateway: &Gateway, headers: &HeaderMap) -> Result<(), Error> {
    if !gateway.settings.load().require_key {
        return Ok(());
    }
    let keys = gateway.keys.load();
    let mut any = false;
    for key in presented(headers) {
        any = true;
        if keys.find(key).is_some() {
            return Ok(());
        }
    }
    Err(Error::new(
        Category::LocalKey,
        if any {
            "This is not Switchboard's local key. Copy it with `switchboard key`."
        } else {
            "The local key is missing: send it as `Authorization: Bearer KEY` or `x-api-key: KEY`. Show it with `switchboard key`."
        },
    ))
}

/// The keys a request carries.
pub(crate) fn presented(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let bearer = headers.get_all(AUTHORIZATION).iter().filter_map(|value| {
        let (scheme, key) = value.to_str().ok()?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
    });
    let plain = headers.get_all("x-api-key").iter().filter_map(|value| value.to_str().ok()).map(str::trim);
    bearer.chain(plain)
}
