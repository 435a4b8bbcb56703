//! The tray app: what it needs from the system, its build, and its journeys on a screen of their own.

use std::env;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};
use clap::Args as ClapArgs;

use crate::shell::{apt, binary, cargo, root, step};
use crate::ui;

/// The binary.
const NAME: &str = "switchboard-desktop";

/// What a build needs on Debian and its kin, with the name by which pkg-config knows it.
const BUILD: [(&str, &str); 2] = [
    ("webkit2gtk-4.1", "libwebkit2gtk-4.1-dev"),
    ("ayatana-appindicator3-0.1", "libayatana-appindicator3-dev"),
];

/// What the journeys need: a program, and its package.
const JOURNEYS: [(&str, &str); 11] = [
    ("Xvfb", "xvfb"),
    ("openbox", "openbox"),
    ("tint2", "tint2"),
    ("dunst", "dunst"),
    ("xdotool", "xdotool"),
    ("xprop", "x11-utils"),
    ("import", "imagemagick"),
    ("dbus-run-session", "dbus-daemon"),
    ("WebKitWebDriver", "webkit2gtk-driver"),
    ("xclip", "xclip"),
    ("python3", "python3"),
];

#[derive(ClapArgs, Default)]
pub(crate) struct Args {
    /// Only the journeys with this in their name
    filter: Option<String>,
    /// Use the release build, whose figures of memory and time count
    #[arg(long)]
    release: bool,
}

/// Whether a window can be shown here.
pub(crate) fn has_display() -> bool {
    let set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
    !cfg!(target_os = "linux") || set("DISPLAY") || set("WAYLAND_DISPLAY")
}

/// Installs the libraries of the build where they are missing.
///
/// # Errors
/// In plain words, when they can be installed by nobody here.
pub(crate) fn need_libraries() -> Result<()> {
    if !cfg!(target_os = "linux") {
        return Ok(());
    }
    let mut missing: Vec<&str> =
        BUILD.iter().filter(|(module, _)| !knows(module)).map(|(_, package)| *package).collect();
    if missing.is_empty() {
        return Ok(());
    }
    if !on_path("pkg-config") {
        missing.push("pkg-config");
    }
    eprintln!("    the desktop app needs {}", missing.join(", "));
    apt(&missing)?;
    match BUILD.iter().find(|(module, _)| !knows(module)) {
        None => Ok(()),
        Some((module, package)) => bail!(
            "{module} is still missing after installing {package}; \
             `cargo xtask run --headless` runs without the desktop app"
        ),
    }
}

fn knows(module: &str) -> bool {
    Command::new("pkg-config").args(["--exists", module]).status().is_ok_and(|status| status.success())
}

pub(crate) fn on_path(program: &str) -> bool {
    env::var_os("PATH")
        .is_some_and(|path| env::split_paths(&path).any(|folder| folder.join(program).is_file()))
}

/// Builds the app and says where it is.
pub(crate) fn build(profile: &str) -> Result<std::path::PathBuf> {
    need_libraries()?;
    ui::build()?;
    let mut build = cargo();
    build.args(["build", "--package", NAME]);
    if profile == "release" {
        build.arg("--release");
    }
    step("desktop", &mut build)?;
    Ok(binary(profile, NAME))
}

/// Runs the app as a person would, on a virtual screen with a window manager and a tray.
pub(crate) fn journeys(args: &Args) -> Result<()> {
    if !cfg!(target_os = "linux") {
        eprintln!("    desktop: the journeys need the virtual screen of X11; skipped");
        return Ok(());
    }
    let missing: Vec<&str> =
        JOURNEYS.iter().filter(|(program, _)| !on_path(program)).map(|(_, package)| *package).collect();
    if !missing.is_empty() {
        apt(&missing)?;
    }
    let app = build(if args.release { "release" } else { "debug" })?;
    let folder = root().join("tests/desktop");
    let mut run = Command::new("dbus-run-session");
    run.args(["--", "python3"]).arg(folder.join("run.py")).arg("--app").arg(app).current_dir(root());
    run.arg("--screens").arg(screens());
    if let Some(filter) = &args.filter {
        run.arg(filter);
    }
    step("desktop journeys", &mut run)
}

/// Where screenshots are kept, for people and for CI.
fn screens() -> std::path::PathBuf {
    crate::shell::target_dir().join("desktop-screens")
}

/// Starts the app in the foreground; ends when it ends.
pub(crate) fn start(app: &Path, port: Option<u16>, data_dir: Option<&Path>) -> Result<()> {
    let mut command = Command::new(app);
    if let Some(port) = port {
        command.arg("--port").arg(port.to_string());
    }
    if let Some(dir) = data_dir {
        command.arg("--data-dir").arg(dir);
    }
    eprintln!("    Switchboard opens its window; its tray icon stays when you close it");
    let status = command.status()?;
    if !status.success() {
        bail!("{NAME} ended with {status}");
    }
    Ok(())
}
