//! Who comes from other machines. A reverse proxy on this machine, which is trusted, says so for each request.

use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use serde_json::{Value, json};

use crate::client::{CLAUDE, DIALECTS, Dialect};
use crate::harness::{Answer, KEY, TestApp};

const STRANGER: &str = "203.0.113.9";

impl TestApp {
    /// An instance behind a reverse proxy on this machine.
    async fn behind_proxy() -> Self {
        let app = Self::start().await;
        app.set(&json!({"trusted_proxies": ["127.0.0.0/8", "::1"]})).await;
        app
    }

    /// A request that the reverse proxy passes on for `address`.
    async fn visit(&self, address: &str, method: &str, path: &str, body: &Value) -> Answer {
        let request = self.request(method, path).header("x-forwarded-for", address);
        let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
        self.send(request.body(Full::new(body)).expect("request")).await
    }

    async fn ask_for(&self, address: &str, dialect: Dialect) -> Answer {
        self.visit(address, "POST", dialect.path(), &dialect.asking(CLAUDE, "hello", false)).await
    }
}

#[tokio::test]
async fn a_blocked_address_reaches_no_route_until_it_is_let_in_again() {
    let app = TestApp::behind_proxy().await;
    assert_eq!(app.ask_for(STRANGER, Dialect::Messages).await.status, 200);
    let block = json!({"address": "203.0.113.0/24", "note": "scans"});
    let list = app.post("/api/ips/block", &block).await;
    assert_eq!(list.status, 200, "{}", list.text());
    assert_eq!(list.json()["blocked"][0]["address"], "203.0.113.0/24");
    let before = app.emulator.journal().count();
    for dialect in DIALECTS {
        let refused = app.ask_for(STRANGER, dialect).await;
        let (kind, _, message) = dialect.error(&refused.json());
        assert_eq!((refused.status.as_u16(), kind.as_str()), (403, "permission_error"), "{dialect:?}");
        assert!(message.contains("blocked"), "{message}");
        assert_eq!(refused.header("connection"), Some("close"));
    }
    for path in ["/", "/health", "/api/session", "/v1/models", "/nowhere"] {
        assert_eq!(app.visit(STRANGER, "GET", path, &Value::Null).await.status, 403, "{path}");
    }
    assert_eq!(app.emulator.journal().count(), before, "nothing went out");
    // Others, and this machine, go on.
    assert_eq!(app.ask_for("198.51.100.7", Dialect::Chat).await.status, 200);
    assert_eq!(app.get("/api/ips/blocked").await.json()["blocked"][0]["note"], "scans");
    let list = app.post("/api/ips/unblock", &json!({"address": "203.0.113.0/24"})).await;
    assert_eq!(list.json()["blocked"], json!([]));
    assert_eq!(app.ask_for(STRANGER, Dialect::Messages).await.status, 200);
    for address in ["127.0.0.1", "0.0.0.0/0", "box.lan"] {
        assert_eq!(app.post("/api/ips/block", &json!({"address": address})).await.status, 400, "{address}");
    }
    app.stop().await;
}

#[tokio::test]
async fn who_comes_too_often_is_told_when_to_come_again() {
    let app = TestApp::behind_proxy().await;
    app.set(&json!({"ip_limit": {"requests": 3, "window_s": 600}})).await;
    for _ in 0..3 {
        assert_eq!(app.visit(STRANGER, "GET", "/v1/models", &Value::Null).await.status, 200);
    }
    for dialect in DIALECTS {
        let refused = app.ask_for(STRANGER, dialect).await;
        let (kind, _, message) = dialect.error(&refused.json());
        assert_eq!(refused.status, 429, "{dialect:?} {kind}: {message}");
        let wait: u64 = refused.header("retry-after").expect("a time").parse().expect("seconds");
        assert!((1..=200).contains(&wait), "{wait}");
        // In the log it is what it was.
        assert_eq!(app.row(&refused).await["error_category"], "rate_limited");
    }
    let refused = app.visit(STRANGER, "GET", "/api/session", &Value::Null).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["code"]), (429, &json!("rate_limited")));
    assert!(refused.header("retry-after").is_some());
    assert_eq!(app.ask_for("198.51.100.7", Dialect::Messages).await.status, 200, "another address");
    for _ in 0..5 {
        assert_eq!(app.get("/health").await.status, 200, "this machine");
    }
    app.set(&json!({"ip_limit": {"requests": 0}})).await;
    assert_eq!(app.ask_for(STRANGER, Dialect::Messages).await.status, 200);
    app.stop().await;
}

#[tokio::test]
async fn who_comes_through_a_proxy_is_not_of_this_machine() {
    let app = TestApp::behind_proxy().await;
    for address in [STRANGER, "127.0.0.1", "::1", "unknown", ""] {
        let answer = app.visit(address, "GET", "/api/accounts", &Value::Null).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.json()["code"]),
            (401, &json!("local_key")),
            "{address:?}"
        );
        let id = app.get("/api/accounts").await.json()["accounts"][0]["id"].as_str().expect("id").to_owned();
        let body = Dialect::Messages.asking(CLAUDE, "hello", false).to_string();
        let request = app.request("POST", "/v1/messages").header("x-forwarded-for", address);
        let request = request.header("x-switchboard-account", id).body(Full::from(body)).expect("request");
        assert_eq!(app.send(request).await.status, 403, "{address:?}");
    }
    let refused = app.request("PUT", "/api/settings");
    let refused = app.send(refused.body(Full::from(r#"{"require_key":false}"#)).expect("request")).await;
    assert_eq!(refused.json()["params"]["field"], "require_key");
    app.stop().await;
}

#[tokio::test]
async fn a_peer_that_nobody_trusts_is_who_it_is() {
    let app = TestApp::start().await;
    app.set(&json!({"trusted_proxies": ["192.0.2.1"], "ip_limit": {"requests": 1}})).await;
    assert_eq!(app.post("/api/ips/block", &json!({"address": STRANGER})).await.status, 200);
    for name in ["x-forwarded-for", "forwarded", "x-real-ip"] {
        for _ in 0..3 {
            let request = Request::builder().uri(app.url("/api/status")).header("x-api-key", KEY);
            let request = request.header(name, format!("for={STRANGER}, {STRANGER}"));
            let answer = app.send(request.body(Full::default()).expect("request")).await;
            assert_eq!(answer.status, 200, "{name}: {}", answer.text());
        }
    }
    app.stop().await;
}
