//! Sessions that are over, and tokens that lie about.

use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::json;

use super::Case;
use crate::checks::Checks;
use crate::exchange::{Question, closes};
use crate::machine::Stage;
use crate::process::Serving;
use crate::session::Session;

const LOGOUT: &str = "a cookie opens nothing after its session was closed";
const CHANGED: &str = "a cookie opens nothing after the password was changed";
const STREAM_LOGOUT: &str = "the stream of events ends at once when its session is closed";
const STREAM_CHANGED: &str = "the stream of events ends at once when the password is changed";
const QUERY: &str = "a key or token in the query opens nothing";
const REFERER: &str = "pages tell no other site where they are";
const ADDRESS: &str = "the token of the printed address reaches no server";

pub(super) const CASE: Case = Case {
    id: "B4",
    fault: "a session used after its end, a token in an address",
    checks: &[LOGOUT, CHANGED, STREAM_LOGOUT, STREAM_CHANGED, QUERY, REFERER, ADDRESS],
    run: |stage, checks| Box::pin(run(stage, checks)),
};

/// At once, on a busy machine.
const SOON: Duration = Duration::from_secs(2);

/// Opens the stream of events, does something to its session, and sees whether it ends.
async fn streamed(
    serving: &Serving,
    session: &Session,
    act: impl Future<Output = Result<()>>,
) -> Result<(bool, bool)> {
    let (answer, mut stream) = session.ask("GET", "/api/events").open(serving.address()).await?;
    anyhow::ensure!(answer.status == 200, "no stream of events: {answer:?}");
    let open = !closes(&mut stream, Duration::from_millis(150)).await;
    act.await?;
    Ok((open, closes(&mut stream, SOON).await))
}

async fn run(stage: &Stage, checks: &Checks) -> Result<()> {
    let machine = stage.machine()?;
    let serving = machine.serve(&[]).await?;

    let token = serving.token()?;
    let (before, after) = serving.welcome.split_once(&token).context("the address")?;
    checks.that(ADDRESS, before.ends_with("#token=") && !after.contains(&token), &serving.welcome);

    let session = Session::open(&serving, &json!({"token": token})).await?;
    let (open, ended) = streamed(&serving, &session, async {
        let closed = serving.send(session.change("DELETE", "/api/session")).await?;
        anyhow::ensure!(closed.status == 204, "the session was not closed: {closed:?}");
        Ok(())
    })
    .await?;
    checks.that(STREAM_LOGOUT, open && ended, format!("open before: {open}, ended after: {ended}"));
    checks.that(LOGOUT, !session.lives(&serving).await?, "it does");

    for (first, second) in [("correct horse", "another horse"), ("another horse", "a third horse")] {
        machine.run(first, &["password", "set"]).await?;
        let session = Session::open(&serving, &json!({"password": first})).await?;
        let other = Session::invited(&serving).await?;
        let (open, ended) = streamed(&serving, &other, async {
            let ended = machine.run(second, &["password", "set"]).await?;
            anyhow::ensure!(ended.status.success(), "the password was not changed: {ended:?}");
            Ok(())
        })
        .await?;
        checks.that(STREAM_CHANGED, open && ended, format!("open before: {open}, ended after: {ended}"));
        for (what, session) in [("by password", &session), ("by token", &other)] {
            checks.that(CHANGED, !session.lives(&serving).await?, format!("the one opened {what} does"));
        }
    }

    let fresh = serving.post("/api/session/invite", &json!({})).await?.json();
    let token =
        fresh["url"].as_str().and_then(|url| url.split_once("#token=")).context("no token")?.1.to_owned();
    for name in ["token", "key", "api_key", "access_token", "session", "password"] {
        for value in [token.as_str(), serving.key.as_str()] {
            for path in ["/api/accounts", "/api/events", "/api/status", "/v1/models"] {
                let answer = serving.send(Question::new("GET", &format!("{path}?{name}={value}"))).await?;
                let so = answer.status == 401 && answer.headers("set-cookie").is_empty();
                checks.that(QUERY, so, format!("{path}?{name}=…: {answer:?}"));
            }
        }
    }
    for path in ["/", "/accounts", "/no/such/path"] {
        let answer = serving.send(Question::new("GET", path).header("accept", "text/html")).await?;
        let so = answer.status == 200 && answer.headers("referrer-policy") == ["no-referrer"];
        checks.that(REFERER, so, format!("{path}: {:?}, {answer:?}", answer.headers("referrer-policy")));
    }
    Ok(())
}
