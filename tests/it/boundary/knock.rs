//! Requests written byte by byte.

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::{KEY, PATIENCE, TestApp};

/// One route of each kind.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) body: Option<&'static str>,
    /// What a good request gets.
    pub(super) status: u16,
}

const fn bare(method: &'static str, path: &'static str, status: u16) -> Route {
    Route { method, path, body: None, status }
}

const fn with_body(method: &'static str, path: &'static str, status: u16, body: &'static str) -> Route {
    Route { method, path, body: Some(body), status }
}

const MESSAGE: &str =
    r#"{"model":"claude-sonnet-4-5","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}"#;

pub(super) const ROUTES: &[Route] = &[
    bare("GET", "/health", 200),
    bare("HEAD", "/", 200),
    bare("GET", "/api/hello", 200),
    bare("GET", "/no/such/path", 404),
    bare("OPTIONS", "/v1/messages", 405),
    bare("OPTIONS", "/no/such/path", 404),
    bare("OPTIONS", "/api/accounts", 405),
    bare("GET", "/v1/models", 200),
    bare("GET", "/v1/responses", 405),
    with_body("POST", "/v1/responses", 200, r#"{"model":"claude-sonnet-4-5","input":"hi"}"#),
    bare("GET", "/api/accounts", 200),
    bare("GET", "/api/no-such-thing", 404),
    bare("DELETE", "/api/accounts/nobody", 404),
    with_body("POST", "/v1/messages", 200, MESSAGE),
    with_body("POST", "/v1/messages/count_tokens", 200, MESSAGE),
    with_body("POST", "/v1/chat/completions", 200, MESSAGE),
    with_body("POST", "/v1/completions", 200, r#"{"model":"claude-sonnet-4-5","prompt":"hi"}"#),
    with_body("POST", "/api/event_logging/batch", 200, "{}"),
    with_body("POST", "/no/such/path", 404, "{}"),
    with_body("PUT", "/api/settings", 200, r#"{"debug_log":true}"#),
    with_body("POST", "/api/accounts/nobody/activate", 404, "{}"),
];

/// An answer as it came over the wire.
#[derive(Debug)]
pub(super) struct Heard {
    /// 0 when there was none.
    pub(super) status: u16,
    pub(super) text: String,
}

impl Heard {
    /// A refusal gives a page nothing: no permission, and words in the dialect of the route at most.
    pub(super) fn tells_nothing(&self, route: &Route) {
        assert!(!self.text.to_lowercase().contains("access-control"), "{route:?}: {self:?}");
        assert!(!self.text.contains("echo: "), "{route:?}: {self:?}");
        assert!(!self.text.contains(KEY), "{route:?}: {self:?}");
    }

    /// A refusal is an error in the words of the route's own dialect.
    pub(super) fn speaks_as(&self, route: &Route) {
        if route.method == "HEAD" {
            return;
        }
        let (_, body) = self.text.split_once("\r\n\r\n").unwrap_or_default();
        let error: Value =
            serde_json::from_str(body).unwrap_or_else(|error| panic!("{route:?} {error}: {self:?}"));
        let is = |pointer: &str| error.pointer(pointer).is_some_and(Value::is_string);
        let anthropic = error["type"] == "error" && is("/error/type") && is("/error/message");
        let openai = error["type"].is_null() && is("/error/type") && is("/error/message");
        let right = match route.path {
            path if path.starts_with("/api/") => is("/code") && is("/message"),
            path if path.starts_with("/v1/messages") => anthropic && is("/request_id"),
            "/v1/chat/completions" | "/v1/completions" => openai,
            _ => anthropic || openai,
        };
        assert!(right, "{route:?}: {error}");
    }
}

pub(super) struct Knock {
    port: u16,
}

impl Knock {
    pub(super) fn at(app: &TestApp) -> Self {
        Self { port: app.running.address().port() }
    }

    /// A good request of the route but for `hosts`: its `Host` lines and what may follow them. `{port}` is ours.
    pub(super) async fn with(&self, route: &Route, hosts: &str) -> Heard {
        self.request(route, "", hosts, Some("application/json")).await
    }

    /// As [`Knock::with`], with a target that names a server.
    pub(super) async fn absolute(&self, route: &Route, server: &str, hosts: &str) -> Heard {
        self.request(route, server, hosts, Some("application/json")).await
    }

    /// A good request but for its content type; empty leaves it out.
    pub(super) async fn typed(&self, route: &Route, kind: &str) -> Heard {
        self.request(route, "", "Host: localhost", Some(kind).filter(|kind| !kind.is_empty())).await
    }

    /// The status of a good request.
    pub(super) async fn good(&self, route: &Route) -> u16 {
        let answer = self.with(route, "Host: localhost:{port}").await;
        assert_eq!(answer.status, route.status, "{route:?}: {answer:?}");
        answer.status
    }

    async fn request(&self, route: &Route, server: &str, hosts: &str, kind: Option<&str>) -> Heard {
        let Route { method, path, body, .. } = route;
        let mut head = format!("{method} {server}{path} HTTP/1.1\r\n{hosts}\r\n");
        head.push_str(&format!("Connection: close\r\nx-api-key: {KEY}\r\nanthropic-version: 2023-06-01\r\n"));
        if let (Some(kind), Some(_)) = (kind, body) {
            head.push_str(&format!("Content-Type: {kind}\r\n"));
        }
        if let Some(body) = body {
            head.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        let head = head.replace("{port}", &self.port.to_string());
        self.raw(&format!("{head}\r\n{}", body.unwrap_or_default())).await
    }

    pub(super) async fn connect(&self) -> TcpStream {
        TcpStream::connect(("127.0.0.1", self.port)).await.expect("connect")
    }

    /// Sends bytes on a new connection and reads until the other end closes.
    pub(super) async fn raw(&self, text: &str) -> Heard {
        let text = text.replace("{port}", &self.port.to_string());
        let exchange = async {
            let mut stream = self.connect().await;
            // A refusal may come, and the connection close, before all is written.
            let _ = stream.write_all(text.as_bytes()).await;
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer).await;
            answer
        };
        let answer = tokio::time::timeout(PATIENCE, exchange).await.expect("closes in time");
        let text = String::from_utf8_lossy(&answer).into_owned();
        Heard { status: text.get(9..12).and_then(|status| status.parse().ok()).unwrap_or(0), text }
    }
}
