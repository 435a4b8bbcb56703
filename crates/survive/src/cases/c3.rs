//! Clients that never come to the point.

use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::Case;
use crate::checks::Checks;
use crate::machine::Stage;
use crate::process::Serving;

const HEADS: &str = "500 heads that never end are closed within 15 s";
const BODIES: &str = "200 bodies of a byte a second are closed within 45 s";
const CALM: &str = "the 95th percentile of others stays below 200 ms";
const AFTER: &str = "afterwards all is as before";

pub(super) const CASE: Case = Case {
    id: "C3",
    fault: "heads and bodies that drip",
    checks: &[HEADS, BODIES, CALM, AFTER],
    run: |stage, checks| Box::pin(run(stage, checks)),
};

async fn run(stage: &Stage, checks: &Checks) -> Result<()> {
    let house = stage.house().await?;
    let serving = &house.serving;
    let question = serving.ask("POST", "/v1/messages").header("content-type", "application/json");
    let whole = question.head(Some(100_000));
    let partial = whole.trim_end().to_owned();
    let mut heads = JoinSet::new();
    let mut bodies = JoinSet::new();
    for _ in 0..500 {
        heads.spawn(drip(serving.address(), partial.clone(), None));
    }
    for _ in 0..200 {
        bodies.spawn(drip(serving.address(), whole.clone(), Some(Duration::from_secs(1))));
    }
    let ended = async {
        let (mut longest, mut lost) = ([Duration::ZERO; 2], 0);
        for (at, set) in [&mut heads, &mut bodies].into_iter().enumerate() {
            while let Some(drip) = set.join_next().await {
                match drip {
                    Ok(Some(took)) => longest[at] = longest[at].max(took),
                    _ => lost += 1,
                }
            }
        }
        (longest, lost)
    };
    let (others, ([head, body], lost)) = {
        let mut times = Vec::new();
        let mut ended = std::pin::pin!(ended);
        loop {
            tokio::select! {
                biased;
                all = &mut ended => break (times, all),
                time = usual(serving) => times.push(time?),
            }
        }
    };
    anyhow::ensure!(lost == 0, "{lost} of them came to no connection");
    checks.that(HEADS, head <= Duration::from_secs(15), format!("the last after {head:?}"));
    checks.that(BODIES, body <= Duration::from_secs(45), format!("the last after {body:?}"));
    let mut others = others;
    others.sort_unstable();
    let slow = others.get(others.len() * 95 / 100).copied().unwrap_or_default();
    let so = others.len() > 50 && slow < Duration::from_millis(200);
    checks.that(CALM, so, format!("{slow:?} of {} requests", others.len()));
    let answer = serving.message("hello").await?;
    checks.that(AFTER, answer.status == 200, format!("{answer:?}"));
    Ok(())
}

/// One request of somebody else, and a pause.
async fn usual(serving: &Serving) -> Result<Duration> {
    let began = Instant::now();
    let answer = serving.message("hello").await?;
    let took = began.elapsed();
    anyhow::ensure!(answer.status == 200, "a usual request: {answer:?}");
    tokio::time::sleep(Duration::from_millis(100)).await;
    Ok(took)
}

/// Sends a beginning, and a byte each `pace` after it; how long until the other end had enough.
async fn drip(to: std::net::SocketAddr, beginning: String, pace: Option<Duration>) -> Option<Duration> {
    let mut stream = TcpStream::connect(to).await.ok()?;
    let began = Instant::now();
    stream.write_all(beginning.as_bytes()).await.ok()?;
    let mut piece = [0; 1024];
    loop {
        let read =
            tokio::time::timeout(pace.unwrap_or(Duration::from_secs(60)), stream.read(&mut piece)).await;
        match read {
            Ok(Ok(0) | Err(_)) => return Some(began.elapsed()),
            // It says why.
            Ok(Ok(_)) => {}
            Err(_) => {
                // Nobody reads it any more: the next look finds the connection closed.
                let _ = stream.write_all(b" ").await;
            }
        }
        if began.elapsed() > Duration::from_secs(60) {
            return Some(began.elapsed());
        }
    }
}
