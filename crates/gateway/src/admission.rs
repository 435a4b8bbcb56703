//! Who asks, and what they may spend: the local key.

use std::net::IpAddr;
use std::sync::Arc;

use http::HeaderMap;
use http::HeaderName;
use http::header::AUTHORIZATION;
use llm::{Category, Error};
use time::OffsetDateTime;

use crate::keys::{LocalKey, until_next_month, until_tomorrow};
use crate::state::Gateway;

/// Lets a request in when any key it carries is one of ours, and says which. Clients send `Authorization: Bearer` or
/// `x-api-key`, some send both with different values (a shell variable beside a settings file), so either will do. The
/// setting that waives the key counts on loopback alone, wherever the address to listen on was named.
///
/// # Errors
/// [`Category::LocalKey`].
pub(crate) fn check(gateway: &Gateway, headers: &HeaderMap) -> Result<Option<Arc<LocalKey>>, Error> {
    let keys = gateway.keys.load();
    let mut any = false;
    for shown in presented(headers) {
        any = true;
        if let Some(key) = keys.find(shown) {
            return match key.rules.expires_ms {
                Some(end) if end <= gateway.now_ms() => Err(expired(key, end)),
                _ => Ok(Some(Arc::clone(key))),
            };
        }
    }
    if !gateway.demands_key() {
        return Ok(None);
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

fn expired(key: &LocalKey, end_ms: i64) -> Error {
    let date =
        OffsetDateTime::from_unix_timestamp(end_ms / 1000).unwrap_or(OffsetDateTime::UNIX_EPOCH).date();
    let message =
        format!("The local key {} expired on {date}. Ask whoever runs Switchboard for another.", key.name);
    Error::new(Category::LocalKey, message)
}

/// Holds a request for an answer against what its key may spend. Requests under way when a limit is reached run to
/// their end.
///
/// # Errors
/// [`Category::RateLimited`], or [`Category::Quota`] for what only time or the person lifts; both say when.
pub(crate) fn afford(gateway: &Gateway, key: Option<&LocalKey>) -> Result<(), Error> {
    let Some(LocalKey { name, rules, meter, .. }) = key else { return Ok(()) };
    if rules.tokens_per_day.is_none() && rules.usd_per_month.is_none() && rules.requests_per_minute.is_none()
    {
        return Ok(());
    }
    let now = gateway.now_ms();
    if let Some(most) = rules.usd_per_month
        && meter.usd_this_month(now) >= most
    {
        let message = format!(
            "The local key {name} has spent its {most:.2} USD of this month. It can be used again next month, or when \
             its limit is raised in Switchboard."
        );
        let error = Error::new(Category::Quota, message).with_code(Error::SPENT);
        return Err(error.with_retry_after(until_next_month(now)));
    }
    if let Some(most) = rules.tokens_per_day
        && meter.tokens_today(now) >= most
    {
        let message = format!(
            "The local key {name} has used its {most} tokens of today. It can be used again tomorrow (UTC), or when \
             its limit is raised in Switchboard."
        );
        return Err(Error::new(Category::Quota, message).with_retry_after(until_tomorrow(now)));
    }
    if let Some(most) = rules.requests_per_minute
        && let Err(wait) = meter.take(most, gateway.clock.instant())
    {
        let message = format!("The local key {name} may ask {most} times a minute. Wait a little.");
        return Err(Error::new(Category::RateLimited, message).with_retry_after(wait));
    }
    Ok(())
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

/// Whether a request comes from a program of this machine that has the person's own key, or the pass of this run. That
/// key is in the settings of every editor, so over the network it asks models and no more. Without `peer` the request
/// never was on a socket.
pub(crate) fn may_administrate(gateway: &Gateway, headers: &HeaderMap, peer: Option<IpAddr>) -> bool {
    let keys = gateway.keys.load();
    let is_owner = |shown: &str| keys.find(shown).is_some_and(|key| key.owner);
    peer.is_none_or(|peer| peer.is_loopback())
        && presented(headers).any(|shown| is_owner(shown) || gateway.office.is_pass(shown))
}

/// Whether a request comes from the person's own programs on this machine, as the window's chat does. Such a request
/// may choose its account and have its wire kept; whoever comes over the network, with another key, or without one where
/// none is demanded, may not.
pub(crate) fn is_household(key: Option<&LocalKey>, peer: IpAddr) -> bool {
    peer.is_loopback() && key.is_some_and(|key| key.owner)
}

/// The account that a request names, if it may name one.
///
/// # Errors
/// [`Category::Forbidden`] when it may not: answering from another account than the named one would be worse.
pub(crate) fn pinned<'a>(
    gateway: &Gateway,
    headers: &'a HeaderMap,
    key: Option<&LocalKey>,
    peer: IpAddr,
) -> Result<Option<&'a str>, Error> {
    let Some(named) = headers.get(&ACCOUNT) else { return Ok(None) };
    if !is_household(key, peer) {
        let message = "x-switchboard-account is for programs of this machine that show the local key.";
        return Err(Error::new(Category::Forbidden, message));
    }
    // An id is plain text; anything else names no account.
    let named = named.to_str().unwrap_or_default();
    if !key.is_none_or(|key| gateway.accounts.is_among(named, &key.rules.accounts)) {
        let message = "This local key may not use the account of x-switchboard-account.";
        return Err(Error::new(Category::Forbidden, message));
    }
    Ok(Some(named))
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
mod tests;
