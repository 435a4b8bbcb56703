//! A token that ends while many need it.

use std::time::Duration;

use anyhow::Result;
use emulator::{Fault, KiroConfig, Operation, Refusal, When};
use futures_util::future::join_all;

use super::Case;
use crate::checks::Checks;
use crate::machine::Stage;
use crate::process::until;

const FIFTY: &str = "50 at once on an expired token are one refresh, and all are answered";
const LEAVES: &str = "the first caller leaves: the refresh goes on, and 49 are answered";
const FAILS: &str = "a token endpoint that answers 500 costs no sign-in";
const KEPT: &str = "the token is kept, and works once the endpoint does";
const REVOKED: &str = "invalid_grant says that the person must sign in";

pub(super) const CASE: Case = Case {
    id: "G8",
    fault: "an expired token and 50 requests",
    checks: &[FIFTY, LEAVES, FAILS, KEPT, REVOKED],
    run: |stage, checks| Box::pin(run(stage, checks)),
};

async fn run(stage: &Stage, checks: &Checks) -> Result<()> {
    let house = stage.kiro_house(KiroConfig::default()).await?;
    let (serving, kiro, script) = (&house.serving, house.emulator.kiro(), house.emulator.script());
    let answered = async |count: usize| -> Result<usize> {
        let answers = join_all((0..count).map(|_| serving.message("hello"))).await;
        Ok(answers
            .into_iter()
            .filter(|answer| answer.as_ref().is_ok_and(|answer| answer.status == 200))
            .count())
    };
    anyhow::ensure!(answered(1).await? == 1, "a usual request");
    let endpoint = || When::operation(Operation::SocialRefresh);

    let before = kiro.refreshes("social");
    kiro.expire("social");
    script.push_when(endpoint(), Fault::Delay(Duration::from_millis(300)));
    let fifty = answered(50).await?;
    let refreshes = kiro.refreshes("social") - before;
    checks.that(FIFTY, fifty == 50 && refreshes == 1, format!("{fifty} answered, {refreshes} refreshes"));

    let before = kiro.refreshes("social");
    kiro.expire("social");
    script.push_when(endpoint(), Fault::Delay(Duration::from_millis(500)));
    let first = serving.message("the first");
    tokio::select! {
        answer = first => anyhow::bail!("the first was answered: {answer:?}"),
        began = until("the refresh has begun", || script.pending() == 0) => began?,
    }
    let rest = answered(49).await?;
    let refreshes = kiro.refreshes("social") - before;
    checks.that(LEAVES, rest == 49 && refreshes == 1, format!("{rest} answered, {refreshes} refreshes"));

    let token = kiro.refresh_token("social");
    kiro.expire("social");
    script.push_when(endpoint(), Fault::Refuse(Refusal::of_status(500)));
    let answer = serving.message("hello").await?;
    let state = serving.state(&house.id).await?;
    let so = answer.status >= 500 && state["kind"] == "ready" && kiro.refresh_token("social") == token;
    checks.that(FAILS, so, format!("{answer:?}, {state}"));
    let again = async {
        while answered(1).await? == 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok::<_, anyhow::Error>(())
    };
    let so = tokio::time::timeout(Duration::from_secs(15), again).await;
    checks.that(KEPT, matches!(so, Ok(Ok(()))), format!("{so:?}"));

    kiro.revoke("social");
    let answer = serving.message("hello").await?;
    let state = serving.state(&house.id).await?;
    let so = answer.status == 401 && state["kind"] == "needs_sign_in" && answer.text().contains("ign in");
    checks.that(REVOKED, so, format!("{answer:?}, {state}"));
    Ok(())
}
