//! The upstream says no in five ways, and means five different things.

use std::time::{Duration, Instant};

use anyhow::Result;
use emulator::{Fault, KiroConfig, Refusal};
use serde_json::Value;

use super::Case;
use crate::checks::Checks;
use crate::machine::Stage;
use crate::process::message;

const SOON: &str = "429 with retry-after 2 is waited out and answered";
const BARE: &str = "429 without a word rests the account for seconds, and is told with them";
const LATE: &str = "429 with retry-after 9999 rests the account for so long, and is told with it";
const MONTH: &str = "a used-up month exhausts the account, and is no rest of seconds";
const SUSPENDED: &str = "a suspended account waits for its person, and is not asked again";

pub(super) const CASE: Case = Case {
    id: "G2",
    fault: "throttled, exhausted, suspended",
    checks: &[SOON, BARE, LATE, MONTH, SUSPENDED],
    run: |stage, checks| Box::pin(run(stage, checks)),
};

fn throttle() -> Refusal {
    Refusal::new(429, "ThrottlingException", "Too many requests, please wait before trying again.")
}

/// Seconds from now to the end that a state names.
fn left(state: &Value, kind: &str, now_ms: i64) -> Option<i64> {
    let until = state["until_ms"].as_i64().filter(|_| state["kind"] == kind)?;
    Some((until - now_ms) / 1000)
}

async fn run(stage: &Stage, checks: &Checks) -> Result<()> {
    let house = stage.house().await?;
    let (serving, id) = (&house.serving, &house.id);
    let script = house.emulator.script();
    let activate =
        async || serving.post(&format!("/api/accounts/{id}/activate"), &serde_json::json!({})).await;
    let told = |answer: &crate::exchange::Answer| -> Option<i64> {
        answer.headers("retry-after").first().and_then(|seconds| seconds.parse().ok())
    };

    script.push(Fault::Refuse(throttle().after(2)));
    let began = Instant::now();
    let answer = serving.message("soon").await?;
    let (took, state) = (began.elapsed(), serving.state(id).await?);
    let so = answer.status == 200 && took >= Duration::from_secs(2) && state["kind"] == "ready";
    checks.that(SOON, so, format!("{answer:?} after {took:?}, {state}"));

    for (check, refusal, least, most) in
        [(BARE, throttle(), 1, 6), (LATE, throttle().after(9999), 9000, 9999)]
    {
        activate().await?;
        script.push(Fault::Refuse(refusal));
        let answer = serving.message("no").await?;
        let (state, wait) = (serving.state(id).await?, told(&answer));
        let rest = left(&state, "cooling", now_ms(serving).await?);
        let within =
            |seconds: Option<i64>| seconds.is_some_and(|seconds| (least - 1..=most).contains(&seconds));
        let so = answer.status == 429 && within(rest) && (check == BARE || within(wait));
        checks.that(check, so, format!("{answer:?}, retry-after {wait:?}, {state}"));
        let asked = house.emulator.journal().count();
        let again = serving.message("again").await?;
        let so = again.status == 429 && within(told(&again)) && house.emulator.journal().count() == asked;
        checks.that(check, so, format!("asked again: {again:?}, retry-after {:?}", told(&again)));
    }

    let house = stage.kiro_house(KiroConfig::default()).await?;
    let (serving, id) = (&house.serving, &house.id);
    anyhow::ensure!(serving.message("hello").await?.status == 200, "a usual request");
    house.emulator.kiro().set_credits("social", 0.0);
    let answer = serving.message("much").await?;
    let state = serving.state(id).await?;
    let rest = left(&state, "exhausted", now_ms(serving).await?);
    let so =
        answer.status == 402 && rest.is_some_and(|seconds| seconds > 300) && answer.text().contains("used");
    checks.that(MONTH, so, format!("{answer:?}, {state}"));

    let house = stage.kiro_house(KiroConfig::default()).await?;
    let (serving, id) = (&house.serving, &house.id);
    anyhow::ensure!(serving.message("hello").await?.status == 200, "a usual request");
    house.emulator.kiro().suspend("social");
    let answer = serving.message("hello").await?;
    let state = serving.state(id).await?;
    let asked = house.emulator.journal().count();
    let again = serving.post("/v1/chat/completions", &message("again")).await?;
    let so = answer.status == 403
        && state["kind"] == "suspended"
        && again.status == 403
        && house.emulator.journal().count() == asked;
    checks.that(SUSPENDED, so, format!("{answer:?}, {state}, {again:?}"));
    Ok(())
}

/// The clock of the machine, to the second, as the product tells it.
async fn now_ms(serving: &crate::process::Serving) -> Result<i64> {
    let status = serving.get("/api/status").await?.json();
    let (started, uptime) = (status["started_ms"].as_i64(), status["uptime_s"].as_i64());
    let now = started.zip(uptime).map(|(started, uptime)| started + uptime * 1000);
    now.ok_or_else(|| anyhow::anyhow!("no clock in {status}"))
}
