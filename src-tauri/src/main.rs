//! The desktop shell: a tray and a window for the core, which runs on a thread of its own. What the tray says and does
//! is decided in `switchboard::tray`; what the window shows comes from the core over HTTP.

#![cfg_attr(all(windows, not(debug_assertions)), windows_subsystem = "windows")]

mod autostart;
mod desktop;
mod download;
mod engine;
mod failure;
#[cfg(target_os = "linux")]
mod linux;
mod notification;
mod tray;
mod window;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use switchboard::Config;

// See the headless binary: with large conversations the system allocator is half of the work.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The tray app of Switchboard.
#[derive(Parser)]
#[command(name = "switchboard-desktop", version)]
struct Args {
    /// Start in the tray, without a window
    #[arg(long)]
    hidden: bool,
    /// Keep all data in this folder
    #[arg(long, env = "SWITCHBOARD_DATA_DIR", value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Port of the proxy; 0 takes any free one
    #[arg(long, env = "SWITCHBOARD_PORT")]
    port: Option<u16>,
    /// Port of the window; 0 takes any free one
    #[arg(long, env = "SWITCHBOARD_ADMIN_PORT", default_value_t = 0)]
    admin_port: u16,
}

fn main() -> ExitCode {
    let args = Args::parse();
    #[cfg(target_os = "linux")]
    if let Err(words) = linux::prepare() {
        eprintln!("switchboard-desktop: {words}");
        return ExitCode::FAILURE;
    }
    match run(&args) {
        Ok(code) => u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from),
        Err(error) => {
            eprintln!("switchboard-desktop: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> anyhow::Result<i32> {
    let mut config = Config::of_the_process(args.data_dir.as_deref(), None)?;
    config.port = args.port;
    config.admin_port = Some(args.admin_port);
    desktop::run(config, args.hidden)
}
