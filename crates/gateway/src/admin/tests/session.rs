//! The window's session, from the printed token to its end.

use axum::body::Body;
use axum::response::Response;
use http::header::{AUTHORIZATION, COOKIE, SET_COOKIE};
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use secrets::Place;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::super::router;
use crate::house::{House, KEY};

/// A browser: what it sends by itself, and what our page adds.
#[derive(Default)]
pub(super) struct Browser {
    pub(super) cookie: Option<String>,
    pub(super) csrf: Option<String>,
    /// Where it runs; this machine when left out.
    pub(super) peer: Option<std::net::IpAddr>,
}

impl Browser {
    pub(super) async fn send(&self, house: &House, method: &str, path: &str, body: &Value) -> Response {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(cookie) = &self.cookie {
            request = request.header(COOKIE, cookie);
        }
        if let Some(csrf) = &self.csrf {
            request = request.header("x-switchboard-csrf", csrf);
        }
        if let Some(peer) = self.peer {
            request = request.extension(crate::admin::Peer(peer));
        }
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        router(&house.gateway).oneshot(request.body(body).unwrap()).await.unwrap()
    }

    pub(super) async fn status(&self, house: &House, method: &str, path: &str, body: Value) -> StatusCode {
        self.send(house, method, path, &body).await.status()
    }

    /// Opens a session as the page does: the token is what stands behind the `#`.
    pub(super) async fn sign_in(&mut self, house: &House) -> Value {
        let url = house.gateway.invitation().unwrap();
        let token = url.split_once("#token=").unwrap().1.to_owned();
        let answer = self.send(house, "POST", "/api/session", &json!({"token": token})).await;
        assert_eq!(answer.status(), 200);
        self.enter(answer).await
    }

