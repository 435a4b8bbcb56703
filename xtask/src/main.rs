//! Automation, in Rust so that it runs the same on Linux, macOS and Windows: `cargo xtask run`, `cargo xtask test`.

mod bench;
mod browser;
mod clients;
mod desktop;
mod icons;
mod keychain;
mod node;
mod python;
mod run;
mod shell;
mod survive;
mod test;
mod types;
mod ui;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "xtask", about = "Builds, runs, tests and measures Switchboard")]
struct Args {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Builds and starts the product with the Sandbox account ready to answer
    Run(run::Args),
    /// Installs what is missing and runs every test
    Test(test::Args),
    /// Runs the official SDKs and CLIs against the product
    Clients(clients::Args),
    /// Uses the window in a real browser, as a person would
    Browser(browser::Args),
    /// Uses the tray app on a virtual screen, as a person would
    Desktop(desktop::Args),
    /// Draws the icons in every size, from the drawings in `icons/`
    Icons,
    /// Writes the TypeScript types of the admin API into the window's sources
    Types(types::Args),
    /// Tries faults and attacks on the real binary, and counts what it survives
    Survive(survive::Args),
    /// Measures the product beside nginx, prints one table
    Bench(bench::Args),
}

fn main() -> ExitCode {
    // What was tried is told in the chain; where in this program it failed helps nobody.
    match perform(Args::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn perform(task: Task) -> Result<()> {
    match task {
        Task::Run(args) => run::run(&args),
        Task::Test(args) => test::test(&args),
        Task::Clients(args) => clients::clients(&args),
        Task::Browser(args) => browser::browser(&args),
        Task::Desktop(args) => desktop::journeys(&args),
        Task::Icons => icons::icons(),
        Task::Types(args) => types::types(&args),
        Task::Survive(args) => survive::survive(&args),
        Task::Bench(args) => bench::bench(&args),
    }
}
