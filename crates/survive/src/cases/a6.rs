//! Cookies know no ports: what listens on another port of this machine gets ours and can set its own.

use anyhow::{Context, Result};
use serde_json::json;

use super::Case;
use crate::checks::Checks;
use crate::exchange::Question;
use crate::machine::Stage;
use crate::session::{Session, sign_in};

const READ: &str = "a page of another port reads nothing with our cookie";
const WRITE: &str = "a page of another port changes nothing with our cookie";
const INVENTED: &str = "a cookie that somebody else set opens nothing";
const FRESH: &str = "signing in makes a cookie of its own, whatever was there";
const FIXED: &str = "the cookie that was there before the sign-in opens nothing after it";
const CSRF: &str = "a change without the CSRF header, or with another's, is refused";
const TAKEN: &str = "a change with it is taken";
const NAMES: &str = "two instances have cookies of different names";
const STRICT: &str = "the cookie is HttpOnly and SameSite=Strict";

pub(super) const CASE: Case = Case {
    id: "A6",
    fault: "another port of this machine plays with our cookie",
    checks: &[READ, WRITE, INVENTED, FRESH, FIXED, CSRF, TAKEN, NAMES, STRICT],
    run: |stage, checks| Box::pin(run(stage, checks)),
};

async fn run(stage: &Stage, checks: &Checks) -> Result<()> {
    let machine = stage.machine()?;
    let serving = machine.serve(&[]).await?;
    let token = serving.token()?;

    let set = sign_in(&serving, &json!({"token": token})).await?;
    let line = set.headers("set-cookie").first().context("no cookie")?.to_string();
    let strict = line.contains("httponly") && line.contains("samesite=strict");
    checks.that(STRICT, strict, &line);
    let name = line.split('=').next().unwrap_or_default().to_owned();
    // The head was read in lower case, and so is the cookie: hexadecimal, or this would fail below.
    let session = Session::of(&set)?;
    anyhow::ensure!(session.lives(&serving).await?, "the session is not open");

    for site in ["same-site", "cross-site"] {
        let there = |question: Question| {
            question.header("origin", "http://localhost:9999").header("sec-fetch-site", site)
        };
        let answer = serving.send(there(session.ask("GET", "/api/accounts"))).await?;
        checks.that(READ, answer.status == 403 && !answer.grants_something(), format!("{site}: {answer:?}"));
        let change = session.change("PUT", "/api/settings").json(&json!({"debug_log": true}));
        let answer = serving.send(there(change)).await?;
        checks.that(WRITE, answer.status == 403, format!("{site}: {answer:?}"));
    }
    let other = "0".repeat(64);
    let invented = Session { cookie: format!("{name}={other}"), csrf: session.csrf.clone() };
    checks.that(INVENTED, !invented.lives(&serving).await?, "it does");

    // The attacker's cookie lies there when the person signs in.
    let invited = serving.post("/api/session/invite", &json!({})).await?.json();
    let token =
        invited["url"].as_str().and_then(|url| url.split_once("#token=")).context("no token")?.1.to_owned();
    let opening = invented.ask("POST", "/api/session").json(&json!({"token": token}));
    let opened = Session::of(&serving.send(opening).await?)?;
    checks.that(FRESH, opened.cookie != invented.cookie && opened.lives(&serving).await?, &opened.cookie);
    checks.that(FIXED, !invented.lives(&serving).await?, "it does");

    let settings = |question: Question| question.json(&json!({"debug_log": true}));
    for (what, question) in [
        ("without", opened.ask("PUT", "/api/settings")),
        ("another session's", opened.ask("PUT", "/api/settings").header("x-switchboard-csrf", &session.csrf)),
        ("an empty one", opened.ask("PUT", "/api/settings").header("x-switchboard-csrf", "")),
    ] {
        let answer = serving.send(settings(question)).await?;
        checks.that(CSRF, answer.status == 403, format!("{what}: {answer:?}"));
    }
    let now = serving.get("/api/settings").await?.json();
    checks.that(WRITE, now["debug_log"] == false, "the setting was changed");
    let answer = serving.send(settings(opened.change("PUT", "/api/settings"))).await?;
    checks.that(TAKEN, answer.status == 200, format!("{answer:?}"));

    let neighbour = stage.machine()?;
    let neighbour = neighbour.serve(&[]).await?;
    let theirs = Session::invited(&neighbour).await?;
    checks.that(NAMES, !theirs.cookie.starts_with(&format!("{name}=")), &theirs.cookie);
    Ok(())
}
