//! Two instances on one folder, both with a token to refresh.

use anyhow::Result;
use emulator::KiroConfig;
use serde_json::json;

use super::Case;
use crate::checks::Checks;
use crate::machine::{Stage, emulator, social};
use crate::process::{Run, Serving};

const EXITS: &str = "the second instance exits with 73 and says who holds the folder";
const BOTH: &str = "of two that start at once one runs";
const ONCE: &str = "the token is refreshed exactly once";
const GOES_ON: &str = "the first goes on";

pub(super) const CASE: Case = Case {
    id: "F5",
    fault: "two instances on one folder",
    checks: &[EXITS, BOTH, ONCE, GOES_ON],
    run: |stage, checks| Box::pin(run(stage, checks)),
};

async fn run(stage: &Stage, checks: &Checks) -> Result<()> {
    let emulator = emulator(KiroConfig::default())?;
    let machine = stage.machine()?;
    let serving = machine.serve(&[]).await?;
    let mut account = social("social", &emulator);
    account["credential"]["access_token"] = json!("aoa-of-yesterday");
    account["credential"]["expires_at"] = json!("2020-01-01T00:00:00Z");
    serving.use_account(&account).await?;
    serving.terminate().await?;

    // Both at the same moment; who comes first is theirs to settle.
    let arguments = ["serve", "--port", "0"];
    let (one, other) = tokio::join!(
        Serving::begin(machine.command(&arguments)),
        Serving::begin(machine.command(&arguments))
    );
    let (serving, refused) = match (one, other) {
        (Ok(serving), Err(refused)) | (Err(refused), Ok(serving)) => (serving, refused),
        (Ok(_), Ok(_)) => anyhow::bail!("both run"),
        (Err(one), Err(other)) => anyhow::bail!("none runs: {one:#}; {other:#}"),
    };
    let said = format!("{refused:#}");
    checks.that(BOTH, said.contains("already runs"), &said);

    let asking = futures_util::future::join_all((0..20).map(|_| serving.message("hello")));
    let second = Run::spawn(machine.command(&arguments), "")?;
    let (answers, second) = tokio::join!(asking, second.ended());
    let second = second?;
    let so = second.status.code() == Some(73)
        && second.stderr.contains(&serving.pid().to_string())
        && second.stderr.contains(&serving.port.to_string());
    checks.that(EXITS, so, format!("{second:?}"));
    for answer in answers {
        let answer = answer?;
        checks.that(GOES_ON, answer.status == 200, format!("{answer:?}"));
    }
    let refreshes = emulator.kiro().refreshes("social");
    checks.that(ONCE, refreshes == 1, format!("{refreshes} times"));
    Ok(())
}
