mod door;

use http::Request;
use serde_json::Value;

use super::*;

const PORT: u16 = 4880;

/// A head from a request line's method and target, and headers.
fn judge(method: &str, target: &str, headers: &[(&str, &str)], policy: Policy<'_>) -> Result<Passed, Error> {
    let mut request = Request::builder().method(method).uri(target);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (parts, ()) = request.body(()).unwrap().into_parts();
    let head =
        Head { method: &parts.method, uri: &parts.uri, headers: &parts.headers, port: PORT, flaw: None };
    check(head, policy)
}

fn status(outcome: Result<Passed, Error>) -> u16 {
    match outcome {
        Ok(_) => 200,
        Err(error) => crate::admin::Refusal::from(error).written().status().as_u16(),
    }
}

#[test]
fn only_our_own_names_are_served() {
    let listed = ["box.lan".to_owned(), "proxy:8080".to_owned(), "[fe80::1]".to_owned()];
    let policy = Policy { hosts: &listed, origins: &[], own: &[] };
    for (host, expected) in [
        ("localhost", 200),
        ("localhost:4880", 200),
        ("LocalHost:4880", 200),
        ("127.0.0.1", 200),
        ("127.0.0.1:4880", 200),
        ("[::1]", 200),
        ("[::1]:4880", 200),
        ("box.lan", 200),
        ("BOX.LAN.:4880", 200),
        ("proxy:8080", 200),
        ("[fe80::1]:4880", 200),
        ("", 403),
        ("evil.test", 403),
        ("evil.test:4880", 403),
        ("localhost.evil.test", 403),
        ("127.0.0.1.nip.io", 403),
        ("evillocalhost", 403),
        ("localhost.", 403),
        ("localhost..", 403),
        ("127.0.0.1.", 403),
        ("localhost:80", 403),
        ("localhost:4881", 403),
        ("localhost:04880", 403),
        ("localhost:+4880", 403),
        ("localhost:", 403),
        ("localhost:4880:4880", 403),
        ("127.1", 403),
        ("2130706433", 403),
        ("127.0.0.2", 403),
        ("0.0.0.0", 403),
        ("::1", 403),
        ("[::1", 403),
        ("[::1]x", 403),
        ("[0:0:0:0:0:0:0:1]", 403),
        ("[::ffff:127.0.0.1]", 403),
        ("user@localhost", 403),
        ("localhost/", 403),
        ("localhost evil.test", 403),
        ("proxy", 403),
        ("proxy:4880", 403),
        ("sub.box.lan", 403),
        ("box.lan..", 403),
    ] {
        for (method, target) in [("GET", "/health"), ("OPTIONS", "/v1/messages"), ("GET", "/nope")] {
            let outcome = judge(method, target, &[("host", host)], policy);
            assert_eq!(status(outcome), expected, "{method} {target} Host: {host:?}");
        }
    }
}

#[test]
fn there_is_one_host_and_the_target_agrees() {
    let policy = Policy::default();
    for (target, headers, expected) in [
        ("/", &[][..], 400),
        ("/", &[("host", "localhost"), ("host", "localhost")], 400),
        ("http://localhost:4880/", &[("host", "localhost:4880")], 200),
        ("http://LOCALHOST:4880/", &[("host", "localhost:4880")], 200),
        ("http://evil.test/", &[("host", "localhost")], 400),
        ("http://localhost/", &[("host", "localhost:4880")], 400),
        ("http://localhost@evil.test/", &[("host", "localhost")], 400),
        ("http://localhost/", &[("host", "evil.test")], 400),
        ("http://evil.test/", &[("host", "evil.test")], 403),
        ("http://localhost/", &[], 400),
        ("https://localhost/", &[("host", "localhost")], 400),
    ] {
        assert_eq!(status(judge("GET", target, headers, policy)), expected, "{target} {headers:?}");
    }
}

