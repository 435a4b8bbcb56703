//! `cargo xtask bench`: the product beside nginx and named peers, before the same stand-in, in one table.
//!
//! Machines differ and are busy, so every round asks all targets in turn and only what was measured in one run is
//! compared: times are what a target adds to the same request straight to the stand-in, and ratios are to nginx,
//! which hands on the same bytes and converts nothing.

mod column;
mod figures;
mod lane;
mod process;
mod report;
mod scenario;
mod target;
mod usage;

use std::path::Path;

use anyhow::{Context, Result, bail};
use clap::Args as ClapArgs;

use self::figures::Book;
use self::lane::Service;
use self::process::Process;
use self::report::Conditions;
use self::scenario::{Load, SCENARIOS};
use self::target::{Peer, Target, Upstream};
use crate::shell::{apt, binary, cargo, have, need_c_compiler, root, step};
use crate::ui;

#[derive(ClapArgs)]
pub(crate) struct Args {
    /// Rounds of all measurements; the table shows medians
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Another proxy to measure: name=command,port,key. It speaks Anthropic Messages on 127.0.0.1:port, takes the key
    /// as x-api-key and gets the AWS variables that lead to the stand-in, whose port also replaces {upstream}
    #[arg(long = "peer", value_name = "NAME=COMMAND,PORT,KEY")]
    peers: Vec<Peer>,
    /// Install nginx with apt if it is missing
    #[arg(long)]
    install_peers: bool,
    /// Leave the product out: only nginx and the peers
    #[arg(long)]
    without_product: bool,
    /// Measure only what leads to this service
    #[arg(long, value_enum)]
    only: Option<Service>,
    /// Streams that are open at once when memory is measured; 0 leaves it out
    #[arg(long, default_value_t = 500)]
    slow: usize,
    /// Starts to measure for each target
    #[arg(long, default_value_t = 5)]
    starts: usize,
    /// Only what hundreds of accounts cost beside one
    #[arg(long, exclusive = true)]
    accounts: bool,
    /// Put the table into docs/performance.md
    #[arg(long, conflicts_with = "only")]
    write: bool,
}

/// Builds, measures, prints the table; fails if any answer was wrong.
pub(crate) fn bench(args: &Args) -> Result<()> {
    if args.accounts {
        let mut command = cargo();
        command.args(["run", "--release", "--package", "switchboard", "--example", "crowd"]);
        return step("accounts", ui::without(&mut command));
    }
    build(args)?;
    let scratch = tempfile::tempdir()?;
    let upstream = Upstream::start()?;
    let mut targets = vec![Target::direct(&upstream)];
    if has_nginx(args)? {
        targets.push(Target::nginx(&upstream, scratch.path())?);
    } else {
        eprintln!("    nginx is not installed: no ratios (--install-peers installs it)");
    }
    if !args.without_product {
        for service in [Service::Bedrock, Service::Kiro] {
            targets.push(Target::product(service, &upstream, scratch.path())?);
        }
    }
    targets.extend(args.peers.iter().map(|peer| Target::peer(peer, &upstream, scratch.path())));
    if let Some(only) = args.only {
        targets.iter_mut().for_each(|target| target.keep(only));
        targets.retain(|target| !target.lanes.is_empty());
    }

    let mut book = Book::new(&targets);
    for (number, target) in targets.iter_mut().enumerate() {
        start(target, scratch.path()).with_context(|| target.name.clone())?;
        warm_up(&mut book, target, &upstream)?;
        book.idle(number, target.process().and_then(usage::resident));
    }
    for round in 0..args.rounds {
        measure(&mut book, &targets, &upstream, round)?;
        eprintln!("    round {} of {}, load {}", round + 1, args.rounds, usage::load_average());
    }
    if args.slow > 0 {
        slow_streams(&mut book, &targets, &upstream, args.slow)?;
    }
    // What was asked last may take twelve seconds to answer.
    upstream.turn(&SCENARIOS[0].knobs())?;
    for (number, target) in targets.iter_mut().enumerate().skip(1) {
        for _ in 0..args.starts {
            target.stop()?;
            book.start(number, start(target, scratch.path())?);
        }
        target.stop()?;
    }
    let table = report::write(&book, &Conditions { rounds: args.rounds, slow: args.slow });
    println!("{table}");
    match book.answers() {
        (_, 0) if args.write => report::publish(&table, &root().join("docs/performance.md")),
        (_, 0) => Ok(()),
        (_, wrong) => bail!("{wrong} wrong answers: the figures count for nothing"),
    }
}

