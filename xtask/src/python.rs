//! A Python of our own, below the target folder.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::shell::{apt, have, target_dir};

/// The virtual environment.
pub(crate) fn folder() -> PathBuf {
    target_dir().join("clients").join("python")
}

/// One beside it, for clients that want other versions of the same packages.
pub(crate) fn other_folder() -> PathBuf {
    target_dir().join("clients").join("other-python")
}

/// The interpreter of a virtual environment, which is made anew where it does not work.
pub(crate) fn with_pip(venv: &Path) -> Result<PathBuf> {
    let python = if cfg!(windows) { venv.join("Scripts/python.exe") } else { venv.join("bin/python") };
    if !has_pip(&python) {
        // What is there belongs to a Python that is gone, or was left half made.
        if venv.exists() {
            std::fs::remove_dir_all(venv).with_context(|| format!("cannot remove {}", venv.display()))?;
        }
        make(venv)?;
    }
    Ok(python)
}

fn has_pip(python: &Path) -> bool {
    Command::new(python).args(["-m", "pip", "--version"]).output().is_ok_and(|output| output.status.success())
}

fn make(venv: &Path) -> Result<()> {
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
