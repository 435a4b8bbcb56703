//! `cargo xtask survive`: faults and attacks on the product's real binary.

use anyhow::{Result, bail};
use clap::Args as ClapArgs;

use crate::keychain::need_keychain;
use crate::node::{FOR_THE_WINDOW, Node};
use crate::shell::{binary, cargo, need_c_compiler, root, step};
use crate::{browser, ui};

#[derive(ClapArgs)]
pub(crate) struct Args {
    /// The cases to try, e.g. A1 G8; all without one
    #[arg(value_name = "CASE")]
    cases: Vec<String>,
    /// Print one JSON object instead of rows
    #[arg(long)]
    json: bool,
    /// Try the debug build, for your own loop: only what holds in the release build counts
    #[arg(long)]
    debug: bool,
    /// Times in a row that a case must hold
    #[arg(long, default_value_t = 3)]
    rounds: usize,
}

/// Builds, tries, prints a row a case; fails unless every case was survived.
pub(crate) fn survive(args: &Args) -> Result<()> {
    if !cfg!(target_os = "linux") {
        bail!("memory and sockets are read from /proc: this runs on Linux alone");
    }
    need_c_compiler()?;
    need_keychain()?;
    let profile = if args.debug { "debug" } else { "release" };
    let mut build = cargo();
    build.args(["build", "--package", "survive", "--package", "switchboard", "--bin", "survive"]);
    build.args(["--bin", "switchboard"]);
    if !args.debug {
        build.arg("--release");
    }
    let (chromium, node) = (browser::chromium()?, Node::find(FOR_THE_WINDOW)?);
    ui::build()?;
    step("build", &mut build)?;
    let mut run = std::process::Command::new(binary(profile, "survive"));
    run.arg("--program").arg(binary(profile, "switchboard"));
    run.arg("--window")
        .arg(node.program)
        .arg(root().join("tests/browser/seen.mjs"))
        .env("CHROMIUM", chromium);
    run.args(["--rounds", &args.rounds.to_string()]);
    if args.json {
        run.arg("--json");
    }
    if !run.args(&args.cases).status()?.success() {
        bail!("not every case was survived");
    }
    Ok(())
}
