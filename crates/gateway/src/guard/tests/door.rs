//! The rules over a real socket, in front of a handler that says yes to everything.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::{HeaderMap, Response};
use http_body_util::Full;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use wire::ServerCodec;
use wire::anthropic::server::AnthropicServer;

use crate::Settings;
use crate::guard::guarded;
use crate::house::House;
use crate::listener::{Capacity, Patience, bind, serve};

static CODEC: AnthropicServer = AnthropicServer::new();

fn dialect(_: &str, _: &HeaderMap) -> &'static dyn ServerCodec {
    &CODEC
}

struct Door {
    house: House,
    port: u16,
    served: Arc<AtomicUsize>,
    _quit: CancellationToken,
}

async fn door() -> Door {
    let house = House::new().await;
    let served = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&served);
    let handler = guarded(Arc::clone(&house.gateway), dialect, move |_, _| {
        count.fetch_add(1, Ordering::SeqCst);
        async { Response::new(Full::new(Bytes::from_static(b"yes"))) }
    });
    let quit = CancellationToken::new();
    let sockets = bind(crate::LOOPBACK, 0).unwrap();
    let capacity = Arc::new(Capacity::default());
    let listening =
        serve(sockets, handler, &capacity, Patience::default(), &Arc::default(), &quit, &TaskTracker::new())
            .unwrap();
    Door { house, port: listening.addresses()[0].port(), served, _quit: quit }
}

impl Door {
    /// Sends a head, `{port}` replaced, and reads the answer to its end.
    async fn knock(&self, line: &str, headers: &str) -> (u16, String) {
        let text = format!("{line} HTTP/1.1\r\nConnection: close\r\n{headers}\r\n\r\n");
        let text = text.replace("{port}", &self.port.to_string()).replace("\r\n\r\n\r\n", "\r\n\r\n");
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        (answer.get(9..12).and_then(|status| status.parse().ok()).unwrap_or(0), answer)
    }
}

const LINES: [&str; 6] = [
    "GET /health",
    "HEAD /",
    "OPTIONS /v1/messages",
    "GET /no/such/path",
    "GET /api/accounts",
    "DELETE /api/accounts/x",
];

#[tokio::test]
async fn strange_hosts_reach_no_route() {
    let door = door().await;
    for line in LINES {
        for (headers, status) in [
            ("Host: evil.test", 403),
            ("Host: localhost.evil.test:{port}", 403),
            ("Host: 127.0.0.1.nip.io", 403),
            ("Host: localhost.", 403),
            ("Host: localhost:1", 403),
            ("X: no host", 400),
            ("Host: localhost\r\nHost: localhost", 400),
            ("Host: localhost\nX: y", 400),
        ] {
            let (got, answer) = door.knock(line, headers).await;
            assert_eq!(got, status, "{line} {headers:?}: {answer:?}");
            assert!(!answer.to_lowercase().contains("access-control"), "{answer:?}");
        }
        let (method, path) = line.split_once(' ').unwrap();
        let (got, answer) = door.knock(&format!("{method} http://evil.test{path}"), "Host: localhost").await;
        assert_eq!(got, 400, "{answer:?}");
    }
    assert_eq!(door.served.load(Ordering::SeqCst), 0);
    for line in LINES {
        for host in
            ["localhost", "127.0.0.1", "[::1]", "localhost:{port}", "127.0.0.1:{port}", "[::1]:{port}"]
        {
            assert_eq!(door.knock(line, &format!("Host: {host}")).await.0, 200, "{line} {host}");
        }
    }
}

#[tokio::test]
async fn foreign_pages_reach_no_route() {
    let door = door().await;
    for line in LINES.into_iter().chain(["POST /v1/messages", "POST /api/accounts"]) {
        for headers in [
            "Origin: null",
            "Origin: https://evil.test",
            "Origin: https://evil.test\r\nAccess-Control-Request-Method: POST",
            "Sec-Fetch-Site: cross-site",
            "Sec-Fetch-Site: same-site",
        ] {
            let (got, answer) = door.knock(line, &format!("Host: localhost:{{port}}\r\n{headers}")).await;
            assert_eq!(got, 403, "{line} {headers:?}: {answer:?}");
            assert!(!answer.to_lowercase().contains("access-control"), "{answer:?}");
        }
    }
    let text = "Host: localhost\r\nContent-Type: text/plain\r\nContent-Length: 0";
    assert_eq!(door.knock("POST /v1/messages", text).await.0, 415);
    assert_eq!(door.served.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn refusals_speak_the_dialect_of_the_path() {
    let door = door().await;
    let body =
        |answer: &str| -> Value { serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap() };
    let (_, answer) = door.knock("POST /v1/messages", "Host: evil.test").await;
    assert_eq!(body(&answer)["type"], "error", "{answer:?}");
    let (_, answer) = door.knock("POST /api/accounts", "Host: evil.test").await;
    assert_eq!(body(&answer)["code"], "forbidden", "{answer:?}");
}

#[tokio::test]
async fn what_the_person_lists_counts_with_the_next_request() {
    let door = door().await;
    let page = "Host: box.lan\r\nOrigin: https://app.example\r\nSec-Fetch-Site: cross-site";
    assert_eq!(door.knock("GET /health", page).await.0, 403);
    let settings = Settings {
        extra_hosts: vec!["box.lan".into()],
        allowed_origins: vec!["https://app.example".into()],
        ..Settings::default()
    };
    door.house.gateway.settings.store(Arc::new(settings));
    let (status, answer) = door.knock("GET /health", page).await;
    assert_eq!(status, 200);
    assert!(answer.contains("access-control-allow-origin: https://app.example\r\n"), "{answer:?}");
    assert!(answer.contains("vary: Origin\r\n"), "{answer:?}");
    let (status, answer) =
        door.knock("OPTIONS /v1/messages", &format!("{page}\r\nAccess-Control-Request-Method: POST")).await;
    assert_eq!(status, 204);
    assert!(answer.contains("access-control-allow-methods: "), "{answer:?}");
}
