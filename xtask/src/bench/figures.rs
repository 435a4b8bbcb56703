//! All that was measured, and what it comes to.

use std::collections::HashMap;

use super::lane::Interface;
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
/// The name of the target that converts nothing.
pub(crate) const NGINX: &str = "nginx";

struct Line {
    row: Row,
    target: String,
    lane: &'static str,
    interface: Interface,
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
                interface: lane.interface,
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

    /// The row of nginx that `row` is compared with: the one that hands on the same bytes if there is one.
    pub(crate) fn nginx(&self, row: Row) -> Option<Row> {
        let interface = self.line(row)?.interface;
        let nginx = || self.lines.iter().filter(|line| line.target == NGINX);
        let same = nginx().find(|line| line.interface == interface);
        let service = || nginx().find(|line| line.interface.service() == interface.service());
        same.or_else(service).map(|line| line.row)
    }

    fn line(&self, row: Row) -> Option<&Line> {
        self.lines.iter().find(|line| line.row == row)
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
        let interface = self.line(row)?.interface;
        let mut direct = self.lines.iter().filter(|line| line.row.target == DIRECT);
        let direct = direct.find(|line| line.interface == interface)?.row;
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

    fn line(target: usize, lane: usize, name: &str, interface: Interface) -> Line {
        Line { row: Row { target, lane }, target: name.to_owned(), lane: "", interface, same_wire: false }
    }

    fn book() -> Book {
        let lines = vec![
            line(0, 0, "direct", Interface::Invoke),
            line(0, 1, "direct", Interface::Kiro),
            line(1, 0, NGINX, Interface::Invoke),
            line(1, 1, NGINX, Interface::Kiro),
            line(2, 0, "ours", Interface::Converse),
            line(3, 0, "ours", Interface::Kiro),
        ];
        Book { lines, wholes: Vec::new(), runs: HashMap::new(), right: 0, wrong: 0 }
    }

    #[test]
    fn a_lane_is_compared_with_the_bytes_it_converts() {
        let (mut book, nginx) = (book(), |lane| Some(Row { target: 1, lane }));
        assert_eq!(book.nginx(Row { target: 2, lane: 0 }), nginx(0), "the nearest there is");
        assert_eq!(book.nginx(Row { target: 3, lane: 0 }), nginx(1));
        book.lines.remove(3);
        assert_eq!(book.nginx(Row { target: 3, lane: 0 }), None, "other bytes are no measure");
    }

    #[test]
    fn what_the_stand_in_takes_alone_is_taken_off() {
        let mut book = book();
        for (target, lane, micros) in [(0, 0, 10.0), (0, 1, 100.0), (3, 0, 150.0)] {
            let run = Run { total_p50: Some(micros), ..Run::default() };
            book.runs.insert((Row { target, lane }, "json"), vec![run]);
        }
        assert_eq!(book.added(Row { target: 3, lane: 0 }, "json", |run| run.total_p50), Some(50.0));
    }

    #[test]
    fn medians() {
        assert_eq!(median(vec![]), None);
        assert_eq!(median(vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), Some(2.5));
    }
}
