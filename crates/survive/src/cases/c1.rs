//! Bodies that are large, endless, or larger than they look.

use std::io::Write;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::Case;
use crate::checks::Checks;
use crate::exchange::whole;
use crate::machine::Stage;
use crate::process::{MODEL, PATIENCE, Serving};
use crate::vitals::Vitals;

const LARGE: &str = "a valid request with 20 MiB of images is answered";
const TOO_LARGE: &str = "33 MiB get 413 within a second";
const MEMORY: &str = "33 MiB cost 8 MiB of memory at most";
const ENDLESS: &str = "a chunked body without an end gets 413";
const BOMB: &str = "a gzip bomb gets 413";
const IMPORT: &str = "an import of 6 MiB gets 413";
const DIALECT: &str = "each 413 is told in the words of its route";

pub(super) const CASE: Case = Case {
    id: "C1",
    fault: "bodies that are too large",
    checks: &[LARGE, TOO_LARGE, MEMORY, ENDLESS, BOMB, IMPORT, DIALECT],
    run: |stage, checks| Box::pin(run(stage, checks)),
};

/// Whether an error is in the words of its route.
type Right = fn(&Value) -> bool;

const MIB: usize = 1024 * 1024;

async fn run(stage: &Stage, checks: &Checks) -> Result<()> {
    let house = stage.house().await?;
    let serving = &house.serving;
    anyhow::ensure!(serving.message("warm up").await?.status == 200, "a usual request");
    let vitals = Vitals::of(serving.pid());
    let anthropic: Right =
        |answer| answer["type"] == "error" && answer["error"]["type"] == "request_too_large";
    let openai: Right = |answer| answer["type"].is_null() && answer["error"]["message"].is_string();

    for (path, right) in [("/v1/messages", anthropic), ("/v1/chat/completions", openai)] {
        let before = vitals.resident()?;
        vitals.forget_peak()?;
        let body = vec![b' '; 33 * MIB];
        let began = Instant::now();
        let answer = serving.send(serving.ask("POST", path).typed("application/json", body)).await?;
        let took = began.elapsed();
        let so = answer.status == 413 && took < Duration::from_secs(1);
        checks.that(TOO_LARGE, so, format!("{path}: {answer:?} after {took:?}"));
        checks.that(DIALECT, right(&answer.json()), format!("{path}: {answer:?}"));
        let cost = vitals.peak()?.saturating_sub(before);
        checks.that(MEMORY, cost <= 8 * 1024, format!("{path}: {cost} KiB"));

        let (status, answer) = endless(serving, path).await?;
        checks.that(ENDLESS, status == 413, format!("{path}: {status}"));
        checks.that(DIALECT, right(&answer), format!("{path}: {answer}"));

        let bomb = bomb(path)?;
        let question = serving.ask("POST", path).header("content-encoding", "gzip");
        let answer = serving.send(question.typed("application/json", bomb)).await?;
        checks.that(BOMB, answer.status == 413, format!("{path}: {answer:?}"));
        checks.that(DIALECT, right(&answer.json()), format!("{path}: {answer:?}"));
    }
    let import = serving.ask("POST", "/api/accounts/import");
    if matches!(serving.send(import.clone().json(&json!({}))).await?.status, 404 | 405) {
        checks.untried(IMPORT, "there is no import yet");
    } else {
        let answer = serving.send(import.typed("application/json", vec![b' '; 6 * MIB])).await?;
        checks.that(IMPORT, answer.status == 413, format!("{answer:?}"));
    }
    let answer = serving.post("/v1/messages", &with_images()).await?;
    let said = answer.json()["content"][0]["text"].as_str().map(str::to_owned);
    checks.that(LARGE, said.as_deref() == Some("echo: look"), format!("{answer:?}"));
    Ok(())
}

/// Several pictures, for a single one may not be so large.
fn with_images() -> Value {
    const ONE: usize = 3 * MIB;
    let mut picture =
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89".to_vec();
    picture.resize(ONE, 7);
    let data = BASE64_STANDARD.encode(&picture);
    let image =
        json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": data}});
    // As it is sent: a third is added by base64.
    let count = 20 * MIB / data.len();
    let mut content = vec![image; count];
    content.push(json!({"type": "text", "text": "look"}));
    json!({"model": MODEL, "max_tokens": 9, "messages": [{"role": "user", "content": content}]})
}

/// Sends chunks until it is answered.
async fn endless(serving: &Serving, path: &str) -> Result<(u16, Value)> {
    let question = serving.ask("POST", path).header("content-type", "application/json");
    let head = question.header("transfer-encoding", "chunked").head(None);
    let (mut reading, mut writing) = TcpStream::connect(serving.address()).await?.into_split();
    let send = async {
        let mut chunk = format!("{:x}\r\n", 64 * 1024).into_bytes();
        chunk.extend(std::iter::repeat_n(b' ', 64 * 1024));
        chunk.extend_from_slice(b"\r\n");
        let mut going = writing.write_all(head.as_bytes()).await;
        while going.is_ok() {
            going = writing.write_all(&chunk).await;
        }
        std::future::pending::<()>().await;
    };
    let answer = async {
        tokio::select! {
            answer = whole(&mut reading) => answer,
            () = send => anyhow::bail!("never"),
        }
    };
    let answer =
        tokio::time::timeout(PATIENCE, answer).await.context("waits for the end of the endless")??;
    Ok((answer.status, answer.json()))
}

/// 300 KiB that become 300 MiB.
fn bomb(path: &str) -> Result<Vec<u8>> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    write!(
        gzip,
        "{{\"model\":\"{MODEL}\",\"max_tokens\":9,\"note\":\"{path}\",\"messages\":[{{\"role\":\"user\",\"content\":\""
    )?;
    let zeros = vec![b'0'; MIB];
    for _ in 0..300 {
        gzip.write_all(&zeros)?;
    }
    gzip.write_all(b"\"}]}")?;
    Ok(gzip.finish()?)
}
