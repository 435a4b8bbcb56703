//! Rows as files, in totals, and sent again.

use axum::body::Body;
use http::Request;
use http::header::AUTHORIZATION;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use store::LogRow;
use tower::ServiceExt;

use super::super::router;
use super::{added, call, logged};
use crate::house::{House, KEY};

const HOUR: i64 = 3_600_000;

/// Rows whose ids follow their numbers.
async fn rows(house: &House, count: i64) {
    let now = house.gateway.now_ms();
    for number in 0..count {
        let failed = number % 10 == 9;
        let row = LogRow {
            time_ms: now - 1000 + number,
            request_id: format!("req_{number}"),
            client: if number % 2 == 0 { "=cmd()".to_owned() } else { "Claude Code".to_owned() },
            user_agent: "claude-cli/2.1.329 (external)".to_owned(),
            model_asked: "small".to_owned(),
            model_served: Some("us.small".to_owned()),
            path: "/v1/messages".to_owned(),
            dialect: "anthropic_messages".to_owned(),
            status: if failed { 429 } else { 200 },
            error_category: failed.then(|| "rate_limited".to_owned()),
            total_ms: number as f64,
            first_byte_ms: Some(number as f64 / 2.0),
            input_tokens: Some(10),
            output_tokens: Some(1),
            cost_usd: Some(0.5),
            ..LogRow::default()
        };
        house.gateway.sink.record(row);
    }
    house.gateway.logs.flush().await.unwrap();
}

async fn text(house: &House, path: &str) -> (http::HeaderMap, String) {
    let request = Request::builder().uri(path).header(AUTHORIZATION, format!("Bearer {KEY}"));
    let answer = router(&house.gateway).oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    let (head, body) = answer.into_parts();
    (head.headers, String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap())
}

#[tokio::test]
async fn all_rows_that_fit_become_a_file() {
    let house = House::new().await;
    rows(&house, 1203).await;
    let (headers, csv) = text(&house, "/api/logs/export").await;
    assert_eq!(headers["content-type"], "text/csv; charset=utf-8");
    assert!(headers["content-disposition"].to_str().unwrap().contains("switchboard-log.csv"));
    assert_eq!(csv.lines().count(), 1204);
    assert!(csv.contains("\"'=cmd()\"") && !csv.contains("\"=cmd"), "a formula stays text");
    let (_, json) = text(&house, "/api/logs/export?format=json&errors=true").await;
    let exported: Vec<Value> = serde_json::from_str(&json).unwrap();
    assert_eq!(exported.len(), 120);
    assert!(exported.iter().all(|row| row["status"] == 429));
    let (_, none) = text(&house, "/api/logs/export?format=json&model=none").await;
    assert_eq!(serde_json::from_str::<Vec<Value>>(&none).unwrap(), Vec::<Value>::new());
    assert_eq!(call(&house, "GET", "/api/logs/export?format=xml", Value::Null).await.0, 400);
}

#[tokio::test]
async fn usage_tells_of_tokens_speed_and_failures() {
    let house = House::new().await;
    let id = added(&house, "Work").await;
    rows(&house, 100).await;
    let now = house.gateway.now_ms();
    for (ago, account) in [(0, Some(id.clone())), (30 * HOUR, Some(id.clone())), (30 * HOUR, None)] {
        let row = LogRow {
            time_ms: now - ago,
            account_id: account,
            status: 200,
            input_tokens: Some(1000),
            credits: Some(0.25),
            total_ms: 7.0,
            ..LogRow::default()
        };
        logged(&house.gateway, row).await;
    }
    let path = format!("/api/usage?since_ms={}&until_ms={}&group=account&step=day", now - 48 * HOUR, now + 1);
    let (status, usage) = call(&house, "GET", &path, Value::Null).await;
    assert_eq!(status, 200, "{usage}");
    let buckets = usage["buckets"].as_array().unwrap();
    assert_eq!(buckets.len(), 2, "{usage}");
    let day = 24 * HOUR;
    assert_eq!(buckets[1]["start_ms"], now - now.rem_euclid(day));
    let named: Vec<_> =
        buckets[1]["groups"].as_array().unwrap().iter().map(|group| &group["label"]).collect();
    assert_eq!(named, [&json!(""), &json!("Work")]);
    assert_eq!(buckets[1]["groups"][1]["input_tokens"], 1000);
    assert_eq!((&usage["totals"]["requests"], &usage["totals"]["credits"]), (&json!(103), &json!(0.75)));
    assert_eq!(usage["errors_by_category"], json!([{"category": "rate_limited", "count": 10}]));
    let latency = &usage["latency"];
    assert_eq!((&latency["requests"], &latency["p50_ms"]), (&json!(93), &json!(47.0)), "{latency}");
    let (_, by_hour) = call(&house, "GET", &path.replace("step=day", "step=hour"), Value::Null).await;
    assert!(by_hour["buckets"].as_array().unwrap().len() >= 2, "{by_hour}");
    for wrong in ["since_ms=9&until_ms=1", "since_ms=0&step=hour", "group=planet", "offset_min=9999"] {
        assert_eq!(call(&house, "GET", &format!("/api/usage?{wrong}"), Value::Null).await.0, 400, "{wrong}");
    }
}

