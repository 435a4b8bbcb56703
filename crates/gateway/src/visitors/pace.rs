//! How often an address may come.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::network::neighbourhood;
use crate::settings::IpLimit;

/// Addresses that are remembered. When all of them still count, further ones share one place.
const MOST: usize = 4096;

/// Who shares that place.
const CROWD: IpAddr = IpAddr::V4(Ipv4Addr::BROADCAST);

/// A token bucket for each address, as the moment when it will be full again.
#[derive(Debug, Default)]
pub(super) struct Paces {
    full_at: Mutex<HashMap<IpAddr, Instant>>,
}

impl Paces {
    /// Takes one of the requests that a window allows.
    ///
    /// # Errors
    /// How long until the next.
    pub(super) fn take(&self, address: IpAddr, limit: IpLimit, now: Instant) -> Result<(), Duration> {
        if limit.requests == 0 {
            return Ok(());
        }
        let window = Duration::from_secs(u64::from(limit.window_s));
        let one = window / limit.requests;
        // One insertion: a panic leaves nothing half done.
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let mut place = neighbourhood(address);
        if full_at.len() >= MOST && !full_at.contains_key(&place) {
            full_at.retain(|_, full| *full > now);
            if full_at.len() >= MOST {
                place = CROWD;
            }
        }
        let full = full_at.entry(place).or_insert(now);
        let after = (*full).max(now) + one;
        match after.saturating_duration_since(now + window) {
            Duration::ZERO => {
                *full = after;
                Ok(())
            }
            wait => Err(wait),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const THREE: IpLimit = IpLimit { requests: 3, window_s: 30 };

    #[test]
    fn a_window_has_so_many_requests_and_each_comes_back() {
        let (paces, now) = (Paces::default(), Instant::now());
        let home: IpAddr = "192.0.2.1".parse().unwrap();
        for _ in 0..3 {
            assert_eq!(paces.take(home, THREE, now), Ok(()));
        }
        assert_eq!(paces.take(home, THREE, now), Err(10 * SECOND));
        assert_eq!(paces.take(home, THREE, now + 4 * SECOND), Err(6 * SECOND));
        assert_eq!(paces.take("192.0.2.2".parse().unwrap(), THREE, now), Ok(()), "another has its own");
        assert_eq!(paces.take(home, THREE, now + 10 * SECOND), Ok(()));
        assert!(paces.take(home, THREE, now + 10 * SECOND).is_err());
        assert_eq!(paces.take(home, IpLimit { requests: 0, window_s: 30 }, now), Ok(()), "no limit");
    }

    #[test]
    fn a_household_has_one_place_and_the_table_an_end() {
        let (paces, now) = (Paces::default(), Instant::now());
        for last in 0..3 {
            assert_eq!(paces.take(format!("2001:db8::{last}").parse().unwrap(), THREE, now), Ok(()));
        }
        assert!(paces.take("2001:db8::ffff".parse().unwrap(), THREE, now).is_err());
        let strangers = |from: u32| (from..).map(|at| IpAddr::V4(Ipv4Addr::from_bits(at)));
        for stranger in strangers(1 << 24).take(MOST + 2) {
            assert_eq!(paces.take(stranger, THREE, now), Ok(()));
        }
        assert!(paces.full_at.lock().unwrap().len() <= MOST + 1);
        // The crowd had three of them by now; with time there is room again.
        assert!(paces.take(IpAddr::V4(Ipv4Addr::from_bits(1 << 28)), THREE, now).is_err());
        let later = now + 31 * SECOND;
        assert_eq!(paces.take(IpAddr::V4(Ipv4Addr::from_bits(1 << 28)), THREE, later), Ok(()));
        assert!(paces.full_at.lock().unwrap().len() < 3);
    }
}
