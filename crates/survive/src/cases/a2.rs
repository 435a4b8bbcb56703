//! What a page of another site can make a browser send, without being asked first.

use anyhow::Result;
use serde_json::json;

use super::Case;
use super::routes::routes;
use crate::checks::Checks;
use crate::exchange::Question;
use crate::machine::Stage;

const FORM: &str = "a POST of a type that needs no leave is refused";
const NULL: &str = "a page without an origin is refused";
const FOREIGN: &str = "a page of a foreign origin is refused";
const PREFLIGHT: &str = "a foreign preflight is refused";
const IMAGE: &str = "a GET of an image on a foreign page is refused";
const GRANT: &str = "no refusal grants an origin";
const UPSTREAM: &str = "no upstream was asked";
const STATE: &str = "nothing was changed";

pub(super) const CASE: Case = Case {
    id: "A2",
    fault: "requests of foreign web pages",
    checks: &[FORM, NULL, FOREIGN, PREFLIGHT, IMAGE, GRANT, UPSTREAM, STATE],
    run: |stage, checks| Box::pin(run(stage, checks)),
};

async fn run(stage: &Stage, checks: &Checks) -> Result<()> {
    let house = stage.house().await?;
    let serving = &house.serving;
    let asked = house.emulator.journal().count();
    let state = async || -> Result<_> {
        Ok((serving.get("/api/accounts").await?.body, serving.get("/api/settings").await?.body))
    };
    // A browser names the port that it goes to: only without one could an origin without one be our own.
    let name = format!("localhost:{}", serving.port);
    let there = |question: Question| question.host(&name);
    let before = state().await?;
    for route in routes() {
        let refused = async |check, headers: &[(&str, &str)]| -> Result<()> {
            let question = headers
                .iter()
                .fold(there(route.question(serving)), |all, (name, value)| all.header(name, value));
            let answer = serving.send(question).await?;
            let seen = format!("{} with {headers:?}: {answer:?}", route.name());
            checks.that(check, answer.status == 403, &seen);
            checks.that(GRANT, !answer.grants_something(), &seen);
            Ok(())
        };
        refused(NULL, &[("origin", "null")]).await?;
        let near = format!("http://localhost.evil.test:{}", serving.port);
        for origin in ["https://evil.test", "http://127.0.0.1:1", "http://localhost", &near] {
            refused(FOREIGN, &[("origin", origin), ("sec-fetch-site", "cross-site")]).await?;
            refused(FOREIGN, &[("origin", origin)]).await?;
        }
        let may = ("access-control-request-method", "POST");
        let which = ("access-control-request-headers", "x-api-key, content-type");
        refused(PREFLIGHT, &[("origin", "https://evil.test"), may, which]).await?;
        for site in ["cross-site", "same-site"] {
            let image =
                [("sec-fetch-site", site), ("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "image")];
            refused(IMAGE, &image).await?;
        }
        if let Some(body) = &route.body {
            for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
            {
                let plain = serving.ask("POST", route.path).typed(kind, body.to_string());
                let from_there = plain
                    .clone()
                    .header("sec-fetch-site", "cross-site")
                    .header("origin", "https://evil.test");
                for (question, right) in [(plain, [415, 415]), (from_there, [403, 415])] {
                    let answer = serving.send(question).await?;
                    let seen = format!("{} as {kind}: {answer:?}", route.name());
                    checks.that(FORM, right.contains(&answer.status), &seen);
                    checks.that(GRANT, !answer.grants_something(), &seen);
                }
            }
        }
    }
    // A change that would succeed, were it let in.
    let change = serving.ask("PUT", "/api/settings").json(&json!({"debug_log": true}));
    let answer = serving.send(change.header("origin", "https://evil.test")).await?;
    checks.that(FOREIGN, answer.status == 403, format!("a change of settings: {answer:?}"));
    checks.that(UPSTREAM, house.emulator.journal().count() == asked, "the emulator was asked");
    checks.that(STATE, state().await? == before, "accounts or settings are not what they were");
    Ok(())
}
