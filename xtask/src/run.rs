//! `cargo xtask run`: build, start, say where to point the editor.

use anyhow::{Result, bail};
use clap::Args as ClapArgs;

use crate::desktop;
use crate::shell::{binary, cargo, need_c_compiler, step};
use crate::ui;

#[derive(ClapArgs)]
pub(crate) struct Args {
    /// Port of the proxy; 0 takes any free one
    #[arg(long)]
    port: Option<u16>,
    /// Keep all data in this folder
    #[arg(long)]
    data_dir: Option<std::path::PathBuf>,
    /// Build without optimisation: starts sooner, answers slower
    #[arg(long)]
    debug: bool,
    /// Without tray and window of its own, also where there is a display
    #[arg(long)]
    headless: bool,
}

/// Builds and starts the product in the foreground, with tray and window where there is a display; ends when it ends.
pub(crate) fn run(args: &Args) -> Result<()> {
    need_c_compiler()?;
    if !args.headless && desktop::has_display() {
        let app = desktop::build(if args.debug { "debug" } else { "release" })?;
        return desktop::start(&app, args.port, args.data_dir.as_deref());
    }
    if !args.headless {
        eprintln!(
            "    there is no display: the window is a page for any browser, at the address that is printed"
        );
    }
    ui::build()?;
    let mut build = cargo();
    build.args(["build", "--package", "switchboard", "--bin", "switchboard"]);
    if !args.debug {
        build.arg("--release");
    }
    step("build", &mut build)?;
    let mut serve =
        std::process::Command::new(binary(if args.debug { "debug" } else { "release" }, "switchboard"));
    serve.arg("serve");
    if let Some(port) = args.port {
        serve.arg("--port").arg(port.to_string());
    }
    if let Some(dir) = &args.data_dir {
        serve.arg("--data-dir").arg(dir);
    }
    let status = serve.status()?;
    if !status.success() {
        bail!("switchboard ended with {status}");
    }
    Ok(())
}
