//! Failures that must not multiply.

use anyhow::Result;
use emulator::{Fault, Refusal};
use futures_util::future::join_all;
use serde_json::json;

use super::Case;
use crate::checks::Checks;
use crate::machine::{Stage, bedrock, numbered};

const ONCE: &str = "a 400 in a pool of 100 accounts costs exactly one upstream call";
const READY: &str = "no account rests after it";
const STORM: &str = "a storm of 5xx from 100 clients costs at most a fifth more calls and the bucket";
const TOLD: &str = "each client of the storm is told an honest 5xx or 429";

pub(super) const CASE: Case = Case {
    id: "G3",
    fault: "a 400 in a large pool, a storm of 5xx",
    checks: &[ONCE, READY, STORM, TOLD],
    run: |stage, checks| Box::pin(run(stage, checks)),
};

const ACCOUNTS: usize = 100;
const CLIENTS: usize = 100;
/// Retries that may be saved up.
const BUCKET: usize = 20;

async fn run(stage: &Stage, checks: &Checks) -> Result<()> {
    let house = stage.house().await?;
    let serving = &house.serving;
    for number in 1..ACCOUNTS {
        serving.add_account(&bedrock(&numbered(number), &house.emulator)).await?;
    }
    serving.send(serving.ask("PUT", "/api/settings").json(&json!({"failover": {"enabled": true}}))).await?;
    for (status, code) in [
        (400, "ValidationException"),
        (413, "RequestEntityTooLargeException"),
        (422, "UnprocessableEntityException"),
        (404, "ResourceNotFoundException"),
    ] {
        let before = house.emulator.journal().count();
        let refusal = Refusal::new(status, code, "The request is wrong.");
        house.emulator.script().push(Fault::Refuse(refusal));
        let answer = serving.message("hello").await?;
        let asked = house.emulator.journal().count() - before;
        let so = asked == 1 && (400..500).contains(&answer.status);
        checks.that(ONCE, so, format!("{status}: {asked} calls, {answer:?}"));
    }
    let mut accounts = serving.accounts().await?;
    accounts.retain(|account| account["ephemeral"] == false);
    let resting = accounts.iter().filter(|account| account["state"]["kind"] != "ready").count();
    checks.that(
        READY,
        accounts.len() == ACCOUNTS && resting == 0,
        format!("{resting} of {} rest", accounts.len()),
    );

    let before = house.emulator.journal().count();
    let storm = (0..CLIENTS).map(|number| {
        let fault = if number % 2 == 0 { "status 503" } else { "status 500" };
        async move { serving.message(&format!("[[fault:{fault}]] {number}")).await }
    });
    let answers = join_all(storm).await;
    let extra = (house.emulator.journal().count() - before).saturating_sub(CLIENTS);
    checks.that(STORM, extra <= CLIENTS / 5 + BUCKET, format!("{extra} more calls"));
    for answer in answers {
        let answer = answer?;
        checks.that(TOLD, answer.status >= 500 || answer.status == 429, format!("{answer:?}"));
    }
    Ok(())
}
