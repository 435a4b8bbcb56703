use serde_json::{Value, json};

use super::{added, call};
use crate::house::House;

fn wish(name: &str) -> Value {
    json!({"provider": "invented", "name": name, "region": "us-east-1", "login": "paper",
           "fields": {"start_url": "https://d-1.awsapps.com/start"}})
}

#[tokio::test]
async fn a_sign_in_is_begun_followed_and_cancelled() {
    let house = House::new().await;
    let (status, begun) = call(&house, "POST", "/api/signins", wish("Browser")).await;
    assert_eq!((status, &begun["state"]), (201, &json!("working")), "{begun}");
    let path = format!("/api/signins/{}", begun["id"].as_str().unwrap());
    let (status, waiting) = call(&house, "GET", &format!("{path}?version=0"), Value::Null).await;
    assert_eq!((status, &waiting["state"]), (200, &json!("waiting")), "{waiting}");
    assert_eq!(
        waiting["prompt"],
        json!({"kind": "device", "url": "https://d-1.awsapps.com/start", "user_code": "ABCD-EFGH"})
    );
    assert!(waiting["ends_ms"].as_i64().unwrap() > house.gateway.now_ms());
    let (_, all) = call(&house, "GET", "/api/signins", Value::Null).await;
    assert_eq!(all["sign_ins"], json!([waiting]));
    let (status, refused) = call(&house, "POST", &format!("{path}/choice"), json!({"choice": "x"})).await;
    assert_eq!((status, &refused["params"]["field"]), (400, &json!("choice")));
    assert_eq!(call(&house, "DELETE", &path, Value::Null).await.0, 204);
    for (method, path) in [("GET", path.as_str()), ("DELETE", &path), ("GET", "/api/signins/x?version=1")] {
        let (status, refused) = call(&house, method, path, Value::Null).await;
        assert_eq!((status, &refused["code"]), (404, &json!("sign_in_not_found")));
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_sign_in_is_named() {
    let house = House::new().await;
    let id = added(&house, "pasted").await;
    let with = |name: &str, value: Value| {
        let mut body = wish("Browser");
        body[name] = value;
        body
    };
    for (body, status, code, field) in [
        (with("fields", json!({})), 400, "invalid_account", json!("fields.start_url")),
        (with("name", json!("pasted")), 409, "account_name_taken", Value::Null),
        (with("provider", json!("none")), 400, "provider_unknown", Value::Null),
        (with("colour", json!("red")), 400, "invalid_request", Value::Null),
        (json!({"account": id}), 409, "sign_in_way_unknown", Value::Null),
        (json!({"account": "none"}), 404, "account_not_found", Value::Null),
    ] {
        let (found, refused) = call(&house, "POST", "/api/signins", body).await;
        assert_eq!((found, &refused["code"], &refused["params"]["field"]), (status, &json!(code), &field));
    }
    let (status, refused) = call(&house, "POST", "/api/signins", with("provider", json!("wild"))).await;
    assert_eq!((status, &refused["code"]), (409, &json!("policy_consent_required")));
    assert!(refused["params"]["note"].is_string(), "{refused}");
}
