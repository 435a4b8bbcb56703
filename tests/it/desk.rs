//! The window's side of the house, through the door: what it sees of a request, and how it moves the proxy.

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{COOKIE, SET_COOKIE};
use hyper::{Request, StatusCode};
use serde_json::{Value, json};
use switchboard::App;

use crate::client::{CLAUDE, NOVA};
use crate::harness::{TestApp, config, in_time};

fn asking(model: &str, stream: bool) -> Value {
    json!({"model": model, "max_tokens": 64, "stream": stream,
           "messages": [{"role": "user", "content": "hello"}]})
}

async fn captured(app: &TestApp, path: &str, body: &Value) -> (String, Value) {
    let request = app.request("POST", path).header("x-switchboard-capture", "1");
    let answer = app.send(request.body(Full::from(body.to_string())).expect("request")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let id = answer.header("request-id").expect("an id").to_owned();
    let capture = app.get(&format!("/api/logs/capture/{id}")).await;
    assert_eq!(capture.status, 200, "{}", capture.text());
    (id, capture.json())
}

#[tokio::test]
async fn the_wire_of_a_request_is_shown_to_who_asked_for_it() {
    let app = TestApp::start().await;
    for (model, stream, first) in
        [(CLAUDE, true, "chunk"), (NOVA, true, "messageStart"), (CLAUDE, false, "body")]
    {
        let (id, capture) = captured(&app, "/v1/messages", &asking(model, stream)).await;
        assert_eq!(capture["request_id"], id.as_str());
        let client: Value =
            serde_json::from_str(capture["client"]["body"].as_str().expect("a body")).expect("JSON");
        assert_eq!(client, asking(model, stream));
        let attempt = &capture["attempts"][0];
        assert_eq!((&attempt["account"], &attempt["status"]), (&json!("main"), &json!(200)), "{attempt}");
        assert!(attempt["url"].as_str().is_some_and(|url| url.contains("/model/")), "{attempt}");
        assert!(attempt["body"].as_str().is_some_and(|body| body.contains("hello")), "{attempt}");
        let events = attempt["events"].as_array().expect("events");
        assert_eq!(events[0]["name"], first, "{events:?}");
        let said: String = events.iter().filter_map(|event| event["data"].as_str()).collect();
        assert!(said.contains("echo"), "{said}");
        let hidden = |name: &str| {
            let headers = attempt["headers"].as_array().expect("headers");
            headers.iter().find(|header| header[0] == name).expect(name)[1].clone()
        };
        assert_eq!(hidden("authorization"), "<redacted>");
        let timing = &capture["timing"];
        let marks = ["read_ms", "routed_ms", "sent_ms", "first_byte_ms", "first_content_ms", "ended_ms"];
        let marks: Vec<f64> = marks.iter().map(|mark| timing[*mark].as_f64().expect(mark)).collect();
        assert!(marks.is_sorted(), "{timing}");
    }
    // Nobody asked for this one.
    let answer = app.post("/v1/messages", &asking(CLAUDE, false)).await;
    let id = answer.header("request-id").expect("an id");
    assert_eq!(app.get(&format!("/api/logs/capture/{id}")).await.status, 404);
    app.stop().await;
}

#[tokio::test]
async fn what_the_setting_keeps_is_replayed_after_a_restart_of_the_window() {
    let app = TestApp::start().await;
    app.set(&json!({"capture": {"enabled": true}})).await;
    let asked = asking(CLAUDE, true);
    let answer = app.post("/v1/messages", &asked).await;
    let row = app.row(&answer).await;
    let path = format!("/api/logs/{}", row["id"]);
    let curl = app.get(&format!("{path}/curl")).await.json();
    assert_eq!(curl["example"], false);
    assert!(curl["command"].as_str().is_some_and(|command| command.contains(&asked.to_string())), "{curl}");
    let replayed = app.post(&format!("{path}/replay"), &json!({})).await;
    assert_eq!(replayed.status, 200, "{}", replayed.text());
    let replayed = replayed.json();
    assert_eq!(replayed["status"], 200);
    let again = app.row_where(|row| row["request_id"] == replayed["request_id"]).await;
    assert_eq!((&again["client"], &again["output_tokens"]), (&json!("Switchboard"), &row["output_tokens"]));
    app.stop().await;
}

#[tokio::test]
async fn a_request_may_name_its_account() {
    let app = TestApp::start().await;
    let other = app.add_account_with("other", &app.emulator.url(), &crate::harness::access_key("a")).await;
    let ask = async |id: &str, key: &str| {
        let request = Request::post(app.url("/v1/messages"));
        let request = request.header("content-type", "application/json").header("x-switchboard-account", id);
        let request = if key.is_empty() { request } else { request.header("x-api-key", key) };
        app.send(request.body(Full::from(asking(CLAUDE, false).to_string())).expect("request")).await
    };
    let answer = ask(&other, crate::harness::KEY).await;
    assert_eq!((answer.status, answer.header("x-proxy-account")), (StatusCode::OK, Some("other")));
    let unknown = ask("nobody", crate::harness::KEY).await;
    assert_eq!(unknown.status, 400, "{}", unknown.text());
    // Who need not show a key cannot choose either.
    app.set(&json!({"require_key": false})).await;
    assert_eq!(ask(&other, "").await.status, 403);
    app.stop().await;
}

#[tokio::test]
async fn the_port_changes_at_once_and_a_taken_one_changes_nothing() {
    let app = TestApp::start().await;
    let before = app.running.url();
    let free = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let port = free.local_addr().expect("address").port();
    let taken = app.send(
        app.request("PUT", "/api/settings")
            .body(Full::from(json!({"port": port, "theme": "dark"}).to_string()))
            .expect("request"),
    );
    let taken = taken.await;
    assert_eq!(
        (taken.status.as_u16(), &taken.json()["code"]),
        (409, &json!("port_taken")),
        "{}",
        taken.text()
    );
    assert_eq!(taken.json()["params"]["port"], port);
    assert_eq!(
        (app.running.url(), &app.get("/api/settings").await.json()["theme"]),
        (before.clone(), &json!("system"))
    );
    drop(free);
    app.set(&json!({"port": port})).await;
    assert_eq!(app.running.url(), format!("http://127.0.0.1:{port}"));
    assert_eq!(app.post("/v1/messages", &asking(CLAUDE, false)).await.status, 200);
    assert_eq!(app.get("/api/status").await.json()["port"], port);
    app.stop().await;
}

#[tokio::test]
async fn other_machines_are_let_in_and_shut_out_on_the_same_port() {
    let app = TestApp::start().await;
    let before = app.running.address().port();
    let password = app.request("PUT", "/api/password").body(Full::from(r#"{"password":"correct horse"}"#));
    assert_eq!(app.send(password.expect("request")).await.status, 200);
    app.set(&json!({"bind": "0.0.0.0", "allow_lan": true})).await;
    assert_eq!((app.running.address().port(), app.running.address().ip().is_unspecified()), (before, true));
    assert_eq!(app.get("/api/status").await.json()["wide"], true);
    app.set(&json!({"theme": "dark"})).await;
    assert!(app.running.address().ip().is_unspecified());
    app.set(&json!({"bind": "127.0.0.1", "allow_lan": false})).await;
    assert_eq!((app.running.address().port(), app.running.address().ip().is_loopback()), (before, true));
    assert_eq!(app.post("/v1/messages", &asking(CLAUDE, false)).await.status, 200);
    app.stop().await;
}

#[tokio::test]
async fn a_paused_proxy_refuses_clients_in_their_words() {
    let app = TestApp::start().await;
    assert_eq!(app.post("/api/proxy/pause", &json!({})).await.status, 204);
    let answer = app.post("/v1/messages", &asking(CLAUDE, false)).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["type"]), (503, &json!("error")));
    assert_eq!(app.post("/v1/messages/count_tokens", &asking(CLAUDE, false)).await.status, 503);
    assert_eq!(app.get("/api/status").await.json()["paused"], true);
    assert_eq!(app.post("/api/proxy/resume", &json!({})).await.status, 204);
    assert_eq!(app.post("/v1/messages", &asking(CLAUDE, false)).await.status, 200);
    app.stop().await;
}

#[tokio::test]
async fn the_window_opens_even_when_the_proxys_port_is_taken() {
    let other = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let port = other.local_addr().expect("address").port();
    let folder = tempfile::tempdir().expect("folder");
    let config = switchboard::Config { port: Some(port), admin_port: Some(0), ..config(folder.path()) };
    let running = App::start(&config, switchboard::shell::Headless).await.expect("start");
    let window = running.window().expect("an address");
    let (page, token) = window.split_once("/#token=").expect("a token");
    assert_eq!(page, running.admin_url());
    let client =
        hyper_util::client::legacy::Client::builder(hyper_util::rt::TokioExecutor::new()).build_http();
    let send =
        async |request: Request<Full<Bytes>>| in_time(client.request(request)).await.expect("an answer");
    let body = Full::from(json!({"token": token}).to_string());
    let request = Request::post(format!("{page}/api/session")).header("content-type", "application/json");
    let answer = send(request.body(body).expect("request")).await;
    assert_eq!(answer.status(), 200);
    let cookie =
        answer.headers()[SET_COOKIE].to_str().expect("text").split(';').next().expect("a pair").to_owned();
    let status = async || {
        let request = Request::get(format!("{page}/api/status")).header(COOKIE, &cookie);
        let answer = send(request.body(Full::default()).expect("request")).await;
        crate::harness::rest(answer).await.json()
    };
    let before = status().await;
    assert_eq!((&before["port_problem"]["port"], &before["port"]), (&json!(port), &Value::Null), "{before}");
    assert_eq!(
        running.url(),
        format!("http://127.0.0.1:{port}"),
        "where the proxy should be, not the kept port"
    );
    running.doors().open_proxy(gateway::LOOPBACK, 0).await.expect("another port");
    let after = status().await;
    assert_eq!((&after["port_problem"], after["port"].is_u64()), (&Value::Null, true), "{after}");
    running.stop().await;
}
