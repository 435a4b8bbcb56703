//! What is told of a run: a row a case, and the count.

use serde_json::{Value, json};

use crate::cases::Case;
use crate::checks::Verdict;

/// One try of a case.
pub(crate) struct Round {
    pub(crate) seconds: f64,
    pub(crate) verdicts: Vec<(&'static str, Verdict)>,
    /// Why it broke off.
    pub(crate) trouble: Option<String>,
}

impl Round {
    fn held(&self) -> bool {
        self.trouble.is_none() && self.verdicts.iter().all(|(_, verdict)| *verdict == Verdict::Held)
    }

    fn untried(&self) -> bool {
        let failed = |(_, verdict): &(_, Verdict)| matches!(verdict, Verdict::Failed(_));
        self.trouble.is_none() && !self.verdicts.iter().any(failed)
    }
}

/// All that was tried.
#[derive(Default)]
pub(crate) struct Report(Vec<(&'static Case, Vec<Round>)>);

impl Report {
    pub(crate) fn add(&mut self, case: &'static Case, rounds: Vec<Round>) {
        self.0.push((case, rounds));
    }

    /// The row of the case that was added last, and below it what did not hold.
    pub(crate) fn print_last(&self) {
        let Some((case, rounds)) = self.0.last() else { return };
        let seconds: f64 = rounds.iter().map(|round| round.seconds).sum();
        println!(
            "{:<4}{:<10}{} of {}  {:>2} checks {seconds:>7.1} s  {}",
            case.id,
            word(rounds),
            rounds.iter().filter(|round| round.held()).count(),
            rounds.len(),
            case.checks.len(),
            case.fault
        );
        for (number, round) in rounds.iter().enumerate() {
            for (name, verdict) in &round.verdicts {
                match verdict {
                    Verdict::Held => {}
                    Verdict::Failed(detail) => println!("      round {}: NOT {name}: {detail}", number + 1),
                    Verdict::Untried(why) => println!("      round {}: not tried: {name}: {why}", number + 1),
                }
            }
            if let Some(trouble) = &round.trouble {
                println!("      round {}: broke off: {trouble}", number + 1);
            }
        }
    }

    fn survived(&self) -> usize {
        self.0.iter().filter(|(_, rounds)| rounds.iter().all(Round::held)).count()
    }

    pub(crate) fn all_survived(&self) -> bool {
        self.survived() == self.0.len()
    }

    pub(crate) fn summary(&self) -> String {
        format!("survived {} of {}", self.survived(), self.0.len())
    }

    pub(crate) fn json(&self) -> Value {
        let cases: Vec<_> = self.0.iter().map(|(case, rounds)| described(case, rounds)).collect();
        json!({"cases": cases, "survived": self.survived(), "of": self.0.len()})
    }
}

fn word(rounds: &[Round]) -> &'static str {
    if rounds.iter().all(Round::held) {
        "survived"
    } else if rounds.iter().all(Round::untried) {
        "untried"
    } else {
        "failed"
    }
}

fn described(case: &Case, rounds: &[Round]) -> Value {
    let rounds_told: Vec<_> = rounds
        .iter()
        .map(|round| {
            let checks: Vec<_> = round
                .verdicts
                .iter()
                .map(|(name, verdict)| match verdict {
                    Verdict::Held => json!({"check": name, "verdict": "held"}),
                    Verdict::Failed(detail) => json!({"check": name, "verdict": "failed", "detail": detail}),
                    Verdict::Untried(why) => json!({"check": name, "verdict": "untried", "detail": why}),
                })
                .collect();
            json!({"seconds": round.seconds, "held": round.held(), "checks": checks, "trouble": round.trouble})
        })
        .collect();
    json!({"id": case.id, "fault": case.fault, "verdict": word(rounds), "rounds": rounds_told})
}
