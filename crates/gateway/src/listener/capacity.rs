//! How many connections there may be.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Counts the open connections of all listeners together, and those of each machine but this one.
#[derive(Debug)]
pub struct Capacity {
    total: usize,
    per_peer: usize,
    open: Mutex<Open>,
}

/// The table is bounded: it has an entry only for peers with an open connection.
#[derive(Debug, Default)]
struct Open {
    total: usize,
    peers: HashMap<IpAddr, usize>,
}

impl Default for Capacity {
    /// 1024 connections, 64 of them from any one other machine.
    fn default() -> Self {
        Self::new(1024, 64)
    }
}

impl Capacity {
    #[must_use]
    pub fn new(total: usize, per_peer: usize) -> Self {
        Self { total, per_peer, open: Mutex::default() }
    }

    /// Open connections at the moment.
    #[must_use]
    pub fn open(&self) -> usize {
        self.lock().total
    }

    /// Counts one more connection, unless that is too many. Give the permit to the connection.
    pub(super) fn enter(self: &Arc<Self>, peer: IpAddr) -> Option<Permit> {
        let peer = peer.to_canonical();
        let mut open = self.lock();
        if open.total >= self.total {
            return None;
        }
        if !peer.is_loopback() {
            let count = open.peers.entry(peer).or_default();
            if *count >= self.per_peer {
                return None;
            }
            *count += 1;
        }
        open.total += 1;
        drop(open);
        Some(Permit { capacity: Arc::clone(self), peer })
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        // Two counters cannot be left half changed in a way that matters: go on after a panic.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One counted connection.
#[derive(Debug)]
pub(super) struct Permit {
    capacity: Arc<Capacity>,
    peer: IpAddr,
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut open = self.capacity.lock();
        open.total = open.total.saturating_sub(1);
        if let Some(count) = open.peers.get_mut(&self.peer) {
            *count -= 1;
            if *count == 0 {
                open.peers.remove(&self.peer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_all_and_each_foreign_peer() {
        let capacity = Arc::new(Capacity::new(3, 1));
        let home: IpAddr = "127.0.0.1".parse().unwrap();
        let foreign: IpAddr = "192.168.1.9".parse().unwrap();
        let mapped: IpAddr = "::ffff:192.168.1.9".parse().unwrap();
        let first = capacity.enter(foreign).unwrap();
        assert!(capacity.enter(mapped).is_none(), "the same machine in another notation");
        let _second = capacity.enter(home).unwrap();
        let _third = capacity.enter("::1".parse().unwrap()).unwrap();
        assert!(capacity.enter(home).is_none());
        drop(first);
        assert_eq!(capacity.open(), 2);
        assert!(capacity.lock().peers.is_empty());
        assert!(capacity.enter(mapped).is_some());
    }
}
