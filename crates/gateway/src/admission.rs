//! Who asks: the local key.

use std::net::IpAddr;

use http::HeaderMap;
use http::HeaderName;
use http::header::AUTHORIZATION;
use llm::{Category, Error};

use crate::state::Gateway;

/// Lets a request in when any key it carries is one of ours. Clients send `Authorization: Bearer` or `x-api-key`,
/// some send both with different values (a shell variable beside a settings file), so either will do. The setting that
/// waives the key counts on loopback alone, wherever the address to listen on was named.
///
/// # Errors
/// [`Category::LocalKey`].
pub(crate) fn check(gateway: &Gateway, headers: &HeaderMap) -> Result<(), Error> {
    if !gateway.demands_key() {
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

/// Lets requests in unless the person paused the proxy, or stored secrets cannot be read.
///
/// # Errors
/// [`Category::Unavailable`].
pub(crate) fn open(gateway: &Gateway) -> Result<(), Error> {
    if gateway.office.is_paused() {
        let message = "Switchboard is paused. Resume it in its window or tray, or with `switchboard resume`.";
        return Err(Error::new(Category::Unavailable, message));
    }
    gateway.safe.admit(|| gateway.now_ms())
}

/// The account that must answer, by its id.
pub(crate) const ACCOUNT: HeaderName = HeaderName::from_static("x-switchboard-account");

/// Whether a request comes from a program of this machine that has the local key, or the pass of this run. That key is in
/// the settings of every editor, so over the network it asks models and no more. Without `peer` the request never was on
/// a socket.
pub(crate) fn may_administrate(gateway: &Gateway, headers: &HeaderMap, peer: Option<IpAddr>) -> bool {
    let keys = gateway.keys.load();
    peer.is_none_or(|peer| peer.is_loopback())
        && presented(headers).any(|key| keys.find(key).is_some() || gateway.office.is_pass(key))
}

/// Whether a request comes from a program of this machine that has the local key, as the window's chat does. Such a
/// request may choose its account and have its wire kept; whoever comes over the network, or without a key where none is
/// demanded, may not.
pub(crate) fn is_household(gateway: &Gateway, headers: &HeaderMap, peer: IpAddr) -> bool {
    let keys = gateway.keys.load();
    peer.is_loopback() && presented(headers).any(|key| keys.find(key).is_some())
}

/// The account that a request names, if it may name one.
///
/// # Errors
/// [`Category::Forbidden`] when it may not: answering from another account than the named one would be worse.
pub(crate) fn pinned<'a>(
    gateway: &Gateway,
    headers: &'a HeaderMap,
    peer: IpAddr,
) -> Result<Option<&'a str>, Error> {
    let Some(named) = headers.get(&ACCOUNT) else { return Ok(None) };
    if !is_household(gateway, headers, peer) {
        let message = "x-switchboard-account is for programs of this machine that show the local key.";
        return Err(Error::new(Category::Forbidden, message));
    }
    // An id is plain text; anything else names no account.
    Ok(Some(named.to_str().unwrap_or_default()))
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::Settings;
    use crate::house::House;

    #[tokio::test]
    async fn the_key_is_waived_on_loopback_alone() {
        let House { gateway, .. } = House::new().await;
        let lets_in = || check(&gateway, &HeaderMap::new()).is_ok();
        assert!(!lets_in());
        gateway.apply(Settings { require_key: false, ..Settings::default() });
        assert!(lets_in());
        for wide in ["0.0.0.0:4880", "192.168.1.9:4880", "[::]:4880"] {
            gateway.addresses.store(Arc::new(vec!["[::1]:4880".parse().unwrap(), wide.parse().unwrap()]));
            assert!(!lets_in(), "{wide}");
        }
    }
}