    /// Keeps what an opened session is known by.
    pub(super) async fn enter(&mut self, answer: Response) -> Value {
        let cookie = answer.headers()[SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
        self.cookie = Some(cookie);
        let session = json(answer).await;
        self.csrf = session["csrf"].as_str().map(str::to_owned);
        session
    }
}

pub(super) async fn json(answer: Response) -> Value {
    serde_json::from_slice(&answer.into_body().collect().await.unwrap().to_bytes()).unwrap()
}

#[tokio::test]
async fn a_token_opens_a_session_that_may_change_things() {
    let house = House::new().await;
    let mut browser = Browser::default();
    let before = json(browser.send(&house, "GET", "/api/session", &Value::Null).await).await;
    assert_eq!((&before["authenticated"], &before["needs"]), (&json!(false), &json!("token")));
    assert_eq!(before["host"], "headless");
    let session = browser.sign_in(&house).await;
    assert_eq!((&session["authenticated"], &session["needs"]), (&json!(true), &Value::Null));
    assert_eq!(browser.status(&house, "GET", "/api/settings", Value::Null).await, 200);
    assert_eq!(browser.status(&house, "PUT", "/api/settings", json!({"theme": "dark"})).await, 200);
    // A reload asks who it is.
    let again = json(browser.send(&house, "GET", "/api/session", &Value::Null).await).await;
    assert_eq!(again["csrf"], session["csrf"]);
}

#[tokio::test]
async fn a_change_without_the_header_of_our_page_is_refused() {
    let house = House::new().await;
    let mut browser = Browser::default();
    browser.sign_in(&house).await;
    let csrf = browser.csrf.take();
    for (method, path) in [
        ("PUT", "/api/settings"),
        ("POST", "/api/keys/local/rotate"),
        ("POST", "/api/proxy/pause"),
        ("DELETE", "/api/session"),
    ] {
        for shown in [None, Some(String::new()), Some("0".repeat(64))] {
            browser.csrf = shown;
            let answer = browser.send(&house, method, path, &json!({})).await;
            assert_eq!(answer.status(), 403, "{method} {path}");
            assert_eq!(json(answer).await["code"], "csrf");
        }
    }
    assert!(!house.gateway.office.is_paused());
    browser.csrf = csrf;
    assert_eq!(browser.status(&house, "POST", "/api/proxy/pause", Value::Null).await, 204);
    assert!(house.gateway.office.is_paused());
}

#[tokio::test]
async fn a_closed_session_is_over() {
    let house = House::new().await;
    let mut browser = Browser::default();
    browser.sign_in(&house).await;
    assert_eq!(browser.status(&house, "DELETE", "/api/session", Value::Null).await, 204);
    assert_eq!(browser.status(&house, "GET", "/api/settings", Value::Null).await, 401);
}

#[tokio::test]
async fn a_wrong_proof_opens_nothing_and_is_soon_made_to_wait() {
    let house = House::new().await;
    let browser = Browser::default();
    for proof in [json!({"token": "x"}), json!({"password": "x"}), json!({}), json!({"token": ""})] {
        let answer = browser.send(&house, "POST", "/api/session", &proof).await;
        assert_eq!(answer.status(), 401, "{proof}");
        assert!(!answer.headers().contains_key(SET_COOKIE));
        assert_eq!(json(answer).await["code"], "session_refused");
    }
    for _ in 4..20 {
        browser.send(&house, "POST", "/api/session", &json!({"token": "x"})).await;
    }
    let answer = browser.send(&house, "POST", "/api/session", &json!({"token": "x"})).await;
    assert_eq!((answer.status().as_u16(), &answer.headers()["retry-after"]), (429, &"60".parse().unwrap()));
}

#[tokio::test]
async fn the_local_key_is_shown_and_replaced() {
    let house = House::new().await;
    let (row, _) = crate::new_local_key(house.gateway.safe.keyring(), 0).unwrap();
    house.gateway.core.add_local_key(row).await.unwrap();
    let (_, before) = super::call(&house, "GET", "/api/keys/local", Value::Null).await;
    assert_eq!(before["base_urls"]["anthropic"], "http://127.0.0.1:4880");
    assert_eq!(before["base_urls"]["openai"], "http://127.0.0.1:4880/v1");
    let (status, rotated) = super::call(&house, "POST", "/api/keys/local/rotate", Value::Null).await;
    assert_eq!(status, 200);
    let key = rotated["key"].as_str().unwrap();
    assert_ne!(rotated["key"], before["key"]);
    // The old key, which this test still shows, is worth nothing.
    let request = |key: &str| {
        let request =
            Request::builder().uri("/api/keys/local").header(AUTHORIZATION, format!("Bearer {key}"));
        router(&house.gateway).oneshot(request.body(Body::empty()).unwrap())
    };
    assert_eq!(request(KEY).await.unwrap().status(), 401);
    let shown = json(request(key).await.unwrap()).await;
    assert_eq!(shown["key"], key);
    let stored = house.gateway.core.local_keys().await.unwrap();
    let kept = house.gateway.safe.keyring().open(Place::local_key("local"), &stored[0].key).unwrap();
    assert_eq!((stored.len(), kept.expose()), (1, key));
}

#[tokio::test]
async fn a_host_without_a_desktop_says_so() {
    let house = House::new().await;
    for (method, path, body) in [
        ("GET", "/api/shell/autostart", Value::Null),
        ("POST", "/api/shell/autostart", json!({"on": true})),
        ("POST", "/api/shell/reveal", json!({})),
        ("POST", "/api/shell/quit", Value::Null),
    ] {
        let (status, answer) = super::call(&house, method, path, body).await;
        assert_eq!((status, &answer["code"]), (409, &json!("shell_refused")), "{method} {path}");
    }
    let elsewhere = json!({"path": "../../../etc/passwd"});
    let (status, answer) = super::call(&house, "POST", "/api/shell/reveal", elsewhere).await;
    assert_eq!((status, &answer["code"]), (404, &json!("path_not_found")));
}
