//! The whole surface as one snapshot: every route with an example request and its answer. A change in it is a change
//! for every caller, and shows in review.

use std::fmt::Write;

use serde_json::{Value, json};

use super::{account, added, call, logged};
use crate::house::House;

/// Members that differ from run to run.
const VOLATILE: [&str; 3] = ["pid", "bytes", "kept_at"];

#[tokio::test]
async fn surface() {
    let house = House::new().await;
    let id = added(&house, "Example").await;
    logged(&house.gateway, row(&house, &id)).await;
    let mut text = String::new();
    let (mut accounts, mut sign_ins) = (Vec::new(), Vec::new());
    for (method, path, body) in [
        ("GET", "/api/status", Value::Null),
        ("GET", "/api/providers", Value::Null),
        ("POST", "/api/accounts", account("Work")),
        ("POST", "/api/accounts", account("Work")),
        ("GET", "/api/accounts", Value::Null),
        ("PUT", "/api/accounts/order", json!({"ids": [id]})),
        ("PATCH", "/api/accounts/{id}", json!({"name": "Home", "region": "eu-west-1", "enabled": true})),
        ("POST", "/api/accounts/{id}/activate", Value::Null),
        ("POST", "/api/accounts/{id}/test", Value::Null),
        ("POST", "/api/accounts/{id}/test", json!({"model": "broken"})),
        ("GET", "/api/accounts/{id}/quota", Value::Null),
        (
            "POST",
            "/api/accounts",
            json!({"name": "Wild", "provider": "wild", "region": "us-east-1",
                   "credential": {"kind": "api_key", "api_key": "k"}}),
        ),
        ("GET", "/api/models", Value::Null),
        ("GET", "/api/models?refresh=true", Value::Null),
        ("POST", "/api/models/meaning", json!({"name": "small"})),
        ("POST", "/api/models/meaning", json!({"name": "o7"})),
        ("GET", "/api/logs?status=2xx&limit=1", Value::Null),
        ("GET", "/api/logs/1", Value::Null),
        ("GET", "/api/logs/stats", Value::Null),
        ("POST", "/api/logs/cleanup", json!({"days": 30, "megabytes": 512})),
        ("GET", "/api/settings", Value::Null),
        ("PUT", "/api/settings", json!({"timeouts": {"idle_s": 120}})),
        ("PUT", "/api/settings", json!({"retention_days": -1})),
        (
            "POST",
            "/api/accounts",
            json!({"name": "Q", "provider": "amazon_q", "credential": {"kind": "sso"}}),
        ),
        ("GET", "/api/session", Value::Null),
        ("POST", "/api/session", json!({"token": "wrong"})),
        ("POST", "/api/ips/block", json!({"address": "192.0.2.9/24", "note": "scans", "minutes": 60})),
        ("POST", "/api/ips/block", json!({"address": "127.0.0.1"})),
        ("GET", "/api/ips/blocked", Value::Null),
        ("POST", "/api/ips/unblock", json!({"address": "192.0.2.0/24"})),
        ("GET", "/api/keys", Value::Null),
        ("POST", "/api/keys", json!({"name": "Laptop", "rules": {"budget": 1}})),
        ("PUT", "/api/password", json!({"password": "short"})),
        ("PUT", "/api/password", json!({"password": "long enough"})),
        ("GET", "/api/password", Value::Null),
        ("PUT", "/api/password", json!({"password": null})),
        ("POST", "/api/proxy/pause", Value::Null),
        ("GET", "/api/status", Value::Null),
        ("POST", "/api/proxy/resume", Value::Null),
        ("GET", "/api/logs/1/curl", Value::Null),
        ("POST", "/api/logs/1/replay", Value::Null),
        ("GET", "/api/logs/capture/req_1", Value::Null),
        ("GET", "/api/usage?group=model&step=hour", Value::Null),
        ("GET", "/api/conversations", Value::Null),
        ("GET", "/api/shell/autostart", Value::Null),
        (
            "POST",
            "/api/signins",
            json!({"provider": "invented", "name": "Browser", "region": "us-east-1", "login": "paper",
                   "fields": {"start_url": "https://d-1.awsapps.com/start"}}),
        ),
        ("POST", "/api/signins", json!({"account": id})),
        ("GET", "/api/signins/none", Value::Null),
        ("GET", "/api/found", Value::Null),
        ("POST", "/api/found/import", json!({"items": [{"id": "aws_profile:gone"}]})),
        ("DELETE", "/api/accounts/{id}", Value::Null),
        ("GET", "/api/accounts/removed", Value::Null),
        ("POST", "/api/accounts/{id}/restore", Value::Null),
        ("POST", "/api/backups", json!({"logs": true})),
        ("POST", "/api/backups/manual-20260102-030405-000.db/restore", json!({"confirm": true})),
        ("POST", "/api/backups/none/restore", json!({"confirm": true})),
        ("DELETE", "/api/backups/manual-20260102-030405-000.db", Value::Null),
    ] {
        let (status, mut answer) = call(&house, method, &path.replace("{id}", &id), body.clone()).await;
        let mut body = body;
        accounts.extend(house.gateway.accounts.list().into_iter().map(|account| account.id));
        sign_ins.extend(house.gateway.accounts.sign_ins().into_iter().map(|sign_in| sign_in.id));
        for (ids, name) in [(&accounts, "[account id]"), (&sign_ins, "[sign-in id]")] {
            steady(&mut body, ids, name);
            steady(&mut answer, ids, name);
        }
        writeln!(text, "{method} {path}").unwrap();
        if !body.is_null() {
            writeln!(text, "{body:#}").unwrap();
        }
        writeln!(text, "-> {status}").unwrap();
        if !answer.is_null() {
            writeln!(text, "{answer:#}").unwrap();
        }
        text.push('\n');
    }
    insta::assert_snapshot!(text);
}

fn row(house: &House, account: &str) -> store::LogRow {
    store::LogRow {
        time_ms: house.gateway.now_ms() - 60_000,
        request_id: "req_1".to_owned(),
        client: "claude-cli".to_owned(),
        user_agent: "claude-cli/2.0".to_owned(),
        dialect: "anthropic_messages".to_owned(),
        method: "POST".to_owned(),
        path: "/v1/messages".to_owned(),
        model_asked: "small".to_owned(),
        model_served: Some("us-east-1.vendor.small".to_owned()),
        account_id: Some(account.to_owned()),
        account_name: Some("Example".to_owned()),
        provider: Some("invented".to_owned()),
        upstream_wire: Some("bedrock_converse".to_owned()),
        stream: true,
        attempts: 1,
        status: 200,
        first_byte_ms: Some(120.5),
        total_ms: 900.25,
        input_tokens: Some(10),
        output_tokens: Some(20),
        cost_usd: Some(0.00011),
        adjustments: vec!["max_tokens:8192".to_owned()],
        stop_reason: Some("end_turn".to_owned()),
        ..store::LogRow::default()
    }
}

/// Replaces what differs from run to run by its name.
fn steady(value: &mut Value, ids: &[String], of: &str) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| steady(item, ids, of)),
        Value::Object(members) => {
            for (name, value) in members {
                if VOLATILE.contains(&name.as_str()) {
                    *value = json!(format!("[{name}]"));
                } else {
                    steady(value, ids, of);
                }
            }
        }
        Value::String(text) if ids.contains(text) => of.clone_into(text),
        _ => {}
    }
}
