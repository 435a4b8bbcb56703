//! Bodies of any size, sent to the real binary: its memory is looked at too.

use std::io::Write;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use emulator::{AccessKey, Emulator};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::PATIENCE;
use crate::process::{Caller, Machine, account, ask};

const MIB: usize = 1024 * 1024;

/// What makes each dialect's error its own.
const DIALECTS: [(&str, &str); 3] = [
    ("/v1/messages", "request_too_large"),
    ("/v1/chat/completions", "invalid_request_error"),
    ("/v1/completions", "invalid_request_error"),
];

/// Sends a head, then pieces of body until there are no more or the server has answered.
async fn send(
    caller: &Caller,
    path: &str,
    headers: &str,
    pieces: impl Iterator<Item = Vec<u8>>,
) -> (u16, Value) {
    let address = caller.url.strip_prefix("http://").expect("http");
    let (mut read, mut write) = TcpStream::connect(address).await.expect("connect").into_split();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
         x-api-key: {}\r\nConnection: close\r\n{headers}\r\n",
        caller.key
    );
    let sending = async {
        let mut sent = write.write_all(head.as_bytes()).await;
        for piece in pieces {
            if sent.is_err() {
                break;
            }
            sent = write.write_all(&piece).await;
        }
        // Closing our side before the answer would be leaving.
        std::future::pending::<()>().await;
    };
    let mut answer = Vec::new();
    let reading = async {
        let mut piece = [0; 4096];
        while let Ok(count @ 1..) = read.read(&mut piece).await {
            answer.extend_from_slice(&piece[..count]);
        }
    };
    let exchange = async {
        tokio::select! {
            () = sending => {}
            () = reading => {}
        }
    };
    tokio::time::timeout(PATIENCE, exchange).await.expect("an answer in time");
    let text = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer on {path}: {text:?}"));
    (head[9..12].parse().expect("status"), serde_json::from_str(body).expect("JSON"))
}

/// The most memory a process had in use since [`forget_peak`], KiB.
#[cfg(target_os = "linux")]
fn memory(pid: u32, field: &str) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("status");
    let line = status.lines().find_map(|line| line.strip_prefix(field)).expect(field);
    line.trim_matches(|c: char| !c.is_ascii_digit()).parse().expect("a number")
}

#[cfg(target_os = "linux")]
fn forget_peak(pid: u32) {
    std::fs::write(format!("/proc/{pid}/clear_refs"), "5").expect("own process");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_declared_giant_is_refused_at_once_and_costs_no_memory() {
    let machine = Machine::new();
    let serving = machine.serve().await;
    serving.caller.served_by("warm").await;
    for (path, kind) in DIALECTS {
        #[cfg(target_os = "linux")]
        let before = {
            forget_peak(serving.pid());
            memory(serving.pid(), "VmRSS:")
        };
        let started = Instant::now();
        let length = format!("Content-Length: {}\r\n", 33 * MIB);
        let pieces = std::iter::repeat_with(|| vec![b' '; MIB]).take(33);
        let (status, error) = send(&serving.caller, path, &length, pieces).await;
        assert_eq!(status, 413, "{error}");
        assert_eq!(error["error"]["type"], kind, "{path}: {error}");
        assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
        #[cfg(target_os = "linux")]
        {
            let grown = memory(serving.pid(), "VmHWM:").saturating_sub(before);
            assert!(grown <= 8 * 1024, "{path}: {grown} KiB more");
        }
    }
    let rows = serving.caller.all_rows(1 + DIALECTS.len()).await;
    assert_eq!(rows.iter().filter(|row| row["status"] == 413).count(), DIALECTS.len(), "{rows:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn endless_bodies_and_bombs_are_refused() {
    let machine = Machine::new();
    let serving = machine.serve().await;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    for _ in 0..200 {
        encoder.write_all(&vec![b' '; MIB]).expect("deflated");
    }
    let bomb = encoder.finish().expect("deflated");
    assert!(bomb.len() < MIB);
    for (path, kind) in DIALECTS {
        let chunk = || [format!("{MIB:x}\r\n").into_bytes(), vec![b' '; MIB], b"\r\n".to_vec()].concat();
        let endless = std::iter::repeat_with(chunk);
        #[cfg(target_os = "linux")]
        let before = {
            forget_peak(serving.pid());
            memory(serving.pid(), "VmRSS:")
        };
        let (status, error) = send(&serving.caller, path, "Transfer-Encoding: chunked\r\n", endless).await;
        assert_eq!((status, &error["error"]["type"]), (413, &json!(kind)), "{path}: {error}");
        #[cfg(target_os = "linux")]
        {
            let grown = memory(serving.pid(), "VmHWM:").saturating_sub(before);
            // The limit, and the smaller pieces it grew through: the allocator gives them back in its own time.
            assert!(grown < 4 * 32 * 1024, "{path}: {grown} KiB more");
        }

        #[cfg(target_os = "linux")]
        let before = {
            forget_peak(serving.pid());
            memory(serving.pid(), "VmRSS:")
        };
        let headers = format!("Content-Encoding: gzip\r\nContent-Length: {}\r\n", bomb.len());
        let (status, error) = send(&serving.caller, path, &headers, std::iter::once(bomb.clone())).await;
        assert_eq!((status, &error["error"]["type"]), (413, &json!(kind)), "{path}: {error}");
        // Up to the limit and what it was copied from while it grew, which the allocator gives back in its own time; not
        // the 200 MiB inside.
        #[cfg(target_os = "linux")]
        {
            let grown = memory(serving.pid(), "VmHWM:").saturating_sub(before);
            assert!(grown < 96 * 1024, "{path}: {grown} KiB more");
        }
    }
    // The admin API needs far less.
    let name = "x".repeat(6 * MIB);
    let body = json!({"name": name, "provider": "bedrock"});
    assert_eq!(serving.caller.post("/api/accounts", &body).await.status, 413);
    serving.caller.served_by("still well").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_mebibytes_of_images_pass() {
    let emulator = Emulator::start(emulator::Config::default()).expect("emulator");
    let machine = Machine::new();
    let serving = machine.serve().await;
    serving.caller.use_account(&account("main", &emulator, &AccessKey::sandbox())).await;
    let mut picture = vec![0; 5 * MIB / 2];
    picture[..4].copy_from_slice(&[0x89, b'P', b'N', b'G']);
    let source = json!({"type": "base64", "media_type": "image/png", "data": STANDARD.encode(&picture)});
    let mut content = vec![json!({"type": "image", "source": source}); 6];
    content.push(json!({"type": "text", "text": "what is it"}));
    let mut body = ask("");
    body["messages"][0]["content"] = json!(content);
    assert!(body.to_string().len() > 20 * MIB);
    let answer = serving.caller.post("/v1/messages", &body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json()["content"][0]["text"], "echo: what is it");
    assert_eq!(answer.header("x-proxy-account"), Some("main"));
}
