//! The keychain is not what it was: nothing is lost, nothing is made in its place.

use std::path::Path;

use anyhow::Result;
use emulator::KiroConfig;
use futures_util::future::join_all;
use serde_json::json;

use super::Case;
use crate::checks::Checks;
use crate::keychain;
use crate::machine::{Machine, Stage, bedrock, emulator, numbered};
use crate::process::Serving;

const KEPT: &str = "the key of the secrets is in the keychain, and nowhere else";
const EMPTY: &str = "an empty keychain locks, and says so to clients and window";
const LOCKED: &str = "a locked keychain locks, and says so";
const OTHER: &str = "a keychain that holds another key locks, and says so";
const NO_KEY: &str = "no new key is made anywhere";
const BACK: &str = "with the keychain as it was all 100 accounts answer again";

pub(super) const CASE: Case = Case {
    id: "E2",
    fault: "the keychain empty, locked, with another key; 100 accounts",
    checks: &[KEPT, EMPTY, LOCKED, OTHER, NO_KEY, BACK],
    run: |stage, checks| Box::pin(run(stage, checks)),
};

const ACCOUNTS: usize = 100;

/// Key files that the product made for itself.
fn key_files(machine: &Machine) -> usize {
    let keys = std::fs::read_dir(machine.home().join(".config/switchboard/keys"));
    keys.map_or(0, |files| files.flatten().count())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for file in std::fs::read_dir(from)?.flatten() {
        std::fs::copy(file.path(), to.join(file.file_name()))?;
    }
    Ok(())
}

/// Starts, looks at what is said while locked, and stops.
async fn locked(machine: &Machine, key: &str, check: &'static str, checks: &Checks) -> Result<()> {
    let mut serving = machine.serve(&[]).await?;
    checks.that(check, serving.welcome.contains("(locked)"), &serving.welcome);
    key.clone_into(&mut serving.key);
    let answer = serving.message("hello").await?;
    let so = answer.status == 503 && answer.json()["type"] == "error" && answer.text().contains("locked");
    checks.that(check, so, format!("{answer:?}"));
    let door = serving.get("/api/secrets").await?.json()["door"].clone();
    checks.that(check, door["kind"] == "locked", format!("{door}"));
    let accounts = serving.accounts().await?.len();
    checks.that(check, accounts >= ACCOUNTS, format!("{accounts} accounts are listed"));
    serving.terminate().await?;
    Ok(())
}

/// Each account answers by itself.
async fn all_answer(serving: &Serving) -> Result<usize> {
    let mut answered = 0;
    let accounts = serving.accounts().await?;
    let stored: Vec<_> = accounts.iter().filter(|account| account["ephemeral"] == false).collect();
    for some in stored.chunks(10) {
        let asking = some.iter().map(|account| {
            let id = account["id"].as_str().unwrap_or_default();
            let question = serving.ask("POST", "/v1/messages").header("x-switchboard-account", id);
            serving.send(question.json(&crate::process::message("hello")))
        });
        answered += join_all(asking).await.iter().flatten().filter(|answer| answer.status == 200).count();
    }
    Ok(answered)
}

async fn run(stage: &Stage, checks: &Checks) -> Result<()> {
    let Some((machine, mut bus)) = keychain::machine(stage, CASE.checks, checks).await? else {
        return Ok(());
    };
    let emulator = emulator(KiroConfig::default())?;
    let serving = machine.serve(&[]).await?;
    for number in 0..ACCOUNTS {
        serving.add_account(&bedrock(&numbered(number), &emulator)).await?;
    }
    let key = serving.key.clone();
    let door = serving.get("/api/secrets").await?.json()["door"].clone();
    checks.that(BACK, all_answer(&serving).await? == ACCOUNTS, "not all answer to begin with");
    serving.terminate().await?;
    let items = bus.items()?;
    let so =
        items.len() == 1 && key_files(&machine) == 0 && door == json!({"kind": "open", "by": "keychain"});
    checks.that(KEPT, so, format!("{items:?}, {} key files, {door}", key_files(&machine)));
    let item = items.first().cloned().unwrap_or_default();
    let files = bus.files();
    let safe = machine.home().join("keyrings-as-they-were");
    bus.close().await?;
    copy(&files, &safe)?;

    std::fs::remove_dir_all(&files)?;
    bus.open(true).await?;
    locked(&machine, &key, EMPTY, checks).await?;
    checks.that(NO_KEY, bus.items()?.is_empty(), format!("in the empty keychain: {:?}", bus.items()?));

    bus.replace(&item, &"00".repeat(32))?;
    locked(&machine, &key, OTHER, checks).await?;
    checks.that(NO_KEY, bus.items()? == [item.clone()], format!("beside the other key: {:?}", bus.items()?));
    bus.close().await?;

    std::fs::remove_dir_all(&files)?;
    copy(&safe, &files)?;
    bus.open(false).await?;
    locked(&machine, &key, LOCKED, checks).await?;
    checks.that(NO_KEY, key_files(&machine) == 0, format!("{} key files", key_files(&machine)));
    bus.close().await?;

    bus.open(true).await?;
    let serving = machine.serve(&[]).await?;
    let answered = all_answer(&serving).await?;
    checks.that(BACK, answered == ACCOUNTS && serving.key == key, format!("{answered} answer"));
    Ok(())
}
