//! All that was measured, and what it comes to.

use std::collections::HashMap;

use super::scenario::{Run, Scenario};
use super::target::Target;

/// A lane of a target.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Row {
    pub(crate) target: usize,
    pub(crate) lane: usize,
}

/// The target that stands for nothing in between.
const DIRECT: usize = 0;

struct Line {
    row: Row,
    target: String,
    lane: &'static str,
    direct: usize,
    same_wire: bool,
}

/// What belongs to a target and not to a lane.
#[derive(Default)]
struct Whole {
    idle: Option<u64>,
    slow: Option<u64>,
    starts: Vec<f64>,
}

/// The record of a measurement.
pub(crate) struct Book {
    lines: Vec<Line>,
    wholes: Vec<Whole>,
    /// One run a round.
    runs: HashMap<(Row, &'static str), Vec<Run>>,
    right: u64,
    wrong: u64,
}

impl Book {
    pub(crate) fn new(targets: &[Target]) -> Self {
        let lines = targets.iter().enumerate().flat_map(|(number, target)| {
            target.lanes.iter().enumerate().map(move |(lane_number, lane)| Line {
                row: Row { target: number, lane: lane_number },
                target: target.name.clone(),
                lane: lane.name,
                direct: lane.direct,
                same_wire: lane.same_wire,
            })
        });
        Book {
            lines: lines.collect(),
            wholes: targets.iter().map(|_| Whole::default()).collect(),
            runs: HashMap::new(),
            right: 0,
            wrong: 0,
        }
    }

    pub(crate) fn rows(&self) -> Vec<Row> {
        self.lines.iter().map(|line| line.row).collect()
    }

    /// Rows but the stand-in's own, with their title and whether both sides speak the same wire.
    pub(crate) fn proxies(&self) -> impl Iterator<Item = (Row, String, bool)> {
        let proxies = self.lines.iter().filter(|line| line.row.target != DIRECT);
        proxies.map(|line| (line.row, format!("{}, {}", line.target, line.lane), line.same_wire))
    }

    pub(crate) fn nginx(&self) -> Option<Row> {
        self.lines.iter().find(|line| line.target == "nginx").map(|line| line.row)
    }

    pub(crate) fn add(&mut self, row: &Row, scenario: &Scenario, run: Run) {
        self.count(&run);
        self.runs.entry((*row, scenario.name)).or_default().push(run);
    }

    /// Counts a run that is measured for something else than its times.
    pub(crate) fn count(&mut self, run: &Run) {
        self.right += run.right;
        self.wrong += run.wrong;
    }

    pub(crate) fn idle(&mut self, target: usize, bytes: Option<u64>) {
        self.wholes[target].idle = bytes;
    }

    pub(crate) fn slow(&mut self, target: usize, bytes: Option<u64>) {
        self.wholes[target].slow = bytes;
    }

    pub(crate) fn start(&mut self, target: usize, micros: f64) {
        self.wholes[target].starts.push(micros);
    }

    /// All answers, and the wrong ones among them.
    pub(crate) fn answers(&self) -> (u64, u64) {
        (self.right + self.wrong, self.wrong)
    }

    /// The median over the rounds.
    pub(crate) fn median(
        &self,
        row: Row,
        scenario: &'static str,
        of: fn(&Run) -> Option<f64>,
    ) -> Option<f64> {
        median(self.runs.get(&(row, scenario))?.iter().filter_map(of).collect())
    }

    /// The median of what the target takes longer than the stand-in alone in the same round.
    pub(crate) fn added(&self, row: Row, scenario: &'static str, of: fn(&Run) -> Option<f64>) -> Option<f64> {
        let line = self.lines.iter().find(|line| line.row == row)?;
        let direct = Row { target: DIRECT, lane: line.direct };
        let (own, alone) = (self.runs.get(&(row, scenario))?, self.runs.get(&(direct, scenario))?);
        median(own.iter().zip(alone).filter_map(|(own, alone)| Some(of(own)? - of(alone)?)).collect())
    }

    /// CPU time for each answer, over all rounds: the counter is too coarse for one.
    pub(crate) fn cpu(&self, row: Row, scenario: &'static str) -> Option<f64> {
        let runs = self.runs.get(&(row, scenario))?;
        let spent = runs.iter().map(|run| run.cpu_us).sum::<Option<f64>>()?;
        let answered = runs.iter().map(|run| run.answered).sum::<u64>();
        (answered > 0).then(|| spent / answered as f64)
    }

    pub(crate) fn memory_idle(&self, row: Row) -> Option<f64> {
        self.first(row)?.idle.map(|bytes| bytes as f64)
    }

    pub(crate) fn memory_slow(&self, row: Row) -> Option<f64> {
        self.first(row)?.slow.map(|bytes| bytes as f64)
    }

    pub(crate) fn starting(&self, row: Row) -> Option<f64> {
        median(self.first(row)?.starts.clone())
    }

    /// What belongs to the whole target stands in the row of its first lane.
    fn first(&self, row: Row) -> Option<&Whole> {
        (row.lane == 0).then(|| self.wholes.get(row.target))?
    }
}

fn median(mut figures: Vec<f64>) -> Option<f64> {
    figures.sort_by(f64::total_cmp);
    let middle = figures.len() / 2;
    match figures.len() {
        0 => None,
        len if len % 2 == 1 => Some(figures[middle]),
        _ => Some(f64::midpoint(figures[middle - 1], figures[middle])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians() {
        assert_eq!(median(vec![]), None);
        assert_eq!(median(vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), Some(2.5));
    }
}