#[test]
fn foreign_pages_are_refused_whatever_they_ask() {
    let listed = ["https://app.example".to_owned(), "vscode-webview://0abc".to_owned()];
    let policy = Policy { hosts: &[], origins: &listed, own: &[] };
    for (headers, expected) in [
        (&[][..], 200),
        (&[("origin", "http://localhost:4880")], 200),
        (&[("origin", "http://localhost:4880"), ("sec-fetch-site", "same-origin")], 200),
        (&[("sec-fetch-site", "none")], 200),
        (&[("sec-fetch-mode", "cors")], 200),
        (&[("origin", "https://app.example"), ("sec-fetch-site", "cross-site")], 200),
        (&[("origin", "vscode-webview://0abc"), ("sec-fetch-site", "cross-site")], 200),
        (&[("origin", "null")], 403),
        (&[("origin", "")], 403),
        (&[("origin", "https://evil.test")], 403),
        (&[("origin", "https://app.example.evil.test")], 403),
        (&[("origin", "http://app.example")], 403),
        (&[("origin", "https://app.example:444")], 403),
        (&[("origin", "http://localhost:3000")], 403),
        (&[("origin", "http://localhost")], 403),
        (&[("origin", "http://127.0.0.1:4880")], 403),
        (&[("origin", "https://localhost:4880")], 403),
        (&[("origin", "https://app.example"), ("origin", "https://evil.test")], 403),
        (&[("sec-fetch-site", "cross-site")], 403),
        (&[("sec-fetch-site", "same-site")], 403),
        (&[("sec-fetch-site", "Cross-Site")], 403),
        (&[("sec-fetch-site", "none"), ("sec-fetch-site", "cross-site")], 403),
        (&[("origin", "http://localhost:4880"), ("sec-fetch-site", "cross-site")], 403),
    ] {
        for (method, target) in
            [("GET", "/health"), ("POST", "/v1/messages"), ("OPTIONS", "/x"), ("DELETE", "/api/x")]
        {
            let mut all = vec![("host", "localhost:4880")];
            all.extend(headers);
            assert_eq!(
                status(judge(method, target, &all, policy)),
                expected,
                "{method} {target} {headers:?}"
            );
        }
    }
}

