//! The disk is full at the very moment when a token changes hands.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use emulator::KiroConfig;

use super::Case;
use crate::checks::Checks;
use crate::machine::{Stage, emulator, social};

const ANSWERED: &str = "while the disk is full requests are answered, also with a token got meanwhile";
const SAVED: &str = "the new token is on the disk although it is full: a kill right then costs no sign-in";
const LATER: &str = "once there is space again everything is on the disk, and a kill costs no sign-in";
const COUNTED: &str = "rows of the log that could not be written are counted and shown";

pub(super) const CASE: Case = Case {
    id: "F2",
    fault: "the disk is full while a token rotates",
    checks: &[ANSWERED, SAVED, LATER, COUNTED],
    run: |stage, checks| Box::pin(run(stage, checks)),
};

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
        for number in 0..200 {
            let answer = serving.message(&format!("number {number}")).await?;
            checks.that(ANSWERED, answer.status == 200, format!("{number}: {answer:?}"));
        }
        ensure!(emulator.kiro().refreshes("social") == 2, "the token was not refreshed once");
        if !kill_while_full {
            let told = serving.get("/api/status").await?.json()["dropped_log_rows"].clone();
            checks.that(COUNTED, told.as_u64().is_some_and(|rows| rows > 0), format!("{told}"));
            disk.free()?;
            // What could not be stored is tried again within half a minute.
            tokio::time::sleep(Duration::from_secs(35)).await;
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
