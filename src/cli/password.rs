//! `switchboard password ...`

use std::io::{IsTerminal, Read};
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Subcommand;
use serde_json::{Value, json};

use super::admin::Admin;
use crate::config::Config;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Set or change the password, read from the keyboard or from standard input; all sessions end
    Set,
    /// Remove the password; the window then opens by the addresses of `switchboard window` alone
    Clear,
}

/// Runs a password command. Who may read the data folder needs no old password.
pub(crate) async fn run(config: Config, command: &Command) -> Result<ExitCode> {
    // Asked for before anything is opened, so that a slow typist holds no lock.
    let password = match command {
        Command::Set => json!(read()?),
        Command::Clear => Value::Null,
    };
    let admin = Admin::reach(&config).await?;
    let result = admin.ask("PUT", "/api/password", Some(&json!({"password": password}))).await;
    admin.done().await;
    result?;
    match command {
        Command::Set => println!("The password counts from now on; all sessions are over."),
        Command::Clear => println!("There is no password any more; all sessions are over."),
    }
    Ok(ExitCode::SUCCESS)
}

/// Typed twice and unseen, or the first line of a pipe.
fn read() -> Result<String> {
    let mut stdin = std::io::stdin();
    if stdin.is_terminal() {
        let password = rpassword::prompt_password("New admin password: ")?;
        if password != rpassword::prompt_password("Once more: ")? {
            bail!("the two are not the same; nothing was changed");
        }
        return Ok(password);
    }
    let mut text = String::new();
    stdin.read_to_string(&mut text)?;
    // Spaces may be meant, the end of the line is not.
    let line = text.lines().next().unwrap_or_default();
    if line.is_empty() {
        bail!("nothing was given on standard input");
    }
    Ok(line.to_owned())
}
