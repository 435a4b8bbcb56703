//! `switchboard doctor`: one plain verdict a line. The checks are those of the window.

use std::process::ExitCode;

use anyhow::Result;

use super::accounts::{rows, text};
use super::admin::Admin;
use crate::config::Config;

/// Checks everything that commonly goes wrong. Exit code 1 when something is.
pub(crate) async fn doctor(config: Config) -> Result<ExitCode> {
    if let Err(error) = crate::paths::make_private(&config.data_dir) {
        println!("FAIL  data folder: {}: {error}", config.data_dir.display());
        return Ok(ExitCode::FAILURE);
    }
    let admin = match Admin::reach(&config).await {
        Ok(admin) => admin,
        Err(error) => {
            println!("FAIL  data: cannot be opened: {error:#}");
            return Ok(ExitCode::FAILURE);
        }
    };
    let port = config.port.map_or_else(String::new, |port| format!("&port={port}"));
    let report = admin.ask("GET", &format!("/api/diagnostics?test=true{port}"), None).await?;
    let mut failed = false;
    for check in rows(&report, "checks") {
        let verdict = match check["state"].as_str() {
            Some("ok") => "ok  ",
            Some("warn") => "WARN",
            _ => "FAIL",
        };
        failed |= verdict == "FAIL";
        println!("{verdict}  {}", text(&check["message"]));
    }
    admin.done().await;
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