#[test]
fn a_page_of_this_machine_leads_a_tab_to_the_window_and_nowhere_else() {
    let tab = [("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
    let frame = [("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "iframe")];
    let script = [("sec-fetch-mode", "cors"), ("sec-fetch-dest", "empty")];
    for (method, target, site, kind, expected) in [
        ("GET", "/", "same-site", tab, 200),
        ("GET", "/?x=1", "same-site", tab, 200),
        ("GET", "/", "cross-site", tab, 403),
        ("GET", "/", "same-site", frame, 403),
        ("GET", "/", "same-site", script, 403),
        ("POST", "/", "same-site", tab, 403),
        ("GET", "/api/logs/export", "same-site", tab, 403),
        ("GET", "/health", "same-site", tab, 403),
    ] {
        let mut headers = vec![("host", "localhost:4880"), ("sec-fetch-site", site)];
        headers.extend(kind);
        let outcome = judge(method, target, &headers, Policy::default());
        assert_eq!(status(outcome), expected, "{method} {target} {headers:?}");
    }
}

#[test]
fn bodies_are_json() {
    for (headers, expected) in [
        (&[][..], 200),
        (&[("content-length", "0")], 200),
        (&[("content-type", "application/json"), ("content-length", "2")], 200),
        (&[("content-type", "Application/JSON; charset=utf-8")], 200),
        (&[("content-type", "application/json"), ("transfer-encoding", "chunked")], 200),
        (&[("content-length", "2")], 415),
        (&[("transfer-encoding", "chunked")], 415),
        (&[("content-type", "text/plain"), ("content-length", "0")], 415),
        (&[("content-type", "text/plain; application/json")], 415),
        (&[("content-type", "application/x-www-form-urlencoded")], 415),
        (&[("content-type", "multipart/form-data; boundary=x")], 415),
        (&[("content-type", "application/jsonx")], 415),
        (&[("content-type", "application/json"), ("content-type", "text/plain")], 415),
        (&[("content-type", "")], 415),
    ] {
        for method in ["POST", "PUT", "PATCH"] {
            let mut all = vec![("host", "localhost")];
            all.extend(headers);
            let outcome = judge(method, "/v1/messages", &all, Policy::default());
            assert_eq!(status(outcome), expected, "{method} {headers:?}");
        }
        let mut all = vec![("host", "localhost")];
        all.extend(headers);
        assert_eq!(status(judge("GET", "/", &all, Policy::default())), 200, "{headers:?}");
    }
}

#[test]
fn tunnels_and_traces_are_not_served() {
    assert_eq!(status(judge("TRACE", "/", &[("host", "localhost")], Policy::default())), 405);
    assert_eq!(status(judge("CONNECT", "localhost", &[("host", "localhost")], Policy::default())), 405);
}

#[test]
fn a_listed_origin_is_told_what_it_may_do() {
    let listed = ["https://app.example".to_owned()];
    let policy = Policy { hosts: &[], origins: &listed, own: &[] };
    let ask = [
        ("host", "localhost"),
        ("origin", "https://app.example"),
        ("sec-fetch-site", "cross-site"),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "authorization,content-type,x-stainless-os"),
        ("access-control-request-private-network", "true"),
    ];
    let Ok(Passed::Preflight(answer)) = judge("OPTIONS", "/v1/messages", &ask, policy) else {
        panic!("refused")
    };
    assert_eq!(answer["access-control-allow-origin"], "https://app.example");
    assert_eq!(answer["access-control-allow-headers"], "authorization,content-type,x-stainless-os");
    assert_eq!(answer["access-control-allow-private-network"], "true");
    assert!(answer["access-control-allow-methods"].to_str().unwrap().contains("POST"));
    let Ok(Passed::Serve { cors }) = judge("GET", "/v1/models", &ask[..3], policy) else { panic!("refused") };
    assert_eq!(cors.unwrap(), "https://app.example");
    // The same question of a stranger, and of our own page, which needs none.
    assert_eq!(status(judge("OPTIONS", "/v1/messages", &ask, Policy::default())), 403);
    let own =
        [("host", "localhost"), ("origin", "http://localhost"), ("access-control-request-method", "POST")];
    assert_eq!(judge("OPTIONS", "/", &own, policy).unwrap(), Passed::Serve { cors: None });
}

#[test]
fn a_flawed_head_is_refused_before_anything_else() {
    let (parts, ()) = Request::builder().header("host", "localhost").body(()).unwrap().into_parts();
    let head = Head {
        method: &parts.method,
        uri: &parts.uri,
        headers: &parts.headers,
        port: PORT,
        flaw: Some(Flaw::BareLf),
    };
    assert_eq!(status(check(head, Policy::default())), 400);
}

#[test]
fn refusals_outside_the_dialects_have_a_code() {
    let error = judge("GET", "/", &[("host", "evil.test")], Policy::default()).unwrap_err();
    let answer = crate::admin::Refusal::from(error).written();
    let body: Value = serde_json::from_slice(answer.body()).unwrap();
    assert_eq!(body["code"], "forbidden");
    assert!(answer.headers().get("access-control-allow-origin").is_none());
}

#[test]
fn our_own_page_at_another_port_may_ask() {
    let own = ["http://127.0.0.1:9000".to_owned()];
    let policy = Policy { own: &own, ..Policy::default() };
    let verdict = |origin: &str, site: &str| {
        let mut headers = HeaderMap::new();
        for (name, value) in [("host", "127.0.0.1:4880"), ("origin", origin), ("sec-fetch-site", site)] {
            headers.insert(http::HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
        }
        let uri = Uri::from_static("/v1/models");
        let head = Head { method: &Method::GET, uri: &uri, headers: &headers, port: 4880, flaw: None };
        check(head, policy).is_ok()
    };
    assert!(verdict("http://127.0.0.1:9000", "same-site"));
    assert!(!verdict("http://127.0.0.1:9000", "cross-site"));
    assert!(!verdict("http://127.0.0.1:9001", "same-site"));
    assert!(!verdict("https://127.0.0.1:9000", "same-site"));
    assert!(
        !verdict("http://127.0.0.1:4880", "same-site"),
        "a page of the proxy's own port is of the same origin"
    );
}
