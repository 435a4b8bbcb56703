//! `cargo xtask clients`: the official SDKs and CLIs, pinned, against the product and the emulator.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use clap::Args as ClapArgs;

use crate::node::{FOR_CLIENTS, Node};
use crate::python;
use crate::shell::{binary, cargo, once, root, step, target_dir};

#[derive(ClapArgs, Default)]
pub(crate) struct Args {
    /// Only the suites whose name contains one of these
    only: Vec<String>,
    /// Install the clients and stop
    #[arg(long)]
    install: bool,
}

impl Args {
    /// Nothing is run.
    pub(crate) const fn install() -> Self {
        Self { only: Vec::new(), install: true }
    }
}

/// Installs the clients where they are missing and runs their checks.
pub(crate) fn clients(args: &Args) -> Result<()> {
    let home = target_dir().join("clients");
    std::fs::create_dir_all(&home)?;
    let python = interpreter(&python::folder(), "requirements.txt")?;
    let other = interpreter(&python::other_folder(), "requirements-other.txt")?;
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
            .args(["--other-python".as_ref(), other.as_os_str()])
            .args(["--modules".as_ref(), home.join("node").as_os_str()])
            .args(&args.only),
    )
}

/// The interpreter of a virtual environment with the Python packages that `list` pins.
fn interpreter(venv: &Path, list: &str) -> Result<PathBuf> {
    let python = python::with_pip(venv)?;
    let wanted = root().join("tests/clients").join(list);
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

/// Node, with the pinned packages installed.
fn node(home: &Path) -> Result<PathBuf> {
    let node = Node::find(FOR_CLIENTS)?;
    let modules = home.join("node");
    std::fs::create_dir_all(&modules)?;
    for name in ["package.json", "package-lock.json"] {
        std::fs::copy(root().join("tests/clients").join(name), modules.join(name))?;
    }
    node.packages("node packages", &modules)?;
    Ok(node.program)
}
