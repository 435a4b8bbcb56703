//! Starting other programs, with their failures told plainly.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

/// Where cargo puts what it builds.
pub(crate) fn target_dir() -> PathBuf {
    // A relative one is below the folder that cargo is started in.
    root().join(env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
}

/// A built binary.
pub(crate) fn binary(profile: &str, name: &str) -> PathBuf {
    target_dir().join(profile).join(format!("{name}{}", env::consts::EXE_SUFFIX))
}

/// The cargo that runs us.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// Runs a step and says how long it took.
pub(crate) fn step(name: &str, command: &mut Command) -> Result<()> {
    eprintln!("==> {name}");
    let began = Instant::now();
    let status =
        command.status().with_context(|| format!("{name}: cannot start {:?}", command.get_program()))?;
    if !status.success() {
        bail!("{name}: {status}");
    }
    eprintln!("    {name}: {:.1} s", began.elapsed().as_secs_f64());
    Ok(())
}

/// Whether a program answers to `--version`.
pub(crate) fn have(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success())
}

/// Makes sure a C compiler is there: SQLite and the TLS library are partly C.
pub(crate) fn need_c_compiler() -> Result<()> {
    if cfg!(windows) || have("cc") || have("gcc") || have("clang") {
        return Ok(());
    }
    if cfg!(target_os = "macos") {
        bail!("no C compiler: run `xcode-select --install` once");
    }
    apt(&["gcc", "g++", "libc6-dev"])
}

/// Installs system packages with apt, as root or through sudo.
pub(crate) fn apt(packages: &[&str]) -> Result<()> {
    if !have("apt-get") {
        bail!("please install {} with your system's package manager", packages.join(", "));
    }
    let sudo = !Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout.starts_with(b"0"));
    let apt = |args: &[&str]| {
        let mut command = if sudo { Command::new("sudo") } else { Command::new("apt-get") };
        if sudo {
            command.arg("apt-get");
        }
        command.args(args).env("DEBIAN_FRONTEND", "noninteractive");
        command
    };
    step("apt-get update", &mut apt(&["update", "-qq"]))?;
    let mut args = vec!["install", "-y", "-qq", "--no-install-recommends"];
    args.extend(packages);
    step("apt-get install", &mut apt(&args))
}

/// Runs an installation unless it ran already for the same list.
pub(crate) fn once(mark: &Path, wanted: &Path, install: impl FnOnce() -> Result<()>) -> Result<()> {
    let list = std::fs::read(wanted).with_context(|| format!("cannot read {}", wanted.display()))?;
    if std::fs::read(mark).is_ok_and(|installed| installed == list) {
        return Ok(());
    }
    install()?;
    std::fs::write(mark, list)?;
    Ok(())
}
