//! Wrong tries to sign in: who guesses waits, longer and longer.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use super::Refused;
use crate::network::neighbourhood;

/// Failures of one peer, and of all together, before they must wait.
const A_PEER: u32 = 5;
const ALL: u32 = 20;
const FIRST_WAIT_MS: i64 = 60 * 1000;
const LONGEST_WAIT_MS: i64 = 30 * 60 * 1000;
/// Failures further apart than this have nothing to do with each other.
const FORGOTTEN_MS: i64 = 24 * 60 * 60 * 1000;
/// Peers that are remembered.
const MOST_PEERS: usize = 256;

/// The failures that still count.
#[derive(Debug, Default)]
pub(super) struct Tries {
    peers: HashMap<IpAddr, Failures>,
    all: Failures,
}

#[derive(Clone, Copy, Debug, Default)]
struct Failures {
    count: u32,
    wait_ms: i64,
    until_ms: i64,
    last_ms: i64,
}

impl Tries {
    /// Counts a try as a failure, unless it comes too soon after others.
    pub(super) fn begin(&mut self, peer: Option<IpAddr>, now_ms: i64) -> Result<(), Refused> {
        let peer = peer.map(neighbourhood);
        let of_peer = peer.and_then(|peer| self.peers.get(&peer));
        let until = of_peer.map_or(0, |failures| failures.until_ms).max(self.all.until_ms);
        if until > now_ms {
            let retry_after = Duration::from_millis((until - now_ms).unsigned_abs());
            return Err(Refused::TooMany { retry_after });
        }
        self.all.add(ALL, now_ms);
        let Some(peer) = peer else { return Ok(()) };
        if self.peers.len() >= MOST_PEERS && !self.peers.contains_key(&peer) {
            self.peers.retain(|_, failures| failures.until_ms > now_ms);
        }
        if self.peers.len() < MOST_PEERS || self.peers.contains_key(&peer) {
            self.peers.entry(peer).or_default().add(A_PEER, now_ms);
        }
        Ok(())
    }

    /// The person has come: what failed before was theirs.
    pub(super) fn forgive(&mut self, peer: Option<IpAddr>) {
        self.all = Failures::default();
        if let Some(peer) = peer {
            self.peers.remove(&neighbourhood(peer));
        }
    }
}

impl Failures {
    fn add(&mut self, most: u32, now_ms: i64) {
        if now_ms - self.last_ms.max(self.until_ms) > FORGOTTEN_MS {
            *self = Self::default();
        }
        self.last_ms = now_ms;
        self.count += 1;
        if self.count >= most {
            self.count = 0;
            self.wait_ms = (self.wait_ms * 2).clamp(FIRST_WAIT_MS, LONGEST_WAIT_MS);
            self.until_ms = now_ms + self.wait_ms;
        }
    }
}
