//! An account's health where requests can reach it at the same time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::LastError;
use crate::cooling::{Admission, Health};

/// The health of one account and its last error.
#[derive(Debug, Default)]
pub(crate) struct Ward {
    /// False lets the usual request pass without the lock.
    troubled: AtomicBool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    pub health: Health,
    pub last_error: Option<LastError>,
}

impl Ward {
    pub(crate) fn new(health: Health, last_error: Option<LastError>) -> Self {
        Self {
            troubled: AtomicBool::new(!health.is_clean()),
            state: Mutex::new(State { health, last_error }),
        }
    }

    /// True when a success has something to clear, or a request must ask before it goes.
    pub(crate) fn troubled(&self) -> bool {
        self.troubled.load(Ordering::Acquire)
    }

    pub(crate) fn admission(&self, now: Instant) -> Admission {
        if self.troubled() { self.with(|state| state.health.admission(now)) } else { Admission::Yes }
    }

    /// Reads or changes the state in one step.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        // The state is whole after every statement, so a panic of another holder does not matter.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = work(&mut state);
        self.troubled.store(!state.health.is_clean(), Ordering::Release);
        answer
    }
}
