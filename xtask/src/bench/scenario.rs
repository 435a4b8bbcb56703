//! What is asked, and asking it with `bench-load`.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::built;
use super::lane::Lane;
use super::process::Process;
use super::target::Target;

/// One kind of load.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    size: &'static str,
    stream: bool,
    pub(crate) connections: usize,
    /// Answers at most, and seconds at most.
    requests: usize,
    secs: f64,
    pieces: usize,
    bytes: usize,
    /// Microseconds between pieces; such streams carry send times.
    gap_us: u64,
}

/// As long as an answer of a few sentences.
const PLAIN: Scenario = Scenario {
    name: "",
    size: "small",
    stream: true,
    connections: 1,
    requests: 300,
    secs: 2.5,
    pieces: 100,
    bytes: 20,
    gap_us: 0,
};

pub(crate) const JSON: &str = "json";
pub(crate) const SMALL: &str = "1 KB";
pub(crate) const MEDIUM: &str = "30 KB";
pub(crate) const HUGE: &str = "2 MB";
pub(crate) const JSON_MANY: &str = "json, 32 connections";
pub(crate) const STREAM_MANY: &str = "streams, 32 connections";
pub(crate) const PACED: &str = "paced streams";

pub(crate) const SCENARIOS: [Scenario; 7] = [
    Scenario { name: JSON, stream: false, ..PLAIN },
    Scenario { name: SMALL, ..PLAIN },
    Scenario { name: MEDIUM, size: "medium", requests: 150, ..PLAIN },
    Scenario { name: HUGE, size: "huge", requests: 24, secs: 6.0, ..PLAIN },
    Scenario { name: JSON_MANY, stream: false, connections: 32, requests: 1_000_000, ..PLAIN },
    Scenario { name: STREAM_MANY, connections: 32, requests: 1_000_000, ..PLAIN },
    Scenario { name: PACED, connections: 10, requests: 20, pieces: 40, bytes: 24, gap_us: 25_000, ..PLAIN },
];

/// A stream of twelve seconds.
const SLOW: Scenario =
    Scenario { name: "slow streams", requests: 0, secs: 20.0, pieces: 24, gap_us: 500_000, ..PLAIN };

impl Scenario {
    /// How the stand-in must answer, as it takes its knobs.
    pub(crate) fn knobs(&self) -> String {
        let stamped = self.gap_us > 0 && self.name == PACED;
        json!({"pieces": self.pieces, "bytes": self.bytes, "gap_us": self.gap_us, "stamped": stamped})
            .to_string()
    }
}

/// The knobs of [`Load::slow`].
pub(crate) fn slow_knobs() -> String {
    SLOW.knobs()
}

/// What came of a load. Times are microseconds.
#[derive(Default)]
pub(crate) struct Run {
    pub(crate) right: u64,
    pub(crate) wrong: u64,
    /// Right answers with those that only warmed up: all that the CPU time was spent on.
    pub(crate) answered: u64,
    pub(crate) rate: f64,
    pub(crate) total_p50: Option<f64>,
    pub(crate) first_text_p50: Option<f64>,
    pub(crate) lag_p99: Option<f64>,
    pub(crate) cpu_us: Option<f64>,
    /// The kinds of wrong answers, with samples.
    pub(crate) trouble: String,
}

/// One call of `bench-load`.
pub(crate) struct Load {
    args: Vec<String>,
}

impl Load {
    fn new(target: &Target, lane: &Lane, scenario: &Scenario) -> Self {
        let mut load = Load { args: Vec::new() };
        load.set("--to", format!("127.0.0.1:{}", target.port));
        load.set("--dialect", lane.dialect);
        load.set("--model", lane.model);
        load.set("--size", scenario.size);
        load.set("--pieces", scenario.pieces);
        load.set("--bytes", scenario.bytes);
        if let Some(key) = &target.key {
            load.set("--key", key);
        }
        if scenario.stream {
            load.args.push("--stream".to_owned());
        }
        load
    }

    fn set(&mut self, name: &str, value: impl ToString) {
        self.args.extend([name.to_owned(), value.to_string()]);
    }

    pub(crate) fn scenario(target: &Target, lane: &Lane, scenario: &Scenario) -> Self {
        let mut load = Load::new(target, lane, scenario);
        load.set("--connections", scenario.connections);
        load.set("--requests", scenario.requests);
        load.set("--max-secs", scenario.secs);
        // Each connection's first answer; one of two megabytes warms as well as three small ones.
        let warm = if scenario.size == "huge" { 1 } else { scenario.connections.max(3) };
        if scenario.name == PACED {
            load.args.push("--stamped".to_owned());
        } else {
            load.set("--warmup", warm);
        }
        load
    }

    /// Many streams at once, each of them slow.
    pub(crate) fn slow(target: &Target, lane: &Lane, streams: usize) -> Self {
        let mut load = Load::new(target, lane, &SLOW);
        load.set("--connections", streams);
        load.set("--requests", streams);
        load.set("--patience", 60);
        load
    }

    /// Asks until one answer is right.
    pub(crate) fn first_answer(target: &Target, lane: &Lane) -> Self {
        let json = &SCENARIOS[0];
        let mut load = Load::new(target, lane, json);
        load.args.push("--until-right".to_owned());
        load
    }

    /// The same with at most so many answers.
    pub(crate) fn limited(mut self, requests: usize) -> Self {
        if let Some(at) = self.args.iter().position(|arg| arg == "--requests") {
            self.args[at + 1] = requests.to_string();
        }
        self
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(built("bench-load"));
        command.args(&self.args);
        command
    }

    pub(crate) fn run(&self) -> Result<Run> {
        self.read(&Process::start(&mut self.command(), Path::new("."))?.finish()?)
    }

    pub(crate) fn is_right(&self, printed: &str) -> bool {
        self.read(printed).is_ok_and(|run| run.right > 0)
    }

    /// Reads what `bench-load` printed.
    pub(crate) fn read(&self, printed: &str) -> Result<Run> {
        let report: Value = serde_json::from_str(printed)
            .with_context(|| format!("bench-load {}: {printed}", self.args.join(" ")))?;
        let count = |name: &str| report[name].as_u64().unwrap_or_default();
        let time = |name: &str, quantile: &str| report[name][quantile].as_f64();
        Ok(Run {
            right: count("right"),
            wrong: count("wrong"),
            answered: count("right") + count("warm"),
            rate: report["rate"].as_f64().unwrap_or_default(),
            total_p50: time("total_us", "p50"),
            first_text_p50: time("first_text_us", "p50"),
            lag_p99: time("lag_us", "p99"),
            cpu_us: None,
            trouble: format!("{} {}", report["failures"], report["samples"]),
        })
    }
}
