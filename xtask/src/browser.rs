//! `cargo xtask browser`: the window in a real browser, with the headless product behind it.

use std::env::{split_paths, var_os};
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, bail};
use clap::Args as ClapArgs;

use crate::node::{FOR_THE_WINDOW, Node};
use crate::shell::{apt, binary, cargo, root, step};
use crate::ui;

/// As Debian and others call it.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

#[derive(ClapArgs, Default)]
pub(crate) struct Args {
    /// Only the files whose name contains one of these
    only: Vec<String>,
    /// Keep pictures of what is seen on the way in this folder
    #[arg(long)]
    screens: Option<PathBuf>,
}

/// Installs a browser where there is none, builds the product with its pages, and runs the journeys.
pub(crate) fn browser(args: &Args) -> Result<()> {
    let chromium = chromium()?;
    let node = Node::find(FOR_THE_WINDOW)?;
    ui::build()?;
    step(
        "build the product and the emulator",
        cargo().args(["build", "--quiet", "--package", "switchboard", "--package", "emulator", "--bins"]),
    )?;
    step(
        "build what writes a past for the pictures",
        cargo().args(["build", "--quiet", "--package", "store", "--example", "past"]),
    )?;
    let mut files = Vec::new();
    for entry in std::fs::read_dir(root().join("tests/browser"))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let wanted = args.only.is_empty() || args.only.iter().any(|word| name.contains(word.as_str()));
        if name.ends_with(".test.mjs") && wanted {
            files.push(path);
        }
    }
    if files.is_empty() {
        bail!("no journey is called so; see tests/browser");
    }
    files.sort();
    let mut run = Command::new(&node.program);
    // One at a time: a browser alone keeps two cores busy.
    run.args(["--test", "--test-concurrency=1", "--test-reporter=spec"]).args(files);
    run.env("CHROMIUM", chromium)
        .env("SWITCHBOARD_BIN", binary("debug", "switchboard"))
        .env("EMULATOR_BIN", binary("debug", "emulator"))
        .env("PAST_BIN", binary("debug/examples", "past"));
    if let Some(screens) = &args.screens {
        need_chinese()?;
        run.env("SCREENS", std::path::absolute(screens)?);
    }
    step("window in a browser", &mut run)
}

/// `CHROMIUM`, or one on the path, or the system's package.
pub(crate) fn chromium() -> Result<PathBuf> {
    if let Some(named) = var_os("CHROMIUM") {
        return Ok(named.into());
    }
    if let Some(found) = on_path() {
        return Ok(found);
    }
    if !cfg!(target_os = "linux") {
        bail!("the journeys need Chromium or Chrome: say where it is with CHROMIUM=path");
    }
    apt(&["chromium"])?;
    match on_path() {
        Some(found) => Ok(found),
        None => {
            bail!("there is no Chromium after its package was installed; say where it is with CHROMIUM=path")
        }
    }
}

fn on_path() -> Option<PathBuf> {
    let folders: Vec<_> = split_paths(&var_os("PATH")?).collect();
    NAMES
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|path| path.is_file())
}

/// Pictures of Chinese need its characters; the journeys themselves do not.
fn need_chinese() -> Result<()> {
    if !cfg!(target_os = "linux") {
        return Ok(());
    }
    let fonts = Command::new("fc-list").arg(":lang=zh-cn").output();
    if fonts.is_ok_and(|fonts| !fonts.stdout.is_empty()) {
        return Ok(());
    }
    apt(&["fontconfig", "fonts-noto-cjk"])
}
