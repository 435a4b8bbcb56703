//! An account that reaches its upstream through a proxy of its own.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::Full;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::AbortOnDropHandle;

use crate::client::{CLAUDE, Dialect};
use crate::harness::{TestApp, access_key};

/// A proxy for HTTP and SOCKS that lets nobody through and remembers where they wanted to go.
struct Gate {
    address: SocketAddr,
    wanted: Arc<Mutex<Vec<String>>>,
    _accepting: AbortOnDropHandle<()>,
}

impl Gate {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let wanted = Arc::<Mutex<Vec<String>>>::default();
        let noted = wanted.clone();
        let tasks = tokio_util::task::TaskTracker::new();
        let accepting = tasks.clone().spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let noted = noted.clone();
                tasks.spawn(async move {
                    // Who hangs up wanted nothing.
                    if let Ok(target) = refuse(stream).await {
                        noted.lock().expect("sound").push(target);
                    }
                });
            }
        });
        Self { address, wanted, _accepting: AbortOnDropHandle::new(accepting) }
    }

    fn wanted(&self) -> Vec<String> {
        self.wanted.lock().expect("sound").clone()
    }
}

async fn refuse(mut stream: TcpStream) -> std::io::Result<String> {
    let first = stream.read_u8().await?;
    if first == 5 {
        return refuse_socks(stream).await;
    }
    let mut head = vec![first];
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    stream.write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n").await?;
    Ok(String::from_utf8_lossy(&head).lines().next().unwrap_or_default().to_owned())
}

/// RFC 1928: methods, then a request whose address is a name.
async fn refuse_socks(mut stream: TcpStream) -> std::io::Result<String> {
    let methods = stream.read_u8().await?;
    let mut ignored = vec![0; methods.into()];
    stream.read_exact(&mut ignored).await?;
    stream.write_all(&[5, 0]).await?;
    let mut start = [0; 5];
    stream.read_exact(&mut start).await?;
    assert_eq!(start[3], 3, "the name is looked up by the proxy");
    let mut name = vec![0; start[4].into()];
    stream.read_exact(&mut name).await?;
    let port = stream.read_u16().await?;
    // Not allowed by the rules.
    stream.write_all(&[5, 2, 0, 1, 0, 0, 0, 0, 0, 0]).await?;
    Ok(format!("SOCKS {}:{port}", String::from_utf8_lossy(&name)))
}

impl TestApp {
    /// Adds a Bedrock account at AWS itself, behind a proxy; returns its id.
    async fn add_behind(&self, name: &str, proxy: &str) -> String {
        let key = access_key("a");
        let body = json!({
            "name": name, "provider": "bedrock", "region": "us-east-1", "options": {"proxy": proxy},
            "credential": {"kind": "access_key", "access_key_id": key.id, "secret_access_key": key.secret},
        });
        let added = self.post("/api/accounts", &body).await;
        assert_eq!(added.status, 201, "{}", added.text());
        added.json()["id"].as_str().expect("an id").to_owned()
    }
}

#[tokio::test]
async fn an_account_goes_by_its_own_proxy_and_others_do_not() {
    let app = TestApp::start().await;
    let gate = Gate::start().await;
    for (scheme, sign) in [("http", "CONNECT"), ("socks5h", "SOCKS")] {
        let id = app.add_behind(scheme, &format!("{scheme}://{}", gate.address)).await;
        let asking = Dialect::Messages.asking(CLAUDE, "hello", false).to_string();
        let request = app.request("POST", Dialect::Messages.path()).header("x-switchboard-account", &id);
        let answer = app.send(request.body(Full::new(Bytes::from(asking))).expect("a request")).await;
        let (_, code, message) = Dialect::Messages.error(&answer.json());
        assert!(answer.status.is_server_error(), "{} {code:?} {message}", answer.status);
        let way = format!("{sign} bedrock-runtime.us-east-1.amazonaws.com:443");
        assert!(gate.wanted().iter().any(|wanted| wanted.starts_with(&way)), "{:?}", gate.wanted());
    }
    let before = gate.wanted().iter().filter(|wanted| wanted.contains("runtime")).count();
    app.said(
        Dialect::Messages,
        &json!({"model": CLAUDE, "max_tokens": 9, "messages": [{"role": "user", "content": "hello"}]}),
    )
    .await;
    assert_eq!(gate.wanted().iter().filter(|wanted| wanted.contains("runtime")).count(), before);
    app.stop().await;
}

#[tokio::test]
async fn the_sign_in_of_an_account_is_renewed_through_its_proxy() {
    let app = TestApp::start().await;
    let gate = Gate::start().await;
    let body = json!({
        "name": "social", "provider": "amazon_q", "policy_accepted": true,
        "options": {"proxy": format!("socks5h://{}", gate.address)},
        "credential": {"kind": "kiro_social", "refresh_token": "aor-social"},
    });
    let added = app.post("/api/accounts", &body).await;
    assert_eq!(added.status, 201, "{}", added.text());
    let id = added.json()["id"].as_str().expect("an id").to_owned();
    let tested = app.post(&format!("/api/accounts/{id}/test"), &json!({})).await;
    assert_eq!(tested.json()["ok"], false, "{}", tested.text());
    let wanted = gate.wanted();
    assert!(wanted.iter().any(|wanted| wanted.contains("auth.desktop.kiro.dev:443")), "{wanted:?}");
    app.stop().await;
}

#[tokio::test]
async fn a_proxy_that_cannot_be_is_refused_by_name() {
    let app = TestApp::start().await;
    let id = app.add_behind("a", "http://127.0.0.1:9").await;
    for wrong in ["127.0.0.1:9", "ftp://127.0.0.1:9", "socks5://me:secret@127.0.0.1:9", ""] {
        let request = app.request("PATCH", &format!("/api/accounts/{id}"));
        let body = json!({"options": {"proxy": wrong}}).to_string();
        let answer = app.send(request.body(Full::new(Bytes::from(body))).expect("a request")).await;
        assert_eq!(answer.status, 400, "{wrong}: {}", answer.text());
        assert_eq!(answer.json()["params"]["field"], "options.proxy", "{wrong}: {}", answer.text());
        assert!(!answer.text().contains("secret"), "{}", answer.text());
    }
    app.stop().await;
}
