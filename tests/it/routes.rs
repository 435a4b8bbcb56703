//! Every path a client may try: aliases, probes, lists, and what is not there.

use http_body_util::Full;
use hyper::Request;
use serde_json::{Value, json};

use crate::client::{CLAUDE, DIALECTS, Dialect, NOVA};
use crate::harness::{Answer, KEY, TestApp};

const MESSAGES: [&str; 7] = [
    "/v1/messages",
    "/v1/messages?beta=true",
    "/messages",
    "/v1/v1/messages",
    "/v1/messages/",
    "/anthropic/v1/messages",
    "/",
];
const CHAT: [&str; 4] =
    ["/v1/chat/completions", "/chat/completions", "/v1/v1/chat/completions", "/v1/chat/completions/"];
const COMPLETIONS: [&str; 3] = ["/v1/completions", "/completions", "/v1/v1/completions"];
const RESPONSES: [&str; 4] = ["/v1/responses", "/responses", "/v1/v1/responses", "/openai/v1/responses"];

async fn bare(app: &TestApp, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::builder().method(method).uri(app.url(path));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    app.send(request.body(Full::default()).expect("request")).await
}

#[tokio::test]
async fn a_dialect_answers_at_all_its_paths() {
    let app = TestApp::start().await;
    for (dialect, paths) in DIALECTS.iter().zip([&MESSAGES[..], &CHAT[..], &COMPLETIONS[..], &RESPONSES[..]])
    {
        for path in paths {
            for stream in [false, true] {
                let answer = app.post(path, &dialect.asking(CLAUDE, "hello", stream)).await;
                assert_eq!(dialect.read(&answer).text, "echo: hello", "{path}");
                assert_eq!(app.row(&answer).await["dialect"], dialect.name(), "{path}");
            }
        }
    }
}

#[tokio::test]
async fn tokens_are_counted_at_all_paths() {
    let app = TestApp::start().await;
    let body = json!({"model": CLAUDE, "messages": [{"role": "user", "content": "hello"}]});
    for path in [
        "/v1/messages/count_tokens",
        "/v1/messages/count_tokens?beta=true",
        "/messages/count_tokens",
        "/v1/v1/messages/count_tokens",
    ] {
        for model in [CLAUDE, NOVA] {
            let mut body = body.clone();
            body["model"] = json!(model);
            let answer = app.post(path, &body).await;
            assert_eq!(answer.status, 200, "{path}: {}", answer.text());
            assert!(answer.json()["input_tokens"].as_u64() > Some(0), "{path}: {}", answer.text());
        }
    }
}

#[tokio::test]
async fn probes_are_answered_without_a_key() {
    let app = TestApp::sandbox().await;
    for (method, path) in
        [("HEAD", "/"), ("GET", "/"), ("HEAD", "/api/hello"), ("GET", "/api/hello"), ("HEAD", "/health")]
    {
        assert_eq!(bare(&app, method, path, &[]).await.status, 200, "{method} {path}");
    }
    for path in ["/health", "/healthz"] {
        let answer = bare(&app, "GET", path, &[]).await;
        let body = answer.json();
        assert_eq!(
            (answer.status.as_u16(), &body["status"], &body["service"]),
            (200, &json!("ok"), &json!("switchboard"))
        );
        assert_eq!(body["version"], env!("CARGO_PKG_VERSION"));
    }
}

#[tokio::test]
async fn telemetry_is_taken_and_dropped() {
    let app = TestApp::start().await;
    for path in
        ["/api/event_logging/batch", "/api/event_logging/v2/batch", "/api/claude_code/metrics", "/metrics"]
    {
        let answer = bare(&app, "POST", path, &[("content-type", "application/json")]).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    }
    assert_eq!(app.emulator.journal().count(), 0);
    assert!(app.rows().await.is_empty(), "not worth a row");
}

