//! `switchboard serve`

use std::net::IpAddr;
use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::config::Config;
use crate::lock::{self, InstanceLock};
use crate::shell::Headless;
use crate::{App, logging, paths, welcome};

/// The exit code of a second instance: `EX_CANTCREAT` of sysexits.h.
const ALREADY_RUNNING: u8 = 73;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Port of the proxy; 0 takes any free one
    #[arg(long, env = "SWITCHBOARD_PORT")]
    port: Option<u16>,
    /// Address to listen on; 127.0.0.1 stands for ::1 too
    #[arg(long)]
    bind: Option<IpAddr>,
    /// Port of the window alone, on this machine; without it the window shares the proxy's port. A taken proxy port is
    /// then told there
    #[arg(long, env = "SWITCHBOARD_ADMIN_PORT")]
    admin_port: Option<u16>,
}

/// Runs until it is told to stop.
pub(crate) async fn serve(mut config: Config, args: Args) -> Result<ExitCode> {
    config.port = args.port;
    config.bind = args.bind;
    config.admin_port = args.admin_port;
    paths::make_private(&config.data_dir)
        .with_context(|| format!("cannot use the data folder {}", config.data_dir.display()))?;
    let Some(mut lock) = InstanceLock::take(&config.data_dir)? else {
        match lock::holder(&config.data_dir) {
            Some(holder) => eprintln!("Switchboard already runs: process {}, {}", holder.pid, holder.url),
            None => eprintln!("Switchboard already runs on {}", config.data_dir.display()),
        }
        return Ok(ExitCode::from(ALREADY_RUNNING));
    };
    let logs = config.data_dir.join("logs");
    paths::make_private(&logs)?;
    let directives = std::env::var("SWITCHBOARD_LOG").ok().filter(|text| !text.is_empty());
    let detail = logging::start(&logs, directives.as_deref())?;
    // Before anybody can know that we run: who stops us right then is not to kill us.
    let stop = stop_requested()?;
    let running = App::start(&config, Headless).await?;
    super::show_notes(running.app());
    running.follow_debug_setting(detail);
    let mut moves = running.gateway().office.subscribe();
    lock.announce(&running.admin_url())?;
    welcome::print(&running, &config.data_dir);
    let mut stop = std::pin::pin!(stop);
    loop {
        tokio::select! {
            stopped = &mut stop => break stopped?,
            _ = moves.changed() => lock.announce(&running.admin_url())?,
        }
    }
    eprintln!("Stopping.");
    running.stop().await;
    Ok(ExitCode::SUCCESS)
}

/// Ctrl-C, or the signal of a service manager. Signals count from the call on, not from the first poll.
fn stop_requested() -> std::io::Result<impl Future<Output = std::io::Result<()>>> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut hangup = signal(SignalKind::hangup())?;
        Ok(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
                _ = hangup.recv() => {}
            }
            Ok(())
        })
    }
    #[cfg(not(unix))]
    Ok(tokio::signal::ctrl_c())
}
