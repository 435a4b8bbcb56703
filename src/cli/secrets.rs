//! `switchboard secrets ...`: what keeps the key of stored secrets, and the way in when it is not at hand.

use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::{Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::accounts::{rows, text};
use super::admin::Admin;
use super::typed;
use crate::config::Config;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Whether stored secrets can be read, and what keeps their key
    Status {
        #[arg(long)]
        json: bool,
    },
    /// Open stored secrets with the passphrase or the recovery key, read from standard input
    Unlock,
    /// Look for the key again at once
    Retry,
    /// Keep the key in another place; a passphrase is read from standard input
    Protect { place: Place },
    /// Make a recovery key and print it, once; the one before opens nothing any more
    RecoveryKey {
        /// Take the recovery key back instead
        #[arg(long)]
        forget: bool,
    },
    /// Begin without accounts when nothing opens any more; what is locked is kept in a file
    StartOver {
        /// You know that the accounts must be added again
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Place {
    /// The system's keychain
    Keychain,
    /// The file that SWITCHBOARD_MASTER_KEY_FILE names
    MasterKeyFile,
    /// A passphrase, entered after every start
    Passphrase,
    /// A file in the configuration folder: reduced protection
    KeyFile,
}

impl Place {
    const fn slot(self) -> &'static str {
        match self {
            Self::Keychain => "keychain",
            Self::MasterKeyFile => "master_key_file",
            Self::Passphrase => "passphrase",
            Self::KeyFile => "key_file",
        }
    }
}

/// Runs a secrets command.
pub(crate) async fn run(config: Config, command: Command) -> Result<ExitCode> {
    let body = match &command {
        Command::Unlock => json!({"secret": typed::secret("Passphrase or recovery key")?.expose()}),
        Command::Protect { place: Place::Passphrase } => {
            json!({"slot": "passphrase", "passphrase": typed::new_secret("New passphrase")?.expose()})
        }
        Command::Protect { place } => json!({"slot": place.slot()}),
        Command::StartOver { yes } => {
            if !yes {
                bail!("this begins without accounts and keys; add --yes when that is what you want");
            }
            json!({"confirm": true})
        }
        _ => Value::Null,
    };
    let admin = Admin::reach_locked(&config).await?;
    let result = act(&admin, command, body).await;
    admin.done().await;
    result
}

async fn act(admin: &Admin, command: Command, body: Value) -> Result<ExitCode> {
    match command {
        Command::Status { json } => {
            let secrets = admin.ask("GET", "/api/secrets", None).await?;
            if json {
                println!("{}", serde_json::to_string_pretty(&secrets)?);
            } else {
                print!("{}", told(&secrets));
            }
            let open = secrets["door"]["kind"] == "open";
            return Ok(if open { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        Command::Unlock => {
            if admin.url().is_none() {
                bail!("nothing runs, so nothing is locked; start `switchboard serve` and unlock it then");
            }
            let secrets = admin.ask("POST", "/api/secrets/unlock", Some(&body)).await?;
            return opened(&secrets);
        }
        Command::Retry => {
            let secrets = admin.ask("POST", "/api/secrets/retry", None).await?;
            return opened(&secrets);
        }
        Command::Protect { place } => {
            let secrets = admin.ask("PUT", "/api/secrets/protection", Some(&body)).await?;
            println!("The key of stored secrets is kept by {} now.", name(place.slot()));
            if secrets["reduced"] == true {
                println!("{REDUCED}");
            }
        }
        Command::RecoveryKey { forget: true } => {
            admin.ask("DELETE", "/api/secrets/recovery-key", None).await?;
            println!("The recovery key opens nothing any more.");
        }
        Command::RecoveryKey { forget: false } => {
            let made = admin.ask("POST", "/api/secrets/recovery-key", None).await?;
            eprintln!("Write this down and keep it away from this machine. It is not shown again.");
            println!("{}", text(&made["recovery_key"]));
        }
        Command::StartOver { .. } => {
            let kept = admin.ask("POST", "/api/secrets/start-over", Some(&body)).await?;
            println!("Begun anew. What was locked is kept in {}.", text(&kept["kept_at"]));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What a key file means.
const REDUCED: &str = "Reduced protection: the key is in a file, so whoever reads your folders reads the secrets. \
                       `switchboard secrets protect` moves it.";

fn opened(secrets: &Value) -> Result<ExitCode> {
    print!("{}", told(secrets));
    Ok(if secrets["door"]["kind"] == "open" { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn told(secrets: &Value) -> String {
    let mut said = match secrets["door"]["kind"].as_str() {
        Some("open") => "Stored secrets are open.\n".to_owned(),
        Some("opening") => "Stored secrets are just being opened.\n".to_owned(),
        Some("newer") => "A newer version wrote the data; nothing is changed.\n".to_owned(),
        _ => "Stored secrets are locked. Nothing is lost.\n".to_owned(),
    };
    for shut in rows(&secrets["door"], "slots") {
        said.push_str(&format!("  {}: {}\n", name(&text(&shut["slot"])), why(&text(&shut["trouble"]))));
    }
    if let Some(error) = secrets["door"]["said"].as_str() {
        said.push_str(&format!("  {error}\n"));
    }
    for slot in rows(secrets, "slots") {
        let path = slot["path"].as_str().map_or_else(String::new, |path| format!(" ({path})"));
        said.push_str(&format!("Key kept by: {}{path}\n", name(&text(&slot["slot"]))));
    }
    if secrets["reduced"] == true {
        said.push_str(REDUCED);
        said.push('\n');
    }
    said
}

fn name(slot: &str) -> &str {
    match slot {
        "keychain" => "the system's keychain",
        "master_key_file" => "the file that SWITCHBOARD_MASTER_KEY_FILE names",
        "passphrase" => "a passphrase",
        "key_file" => "a file in the configuration folder",
        "recovery_key" => "a recovery key",
        other => other,
    }
}

fn why(trouble: &str) -> &str {
    match trouble {
        "missing" => "does not have the key",
        "refused" => "is locked or refuses access",
        "unavailable" => "cannot be reached",
        "waits" => "does not answer yet; it may be asking you",
        "wrong_key" => "holds another key",
        "malformed" => "holds something that is no key",
        "asks_person" => "waits for `switchboard secrets unlock`",
        "not_used" => "is not used by this start",
        other => other,
    }
}
