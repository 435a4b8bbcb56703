//! `switchboard doctor`: one plain verdict a line.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;

use super::accounts::{rows, text};
use super::admin::Admin;
use crate::config::Config;

/// Wrong clocks beyond this are refused by AWS, in seconds.
const SKEW: i64 = 300;

/// Checks everything that commonly goes wrong. Exit code 1 when something is.
pub(crate) async fn doctor(config: Config) -> Result<ExitCode> {
    let mut report = Report::default();
    data_folder(&config.data_dir, &mut report);
    let admin = match Admin::reach(&config).await {
        Ok(admin) => admin,
        Err(error) => {
            report.bad("data", &format!("cannot be opened: {error:#}"));
            return Ok(ExitCode::FAILURE);
        }
    };
    port(&admin, config.port, &mut report).await?;
    let accounts = admin.ask("GET", "/api/accounts", None).await?;
    for account in rows(&accounts, "accounts") {
        let name = text(&account["name"]);
        let path = format!("/api/accounts/{}/test", text(&account["id"]));
        let result = admin.ask("POST", &path, None).await?;
        if result["ok"].as_bool().unwrap_or(false) {
            report.good(&format!("account {name}"), &format!("answers ({})", text(&result["model"])));
        } else {
            report.bad(&format!("account {name}"), &text(&result["error"]["message"]));
        }
        let signed = account["provider"] == "bedrock" && account["credential"]["kind"] != "bedrock_api_key";
        match result["clock_offset_s"].as_i64() {
            Some(offset) => clock(offset, &mut report),
            None if signed && result["ok"] == true => {
                report.good("clock", "AWS accepts the time of signatures")
            }
            None => {}
        }
    }
    admin.done().await;
    Ok(if report.failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn data_folder(dir: &Path, report: &mut Report) {
    let probe = dir.join(".doctor");
    match crate::paths::make_private(dir).and_then(|()| std::fs::write(&probe, b"ok")) {
        Ok(()) => {
            let _ = std::fs::remove_file(&probe);
            report.good("data folder", &format!("{} can be written", dir.display()));
        }
        Err(error) => report.bad("data folder", &format!("{}: {error}", dir.display())),
    }
}

async fn port(admin: &Admin, given: Option<u16>, report: &mut Report) -> Result<()> {
    if let Some(url) = admin.url() {
        let status = admin.send("GET", "/api/status", None).await?.status;
        match status {
            200 => report.good("proxy", &format!("runs at {url}")),
            _ => report.bad("proxy", &format!("{url} answers {status}")),
        }
        return Ok(());
    }
    let settings = admin.ask("GET", "/api/settings", None).await?;
    let set = settings["port"].as_u64().and_then(|port| u16::try_from(port).ok());
    let port = given.or(set).unwrap_or(crate::config::DEFAULT_PORT);
    match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
        Ok(_) => report.good("port", &format!("{port} is free; the proxy does not run")),
        Err(error) => {
            report.bad("port", &format!("{port} cannot be used: {error}. Another program may hold it."))
        }
    }
    Ok(())
}

fn clock(offset: i64, report: &mut Report) {
    if offset.abs() >= SKEW {
        report.bad("clock", &format!("differs from AWS by {offset} s; set it right"));
    } else {
        report.good("clock", &format!("differs from AWS by {offset} s"));
    }
}

#[derive(Default)]
struct Report {
    failed: bool,
}

impl Report {
    fn good(&self, what: &str, verdict: &str) {
        println!("ok    {what}: {verdict}");
    }

    fn bad(&mut self, what: &str, verdict: &str) {
        self.failed = true;
        println!("FAIL  {what}: {verdict}");
    }
}
