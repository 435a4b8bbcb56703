//! The disk is full at the very moment when a token changes hands.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use emulator::KiroConfig;
use futures_util::future::join_all;
use serde_json::Value;

use super::Case;
use crate::checks::Checks;
use crate::machine::{Stage, emulator, social};
use crate::process::{PATIENCE, Serving};

const ANSWERED: &str = "while the disk is full requests are answered, also with a token got meanwhile";
const SAVED: &str = "the new token is on the disk although it is full: a kill right then costs no sign-in";
const LATER: &str = "once there is space again everything is on the disk, and a kill costs no sign-in";
const COUNTED: &str =
    "rows of the log that could not be written wait or are counted and shown: none is lost in silence";

pub(super) const CASE: Case = Case {
    id: "F2",
    fault: "the disk is full while a token rotates",
    checks: &[ANSWERED, SAVED, LATER, COUNTED],
    run: |stage, checks| Box::pin(run(stage, checks)),
};

/// Requests while a token is got.
const WHILE_FULL: u64 = 200;
/// More than the 8192 rows of the log that wait in memory.
const MOST: u64 = 16_000;
const AT_ONCE: u64 = 100;

/// A small disk, in memory.
struct Disk(PathBuf);

impl Disk {
    fn mount(at: &Path) -> Option<Self> {
        std::fs::create_dir_all(at).ok()?;
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=48m,mode=0700", "switchboard-survive"]).arg(at);
        mount.output().is_ok_and(|output| output.status.success()).then(|| Self(at.to_owned()))
    }

    fn filler(&self) -> PathBuf {
        self.0.join("filler")
    }

    /// Writes until nothing more fits.
    fn fill(&self) -> Result<()> {
        let mut file: File = OpenOptions::new().create(true).append(true).open(self.filler())?;
        for size in [1 << 20, 1 << 12, 1] {
            while file.write_all(&vec![7; size]).is_ok() {}
        }
        Ok(())
    }

    fn free(&self) -> Result<()> {
        std::fs::remove_file(self.filler()).context("the filler")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).output();
    }
}

async fn status(serving: &Serving) -> Result<Value> {
    Ok(serving.get("/api/status").await?.json())
}

/// Asks until more rows wait than the program keeps in memory; how many requests that took.
async fn overflow(serving: &Serving, checks: &Checks) -> Result<u64> {
    for asked in 1..=MOST / AT_ONCE {
        let answers = join_all((0..AT_ONCE).map(|_| serving.message("once more"))).await;
        let good = answers.iter().flatten().filter(|answer| answer.status == 200).count() as u64;
        checks.that(ANSWERED, good == AT_ONCE, format!("{good} of {AT_ONCE} at once"));
        let told = status(serving).await?;
        if told["dropped_log_rows"].as_u64().is_some_and(|rows| rows > 0) {
            checks.that(COUNTED, told["disk_full"] == true, format!("{told}"));
            return Ok(asked * AT_ONCE);
        }
    }
    checks.that(COUNTED, false, format!("none after {MOST} requests"));
    Ok(MOST)
}

/// There is space again: each of `asked` requests has its row or was counted, and the token is stored.
async fn settled(serving: &Serving, asked: u64, checks: &Checks) -> Result<()> {
    let began = Instant::now();
    loop {
        let told = status(serving).await?;
        let rows = serving.get("/api/logs/stats").await?.json()["totals"]["requests"].clone();
        let sum = rows.as_u64().unwrap_or_default() + told["dropped_log_rows"].as_u64().unwrap_or_default();
        let report = serving.get("/api/diagnostics").await?.text();
        if told["disk_full"] == false && sum == asked && !report.contains("check_disk") {
            return Ok(());
        }
        if began.elapsed() > PATIENCE {
            checks.that(COUNTED, sum == asked, format!("{rows} rows, {told} for {asked} requests"));
            checks.that(LATER, false, report);
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn run(stage: &Stage, checks: &Checks) -> Result<()> {
    for kill_while_full in [true, false] {
        let machine = stage.machine()?;
        let Some(disk) = Disk::mount(&machine.data()) else {
            for check in CASE.checks {
                checks.untried(check, "mounting a small disk needs to be root");
            }
            return Ok(());
        };
        let emulator = emulator(KiroConfig::default())?;
        let serving = machine.serve(&[]).await?;
        let id = serving.use_account(&social("social", &emulator)).await?;
        ensure!(serving.message("hello").await?.status == 200, "a usual request");
        disk.fill()?;
        emulator.kiro().expire("social");
        for number in 0..WHILE_FULL {
            let answer = serving.message(&format!("number {number}")).await?;
            checks.that(ANSWERED, answer.status == 200, format!("{number}: {answer:?}"));
        }
        ensure!(emulator.kiro().refreshes("social") == 2, "the token was not refreshed once");
        if !kill_while_full {
            // The room that was given up for the token is gone too.
            disk.fill()?;
            let asked = WHILE_FULL + overflow(&serving, checks).await?;
            disk.free()?;
            settled(&serving, 1 + asked, checks).await?;
        }
        serving.kill().await?;
        if kill_while_full {
            disk.free()?;
        }
        let check = if kill_while_full { SAVED } else { LATER };
        let serving = machine.serve(&[]).await?;
        emulator.kiro().expire("social");
        let answer = serving.message("hello").await?;
        let state = serving.state(&id).await?;
        checks.that(check, answer.status == 200 && state["kind"] == "ready", format!("{answer:?}, {state}"));
        serving.terminate().await?;
    }
    Ok(())
}
