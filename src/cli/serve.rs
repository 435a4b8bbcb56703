//! `switchboard serve`

use std::net::IpAddr;
use std::process::ExitCode;

use anyhow::Result;

use crate::claim::{Claim, Claimed};
use crate::config::Config;
use crate::shell::Headless;
use crate::signals::stop_requested;
use crate::{App, welcome};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Port of the proxy; 0 takes any free one
    #[arg(long, env = "SWITCHBOARD_PORT")]
    port: Option<u16>,
    /// Address to listen on; 127.0.0.1 stands for ::1 too
    #[arg(long)]
    bind: Option<IpAddr>,
    /// Other machines may reach the proxy: with --bind, and only when there is an admin password
    #[arg(long)]
    allow_lan: bool,
    /// Port of the window alone, on this machine; without it the window shares the proxy's port. A taken proxy port is
    /// then told there
    #[arg(long, env = "SWITCHBOARD_ADMIN_PORT")]
    admin_port: Option<u16>,
}

/// Runs until it is told to stop.
pub(crate) async fn serve(mut config: Config, args: Args) -> Result<ExitCode> {
    config.port = args.port;
    config.bind = args.bind;
    config.allow_lan = args.allow_lan;
    config.admin_port = args.admin_port;
    let mut claim = match Claim::take(&config.data_dir)? {
        Claimed::Ours(claim) => claim,
        Claimed::Theirs(holder) => {
            match holder {
                Some(holder) => eprintln!("Switchboard already runs: process {}, {}", holder.pid, holder.url),
                None => eprintln!("Switchboard already runs on {}", config.data_dir.display()),
            }
            return Ok(ExitCode::from(Claimed::EXIT));
        }
    };
    // Before anybody can know that we run: who stops us right then is not to kill us.
    let stop = stop_requested()?;
    let running = App::start(&config, Headless).await?;
    super::show_notes(running.app());
    claim.hand_over(&running)?;
    welcome::print(&running, &config.data_dir);
    tokio::select! {
        stopped = stop => stopped?,
        Err(error) = claim.follow(&running) => return Err(error.into()),
    }
    eprintln!("Stopping.");
    claim.leave()?;
    running.stop().await;
    Ok(ExitCode::SUCCESS)
}
