//! Files that came to harm while nobody looked.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use emulator::KiroConfig;
use serde_json::Value;

use super::Case;
use crate::checks::Checks;
use crate::machine::{Machine, Stage, bedrock, emulator, numbered};
use crate::process::Serving;

const LOGS: &str = "with a damaged logs.db it serves, and writes a new one";
const LOGS_ASIDE: &str = "the damaged logs.db is moved aside";
const CORE: &str = "with a damaged core.db all accounts are back and answer";
const CORE_ASIDE: &str = "the damaged core.db is moved aside";
const WAL: &str = "after a kill without its -wal it serves, and no stored account is lost";

pub(super) const CASE: Case = Case {
    id: "F4",
    fault: "corrupt pages in either database, a missing -wal",
    checks: &[LOGS, LOGS_ASIDE, CORE, CORE_ASIDE, WAL],
    run: |stage, checks| Box::pin(run(stage, checks)),
};

const ACCOUNTS: usize = 10;

/// What happens to a file.
type Harm = fn(&mut Vec<u8>);

const HARMS: [(&str, Harm); 4] = [
    ("torn pages", |bytes| bytes.iter_mut().skip(4096).for_each(|byte| *byte = 0xA5)),
    ("another file's beginning", |bytes| bytes.iter_mut().take(200).for_each(|byte| *byte = b'x')),
    ("half of it", |bytes| bytes.truncate(bytes.len() / 2 + 100)),
    ("no database at all", |bytes| *bytes = b"not a database ".repeat(1000)),
];

fn harm(file: &Path, harm: Harm) -> Result<()> {
    let mut bytes = std::fs::read(file).with_context(|| file.display().to_string())?;
    harm(&mut bytes);
    std::fs::write(file, bytes)?;
    Ok(())
}

/// Files beside `name` that are kept for somebody to look at.
fn aside(machine: &Machine, name: &str) -> Vec<PathBuf> {
    let Ok(files) = std::fs::read_dir(machine.data()) else { return Vec::new() };
    let kept = |path: &PathBuf| {
        let file = path.file_name().map(|file| file.to_string_lossy().into_owned()).unwrap_or_default();
        file.strip_prefix(name).is_some_and(|rest| rest.starts_with(".damaged"))
    };
    files.flatten().map(|entry| entry.path()).filter(kept).collect()
}

/// How many of the stored accounts answer, each by itself.
async fn answering(serving: &Serving) -> Result<usize> {
    let mut answered = 0;
    for account in serving.accounts().await? {
        if account["ephemeral"] == Value::Bool(false) {
            let id = account["id"].as_str().unwrap_or_default().to_owned();
            let question = serving.ask("POST", "/v1/messages").header("x-switchboard-account", &id);
            let answer = serving.send(question.json(&crate::process::message("hello"))).await?;
            answered += usize::from(answer.status == 200);
        }
    }
    Ok(answered)
}

async fn run(stage: &Stage, checks: &Checks) -> Result<()> {
    let emulator = emulator(KiroConfig::default())?;
    let machine = stage.machine()?;
    let serving = machine.serve(&[]).await?;
    for number in 0..ACCOUNTS {
        serving.use_account(&bedrock(&numbered(number), &emulator)).await?;
    }
    anyhow::ensure!(answering(&serving).await? == ACCOUNTS, "all answer to begin with");
    serving.terminate().await?;

    for (what, how) in HARMS {
        harm(&machine.data().join("logs.db"), how)?;
        let serving = machine.serve(&[]).await?;
        let answered = answering(&serving).await?;
        checks.that(LOGS, answered == ACCOUNTS, format!("{what}: {answered} answer"));
        serving.terminate().await?;
        let kept = aside(&machine, "logs.db");
        checks.that(LOGS_ASIDE, !kept.is_empty(), format!("{what}: nothing is kept"));
        let written = std::fs::read(machine.data().join("logs.db")).unwrap_or_default();
        checks.that(LOGS, written.starts_with(b"SQLite format 3\0"), format!("{what}: no new one"));
    }
    for (what, how) in HARMS {
        let before = aside(&machine, "core.db").len();
        harm(&machine.data().join("core.db"), how)?;
        let serving = machine.serve(&[]).await?;
        let answered = answering(&serving).await?;
        checks.that(CORE, answered == ACCOUNTS, format!("{what}: {answered} answer"));
        serving.terminate().await?;
        let kept = aside(&machine, "core.db");
        checks.that(CORE_ASIDE, kept.len() > before.min(1), format!("{what}: {kept:?}"));
    }
    for _ in 0..3 {
        let serving = machine.serve(&[]).await?;
        anyhow::ensure!(serving.message("hello").await?.status == 200, "a usual request");
        serving.kill().await?;
        for file in ["core.db-wal", "core.db-shm", "logs.db-wal", "logs.db-shm"] {
            let _ = std::fs::remove_file(machine.data().join(file));
        }
        let serving = machine.serve(&[]).await?;
        let answered = answering(&serving).await?;
        checks.that(WAL, answered == ACCOUNTS, format!("{answered} answer"));
        serving.terminate().await?;
    }
    Ok(())
}
