//! `switchboard status`, `key` and `models`.

use std::process::ExitCode;

use anyhow::{Result, bail};

use super::accounts::{rows, text};
use super::admin::Admin;
use crate::config::Config;

/// What runs and how today went. Exit code 1 when nothing runs.
pub(crate) async fn status(config: Config, json: bool) -> Result<ExitCode> {
    let admin = Admin::reach(&config).await?;
    let status = admin.ask("GET", "/api/status", None).await?;
    let running = admin.url().map(str::to_owned);
    if json {
        let mut status = status;
        status["running"] = running.is_some().into();
        println!("{}", serde_json::to_string_pretty(&status)?);
    } else {
        match &running {
            Some(url) => println!("Running at {url}, version {}", text(&status["version"])),
            None => println!("Not running. Start it with `switchboard serve`."),
        }
        println!("Active account: {}", text(&status["active_account"]["name"]));
        let today = &status["today"];
        println!("Today: {} requests, {} errors", text(&today["requests"]), text(&today["errors"]));
        println!("Data: {}", config.data_dir.display());
    }
    admin.done().await;
    Ok(if running.is_some() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The local key alone, fit for `$(switchboard key)`.
pub(crate) async fn key(config: Config) -> Result<ExitCode> {
    let admin = Admin::reach(&config).await?;
    let stored = admin.ask("GET", "/api/keys/local", None).await;
    admin.done().await;
    match &config.local_key {
        Some(key) => println!("{}", key.expose()),
        None => println!("{}", text(&stored?["key"])),
    }
    Ok(ExitCode::SUCCESS)
}

/// Models and who serves them.
pub(crate) async fn models(config: Config, json: bool) -> Result<ExitCode> {
    let admin = Admin::reach(&config).await?;
    let models = admin.ask("GET", "/api/models", None).await?;
    if json {
        println!("{}", serde_json::to_string_pretty(&models)?);
    } else {
        for model in rows(&models, "models") {
            let who: Vec<_> = rows(model, "accounts").iter().map(|account| text(&account["name"])).collect();
            println!("{:<32} {}", text(&model["name"]), who.join(", "));
        }
    }
    admin.done().await;
    Ok(ExitCode::SUCCESS)
}

/// An address that opens the window of the running instance.
pub(crate) async fn window(config: Config) -> Result<ExitCode> {
    println!("{}", invitation(&config).await?);
    Ok(ExitCode::SUCCESS)
}

/// The address itself; it works once.
///
/// # Errors
/// When nothing runs, or it does not answer.
pub async fn invitation(config: &Config) -> Result<String> {
    let admin = running(config).await?;
    let invitation = admin.ask("POST", "/api/session/invite", None).await?;
    admin.done().await;
    Ok(text(&invitation["url"]))
}

/// Pauses the running instance, or lets it go on.
pub(crate) async fn pause(config: Config, paused: bool) -> Result<ExitCode> {
    let admin = running(&config).await?;
    let path = if paused { "/api/proxy/pause" } else { "/api/proxy/resume" };
    admin.ask("POST", path, None).await?;
    println!("{}", if paused { "Paused." } else { "Running." });
    admin.done().await;
    Ok(ExitCode::SUCCESS)
}

async fn running(config: &Config) -> Result<Admin> {
    let admin = Admin::reach(config).await?;
    if admin.url().is_none() {
        admin.done().await;
        bail!("Switchboard does not run. Start it with `switchboard serve`");
    }
    Ok(admin)
}
