//! The API as callers see it, through its router and real stores.

mod backups;
mod clients;
mod conversations;
mod keys;
mod logs;
mod password;
mod secrets;
mod session;
mod signins;
mod surface;

use axum::body::Body;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::router;
use crate::Gateway;
use crate::house::{House, KEY};

/// Sends one request with the local key; status and JSON (null when the answer has no body).
pub(super) async fn call(house: &House, method: &str, path: &str, body: Value) -> (u16, Value) {
    send(&router(&house.gateway), method, path, body).await
}

async fn send(router: &axum::Router, method: &str, path: &str, body: Value) -> (u16, Value) {
    let request = Request::builder().method(method).uri(path).header(AUTHORIZATION, format!("Bearer {KEY}"));
    let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
    let answer = router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
    let status = answer.status().as_u16();
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let bytes = answer.into_body().collect().await.unwrap().to_bytes();
    (status, if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).unwrap() })
}

fn account(name: &str) -> Value {
    json!({"name": name, "provider": "invented", "region": "us-east-1",
           "credential": {"kind": "api_key", "api_key": "canary-secret-1234"}})
}

pub(super) async fn added(house: &House, name: &str) -> String {
    let (status, view) = call(house, "POST", "/api/accounts", account(name)).await;
    assert_eq!(status, 201, "{view}");
    view["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn nothing_is_told_without_the_key() {
    let house = House::new().await;
    for (path, header) in [
        ("/api/accounts", None),
        ("/api/status", Some("Bearer wrong")),
        ("/api/settings", Some(KEY)),
        ("/api/settings", Some("Basic c2s6")),
        ("/api/nothing", Some("Bearer ")),
    ] {
        let mut request = Request::builder().uri(path);
        if let Some(header) = header {
            request = request.header(AUTHORIZATION, header);
        }
        let answer = router(&house.gateway).oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{path} {header:?}");
        assert_eq!(answer.headers()[CONTENT_TYPE], "application/json");
        let body: Value =
            serde_json::from_slice(&answer.into_body().collect().await.unwrap().to_bytes()).unwrap();
        assert_eq!(body["code"], "local_key");
    }
}

#[tokio::test]
async fn the_key_is_asked_even_when_the_proxy_does_not_ask() {
    let house = House::new().await;
    let (status, _) = call(&house, "PUT", "/api/settings", json!({"require_key": false})).await;
    assert_eq!(status, 200);
    let request = Request::builder().uri("/api/accounts").body(Body::empty()).unwrap();
    let answer = router(&house.gateway).oneshot(request).await.unwrap();
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn an_account_lives_from_post_to_delete() {
    let house = House::new().await;
    let first = added(&house, "First").await;
    let second = added(&house, "Second").await;
    let (status, view) = call(&house, "POST", &format!("/api/accounts/{second}/activate"), Value::Null).await;
    assert_eq!((status, &view["active"]), (200, &json!(true)));
    assert_eq!(house.gateway.accounts.active().as_deref(), Some(second.as_str()));
    let change = json!({"name": "Renamed", "region": "eu-west-1", "enabled": false});
    let (status, view) = call(&house, "PATCH", &format!("/api/accounts/{first}"), change).await;
    assert_eq!((status, &view["name"], &view["enabled"]), (200, &json!("Renamed"), &json!(false)), "{view}");
    let (status, _) = call(&house, "DELETE", &format!("/api/accounts/{first}"), Value::Null).await;
    assert_eq!(status, 204);
    let (_, list) = call(&house, "GET", "/api/accounts", Value::Null).await;
    assert_eq!(list["accounts"].as_array().map(Vec::len), Some(1), "{list}");
}

#[tokio::test]
async fn no_answer_holds_a_secret() {
    let house = House::new().await;
    let id = added(&house, "A").await;
    for (method, path, body) in [
        ("GET", "/api/accounts".to_owned(), Value::Null),
        (
            "PATCH",
            format!("/api/accounts/{id}"),
            json!({"credential": {"kind": "api_key", "api_key": "canary-secret-5678"}}),
        ),
        ("POST", format!("/api/accounts/{id}/test"), Value::Null),
        ("POST", format!("/api/accounts/{id}/activate"), Value::Null),
        ("GET", "/api/models?refresh=true".to_owned(), Value::Null),
        ("GET", "/api/status".to_owned(), Value::Null),
        ("POST", "/api/accounts".to_owned(), account("a")),
    ] {
        let (_, answer) = call(&house, method, &path, body).await;
        let text = answer.to_string();
        assert!(!text.contains("canary-secret") && !text.contains(KEY), "{method} {path}: {text}");
    }
}

#[tokio::test]
async fn refusals_have_stable_codes() {
    let house = House::new().await;
    let id = added(&house, "Taken").await;
    let changed = |member: &str, value: Value| {
        let mut body = account("New");
        body[member] = value;
        body
    };
    let of = format!("/api/accounts/{id}");
    for (method, path, body, status, code) in [
        ("POST", "/api/accounts", changed("provider", json!("amazon_q")), 400, "provider_unknown"),
        ("POST", "/api/accounts", account("taken"), 409, "account_name_taken"),
        ("POST", "/api/accounts", changed("region", json!("us-east-1.evil.test#")), 400, "invalid_account"),
        (
            "POST",
            "/api/accounts",
            changed("endpoint_url", json!("http://169.254.169.254/")),
            400,
            "invalid_account",
        ),
        ("POST", "/api/accounts", changed("credential", json!({"kind": "api_key"})), 400, "invalid_account"),
        ("POST", "/api/accounts", changed("is_admin", json!(true)), 400, "invalid_request"),
        ("POST", "/api/accounts", json!({"name": "x"}), 400, "invalid_request"),
        ("POST", "/api/accounts", json!([]), 400, "invalid_request"),
        ("POST", "/api/accounts", Value::Null, 400, "invalid_request"),
        ("PATCH", of.as_str(), json!({"id": "other"}), 400, "invalid_request"),
        ("PATCH", "/api/accounts/none", json!({"name": "x"}), 404, "account_not_found"),
        ("DELETE", "/api/accounts/none", Value::Null, 404, "account_not_found"),
        ("POST", "/api/accounts/none/activate", Value::Null, 404, "account_not_found"),
        ("POST", "/api/accounts/none/test", Value::Null, 404, "account_not_found"),
        ("POST", "/api/accounts/%ff/test", Value::Null, 400, "invalid_request"),
        ("PUT", "/api/settings", json!({"port": -1}), 400, "setting_invalid"),
        ("PUT", "/api/settings", json!({"colour": "red"}), 400, "setting_invalid"),
        ("GET", "/api/logs?limit=0", Value::Null, 400, "invalid_request"),
        ("GET", "/api/logs?status=teapot", Value::Null, 400, "invalid_request"),
        ("GET", "/api/logs?colour=red", Value::Null, 400, "invalid_request"),
        ("GET", "/api/logs/123", Value::Null, 404, "log_row_not_found"),
        ("GET", "/api/logs/x", Value::Null, 404, "log_row_not_found"),
        ("GET", "/api/logs/stats?since_ms=2&until_ms=1", Value::Null, 400, "invalid_request"),
        ("POST", "/api/logs/cleanup", json!({"hours": 1}), 400, "invalid_request"),
        ("GET", "/api/none", Value::Null, 404, "unknown_route"),
        ("DELETE", "/api/settings", Value::Null, 405, "method_not_allowed"),
    ] {
        let (got, answer) = call(&house, method, path, body.clone()).await;
        assert_eq!((got, answer["code"].as_str()), (status, Some(code)), "{method} {path} {body}: {answer}");
        assert!(answer["message"].is_string() && answer["params"].is_object(), "{answer}");
    }
    assert_eq!(house.gateway.accounts.list().len(), 1);
}

#[tokio::test]
async fn consent_is_asked_for_once_a_provider() {
    let house = House::new().await;
    let mut body = account("W");
    body["provider"] = json!("wild");
    let (status, refused) = call(&house, "POST", "/api/accounts", body.clone()).await;
    assert_eq!((status, &refused["code"]), (409, &json!("policy_consent_required")), "{refused}");
    let note = json!({"provider": "wild", "note": "The vendor may stop the account."});
    assert_eq!(refused["params"], note);
    assert!(refused["message"].as_str().unwrap().contains("may stop the account"), "{refused}");
    let offer = async || {
        let (_, all) = call(&house, "GET", "/api/providers", Value::Null).await;
        all["providers"].as_array().unwrap().iter().find(|one| one["id"] == "wild").unwrap().clone()
    };
    assert_eq!(offer().await["consented_ms"], Value::Null);
    body["policy_accepted"] = json!(true);
    let (status, view) = call(&house, "POST", "/api/accounts", body.clone()).await;
    assert_eq!(status, 201, "{view}");
    let given = offer().await;
    assert_eq!(given["consented_ms"], house.gateway.now_ms());
    assert_eq!(
        (&given["consented_by"], &given["policy"]),
        (&json!("admin_api"), &json!("undocumented_wire"))
    );
    body["name"] = json!("W2");
    body["policy_accepted"] = json!(false);
    assert_eq!(call(&house, "POST", "/api/accounts", body).await.0, 201);
}

#[tokio::test]
async fn an_allowance_is_asked_for_once_a_minute() {
    let house = House::new().await;
    let mut body = account("W");
    body["provider"] = json!("wild");
    body["policy_accepted"] = json!(true);
    let (_, view) = call(&house, "POST", "/api/accounts", body).await;
    let path = format!("/api/accounts/{}/quota", view["id"].as_str().unwrap());
    let router = router(&house.gateway);
    let used = async || send(&router, "GET", &path, Value::Null).await.1["quota"]["used"].clone();
    assert_eq!((used().await, used().await), (json!(1.0), json!(1.0)));
    house.clock.pass(59);
    assert_eq!(used().await, 1.0);
    house.clock.pass(1);
    assert_eq!(used().await, 2.0);
    // With another credential it may be another allowance.
    let change = json!({"credential": {"kind": "api_key", "api_key": "sk-other"}});
    call(&house, "PATCH", path.trim_end_matches("/quota"), change).await;
    assert_eq!(used().await, 3.0);
    let id = added(&house, "A").await;
    let none = call(&house, "GET", &format!("/api/accounts/{id}/quota"), Value::Null).await;
    assert_eq!(none, (200, json!({"quota": null})));
    let (status, refused) = call(&house, "GET", "/api/accounts/none/quota", Value::Null).await;
    assert_eq!((status, &refused["code"]), (404, &json!("account_not_found")));
}

#[tokio::test]
async fn a_failure_to_tell_the_allowance_is_kept_for_the_minute_too() {
    let house = House::new().await;
    let mut body = account("W");
    body["options"] = json!({"fails": "upstream"});
    let (_, view) = call(&house, "POST", "/api/accounts", body).await;
    let path = format!("/api/accounts/{}/quota", view["id"].as_str().unwrap());
    let router = router(&house.gateway);
    let said = async || {
        let (status, refused) = send(&router, "GET", &path, Value::Null).await;
        assert_eq!(status, 502);
        refused["message"].as_str().unwrap().to_owned()
    };
    assert_eq!((said().await, said().await), ("failed 1 times".to_owned(), "failed 1 times".to_owned()));
    house.clock.pass(60);
    assert_eq!(said().await, "failed 2 times");
    call(&house, "PATCH", path.trim_end_matches("/quota"), json!({"options": {}})).await;
    assert_eq!(send(&router, "GET", &path, Value::Null).await.0, 200);
}

#[tokio::test]
async fn oversized_and_deep_bodies_are_refused() {
    let house = House::new().await;
    let large = account(&"x".repeat(1024 * 1024));
    assert_eq!(call(&house, "POST", "/api/accounts", large).await.0, 413);
    let mut deep = json!({});
    for _ in 0..200 {
        deep = json!({"a": deep});
    }
    let (status, answer) = call(&house, "POST", "/api/accounts", deep).await;
    assert_eq!((status, answer["code"].as_str()), (400, Some("invalid_request")));
}

#[tokio::test]
async fn a_test_tells_what_the_upstream_said() {
    let house = House::new().await;
    let id = added(&house, "A").await;
    let path = format!("/api/accounts/{id}/test");
    let (status, verdict) = call(&house, "POST", &path, Value::Null).await;
    assert_eq!(
        (status, &verdict["ok"], &verdict["model"]),
        (200, &json!(true), &json!("small")),
        "{verdict}"
    );
    let (status, verdict) = call(&house, "POST", &path, json!({"model": "broken"})).await;
    assert_eq!((status, &verdict["ok"]), (200, &json!(false)));
    assert_eq!(verdict["error"]["code"], "rate_limited");
    assert_eq!(verdict["error"]["upstream_code"], "ThrottlingException");
    let (_, verdict) = call(&house, "POST", &path, json!({"model": "nothing"})).await;
    assert_eq!(verdict["error"]["code"], "model_not_found");
    // Where prices do not tell, the provider does.
    let change = json!({"options": {"cheapest": "broken"}});
    call(&house, "PATCH", &format!("/api/accounts/{id}"), change).await;
    let (_, verdict) = call(&house, "POST", &path, Value::Null).await;
    assert_eq!(verdict["model"], "broken");
}

#[tokio::test]
async fn a_test_that_succeeds_ends_the_accounts_rest() {
    let house = House::new().await;
    let id = added(&house, "A").await;
    let entry = house.gateway.accounts.entry(&id).unwrap();
    let error = llm::Error::new(llm::Category::Suspended, "talk to us");
    house.gateway.accounts.note(&entry, accounts::Outcome::Failure(&error));
    let state =
        async || call(&house, "GET", "/api/accounts", Value::Null).await.1["accounts"][0]["state"].clone();
    assert_eq!(state().await["kind"], "suspended");
    let path = format!("/api/accounts/{id}/test");
    call(&house, "POST", &path, json!({"model": "broken"})).await;
    assert_eq!(state().await["kind"], "suspended");
    call(&house, "POST", &path, Value::Null).await;
    assert_eq!(state().await["kind"], "ready");
}

#[tokio::test]
async fn models_are_merged_over_accounts() {
    let house = House::new().await;
    let (a, b) = (added(&house, "A").await, added(&house, "B").await);
    call(&house, "PATCH", &format!("/api/accounts/{b}"), json!({"region": "eu-west-1"})).await;
    let (_, list) = call(&house, "GET", "/api/models", Value::Null).await;
    let small = list["models"].as_array().unwrap().iter().find(|card| card["name"] == "small").unwrap();
    assert_eq!(small["accounts"][0]["id"], a.as_str());
    assert_eq!(small["accounts"][0]["model_id"], "us-east-1.vendor.small");
    assert_eq!(small["accounts"][1]["model_id"], "eu-west-1.vendor.small");
    // B's upstream will not tell: its known models are listed, and why is said.
    let (_, list) = call(&house, "GET", "/api/models?refresh=true", Value::Null).await;
    assert_eq!(list["problems"][0]["account_id"], b.as_str());
    assert_eq!(list["problems"][0]["code"], "permission_denied");
    let fresh = list["models"].as_array().unwrap().iter().find(|card| card["name"] == "fresh").unwrap();
    assert_eq!(fresh["accounts"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn settings_take_effect_at_once_and_are_stored() {
    let house = House::new().await;
    let id = added(&house, "A").await;
    let change = json!({"retention_days": 3, "failover": {"on_quota": true, "order": [id]}});
    let (status, settings) = call(&house, "PUT", "/api/settings", change).await;
    assert_eq!(status, 200, "{settings}");
    assert_eq!(house.gateway.settings.load().retention_days, 3);
    assert!(house.gateway.accounts.failover().on_quota);
    assert_eq!(call(&house, "GET", "/api/settings", Value::Null).await.1, settings);
    let stored = house.gateway.core.settings().await.unwrap();
    assert_eq!(stored[crate::SETTINGS_KEY]["retention_days"], 3);
    // What is shown can be sent back.
    assert_eq!(call(&house, "PUT", "/api/settings", settings.clone()).await, (200, settings));
}

#[tokio::test]
async fn a_refused_setting_changes_nothing() {
    let house = House::new().await;
    let before = house.gateway.settings.load_full();
    let change = json!({"retention_days": 3, "bind": "0.0.0.0"});
    let (status, answer) = call(&house, "PUT", "/api/settings", change).await;
    assert_eq!((status, &answer["params"]["field"]), (400, &json!("bind")));
    assert_eq!(house.gateway.settings.load_full(), before);
}

/// Records a row and waits until it is stored.
async fn logged(gateway: &Gateway, row: store::LogRow) {
    gateway.sink.record(row);
    gateway.logs.flush().await.unwrap();
}

#[tokio::test]
async fn logs_are_read_by_page_and_filter() {
    let house = House::new().await;
    let now = house.gateway.now_ms();
    for number in 0..5_i64 {
        let status = if number == 2 { 429 } else { 200 };
        let error_category = (status == 429).then(|| "rate_limited".to_owned());
        let row = store::LogRow {
            time_ms: now - 1000 + number,
            request_id: format!("req_{number}"),
            status,
            error_category,
            model_asked: "small".to_owned(),
            ..store::LogRow::default()
        };
        logged(&house.gateway, row).await;
    }
    let ids = |page: &Value| -> Vec<String> {
        let rows = page["rows"].as_array().unwrap();
        rows.iter().map(|row| row["request_id"].as_str().unwrap().to_owned()).collect()
    };
    let (_, first) = call(&house, "GET", "/api/logs?limit=2", Value::Null).await;
    assert_eq!(ids(&first), ["req_4", "req_3"]);
    let path = format!("/api/logs?limit=2&before={}", first["next"]);
    let (_, second) = call(&house, "GET", &path, Value::Null).await;
    assert_eq!(ids(&second), ["req_2", "req_1"]);
    for query in ["status=429", "status=4xx", "errors=true"] {
        let (_, page) = call(&house, "GET", &format!("/api/logs?{query}"), Value::Null).await;
        assert_eq!(ids(&page), ["req_2"], "{query}");
    }
    let (status, row) =
        call(&house, "GET", &format!("/api/logs/{}", first["rows"][0]["id"]), Value::Null).await;
    assert_eq!((status, &row["request_id"]), (200, &json!("req_4")));
    let (_, stats) = call(&house, "GET", "/api/logs/stats", Value::Null).await;
    assert_eq!((&stats["totals"]["requests"], &stats["totals"]["errors"]), (&json!(5), &json!(1)));
    let (_, status) = call(&house, "GET", "/api/status", Value::Null).await;
    assert_eq!(status["today"]["requests"], 5);
}
