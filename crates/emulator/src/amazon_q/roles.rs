//! Keys that people of an organisation took roles with.

use std::time::{Duration, SystemTime};

use super::ledger::Kiro;
use crate::AccessKey;

/// Keys that stay valid beside each other; the oldest go first.
const MOST: usize = 64;

/// All of them.
pub(super) struct Roles {
    taken: Vec<RoleKey>,
    life: Duration,
}

struct RoleKey {
    key: AccessKey,
    expires: SystemTime,
}

impl Roles {
    pub(super) const fn new(life: Duration) -> Self {
        Self { taken: Vec::new(), life }
    }
}

impl Kiro {
    /// The keys of every role that was taken so far are expired.
    pub fn expire_roles(&self) {
        self.ledger().roles.taken.iter_mut().for_each(|role| role.expires = SystemTime::UNIX_EPOCH);
    }

    /// How often a role was taken.
    #[must_use]
    pub fn roles_taken(&self) -> usize {
        self.ledger().roles.taken.len()
    }

    /// Fresh keys of a role, and when they end.
    pub(super) fn assume(&self, now: SystemTime) -> (AccessKey, SystemTime) {
        let mut ledger = self.ledger();
        let id = format!("ASIA{}", ledger.dice.word("", 16).to_ascii_uppercase());
        let key = AccessKey::new(id, ledger.dice.word("", 40)).with_token(ledger.dice.word("IQoJ", 200));
        let expires = now + ledger.roles.life;
        ledger.roles.taken.push(RoleKey { key: key.clone(), expires });
        (key, expires)
    }

    /// The keys of all roles that were taken, the last [`MOST`] of them.
    pub(super) fn role_keys(&self, now: SystemTime) -> Vec<AccessKey> {
        let ledger = self.ledger();
        let known = ledger.roles.taken.iter().rev().take(MOST);
        known.map(|role| AccessKey { expired: role.expires <= now, ..role.key.clone() }).collect()
    }
}
