//! The admin password and the network beyond this machine, with the real binary.

use std::net::{IpAddr, UdpSocket};

use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

use super::scan::{Canary, tree};
use super::{Machine, Serving, ask};
use crate::harness::{Answer, in_time, rest};

/// Our address on the network, from which we are another machine to ourselves. `None` where there is no network.
/// Nothing is sent to find it.
fn network() -> Option<IpAddr> {
    let socket = UdpSocket::bind(("0.0.0.0", 0)).ok()?;
    socket.connect(("192.0.2.255", 9)).or_else(|_| socket.connect(("198.51.100.1", 9))).ok()?;
    socket.local_addr().ok().map(|address| address.ip()).filter(|address| !address.is_loopback())
}

/// Sends a request as another machine does.
async fn from_afar(
    serving: &Serving,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &Value,
) -> Answer {
    let port = serving.caller.url.rsplit_once(':').expect("a port").1;
    let address = network().expect("a network");
    let mut request = Request::builder().method(method).uri(format!("http://{address}:{port}{path}"));
    if !headers.iter().any(|(name, _)| *name == "host") {
        request = request.header("host", "localhost");
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let body = if body.is_null() { Bytes::new() } else { body.to_string().into() };
    let request = request.header("content-type", "application/json").body(Full::new(body)).expect("request");
    let client = Client::builder(TokioExecutor::new()).set_host(false).build_http();
    rest(in_time(client.request(request)).await.expect("an answer")).await
}

async fn sign_in(serving: &Serving, password: &str) -> Answer {
    serving.caller.post("/api/session", &json!({"password": password})).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fresh_start_is_closed_but_for_who_reads_the_terminal() {
    let machine = Machine::new();
    let serving = machine.serve().await;
    for password in ["", "admin", "switchboard", &serving.caller.key] {
        assert_eq!(sign_in(&serving, password).await.status, 401, "{password:?}");
    }
    let token = serving.welcome.split_once("#token=").expect("an address").1;
    let token = token.split_whitespace().next().expect("a token");
    let opened = serving.caller.post("/api/session", &json!({"token": token})).await;
    assert_eq!(opened.status, 200, "{}", opened.text());
    assert_eq!(serving.caller.post("/api/session", &json!({"token": token})).await.status, 401, "once");
    // Nowhere but where it was printed.
    for file in tree(&machine.data()).iter().filter(|path| path.is_file()) {
        let bytes = std::fs::read(file).unwrap_or_default();
        assert!(!bytes.windows(token.len()).any(|part| part == token.as_bytes()), "{}", file.display());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_is_set_and_removed_by_command_and_told_to_nobody() {
    let canary = Canary::new("password");
    let machine = Machine::new().with("SWITCHBOARD_LOG", "trace");
    let bad = machine.run_with("short\n", &["password", "set"]).await.bad();
    assert!(bad.contains("8 characters"), "{bad}");
    let bad = machine.run_with("\n", &["password", "set"]).await.bad();
    assert!(bad.contains("nothing was given"), "{bad}");
    // On the bare folder, then beside a running instance.
    machine.run_with(&format!("{}\r\n", canary.word), &["password", "set"]).await.good();
    let serving = machine.serve().await;
    assert_eq!(sign_in(&serving, &canary.word).await.status, 200);
    let other = Canary::new("other password");
    machine.run_with(&other.word, &["password", "set"]).await.good();
    assert_eq!(sign_in(&serving, &canary.word).await.status, 401);
    let opened = sign_in(&serving, &other.word).await;
    let cookie = opened.header("set-cookie").and_then(|line| line.split(';').next()).expect("a cookie");
    let shown = async || {
        let request = Request::get(format!("{}/api/status", serving.caller.url)).header("cookie", cookie);
        let request = request.body(Full::<Bytes>::default()).expect("request");
        let client = Client::builder(TokioExecutor::new()).build_http();
        rest(in_time(client.request(request)).await.expect("an answer")).await
    };
    assert_eq!(shown().await.status, 200);
    machine.run(&["password", "clear"]).await.good();
    assert_eq!(shown().await.status, 401, "its session is over");
    assert_eq!(sign_in(&serving, &other.word).await.status, 401);
    let ended = serving.terminate().await;
    for secret in [&canary, &other] {
        for text in [&ended.stdout, &ended.stderr] {
            assert_eq!(secret.find(text.as_bytes()), None);
        }
        for file in tree(&machine.data()).iter().filter(|path| path.is_file()) {
            assert_eq!(secret.find(&std::fs::read(file).unwrap_or_default()), None, "{}", file.display());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_machines_are_let_in_when_three_things_are_there() {
    let machine = Machine::new();
    let wide = ["serve", "--port", "0", "--bind", "0.0.0.0"];
    let said = machine.run(&wide).await.bad();
    assert!(said.contains("--allow-lan"), "{said}");
    let said = machine.run(&[&wide[..], &["--allow-lan"]].concat()).await.bad();
    assert!(said.contains("switchboard password set"), "{said}");
    machine.run_with("correct horse", &["password", "set"]).await.good();
    let said = machine.run(&wide).await.bad();
    assert!(said.contains("--allow-lan"), "{said}");

    let serving = machine.serve_with(&["--bind", "0.0.0.0", "--allow-lan"]).await;
    let said = machine.run(&["password", "clear"]).await.bad();
    assert!(said.contains("127.0.0.1"), "{said}");
    let status = serving.caller.get("/api/status").await.json();
    assert_eq!((&status["wide"], &status["require_key"]), (&json!(true), &json!(true)), "{status}");
    assert_eq!(serving.caller.served_by("hello").await, "Sandbox");
    if network().is_none() {
        return;
    }
    let key = serving.caller.key.as_str();
    let asked = ask("hello");
    let messages = async |headers: &[(&str, &str)]| {
        from_afar(&serving, "POST", "/v1/messages", headers, &asked).await.status.as_u16()
    };
    assert_eq!(messages(&[]).await, 401);
    assert_eq!(messages(&[("x-api-key", "sk-wrong")]).await, 401);
    assert_eq!(messages(&[("x-api-key", key)]).await, 200);
    assert_eq!(messages(&[("x-api-key", key), ("host", "evil.test")]).await, 403);
    let address = network().expect("a network").to_string();
    assert_eq!(messages(&[("x-api-key", key), ("host", &address)]).await, 403, "not listed");
    serving.caller.send("PUT", "/api/settings", &json!({"extra_hosts": [address]})).await;
    assert_eq!(messages(&[("x-api-key", key), ("host", &address)]).await, 200);

    // The key that every editor has is not the key of the house.
    let bearer = format!("Bearer {key}");
    let admin = async |headers: &[(&str, &str)]| {
        from_afar(&serving, "GET", "/api/accounts", headers, &Value::Null).await.status.as_u16()
    };
    assert_eq!(admin(&[("authorization", &bearer)]).await, 401);
    let opened =
        from_afar(&serving, "POST", "/api/session", &[], &json!({"password": "correct horse"})).await;
    assert_eq!(opened.status, 200, "{}", opened.text());
    let cookie = opened.header("set-cookie").and_then(|line| line.split(';').next()).expect("a cookie");
    assert_eq!(admin(&[("cookie", cookie)]).await, 200);
}
