//! The boundary through raw sockets, on every kind of route: what a web page, a misled browser or a smuggler sends
//! reaches nothing.

mod bodies;
mod knock;
mod pace;

use serde_json::{Value, json};

use self::knock::{Knock, ROUTES};
use crate::harness::{KEY, TestApp};

/// What a refused request must not have changed.
async fn state(app: &TestApp) -> (Value, Value, usize) {
    let accounts = app.get("/api/accounts").await.json();
    let settings = app.get("/api/settings").await.json();
    (accounts, settings, app.emulator.journal().count())
}

#[tokio::test]
async fn strange_hosts_reach_no_route() {
    let app = TestApp::start().await;
    let knock = Knock::at(&app);
    let before = state(&app).await;
    for route in ROUTES {
        for host in [
            "evil.test",
            "evil.test:{port}",
            "localhost.evil.test",
            "localhost.evil.test:{port}",
            "127.0.0.1.nip.io:{port}",
            "localhost.",
            "localhost.:{port}",
            "localhost:1",
            "127.0.0.1:{port}0",
            "127.0.0.1:+{port}",
            "[::1]:1",
            "user@localhost",
            "localhost:{port}@evil.test",
            "",
            "0.0.0.0",
            "127.1",
            "127.0.0.2",
            "xlocalhost",
        ] {
            let answer = knock.with(route, &format!("Host: {host}")).await;
            assert!(matches!(answer.status, 400 | 403), "{route:?} {host:?}: {answer:?}");
            answer.tells_nothing(route);
            answer.speaks_as(route);
        }
        for hosts in ["X: none", "Host: localhost\r\nHost: localhost", "Host: localhost\r\nhost: evil.test"] {
            let answer = knock.with(route, hosts).await;
            assert_eq!(answer.status, 400, "{route:?} {hosts:?}: {answer:?}");
            answer.tells_nothing(route);
            answer.speaks_as(route);
        }
        for (target, host, status) in [
            ("http://evil.test", "localhost", 400),
            ("http://evil.test", "evil.test", 403),
            ("http://localhost:{port}", "evil.test", 400),
            ("https://localhost:{port}", "localhost:{port}", 400),
            ("http://localhost.evil.test:{port}", "localhost:{port}", 400),
        ] {
            let answer = knock.absolute(route, target, &format!("Host: {host}")).await;
            assert_eq!(answer.status, status, "{route:?} {target} {host}: {answer:?}");
            answer.tells_nothing(route);
            answer.speaks_as(route);
        }
    }
    assert_eq!(state(&app).await, before);

    for route in ROUTES {
        let plain = knock.good(route).await;
        for host in
            ["localhost", "127.0.0.1", "[::1]", "LOCALHOST:{port}", "127.0.0.1:{port}", "[::1]:{port}"]
        {
            let answer = knock.with(route, &format!("Host: {host}")).await;
            assert_eq!(answer.status, plain, "{route:?} {host}: {answer:?}");
        }
        let own = knock.absolute(route, "http://localhost:{port}", "Host: localhost:{port}").await;
        assert_eq!(own.status, plain, "{route:?}: {own:?}");
    }
    app.stop().await;
}

#[tokio::test]
async fn foreign_pages_reach_no_route() {
    let app = TestApp::start().await;
    let knock = Knock::at(&app);
    let before = state(&app).await;
    for route in ROUTES {
        for headers in [
            "Origin: null",
            "Origin: http://evil.test",
            "Origin: http://localhost.evil.test:{port}",
            "Origin: http://127.0.0.1:1",
            "Origin: https://127.0.0.1:{port}",
            "Origin: http://127.0.0.1:{port}\r\nOrigin: http://evil.test",
            "Origin: http://evil.test\r\nAccess-Control-Request-Method: POST",
            "Origin: null\r\nAccess-Control-Request-Method: DELETE\r\nAccess-Control-Request-Headers: x-api-key",
            "Sec-Fetch-Site: cross-site",
            "Sec-Fetch-Site: same-site",
            "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\nSec-Fetch-Dest: image",
            "Origin: http://127.0.0.1:{port}\r\nSec-Fetch-Site: cross-site",
        ] {
            let answer = knock.with(route, &format!("Host: 127.0.0.1:{{port}}\r\n{headers}")).await;
            assert_eq!(answer.status, 403, "{route:?} {headers:?}: {answer:?}");
            answer.tells_nothing(route);
            answer.speaks_as(route);
        }
    }
    // What a page may send without being asked first.
    for route in ROUTES.iter().filter(|route| route.body.is_some()) {
        for kind in [
            "text/plain",
            "text/plain; application/json",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/jsonx",
            "",
        ] {
            let answer = knock.typed(route, kind).await;
            assert_eq!(answer.status, 415, "{route:?} {kind:?}: {answer:?}");
            answer.tells_nothing(route);
            answer.speaks_as(route);
        }
    }
    assert_eq!(state(&app).await, before);

    for route in ROUTES {
        let plain = knock.good(route).await;
        for headers in
            ["Origin: http://127.0.0.1:{port}\r\nSec-Fetch-Site: same-origin", "Sec-Fetch-Site: none"]
        {
            let answer = knock.with(route, &format!("Host: 127.0.0.1:{{port}}\r\n{headers}")).await;
            assert_eq!(answer.status, plain, "{route:?} {headers:?}: {answer:?}");
            assert!(!answer.text.to_lowercase().contains("access-control"), "{answer:?}");
        }
    }
    app.stop().await;
}

