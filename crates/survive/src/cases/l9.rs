//! A hundred tokens that end together.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Result;
use emulator::{Event, Fault, Operation, When};
use futures_util::future::join_all;
use serde_json::json;

use super::Case;
use crate::checks::Checks;
use crate::machine::{Stage, emulator, many_social, numbered, social};

const KNOWN: &str = "100 accounts whose tokens are known to be over: exactly 100 refreshes";
const REFUSED: &str = "100 accounts whose tokens the service takes back: exactly 100 refreshes";
const FIVE: &str = "at most 5 refreshes at once, and more than one";
const ANSWERED: &str = "no request fails";
const READY: &str = "all accounts are ready afterwards";

pub(super) const CASE: Case = Case {
    id: "L9",
    fault: "100 accounts expire together",
    checks: &[KNOWN, REFUSED, FIVE, ANSWERED, READY],
    run: |stage, checks| Box::pin(run(stage, checks)),
};

const ACCOUNTS: usize = 100;

async fn run(stage: &Stage, checks: &Checks) -> Result<()> {
    let emulator = emulator(many_social(ACCOUNTS))?;
    let mut events = emulator.journal().follow();
    let machine = stage.machine()?;
    let serving = machine.serve(&[]).await?;
    let mut ids = Vec::new();
    for number in 0..ACCOUNTS {
        let mut account = social(&numbered(number), &emulator);
        account["credential"]["access_token"] = json!("aoa-of-yesterday");
        account["credential"]["expires_at"] = json!("2020-01-01T00:00:00Z");
        ids.push(serving.add_account(&account).await?);
    }
    let refreshes =
        || (0..ACCOUNTS).map(|number| emulator.kiro().refreshes(&numbered(number))).collect::<Vec<_>>();
    for (check, times) in [(KNOWN, 1), (REFUSED, 2)] {
        for _ in 0..ACCOUNTS {
            let pause = Fault::Delay(Duration::from_millis(30));
            emulator.script().push_when(When::operation(Operation::SocialRefresh), pause);
        }
        let asking = ids.iter().map(|id| {
            let body = crate::process::message("hello");
            let question =
                serving.ask("POST", "/v1/messages").header("x-switchboard-account", id).json(&body);
            serving.send(question)
        });
        for (answer, number) in join_all(asking).await.into_iter().zip(0..) {
            let answer = answer?;
            let right = answer.headers("x-proxy-account") == [numbered(number)];
            checks.that(ANSWERED, answer.status == 200 && right, format!("{}: {answer:?}", numbered(number)));
        }
        let all = refreshes();
        let wrong = all.iter().filter(|count| **count != times).count();
        checks.that(check, wrong == 0, format!("{wrong} accounts were not refreshed {times} times: {all:?}"));
        for number in 0..ACCOUNTS {
            emulator.kiro().expire(&numbered(number));
        }
    }
    let (mut under_way, mut most) = (BTreeSet::new(), 0);
    while let Ok(event) = events.try_recv() {
        match event {
            Event::Judged { number, request } if request.operation == Some(Operation::SocialRefresh) => {
                under_way.insert(number);
            }
            Event::Judged { .. } => {}
            Event::Over { number, .. } => {
                under_way.remove(&number);
            }
        }
        most = most.max(under_way.len());
    }
    checks.that(FIVE, (2..=5).contains(&most), format!("{most} at once"));
    let states: Vec<_> =
        serving.accounts().await?.into_iter().map(|account| account["state"]["kind"].clone()).collect();
    let resting = states.iter().filter(|kind| **kind != "ready").count();
    checks.that(READY, resting == 0, format!("{resting} are not: {states:?}"));
    Ok(())
}
