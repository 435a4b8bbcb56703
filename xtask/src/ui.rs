//! The window's pages, built before the binary that carries them.

use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

use anyhow::Result;

use crate::node::{FOR_THE_WINDOW, Node};
use crate::shell::{root, step};

/// What the pages are made of, below `ui/`.
const SOURCES: [&str; 8] = [
    "src",
    "build",
    "public",
    "index.html",
    "package-lock.json",
    "svelte.config.js",
    "tsconfig.json",
    "vite.config.ts",
];

/// Types, tests and size of the pages.
pub(crate) fn check() -> Result<()> {
    build()?;
    for (name, script) in [("window: types", "check"), ("window: tests", "test"), ("window: size", "size")] {
        step(name, &mut npm(&["run", "--silent", script])?)?;
    }
    Ok(())
}

/// Builds `ui/dist`, unless it is younger than all it is made of.
pub(crate) fn build() -> Result<()> {
    let ui = root().join("ui");
    let built = ui.join("dist/index.html").metadata().and_then(|file| file.modified()).ok();
    let youngest = SOURCES.iter().filter_map(|source| youngest(&ui.join(source))).max();
    Node::find(FOR_THE_WINDOW)?.packages("window: packages", &ui)?;
    if built.is_some_and(|built| youngest.is_none_or(|youngest| youngest < built)) {
        return Ok(());
    }
    step("window", &mut npm(&["run", "--silent", "build"])?)
}

fn npm(arguments: &[&str]) -> Result<Command> {
    let mut command = Node::find(FOR_THE_WINDOW)?.npm()?;
    command.current_dir(root().join("ui")).args(arguments);
    Ok(command)
}

/// When the file, or the youngest file in the folder, was written.
fn youngest(path: &Path) -> Option<SystemTime> {
    let about = path.metadata().ok()?;
    let own = about.modified().ok();
    if !about.is_dir() {
        return own;
    }
    let inside = std::fs::read_dir(path).ok()?.flatten().filter_map(|entry| youngest(&entry.path()));
    // The folder itself tells of what was removed.
    inside.chain(own).max()
}

/// Tells the build of a binary for measurements or other tests that it needs no window.
pub(crate) fn without(command: &mut Command) -> &mut Command {
    command.env("SWITCHBOARD_WITHOUT_UI", "1")
}
