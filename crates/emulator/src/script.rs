//! Faults ahead: pushed by tests, or counted for prompts and model ids.

use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::fault::Spelled;
use crate::{Fault, Operation};

/// Counters of prompts are dropped all at once beyond this many, so that a long-lived Sandbox stays small.
const MOST_COUNTERS: usize = 1024;

/// A handle to the faults that the next requests meet. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Script(Arc<Mutex<Plot>>);

#[derive(Debug, Default)]
struct Plot {
    next: VecDeque<(When, Fault)>,
    /// How often a spelled fault struck since one request got through, by fault and prompt.
    struck: HashMap<u64, u32>,
}

/// Which requests a pushed fault waits for. The default is any generating request of anyone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct When {
    /// Only requests signed with this access key id, or carrying this bearer key, or of the Kiro account of this
    /// name (its token endpoints included).
    pub key: Option<String>,
    /// Only this operation.
    pub operation: Option<Operation>,
}

impl When {
    /// Requests of one operation.
    #[must_use]
    pub const fn operation(operation: Operation) -> Self {
        Self { key: None, operation: Some(operation) }
    }

    /// Generating requests of one key.
    pub fn key(key: impl Into<String>) -> Self {
        Self { key: Some(key.into()), operation: None }
    }

    fn fits(&self, operation: Operation, key: Option<&str>) -> bool {
        self.operation.map_or_else(|| operation.generates(), |wanted| wanted == operation)
            && self.key.as_deref().is_none_or(|wanted| Some(wanted) == key)
    }
}

impl Script {
    /// The next generating request meets this fault.
    pub fn push(&self, fault: Fault) {
        self.push_when(When::default(), fault);
    }

    /// The next request that fits meets this fault. Each push strikes once.
    pub fn push_when(&self, when: When, fault: Fault) {
        self.plot().next.push_back((when, fault));
    }

    /// Forgets what was pushed and counted.
    pub fn clear(&self) {
        *self.plot() = Plot::default();
    }

    /// How many pushed faults have not struck yet.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.plot().next.len()
    }

    /// Takes the first pushed fault that fits, but for what strikes before anybody knows whose request it is.
    pub(crate) fn take(&self, operation: Operation, key: Option<&str>) -> Option<Fault> {
        let fits = |when: &When, fault: &Fault| !is_hold(fault) && when.fits(operation, key);
        self.take_where(fits)
    }

    /// How long nobody is to look at a request.
    pub(crate) fn hold(&self, operation: Operation) -> Option<Duration> {
        let held = self.take_where(|when, fault| is_hold(fault) && when.fits(operation, None));
        held.and_then(|fault| if let Fault::Hold(time) = fault { Some(time) } else { None })
    }

    fn take_where(&self, fits: impl Fn(&When, &Fault) -> bool) -> Option<Fault> {
        let mut plot = self.plot();
        let at = plot.next.iter().position(|(when, fault)| fits(when, fault))?;
        plot.next.remove(at).map(|(_, fault)| fault)
    }

    /// Whether a spelled fault strikes now. After `times` strikes one request of that prompt gets through, then the
    /// count starts over, so that a repeated test sees the same.
    pub(crate) fn strikes(&self, spelled: &Spelled, prompt: &str) -> bool {
        if spelled.times == u32::MAX {
            return true;
        }
        let mut hasher = DefaultHasher::new();
        format!("{:?}", spelled.fault).hash(&mut hasher);
        prompt.hash(&mut hasher);
        let key = hasher.finish();
        let mut plot = self.plot();
        if plot.struck.len() >= MOST_COUNTERS {
            plot.struck.clear();
        }
        let struck = plot.struck.entry(key).or_default();
        if *struck < spelled.times {
            *struck += 1;
            true
        } else {
            plot.struck.remove(&key);
            false
        }
    }

    fn plot(&self) -> MutexGuard<'_, Plot> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const fn is_hold(fault: &Fault) -> bool {
    matches!(fault, Fault::Hold(_))
}
