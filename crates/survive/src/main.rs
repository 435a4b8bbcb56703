//! Tries faults and attacks on the product's real binary, with the emulator as its AWS, and counts what it survives:
//! `cargo xtask survive`.
//!
//! A case is a file of `cases`; what it finds out are its sub-checks, each named in words. A case counts when every
//! sub-check held in every round, and not when one could not be tried.

mod canary;
mod cases;
mod checks;
mod exchange;
mod keychain;
mod machine;
mod process;
mod report;
mod session;
mod vitals;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clap::Parser;

use crate::cases::{CASES, Case};
use crate::checks::Checks;
use crate::machine::Stage;
use crate::report::{Report, Round};

/// No case takes longer; one that does has failed.
const LONGEST: Duration = Duration::from_secs(240);

#[derive(Parser)]
struct Args {
    /// The cases to try; all without one
    #[arg(value_name = "CASE")]
    cases: Vec<String>,
    /// The binary to try them on
    #[arg(long)]
    program: PathBuf,
    /// Node, and a script that prints what a window has at an address; without them that stays untried
    #[arg(long, num_args = 2)]
    window: Vec<PathBuf>,
    /// Times in a row that a case must hold
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Print one JSON object instead of rows
    #[arg(long)]
    json: bool,
}

fn main() -> Result<ExitCode> {
    let args = Args::parse();
    let chosen = chosen(&args.cases)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let stage = Stage::new(args.program, args.window);
    let mut report = Report::default();
    for case in chosen {
        let mut rounds = Vec::new();
        for _ in 0..args.rounds {
            rounds.push(runtime.block_on(round(case, &stage)));
        }
        report.add(case, rounds);
        if !args.json {
            report.print_last();
        }
    }
    if args.json {
        println!("{}", report.json());
    } else {
        println!("{}", report.summary());
    }
    Ok(if report.all_survived() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn chosen(names: &[String]) -> Result<Vec<&'static Case>> {
    if names.is_empty() {
        return Ok(CASES.iter().collect());
    }
    let find = |name: &String| CASES.iter().find(|case| case.id.eq_ignore_ascii_case(name));
    if let Some(unknown) = names.iter().find(|name| find(name).is_none()) {
        let known: Vec<_> = CASES.iter().map(|case| case.id).collect();
        bail!("there is no case {unknown}; there are {}", known.join(", "));
    }
    Ok(names.iter().filter_map(find).collect())
}

/// One try of a case, whatever it comes to.
async fn round(case: &Case, stage: &Stage) -> Round {
    let checks = Checks::new(case.checks);
    let began = Instant::now();
    let trouble = match tokio::time::timeout(LONGEST, (case.run)(stage, &checks)).await {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(format!("{error:#}")),
        Err(_) => Some(format!("did not end within {} s", LONGEST.as_secs())),
    };
    Round { seconds: began.elapsed().as_secs_f64(), verdicts: checks.verdicts(), trouble }
}
