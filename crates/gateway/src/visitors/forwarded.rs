//! Which address a request is from, where a proxy that the person trusts asks on behalf of somebody.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use http::HeaderMap;
use http::header::FORWARDED;

use crate::Settings;
use crate::settings::ForwardedBy;

/// Stands for an address that was not told, or cannot be the one of another machine.
const UNKNOWN: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// The address that a request is from: the socket's, unless that is a trusted proxy's and it says for whom it asks. Then the
/// nearest that is no such proxy: what stands before it anybody may have written. Never an address of this machine when a
/// proxy told it, because who comes through one has no rights of this machine's programs.
pub(crate) fn client(peer: IpAddr, headers: &HeaderMap, settings: &Settings) -> IpAddr {
    let peer = peer.to_canonical();
    let trusted = |address: IpAddr| settings.trusted_proxies.iter().any(|proxy| proxy.contains(address));
    if settings.trusted_proxies.is_empty() || !trusted(peer) {
        return peer;
    }
    let name = match settings.forwarded_by {
        ForwardedBy::XForwardedFor => "x-forwarded-for",
        ForwardedBy::Forwarded => FORWARDED.as_str(),
    };
    let mut farthest = None;
    for line in headers.get_all(name).iter().rev() {
        let Ok(line) = line.to_str() else { return UNKNOWN };
        for hop in line.rsplit(',') {
            let told = match settings.forwarded_by {
                ForwardedBy::XForwardedFor => address(hop),
                ForwardedBy::Forwarded => source(hop).and_then(address),
            };
            match told {
                Some(address) if trusted(address) => farthest = Some(address),
                told => return abroad(told),
            }
        }
    }
    match farthest {
        // A proxy that asks for itself, or a program beside it.
        None => peer,
        told => abroad(told),
    }
}

fn abroad(told: Option<IpAddr>) -> IpAddr {
    told.filter(|address| !address.is_loopback()).unwrap_or(UNKNOWN)
}

/// An address, with a port or without.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let found = bare.parse().ok().or_else(|| Some(text.parse::<SocketAddr>().ok()?.ip()));
    found.map(|address: IpAddr| address.to_canonical())
}

/// What an element of `Forwarded` says after `for=`.
fn source(element: &str) -> Option<&str> {
    let mut pairs = element.split(';').filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case("for"))?;
    Some(value.trim().trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn told(peer: &str, by: ForwardedBy, lines: &[(&'static str, &'static str)]) -> String {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_static(value));
        }
        let trusted_proxies = ["127.0.0.1", "10.0.0.0/8", "2001:db8::/64"];
        let settings = Settings {
            trusted_proxies: trusted_proxies.iter().map(|proxy| proxy.parse().unwrap()).collect(),
            forwarded_by: by,
            ..Settings::default()
        };
        client(peer.parse().unwrap(), &headers, &settings).to_string()
    }

    #[test]
    fn only_trusted_proxies_are_believed_and_only_to_the_first_stranger() {
        const X: &str = "x-forwarded-for";
        for (peer, lines, expected) in [
            ("198.51.100.7", &[(X, "203.0.113.9")][..], "198.51.100.7"),
            ("::ffff:198.51.100.7", &[], "198.51.100.7"),
            ("127.0.0.1", &[], "127.0.0.1"),
            ("127.0.0.1", &[("forwarded", "for=203.0.113.9")], "127.0.0.1"),
            ("127.0.0.1", &[(X, "203.0.113.9")], "203.0.113.9"),
            ("::ffff:127.0.0.1", &[(X, " 203.0.113.9:4711 ")], "203.0.113.9"),
            ("10.1.2.3", &[(X, "6.6.6.6, 203.0.113.9, 10.0.0.4")], "203.0.113.9"),
            ("10.1.2.3", &[(X, "6.6.6.6, 203.0.113.9"), (X, "10.0.0.4")], "203.0.113.9"),
            ("10.1.2.3", &[(X, "6.6.6.6, unknown, 10.0.0.4")], "0.0.0.0"),
            ("10.1.2.3", &[(X, "")], "0.0.0.0"),
            ("10.1.2.3", &[(X, "10.0.0.5, 10.0.0.4")], "10.0.0.5"),
            ("2001:db8::1", &[(X, "[2001:db8:1::9]:80")], "2001:db8:1::9"),
            // Nobody becomes a program of this machine by saying so.
            ("127.0.0.1", &[(X, "127.0.0.1")], "0.0.0.0"),
            ("10.1.2.3", &[(X, "::1, 10.0.0.4")], "0.0.0.0"),
            ("10.1.2.3", &[(X, "::ffff:127.0.0.1")], "0.0.0.0"),
        ] {
            assert_eq!(told(peer, ForwardedBy::XForwardedFor, lines), expected, "{peer} {lines:?}");
        }
    }

    #[test]
    fn the_other_header_is_read_where_the_proxies_write_that() {
        const F: &str = "forwarded";
        for (lines, expected) in [
            (&[(F, "for=203.0.113.9")][..], "203.0.113.9"),
            (&[(F, "proto=https; For=\"[2001:db8:1::9]:4711\";by=10.0.0.1")], "2001:db8:1::9"),
            (&[(F, "for=6.6.6.6, for=203.0.113.9;proto=http, for=10.0.0.4")], "203.0.113.9"),
            (&[(F, "for=_hidden")], "0.0.0.0"),
            (&[(F, "proto=https")], "0.0.0.0"),
            (&[("x-forwarded-for", "203.0.113.9")], "10.1.2.3"),
        ] {
            assert_eq!(told("10.1.2.3", ForwardedBy::Forwarded, lines), expected, "{lines:?}");
        }
    }
}
