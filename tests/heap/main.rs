//! How much memory a long conversation takes on its way to Claude on Bedrock. A binary of its own, because it counts
//! every allocation of the process; the client and the upstream in it make none while it counts.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod conversation;
mod upstream;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use llm::Secret;
use serde_json::{Value, json};
use switchboard::{App, Config, Running};

use self::upstream::Upstream;

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

const KEY: &str = "sk-test-key";
const MIB: usize = 1024 * 1024;

/// The most heap that `work` had in use at one time, in bytes, on top of what there was before.
fn peak(work: impl FnOnce()) -> usize {
    let profiler = dhat::Profiler::builder().testing().trim_backtraces(Some(2)).build();
    work();
    let peak = dhat::HeapStats::get().max_bytes;
    drop(profiler);
    peak
}

/// Sends what `request` holds and reads into `answer`, whose memory is there already; returns the bytes read.
fn exchange(address: SocketAddr, request: &[u8], answer: &mut [u8]) -> usize {
    let mut stream = TcpStream::connect(address).expect("connect");
    stream.write_all(request).expect("sent");
    let mut filled = 0;
    loop {
        match stream.read(&mut answer[filled..]).expect("an answer") {
            0 => return filled,
            count => filled += count,
        }
    }
}

fn post(path: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nx-api-key: {KEY}\r\n\
         anthropic-version: 2023-06-01\r\nanthropic-beta: interleaved-thinking-2025-05-14\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

fn start(runtime: &tokio::runtime::Runtime, upstream: &Upstream) -> (Running, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("folder");
    let config = Config {
        data_dir: folder.path().to_owned(),
        config_dir: folder.path().join("config"),
        keychain: switchboard::KeychainUse::Off,
        master_key_file: None,
        port: Some(0),
        bind: None,
        allow_lan: false,
        admin_port: None,
        local_key: Some(Secret::new(KEY)),
        environment: switchboard::environment::read(|_| None),
    };
    let running = runtime
        .block_on(async { App::open(&config).await.expect("open").listen(&config).await.expect("listen") });
    let account = json!({
        "name": "main", "provider": "bedrock", "region": "us-east-1",
        "endpoint_url": format!("http://{}", upstream.address),
        "credential": {"kind": "access_key", "access_key_id": "AKIA0", "secret_access_key": "secret"},
    });
    let mut answer = vec![0; 64 * 1024];
    let count = exchange(running.address(), &post("/api/accounts", &account.to_string()), &mut answer);
    assert!(answer[..count].starts_with(b"HTTP/1.1 201 "), "{}", String::from_utf8_lossy(&answer[..count]));
    (running, folder)
}

#[test]
fn a_long_conversation_to_claude_is_not_taken_apart() {
    let upstream = Upstream::start();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("runtime");
    let (running, _folder) = start(&runtime, &upstream);
    let mut answer = vec![0; 256 * 1024];
    // What is made once is there before it is counted.
    let warm = post("/v1/messages", &conversation::body(1, true));
    exchange(running.address(), &warm, &mut answer);

    for stream in [true, false] {
        let body = conversation::body(190, stream);
        assert!((2 * MIB..9 * MIB / 4).contains(&body.len()), "{}", body.len());
        let request = post("/v1/messages", &body);
        let mut count = 0;
        let peak = peak(|| count = exchange(running.address(), &request, &mut answer));
        let text = String::from_utf8_lossy(&answer[..count]);
        assert!(text.starts_with("HTTP/1.1 200 "), "{text}");
        assert!(text.contains(upstream::SAID), "{text}");
        assert!(text.contains("message_stop") == stream, "{text}");
        // All of it went out.
        let sent = upstream.last_body();
        for member in ["\"messages\":", "\"tools\":", "\"system\":"] {
            assert!(sent.contains(&body[body.find(member).expect("sent")..][..1000]), "{member}");
        }
        assert!(sent.len() + 200 > body.len(), "{} of {}", sent.len(), body.len());
        println!("stream {stream}: {} bytes, peak {peak}: {:.2}x", body.len(), ratio(peak, &body));
        assert!(ratio(peak, &body) < MOST, "{peak} bytes of heap for {} of body", body.len());

        // The bound means something: taking the conversation apart alone would cost as much.
        let taken_apart = self::peak(|| drop(serde_json::from_str::<Value>(&body).expect("JSON")));
        println!("as a Value: {:.2}x", ratio(taken_apart, &body));
        assert!(ratio(taken_apart + body.len(), &body) > MOST, "{taken_apart}");
    }
    runtime.block_on(running.stop());
}

/// The body itself, and what it may take beside it, as a multiple of the body.
const MOST: f64 = 2.0;

#[expect(clippy::cast_precision_loss, reason = "megabytes")]
fn ratio(bytes: usize, body: &str) -> f64 {
    bytes as f64 / body.len() as f64
}
