//! Whoever comes by another name reaches nothing: a name that leads to this machine is how web pages get past the rule
//! that they may read their own origin alone.

use anyhow::Result;

use super::Case;
use super::routes::routes;
use crate::checks::Checks;
use crate::exchange::Question;
use crate::machine::Stage;

const FOREIGN: &str = "foreign names are refused on every route";
const LIKE: &str = "names that look like ours are refused on every route";
const PORT: &str = "our name with another port is refused on every route";
const NONE: &str = "no Host and two are refused on every route";
const ABSOLUTE: &str = "a target that names a foreign server is refused on every route";
const TELLS: &str = "no refusal grants a page anything";
const GOOD: &str = "our three names are served on every route, with our port and without";
const UPSTREAM: &str = "nothing reached an upstream";

pub(super) const CASE: Case = Case {
    id: "A1",
    fault: "a Host that is not ours",
    checks: &[FOREIGN, LIKE, PORT, NONE, ABSOLUTE, TELLS, GOOD, UPSTREAM],
    run: |stage, checks| Box::pin(run(stage, checks)),
};

async fn run(stage: &Stage, checks: &Checks) -> Result<()> {
    let house = stage.house().await?;
    let serving = &house.serving;
    let port = serving.port;
    let asked = house.emulator.journal().count();
    for route in routes() {
        let refused = async |check, question: Question, what: &str| -> Result<()> {
            let answer = serving.send(question).await?;
            let so = matches!(answer.status, 400 | 403);
            checks.that(check, so, format!("{} with {what}: {answer:?}", route.name()));
            checks.that(
                TELLS,
                !answer.grants_something(),
                format!("{} with {what}: {answer:?}", route.name()),
            );
            Ok(())
        };
        for host in ["evil.test", "0.0.0.0", "127.0.0.2", "169.254.169.254", ""] {
            refused(FOREIGN, route.question(serving).host(host), host).await?;
            let with_port = format!("{host}:{port}");
            refused(FOREIGN, route.question(serving).host(&with_port), &with_port).await?;
        }
        for host in
            ["localhost.evil.test", "127.0.0.1.nip.io", "localhost.", "xlocalhost", "user@localhost", "127.1"]
        {
            refused(LIKE, route.question(serving).host(host), host).await?;
            let with_port = format!("{host}:{port}");
            refused(LIKE, route.question(serving).host(&with_port), &with_port).await?;
        }
        for host in ["localhost:1".to_owned(), format!("127.0.0.1:{port}0"), format!("[::1]:+{port}")] {
            refused(PORT, route.question(serving).host(&host), &host).await?;
        }
        refused(NONE, route.question(serving).without_host(), "no Host").await?;
        for second in ["localhost", "evil.test"] {
            refused(NONE, route.question(serving).header("host", second), "two Hosts").await?;
        }
        for (server, host) in [
            ("http://evil.test".to_owned(), "localhost".to_owned()),
            ("http://evil.test".to_owned(), "evil.test".to_owned()),
            (format!("http://localhost:{port}"), "evil.test".to_owned()),
            (format!("http://localhost.evil.test:{port}"), format!("localhost:{port}")),
        ] {
            let question = route.to(serving, &server).host(&host);
            refused(ABSOLUTE, question, &format!("{server} and {host}")).await?;
        }
    }
    checks.that(UPSTREAM, house.emulator.journal().count() == asked, "the emulator was asked");
    for route in routes() {
        let usual = route.status(serving, route.question(serving)).await?;
        checks.that(GOOD, !matches!(usual, 400 | 403), format!("{}: {usual}", route.name()));
        for name in ["localhost", "127.0.0.1", "[::1]", "LOCALHOST"] {
            for host in [name.to_owned(), format!("{name}:{port}")] {
                let status = route.status(serving, route.question(serving).host(&host)).await?;
                let seen = format!("{} with {host}: {status} and not {usual}", route.name());
                checks.that(GOOD, status == usual, seen);
            }
        }
    }
    Ok(())
}
