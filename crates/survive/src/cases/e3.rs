//! The keychain comes late, as at a sign-in to the desktop.

use std::time::{Duration, Instant};

use anyhow::Result;
use emulator::KiroConfig;

use super::Case;
use crate::checks::Checks;
use crate::keychain;
use crate::machine::{Stage, bedrock, emulator};

const LOCKED: &str = "until the keychain is there clients get 503";
const OPENS: &str = "it opens by itself within a minute after the keychain appeared, without a restart";
const ANSWERS: &str = "the account answers then, with the same key for clients";

pub(super) const CASE: Case = Case {
    id: "E3",
    fault: "the keychain appears 30 s after the start",
    checks: &[LOCKED, OPENS, ANSWERS],
    run: |stage, checks| Box::pin(run(stage, checks)),
};

const LATE: Duration = Duration::from_secs(30);

async fn run(stage: &Stage, checks: &Checks) -> Result<()> {
    let Some((machine, mut bus)) = keychain::machine(stage, CASE.checks, checks).await? else {
        return Ok(());
    };
    let emulator = emulator(KiroConfig::default())?;
    let serving = machine.serve(&[]).await?;
    serving.use_account(&bedrock("main", &emulator)).await?;
    let key = serving.key.clone();
    serving.terminate().await?;
    bus.close().await?;

    let mut serving = machine.serve(&[]).await?;
    let started = Instant::now();
    serving.key = key;
    let pid = serving.pid();
    while started.elapsed() < LATE {
        let answer = serving.message("hello").await?;
        checks.that(LOCKED, answer.status == 503, format!("{answer:?}"));
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    bus.open(true).await?;
    let appeared = Instant::now();
    while serving.get("/api/secrets").await?.json()["door"]["kind"] != "open" {
        anyhow::ensure!(appeared.elapsed() < Duration::from_secs(90), "it stays locked");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let took = appeared.elapsed();
    checks.that(OPENS, took <= Duration::from_secs(61) && serving.pid() == pid, format!("after {took:?}"));
    let answer = serving.message("hello").await?;
    let so = answer.status == 200 && answer.headers("x-proxy-account") == ["main"];
    checks.that(ANSWERS, so, format!("{answer:?}"));
    Ok(())
}
