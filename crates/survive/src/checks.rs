//! What one round of a case finds out.

use std::fmt::Display;
use std::sync::{Mutex, PoisonError};

/// What a sub-check came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Held,
    Failed(String),
    /// Why not: missing on this machine, or the case broke off before.
    Untried(String),
}

/// The sub-checks of a case, in the order of their list.
#[derive(Debug)]
pub(crate) struct Checks(Mutex<Vec<(&'static str, Verdict)>>);

impl Checks {
    /// All are untried.
    pub(crate) fn new(names: &[&'static str]) -> Self {
        let untried = |name: &&'static str| (*name, Verdict::Untried("the case broke off before".to_owned()));
        Self(Mutex::new(names.iter().map(untried).collect()))
    }

    /// A sub-check holds when all that is said of it here is so. `detail` is what was seen instead.
    pub(crate) fn that(&self, name: &'static str, so: bool, detail: impl Display) {
        self.say(name, if so { Verdict::Held } else { Verdict::Failed(detail.to_string()) });
    }

    /// A sub-check that cannot be tried here.
    pub(crate) fn untried(&self, name: &'static str, why: &str) {
        self.say(name, Verdict::Untried(why.to_owned()));
    }

    fn say(&self, name: &'static str, verdict: Verdict) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match all.iter_mut().find(|(own, _)| *own == name) {
            // What went wrong once stays wrong.
            Some((_, Verdict::Failed(_))) => {}
            Some((_, known)) => *known = verdict,
            None => all.push((name, Verdict::Failed("is not in the case's list".to_owned()))),
        }
    }

    pub(crate) fn verdicts(&self) -> Vec<(&'static str, Verdict)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