fn build(args: &Args) -> Result<()> {
    need_c_compiler()?;
    let mut command = cargo();
    command.args(["build", "--release", "--package", "bench"]);
    if !args.without_product {
        command.args(["--package", "switchboard", "--bin", "switchboard"]);
        command.args(["--bin", "bench-upstream", "--bin", "bench-load"]);
    }
    step("build", ui::without(&mut command))
}

fn has_nginx(args: &Args) -> Result<bool> {
    let found = || target::nginx_program().is_some();
    if !found() && args.install_peers && cfg!(target_os = "linux") && have("apt-get") {
        apt(&["nginx-light"])?;
    }
    Ok(found())
}

/// Starts a target; microseconds until its first right answer.
fn start(target: &mut Target, scratch: &Path) -> Result<f64> {
    let Some(lane) = target.lanes.first() else { return Ok(0.0) };
    let load = Load::first_answer(target, lane);
    let mut asking = Process::start(&mut load.command(), scratch)?;
    let began = std::time::Instant::now();
    target.start(scratch)?;
    let answer = asking.finish()?;
    let took = began.elapsed().as_secs_f64() * 1e6;
    if !load.is_right(&answer) {
        bail!("no right answer: {answer}\n{}", target.complaint());
    }
    Ok(took)
}

/// Lets every lane answer a little before anything counts.
fn warm_up(book: &mut Book, target: &Target, upstream: &Upstream) -> Result<()> {
    for lane in &target.lanes {
        for scenario in SCENARIOS.iter().filter(|scenario| scenario.connections == 1) {
            upstream.turn(&scenario.knobs())?;
            let run = Load::scenario(target, lane, scenario).limited(20).run()?;
            if run.right == 0 {
                bail!("{} {} {}: {}", target.name, lane.name, scenario.name, run.trouble);
            }
            book.count(&run);
        }
    }
    Ok(())
}

/// One round: every scenario, and in it every lane of every target.
fn measure(book: &mut Book, targets: &[Target], upstream: &Upstream, round: usize) -> Result<()> {
    let mut rows = book.rows();
    // Nobody is always first, nobody always follows the same neighbour.
    let len = rows.len();
    rows.rotate_left(round * 5 % len);
    if round % 2 == 1 {
        rows.reverse();
    }
    for scenario in &SCENARIOS {
        upstream.turn(&scenario.knobs())?;
        for row in &rows {
            let target = &targets[row.target];
            let before = target.process().and_then(usage::cpu);
            let mut run = Load::scenario(target, &target.lanes[row.lane], scenario).run()?;
            let after = target.process().and_then(usage::cpu);
            run.cpu_us = before.zip(after).map(|(before, after)| after - before);
            if run.wrong > 0 {
                eprintln!("    {} {}: {}", target.name, scenario.name, run.trouble);
            }
            book.add(row, scenario, run);
        }
    }
    Ok(())
}

/// Memory while many streams are open.
fn slow_streams(book: &mut Book, targets: &[Target], upstream: &Upstream, streams: usize) -> Result<()> {
    for (number, target) in targets.iter().enumerate() {
        let (Some(process), Some(lane)) = (target.process(), target.lanes.first()) else { continue };
        upstream.turn(&scenario::slow_knobs())?;
        let load = Load::slow(target, lane, streams);
        let mut asking = Process::start(&mut load.command(), Path::new("."))?;
        let mut most = None;
        while asking.runs()? {
            most = most.max(usage::resident(process));
        }
        let run = load.read(&asking.finish()?)?;
        book.count(&run);
        book.slow(number, most);
    }
    Ok(())
}

/// Where the built programs are.
fn built(name: &str) -> std::path::PathBuf {
    binary("release", name)
}
