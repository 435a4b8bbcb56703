//! Addresses of the other side, and ranges of them.

use std::net::{IpAddr, Ipv6Addr};

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