#[tokio::test]
async fn a_listed_page_is_served_in_full() {
    let app = TestApp::start().await;
    let knock = Knock::at(&app);
    let listed = json!({"allowed_origins": ["https://app.example"]});
    let changed = app.request("PUT", "/api/settings").body(listed.to_string().into()).expect("request");
    assert_eq!(app.send(changed).await.status, 200);
    let page = "Host: 127.0.0.1:{port}\r\nOrigin: https://app.example\r\nSec-Fetch-Site: cross-site";
    let may =
        format!("{page}\r\nAccess-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: x-api-key");
    let preflight =
        knock.raw(&format!("OPTIONS /v1/messages HTTP/1.1\r\nConnection: close\r\n{may}\r\n\r\n")).await;
    assert_eq!(preflight.status, 204, "{preflight:?}");
    assert!(preflight.text.contains("access-control-allow-origin: https://app.example\r\n"), "{preflight:?}");
    let body = json!({
        "model": "claude-sonnet-4-5", "max_tokens": 9, "stream": true,
        "messages": [{"role": "user", "content": "hi"}],
    });
    let body = body.to_string();
    let streamed = knock
        .raw(&format!(
            "POST /v1/messages HTTP/1.1\r\nConnection: close\r\n{page}\r\nx-api-key: {KEY}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ))
        .await;
    assert_eq!(streamed.status, 200, "{streamed:?}");
    assert!(streamed.text.contains("access-control-allow-origin: https://app.example\r\n"), "{streamed:?}");
    assert!(!streamed.text.contains("access-control-allow-origin: *"), "{streamed:?}");
    assert!(streamed.text.contains("event: message_stop"), "{streamed:?}");
    app.stop().await;
}

#[tokio::test]
async fn smuggled_heads_reach_no_route() {
    let app = TestApp::start().await;
    let knock = Knock::at(&app);
    let before = state(&app).await;
    // What a smuggler wants to be taken as a request of its own: harmless, but it would be answered.
    let inner = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
    for route in ROUTES {
        let line = format!("{} {} HTTP/1.1\r\n", route.method, route.path);
        let head = format!("Host: localhost\r\nx-api-key: {KEY}\r\nContent-Type: application/json\r\n");
        for (what, text) in [
            (
                "CL and TE",
                format!(
                    "{line}{head}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{inner}"
                ),
            ),
            (
                "TE and CL",
                format!(
                    "{line}{head}Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n0\r\n\r\n{inner}"
                ),
            ),
            ("two CL", format!("{line}{head}Content-Length: 0\r\nContent-Length: 40\r\n\r\n{inner}")),
            (
                "the same CL twice",
                format!("{line}{head}Content-Length: 2\r\nContent-Length: 2\r\n\r\n{{}}{inner}"),
            ),
            ("a list of CL", format!("{line}{head}Content-Length: 2, 2\r\n\r\n{{}}{inner}")),
            ("CL with a sign", format!("{line}{head}Content-Length: +2\r\n\r\n{{}}{inner}")),
            (
                "two TE",
                format!(
                    "{line}{head}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n{inner}"
                ),
            ),
            ("an unknown TE", format!("{line}{head}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n{inner}")),
            ("TE before a space", format!("{line}{head}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n{inner}")),
            ("bare LF", format!("{line}{head}X: y\nZ: z\r\n\r\n{inner}")),
            ("only bare LF", format!("{line}{head}\r\n{inner}").replace("\r\n", "\n")),
            ("a folded header", format!("{line}{head}X: y\r\n z\r\n\r\n{inner}")),
            ("a folded length", format!("{line}{head}X: y\r\n\tContent-Length: 3\r\n\r\n{inner}")),
            ("a NUL", format!("{line}{head}X: y\0z\r\n\r\n{inner}")),
            ("two Hosts", format!("{line}{head}Host: localhost\r\n\r\n{inner}")),
        ] {
            let answer = knock.raw(&text).await;
            assert_eq!(answer.status, 400, "{what} on {route:?}: {answer:?}");
            assert_eq!(answer.text.matches("HTTP/1.").count(), 1, "{what} on {route:?}: {answer:?}");
            answer.tells_nothing(route);
            // What is no HTTP at all is refused before there is a path, so without words.
            if !answer.text.ends_with("\r\n\r\n") {
                answer.speaks_as(route);
            }
        }
        let many = format!("{line}{head}{}\r\n{inner}", "X: y\r\n".repeat(98));
        let large = format!("{line}{head}X: {}\r\n\r\n{inner}", "y".repeat(64 * 1024));
        for text in [many, large] {
            let answer = knock.raw(&text).await;
            assert_eq!(answer.status, 431, "{route:?}: {answer:?}");
            assert_eq!(answer.text.matches("HTTP/1.").count(), 1, "{route:?}: {answer:?}");
        }
    }
    assert_eq!(state(&app).await, before);
    app.stop().await;
}
