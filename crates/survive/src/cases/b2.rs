//! Guessing the admin password: it gets harder, and costs nobody else anything.

use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::json;
use tokio::task::JoinSet;

use super::Case;
use crate::checks::Checks;
use crate::machine::Stage;
use crate::process::Serving;
use crate::session::sign_in;
use crate::vitals::Vitals;

const LOCKED: &str = "after five wrong passwords the right one is locked out too";
const HASHED: &str = "of a thousand logins at once only a handful are looked at";
const TWO: &str = "at most two hashes stand in memory at once";
const MEMORY: &str = "a thousand logins at once cost 64 MiB at most";
const ANSWERED: &str = "each of them is answered";
const CALM: &str = "the proxy's 95th percentile is what it was";

pub(super) const CASE: Case = Case {
    id: "B2",
    fault: "guessing the admin password",
    checks: &[LOCKED, HASHED, TWO, MEMORY, ANSWERED, CALM],
    run: |stage, checks| Box::pin(run(stage, checks)),
};

const PASSWORD: &str = "correct horse battery";
const LOGINS: usize = 1000;
/// What one hash holds.
const HASH_KIB: u64 = 19 * 1024;

async fn run(stage: &Stage, checks: &Checks) -> Result<()> {
    let house = stage.house().await?;
    house.machine.run(PASSWORD, &["password", "set"]).await?;
    let serving = &house.serving;
    let calm = percentile(serving, 60).await?;
    let vitals = Vitals::of(serving.pid());
    let before = vitals.resident()?;
    vitals.forget_peak()?;

    let mut logins = JoinSet::new();
    let address = serving.address();
    for number in 0..LOGINS {
        let question = crate::exchange::Question::new("POST", "/api/session")
            .json(&json!({"password": format!("guess {number}")}));
        logins.spawn(async move { question.send(address).await.map(|answer| answer.status) });
    }
    let counted = async {
        let (mut wrong, mut locked, mut other) = (0, 0, Vec::new());
        while let Some(login) = logins.join_next().await {
            match login {
                Ok(Ok(401)) => wrong += 1,
                Ok(Ok(429)) => locked += 1,
                // One connection too many is told so, too.
                Ok(Ok(503)) => locked += 1,
                Ok(answer) => other.push(format!("{answer:?}")),
                Err(error) => other.push(error.to_string()),
            }
        }
        (wrong, locked, other)
    };
    let (busy, (wrong, locked, other)) = tokio::join!(percentile(serving, 60), counted);
    let busy = busy?;
    let peak = vitals.peak()?.saturating_sub(before);
    checks.that(ANSWERED, other.is_empty(), format!("{} are not, e.g. {:?}", other.len(), other.first()));
    checks.that(HASHED, wrong <= 20, format!("{wrong} were looked at, {locked} sent away"));
    checks.that(MEMORY, peak <= 64 * 1024, format!("{peak} KiB"));
    // Three would hold more than the rest of a thousand connections leaves room for.
    checks.that(TWO, peak < 3 * HASH_KIB + 7 * 1024, format!("{peak} KiB"));
    let bearable = (calm * 2).max(calm + Duration::from_millis(60));
    checks.that(CALM, busy <= bearable, format!("{busy:?} in the place of {calm:?}"));

    // A machine of its own, for the thousand have closed the door already.
    let machine = stage.machine()?;
    let serving = machine.serve(&[]).await?;
    machine.run(PASSWORD, &["password", "set"]).await?;
    for number in 0..5 {
        let answer = sign_in(&serving, &json!({"password": format!("guess {number}")})).await?;
        checks.that(LOCKED, answer.status == 401, format!("wrong password {number}: {answer:?}"));
    }
    let answer = sign_in(&serving, &json!({"password": PASSWORD})).await?;
    let told = answer.headers("retry-after").first().and_then(|seconds| seconds.parse::<u64>().ok());
    let so = answer.status == 429 && told.is_some_and(|seconds| (1..=60).contains(&seconds));
    checks.that(LOCKED, so, format!("the right one: {answer:?}, retry-after {told:?}"));
    Ok(())
}

/// The 95th percentile of so many requests, one after the other.
pub(super) async fn percentile(serving: &Serving, count: usize) -> Result<Duration> {
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let began = Instant::now();
        let answer = serving.message("hello").await?;
        anyhow::ensure!(answer.status == 200, "a usual request: {answer:?}");
        times.push(began.elapsed());
    }
    times.sort_unstable();
    Ok(times[count * 95 / 100])
}
