//! Beyond this machine: only for who said so three times, and then with a key.

use std::net::{IpAddr, SocketAddr, UdpSocket};

use anyhow::Result;

use super::Case;
use crate::checks::Checks;
use crate::exchange::Question;
use crate::machine::Stage;
use crate::process::message;

const CONFIRMED: &str = "without the confirmation it does not start";
const PASSWORD: &str = "without an admin password it does not start";
const KEYLESS: &str = "a caller on the network without a key gets 401";
const WRONG: &str = "a wrong key gets 401";
const SERVED: &str = "the right key is served";
const FOREIGN: &str = "a foreign Host on the network's address gets 403";
const WINDOW: &str = "the key does not open the window from the network";

pub(super) const CASE: Case = Case {
    id: "A3",
    fault: "bound wider than this machine",
    checks: &[CONFIRMED, PASSWORD, KEYLESS, WRONG, SERVED, FOREIGN, WINDOW],
    run: |stage, checks| Box::pin(run(stage, checks)),
};

/// Our address on the network, from which we are another machine to ourselves. Nothing is sent to find it.
fn network() -> Option<IpAddr> {
    let socket = UdpSocket::bind(("0.0.0.0", 0)).ok()?;
    socket.connect(("192.0.2.255", 9)).or_else(|_| socket.connect(("198.51.100.1", 9))).ok()?;
    socket.local_addr().ok().map(|address| address.ip()).filter(|address| !address.is_loopback())
}

async fn run(stage: &Stage, checks: &Checks) -> Result<()> {
    let machine = stage.machine()?;
    let wide = ["serve", "--port", "0", "--bind", "0.0.0.0"];
    let ended = machine.run("", &wide).await?;
    checks.that(CONFIRMED, !ended.status.success() && ended.all().contains("--allow-lan"), ended.all());
    let ended = machine.run("", &[&wide[..], &["--allow-lan"]].concat()).await?;
    checks.that(PASSWORD, !ended.status.success() && ended.all().contains("password set"), ended.all());
    machine.run("correct horse", &["password", "set"]).await?;
    let serving = machine.serve(&["--bind", "0.0.0.0", "--allow-lan"]).await?;
    let Some(address) = network() else {
        for check in [KEYLESS, WRONG, SERVED, FOREIGN, WINDOW] {
            checks.untried(check, "this machine has no network");
        }
        return Ok(());
    };
    let there = SocketAddr::new(address, serving.port);
    let asking = Question::new("POST", "/v1/messages").json(&message("hello"));
    for (check, question, status) in [
        (KEYLESS, asking.clone(), 401),
        (WRONG, asking.clone().header("x-api-key", "sk-wrong"), 401),
        (SERVED, asking.clone().header("x-api-key", &serving.key), 200),
        (FOREIGN, asking.clone().header("x-api-key", &serving.key).host("evil.test"), 403),
        (FOREIGN, asking.header("x-api-key", &serving.key).host(&format!("evil.test:{}", serving.port)), 403),
        (WINDOW, serving.ask("GET", "/api/accounts"), 401),
    ] {
        let answer = question.send(there).await?;
        checks.that(check, answer.status == status, format!("{answer:?}"));
    }
    Ok(())
}
