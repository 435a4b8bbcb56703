//! The window's pages, built before the binary that carries them.

use std::process::Command;

use anyhow::{Result, bail};

use crate::shell::{have, root, step};

/// Builds `ui/dist` when there is a `ui/` and npm is there. Without npm an older build, if any, is what the binary gets.
pub(crate) fn build() -> Result<()> {
    let ui = root().join("ui");
    if !ui.join("package.json").is_file() {
        return Ok(());
    }
    let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
    if !have(npm) {
        if ui.join("dist/index.html").is_file() {
            eprintln!("    npm is not there; the window stays as it was built last");
            return Ok(());
        }
        bail!("the window needs Node.js with npm to be built: https://nodejs.org");
    }
    let run = |arguments: &[&str]| {
        let mut command = Command::new(npm);
        command.current_dir(&ui).args(arguments);
        command
    };
    if !ui.join("node_modules").is_dir() {
        step("window: packages", &mut run(&["ci", "--no-audit", "--no-fund"]))?;
    }
    step("window", &mut run(&["run", "build"]))
}

/// Tells the build of a binary for measurements or other tests that it needs no window.
pub(crate) fn without(command: &mut Command) -> &mut Command {
    command.env("SWITCHBOARD_WITHOUT_UI", "1")
}