#[tokio::test]
async fn a_key_is_taken_from_either_header() {
    let app = TestApp::start().await;
    let bearer = format!("Bearer {KEY}");
    let lower = format!("bearer {KEY}");
    let headers: [&[(&str, &str)]; 5] = [
        &[("x-api-key", KEY)],
        &[("authorization", &bearer)],
        &[("authorization", &lower)],
        &[("x-api-key", "sk-of-somebody-else"), ("authorization", &bearer)],
        &[("x-api-key", KEY), ("authorization", "Bearer sk-of-somebody-else")],
    ];
    for headers in headers {
        for dialect in DIALECTS {
            let mut request =
                Request::post(app.url(dialect.path())).header("content-type", "application/json");
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let body = Full::from(dialect.asking(NOVA, "hello", false).to_string());
            let answer = app.send(request.body(body).expect("request")).await;
            assert_eq!(dialect.read(&answer).text, "echo: hello", "{headers:?}");
        }
        assert_eq!(bare(&app, "GET", "/v1/models", headers).await.status, 200, "{headers:?}");
    }
    assert_eq!(bare(&app, "GET", "/v1/models", &[]).await.status, 401);
    assert_eq!(bare(&app, "GET", "/v1/models", &[("x-api-key", "sk-of-somebody-else")]).await.status, 401);
}

#[tokio::test]
async fn models_are_listed_in_the_shape_of_who_asks() {
    let app = TestApp::start().await;
    let anthropic = [("x-api-key", KEY), ("anthropic-version", "2099-01-01")];
    let openai = [("x-api-key", KEY)];
    let names = |list: &Value| -> Vec<String> {
        let data = list["data"].as_array().expect("data");
        data.iter().map(|model| model["id"].as_str().expect("an id").to_owned()).collect()
    };
    for path in ["/v1/models", "/models", "/v1/v1/models"] {
        let list = bare(&app, "GET", path, &openai).await.json();
        assert_eq!(list["object"], "list");
        assert!(list["data"].as_array().expect("data").iter().all(|model| model["object"] == "model"));
        for name in [CLAUDE, NOVA] {
            assert!(names(&list).iter().any(|id| id == name), "{name} in {list}");
        }
        let list = bare(&app, "GET", &format!("{path}?limit=1000"), &anthropic).await.json();
        assert!(list["has_more"].is_boolean() && list["first_id"].is_string(), "{list}");
        assert!(list["data"].as_array().expect("data").iter().all(|model| model["type"] == "model"));
        assert!(names(&list).iter().any(|id| id == CLAUDE), "{list}");
    }
    let one = bare(&app, "GET", &format!("/v1/models/{CLAUDE}"), &openai).await.json();
    assert_eq!((&one["id"], &one["object"]), (&json!(CLAUDE), &json!("model")));
    let one = bare(&app, "GET", &format!("/v1/models/{CLAUDE}"), &anthropic).await.json();
    assert_eq!((&one["id"], &one["type"]), (&json!(CLAUDE), &json!("model")));
    for (headers, dialect) in [(&anthropic[..], Dialect::Messages), (&openai[..], Dialect::Chat)] {
        let answer = bare(&app, "GET", "/v1/models/nobody-made-this", headers).await;
        assert_eq!(answer.status, 404);
        dialect.error(&answer.json());
    }
}

#[tokio::test]
async fn what_is_not_there_is_told_in_the_dialect_of_who_asks() {
    let app = TestApp::start().await;
    let anthropic = ("anthropic-version", "2023-06-01");
    for (headers, dialect) in [
        (&[("x-api-key", KEY), ("content-type", "application/json")][..], Dialect::Chat),
        (&[("x-api-key", KEY), ("content-type", "application/json"), anthropic][..], Dialect::Messages),
    ] {
        for (method, path) in [("GET", "/v1/unknown"), ("POST", "/v1/moderations"), ("GET", "/favicon.ico")] {
            let answer = bare(&app, method, path, headers).await;
            assert_eq!(answer.status, 404, "{path}");
            dialect.error(&answer.json());
            assert_eq!(app.row(&answer).await["error_category"], "unknown_route");
        }
    }
    for dialect in DIALECTS {
        for method in ["GET", "PUT", "DELETE"] {
            let headers = [("x-api-key", KEY), ("content-type", "application/json")];
            let answer = bare(&app, method, dialect.path(), &headers).await;
            assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, Some("POST")), "{method}");
            dialect.error(&answer.json());
            let row = app.row(&answer).await;
            assert_eq!(
                (&row["error_category"], &row["method"]),
                (&json!("method_not_allowed"), &json!(method))
            );
        }
    }
    let answer = bare(&app, "DELETE", "/v1/models", &[("x-api-key", KEY)]).await;
    assert_eq!(answer.status, 405);
}
