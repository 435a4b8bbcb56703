//! Addresses of the other side, and ranges of them.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Whom an address stands for where somebody is counted. IPv6 gives each household a /64 to draw addresses from.
pub(crate) fn neighbourhood(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) if !v6.is_loopback() => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        other => other,
    }
}

/// A range of addresses, written like `192.0.2.7`, `10.0.0.0/8` or `2001:db8::/32`. IPv4 addresses in the notation of IPv6
/// are those of IPv4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    /// Without what lies below the prefix.
    first: IpAddr,
    /// Bits that all addresses of it share.
    prefix: u32,
}

/// A text that is no range of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not an address, or a range like 10.0.0.0/8")]
pub struct NoNetwork;

impl Network {
    /// Whether an address lies in it.
    #[must_use]
    pub fn contains(self, address: IpAddr) -> bool {
        cut(address.to_canonical(), self.prefix) == Some(self.first)
    }

    /// Whether an address of this machine alone lies in it.
    #[must_use]
    pub fn touches_loopback(self) -> bool {
        let loopback: [IpAddr; 2] = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
        self.first.is_loopback() || loopback.into_iter().any(|address| self.contains(address))
    }
}

/// The address with the bits below the prefix at 0; `None` for more bits than it has.
fn cut(address: IpAddr, prefix: u32) -> Option<IpAddr> {
    match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(32_u32.checked_sub(prefix)?).unwrap_or(0);
            Some(Ipv4Addr::from_bits(v4.to_bits() & mask).into())
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(128_u32.checked_sub(prefix)?).unwrap_or(0);
            Some(Ipv6Addr::from_bits(v6.to_bits() & mask).into())
        }
    }
}

impl FromStr for Network {
    type Err = NoNetwork;

    fn from_str(text: &str) -> Result<Self, NoNetwork> {
        let (address, prefix) = match text.trim().split_once('/') {
            Some((address, prefix)) if prefix.bytes().all(|byte| byte.is_ascii_digit()) => {
                (address, Some(prefix.parse::<u32>().map_err(|_| NoNetwork)?))
            }
            Some(_) => return Err(NoNetwork),
            None => (text.trim(), None),
        };
        let written: IpAddr = address.parse().map_err(|_| NoNetwork)?;
        let address = written.to_canonical();
        let (most, dropped) = (if address.is_ipv4() { 32 } else { 128 }, written != address);
        let prefix = match prefix {
            None => most,
            Some(prefix) => prefix.checked_sub(if dropped { 96 } else { 0 }).ok_or(NoNetwork)?,
        };
        let first = cut(address, prefix).ok_or(NoNetwork)?;
        Ok(Self { first, prefix })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = if self.first.is_ipv4() { 32 } else { 128 };
        match self.prefix {
            prefix if prefix == whole => write!(f, "{}", self.first),
            prefix => write!(f, "{}/{prefix}", self.first),
        }
    }
}

impl Serialize for Network {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // What was typed is not repeated: it may be a secret in the wrong place.
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_hold_what_they_say() {
        for (range, written, inside, outside) in [
            ("192.0.2.7", "192.0.2.7", "192.0.2.7", "192.0.2.8"),
            ("192.0.2.7", "192.0.2.7", "::ffff:192.0.2.7", "::ffff:192.0.2.8"),
            ("::ffff:192.0.2.7", "192.0.2.7", "192.0.2.7", "::192.0.2.7"),
            ("::ffff:10.0.0.0/104", "10.0.0.0/8", "10.9.9.9", "11.0.0.0"),
            ("10.1.2.3/8", "10.0.0.0/8", "10.255.0.1", "11.0.0.1"),
            ("0.0.0.0/0", "0.0.0.0/0", "203.0.113.9", "2001:db8::1"),
            ("2001:db8::1/32", "2001:db8::/32", "2001:db8:ffff::9", "2001:db9::"),
            ("::/0", "::/0", "2001:db8::1", "203.0.113.9"),
            (" fe80::1 ", "fe80::1", "fe80::1", "fe80::2"),
        ] {
            let network: Network = range.parse().unwrap();
            assert_eq!(network.to_string(), written);
            assert!(network.contains(inside.parse().unwrap()), "{range} {inside}");
            assert!(!network.contains(outside.parse().unwrap()), "{range} {outside}");
            assert_eq!(serde_json::from_value::<Network>(serde_json::json!(written)).unwrap(), network);
        }
        for text in [
            "",
            "/",
            "10.0.0.0/",
            "10.0.0.0/33",
            "::/129",
            "10.0.0.0/+8",
            "10.0.0/8",
            "::ffff:10.0.0.0/8",
            "a",
            "10.0.0.1:80",
        ] {
            assert_eq!(text.parse::<Network>(), Err(NoNetwork), "{text}");
        }
        for (range, touches) in [
            ("127.0.0.1", true),
            ("127.9.0.0/16", true),
            ("::1", true),
            ("0.0.0.0/0", true),
            ("::/8", true),
            ("10.0.0.0/8", false),
            ("fe80::/10", false),
        ] {
            assert_eq!(range.parse::<Network>().unwrap().touches_loopback(), touches, "{range}");
        }
    }
}
