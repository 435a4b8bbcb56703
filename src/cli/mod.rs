//! The commands of the headless binary.

mod accounts;
mod admin;
mod backups;
mod clients;
mod consent;
mod doctor;
mod found;
mod keys;
mod overview;
mod password;
mod secrets;
mod serve;
mod sign_in;
mod started;
mod statusline;
mod transfer;
mod typed;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::{Parser, Subcommand};

pub use overview::invitation;

use crate::App;
use crate::config::Config;

/// One local address for your editors, served by your own Amazon Bedrock and Kiro accounts.
#[derive(Parser)]
#[command(name = "switchboard", version, arg_required_else_help = true)]
struct Args {
    /// Keep all data in this folder
    #[arg(long, global = true, env = "SWITCHBOARD_DATA_DIR", value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Keep key files in this folder
    #[arg(long, global = true, env = "SWITCHBOARD_CONFIG_DIR", value_name = "DIR")]
    config_dir: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the proxy in the foreground
    Serve(serve::Args),
    /// What is running, which account answers, today's numbers
    Status {
        #[arg(long)]
        json: bool,
    },
    /// Print an address that opens the window, once, within a day
    Window,
    /// Refuse clients until `resume`
    Pause,
    /// Serve clients again
    Resume,
    /// Print the local key that editors must send
    Key,
    /// List, make, limit, replace and remove local keys
    #[command(subcommand)]
    Keys(keys::Command),
    /// Connect editors and tools by their own files, see what would change, and put everything back
    #[command(subcommand)]
    Clients(clients::Command),
    /// Start a client that asks Switchboard, without changing any of its files: `switchboard run -- claude`
    Run(started::Args),
    /// One line for the status line of Claude Code: account, what is left of its sign-in, today's cost
    Statusline,
    /// Set or remove the admin password, which opens the window from other machines
    #[command(subcommand)]
    Password(password::Command),
    /// List, add, sign in to, switch, test and remove accounts, or see how much of their allowance is used
    #[command(subcommand)]
    Accounts(accounts::Command),
    /// Write every account into a file, encrypted with a passphrase that is read from standard input
    Export(transfer::Export),
    /// Add the accounts of a file; a passphrase is read from standard input
    Import(transfer::Import),
    /// What keeps the key of stored secrets; unlock them, move the key, make a recovery key
    #[command(subcommand)]
    Secrets(secrets::Command),
    /// Copy accounts, settings and keys to a backup, or list those there are
    Backup(backups::Args),
    /// Put a backup in the place of accounts, settings and keys; what is there is kept in a file beside
    Restore {
        /// A file, or the name of a backup that `backup --list` shows
        file: PathBuf,
    },
    /// The models that the accounts serve
    Models {
        #[arg(long)]
        json: bool,
    },
    /// Check port, data folder, clock and every account
    Doctor {
        /// Port to check when nothing runs; the one of the settings when left out
        #[arg(long, env = "SWITCHBOARD_PORT")]
        port: Option<u16>,
    },
}

/// How long threads that look for names may hold up the end.
const ENDING: Duration = Duration::from_secs(1);

/// Runs the command line.
///
/// # Errors
/// Whatever the command could not do, in words for the person.
pub fn run() -> Result<ExitCode> {
    let args = Args::parse();
    let config = match Config::of_the_process(args.data_dir.as_deref(), args.config_dir.as_deref()) {
        Ok(config) => config,
        Err(_) if matches!(args.command, Command::Statusline) => return Ok(statusline::silent()),
        Err(error) => return Err(error.into()),
    };
    // An event loop and no pool: handing a request between threads costs half as much as the request. What would hold
    // a loop up has threads of its own: SQLite, inflating, understanding large bodies.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut start = None;
    let done = runtime.block_on(async {
        match args.command {
            Command::Serve(args) => serve::serve(config, args).await,
            Command::Status { json } => overview::status(config, json).await,
            Command::Window => overview::window(config).await,
            Command::Pause => overview::pause(config, true).await,
            Command::Resume => overview::pause(config, false).await,
            Command::Key => overview::key(config).await,
            Command::Keys(command) => keys::run(config, command).await,
            Command::Clients(command) => clients::run(config, command).await,
            Command::Run(asked) => {
                start = Some(started::Start::prepare(config, asked).await?);
                Ok(ExitCode::SUCCESS)
            }
            Command::Statusline => Ok(statusline::print(config).await),
            Command::Password(command) => password::run(config, &command).await,
            Command::Accounts(command) => accounts::run(config, command).await,
            Command::Export(asked) => transfer::export(config, asked).await,
            Command::Import(asked) => transfer::import(config, asked).await,
            Command::Secrets(command) => secrets::run(config, command).await,
            Command::Backup(args) => backups::backup(config, args).await,
            Command::Restore { file } => backups::restore(config, file).await,
            Command::Models { json } => overview::models(config, json).await,
            Command::Doctor { port } => doctor::doctor(Config { port, ..config }).await,
        }
    });
    // A name that the system looks for since long is not waited for.
    runtime.shutdown_timeout(ENDING);
    match start {
        Some(start) => start.run(),
        None => done,
    }
}

/// Tells the person what they must know of the accounts that the environment brought. Standard output is for programs.
fn show_notes(app: &App) {
    for note in app.notes() {
        eprintln!("{note}\n");
    }
}