#[tokio::test]
async fn a_request_that_was_not_kept_is_an_example_and_not_sent_again() {
    let house = House::new().await;
    rows(&house, 1).await;
    let (status, answer) = call(&house, "POST", "/api/logs/1/replay", Value::Null).await;
    assert_eq!((status, &answer["code"]), (409, &json!("body_not_captured")));
    let (_, answer) = call(&house, "GET", "/api/logs/1/curl", Value::Null).await;
    let command = answer["command"].as_str().unwrap();
    assert!(command.starts_with("curl 'http://127.0.0.1:4880/v1/messages'"), "{command}");
    assert!(command.contains("$(switchboard key)") && !command.contains(KEY), "{command}");
    assert_eq!(answer["example"], true);
    let (status, answer) = call(&house, "GET", "/api/logs/capture/req_0", Value::Null).await;
    assert_eq!((status, &answer["code"]), (404, &json!("capture_not_kept")));
}

#[tokio::test]
async fn clients_that_sent_something_were_seen() {
    let house = House::new().await;
    let (row, key) = crate::new_local_key(house.gateway.safe.keyring(), 0).unwrap();
    house.gateway.core.add_local_key(row).await.unwrap();
    rows(&house, 4).await;
    let (_, list) = call(&house, "GET", "/api/clients", Value::Null).await;
    let client = |id: &str| {
        let clients = list["clients"].as_array().unwrap();
        clients.iter().find(|client| client["id"] == id).unwrap().clone()
    };
    let claude = client("claude_code");
    // A request proves that it is connected only when it came with its own key.
    assert_eq!((&claude["state"], &claude["proof"]), (&json!("not_connected"), &Value::Null));
    assert_eq!(claude["version"], "2.1.329");
    assert_eq!(claude["last_seen_ms"], house.gateway.now_ms() - 1000 + 3);
    assert_eq!(
        (&client("zed")["state"], &client("zed")["last_seen_ms"]),
        (&json!("not_found"), &Value::Null)
    );
    assert_eq!(client("cursor")["state"], "by_hand");
    let key = key.expose().to_owned();
    assert!(claude["steps"][0]["copy"].as_str().unwrap().contains(&key), "{claude}");
}

#[tokio::test]
async fn the_checks_say_what_is_wrong_and_what_would_help() {
    let house = House::new().await;
    let id = added(&house, "Work").await;
    // Nothing listens where this house says that it does.
    let gone = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
    house.gateway.addresses.store(std::sync::Arc::new(vec![gone]));
    house.gateway.office.pause(true);
    let entry = house.gateway.accounts.entry(&id).unwrap();
    let error = llm::Error::new(llm::Category::Suspended, "talk to us");
    house.gateway.accounts.note(&entry, accounts::Outcome::Failure(&error));
    let (_, report) = call(&house, "GET", "/api/diagnostics", Value::Null).await;
    let check = |report: &Value, id: &str| {
        let checks = report["checks"].as_array().unwrap();
        checks.iter().find(|check| check["id"] == id).cloned().unwrap_or_default()
    };
    assert_eq!(check(&report, "data_folder")["state"], "ok");
    assert_eq!(check(&report, "proxy")["title_code"], "check_proxy_unreachable");
    assert_eq!(check(&report, "paused")["fix"]["action"], "resume");
    let account = check(&report, &format!("account.{id}"));
    assert_eq!((&account["state"], &account["params"]["said"]), (&json!("fail"), &json!("talk to us")));
    let (status, _) =
        call(&house, "POST", "/api/diagnostics/fix", check(&report, "paused")["fix"].clone()).await;
    assert_eq!(status, 200);
    assert!(!house.gateway.office.is_paused());
    // A test asks the account, and its answer ends the rest.
    let (_, report) = call(&house, "GET", "/api/diagnostics?test=true", Value::Null).await;
    assert_eq!(check(&report, &format!("account.{id}"))["state"], "ok", "{report}");
    let unknown = json!({"action": "format_disk"});
    assert_eq!(call(&house, "POST", "/api/diagnostics/fix", unknown).await.0, 400);
}

#[tokio::test]
async fn the_support_bundle_names_nobody_and_holds_no_secret() {
    let house = House::new().await;
    let id = added(&house, "Customer AG").await;
    let change = json!({"extra_hosts": ["box.customer.example"], "model_rules": [{"name": "x", "model": "y"}],
                        "upstream_proxy": "http://proxy.customer.example:3128"});
    assert_eq!(call(&house, "PUT", "/api/settings", change).await.0, 200);
    let row = LogRow {
        account_id: Some(id.clone()),
        status: 500,
        error_category: Some("upstream".into()),
        error_message: Some("for Customer AG".into()),
        ..LogRow::default()
    };
    logged(&house.gateway, row).await;
    let (_, bundle) = call(&house, "GET", "/api/diagnostics/bundle", Value::Null).await;
    let shown = bundle.to_string();
    for hidden in ["Customer", "customer.example", "canary-secret", KEY, id.as_str()] {
        assert!(!shown.contains(hidden), "{hidden}: {shown}");
    }
    assert!(shown.contains("account-1") && shown.contains("upstream"), "{shown}");
    let (headers, file) = text(&house, "/api/diagnostics/bundle?download=1").await;
    assert!(headers["content-disposition"].to_str().unwrap().starts_with("attachment"));
    assert!(file.contains("===== settings.json =====") && !file.contains("Customer"));
}
