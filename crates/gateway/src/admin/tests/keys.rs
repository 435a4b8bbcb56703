//! Local keys, from the first answer that shows one to the last request that it is good for.

use http::header::AUTHORIZATION;
use http::{Request, StatusCode};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::super::router;
use super::call;
use crate::house::House;

async fn house() -> House {
    let house = House::new().await;
    let (mut row, _) = crate::new_local_key(house.gateway.safe.keyring(), 0).unwrap();
    row.hash = crate::fingerprint(crate::house::KEY);
    house.gateway.core.add_local_key(row).await.unwrap();
    house
}

async fn made(house: &House, body: Value) -> Value {
    let (status, made) = call(house, "POST", "/api/keys", body).await;
    assert_eq!(status, 201, "{made}");
    made
}

async fn all(house: &House) -> Vec<Value> {
    let (_, list) = call(house, "GET", "/api/keys", Value::Null).await;
    list["keys"].as_array().unwrap().clone()
}

fn is_good(house: &House, key: &str) -> bool {
    house.gateway.keys.load().find(key).is_some()
}

#[tokio::test]
async fn a_key_is_shown_once_and_lives_until_it_is_removed() {
    let house = house().await;
    let rules = json!({"models": ["claude-*"], "requests_per_minute": 5});
    let made = made(&house, json!({"name": " Laptop ", "rules": rules})).await;
    let (id, key) = (made["id"].as_str().unwrap(), made["key"].as_str().unwrap().to_owned());
    assert!(key.starts_with("sk-switchboard-") && is_good(&house, &key));
    assert_eq!((&made["name"], &made["rules"]["requests_per_minute"]), (&json!("Laptop"), &json!(5)));
    let shown = all(&house).await;
    assert_eq!(
        shown.iter().map(|key| key["name"].as_str().unwrap()).collect::<Vec<_>>(),
        ["local", "Laptop"]
    );
    assert!(!json!(shown).to_string().contains(&key));
    assert_eq!(shown[1]["hint"], format!("…{}", &key[key.len() - 4..]));
    let stored = house.gateway.core.local_keys().await.unwrap();
    assert_eq!(stored[1].key.as_str(), "", "not even we can read it again");

    let path = format!("/api/keys/{id}");
    let change = json!({"name": "Desk", "rules": {"usd_per_month": 2.5, "requests_per_minute": null}});
    let (status, changed) = call(&house, "PATCH", &path, change).await;
    assert_eq!(status, 200, "{changed}");
    assert_eq!(changed["rules"]["models"], json!(["claude-*"]), "what is not named stays");
    assert_eq!(
        (&changed["rules"]["usd_per_month"], &changed["rules"]["requests_per_minute"]),
        (&json!(2.5), &Value::Null)
    );

    let (_, rotated) = call(&house, "POST", &format!("{path}/rotate"), Value::Null).await;
    let fresh = rotated["key"].as_str().unwrap();
    assert!(!is_good(&house, &key) && is_good(&house, fresh));
    assert_eq!(all(&house).await[1]["rules"], changed["rules"]);

    assert_eq!(call(&house, "DELETE", &path, Value::Null).await.0, 204);
    assert!(!is_good(&house, fresh) && all(&house).await.len() == 1);
    assert_eq!(call(&house, "DELETE", &path, Value::Null).await.1["code"], "key_not_found");
}

#[tokio::test]
async fn what_was_spent_stays_spent_when_a_key_is_changed() {
    let house = house().await;
    let made = made(&house, json!({"name": "a"})).await;
    let id = made["id"].as_str().unwrap();
    let now = house.gateway.now_ms();
    house.gateway.keys.load().get(id).unwrap().meter.spent(now, 7, Some(0.5));
    for (method, path) in [("PATCH", format!("/api/keys/{id}")), ("POST", format!("/api/keys/{id}/rotate"))] {
        assert_eq!(call(&house, method, &path, json!({})).await.0, 200, "{path}");
        let key = &all(&house).await[1];
        assert_eq!((&key["tokens_today"], &key["usd_this_month"]), (&json!(7), &json!(0.5)));
        assert_eq!(key["last_used_ms"], now);
    }
}

#[tokio::test]
async fn the_persons_own_key_is_replaced_and_never_lost() {
    let house = house().await;
    let (status, answer) = call(&house, "DELETE", "/api/keys/local", Value::Null).await;
    assert_eq!((status, &answer["code"]), (409, &json!("key_kept")));
    let (status, answer) =
        call(&house, "PATCH", "/api/keys/local", json!({"rules": {"expires_ms": 1}})).await;
    assert_eq!((status, &answer["params"]["field"]), (400, &json!("expires_ms")));
    let (status, changed) =
        call(&house, "PATCH", "/api/keys/local", json!({"rules": {"usd_per_month": 9.0}})).await;
    assert_eq!(
        (status, &changed["owner"], &changed["rules"]["usd_per_month"]),
        (200, &json!(true), &json!(9.0))
    );
}

#[tokio::test]
async fn another_key_does_not_administrate() {
    let house = house().await;
    let made = made(&house, json!({"name": "a"})).await;
    for path in ["/api/keys", "/api/keys/local", "/api/accounts"] {
        let request = Request::builder().uri(path);
        let request = request.header(AUTHORIZATION, format!("Bearer {}", made["key"].as_str().unwrap()));
        let answer =
            router(&house.gateway).oneshot(request.body(axum::body::Body::empty()).unwrap()).await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{path}");
    }
}

#[tokio::test]
async fn keys_that_cannot_be_are_refused() {
    let house = house().await;
    made(&house, json!({"name": "Laptop"})).await;
    for (body, code) in [
        (json!({"name": "laptop"}), "key_name_taken"),
        (json!({"name": "LOCAL"}), "key_name_taken"),
        (json!({"name": "  "}), "key_invalid"),
        (json!({"name": "a\nb"}), "key_invalid"),
        (json!({"name": "b", "rules": {"requests_per_minute": 0}}), "key_invalid"),
        (json!({"name": "b", "rules": {"tier": "gold"}}), "invalid_request"),
        (json!({"name": "b", "rules": {"budget": 1}}), "invalid_request"),
        (json!({}), "invalid_request"),
    ] {
        let (status, answer) = call(&house, "POST", "/api/keys", body.clone()).await;
        assert!(status == 400 || status == 409, "{body}: {status}");
        assert_eq!(answer["code"], code, "{body}");
    }
    assert_eq!(all(&house).await.len(), 2);
    let (status, answer) = call(&house, "PATCH", "/api/keys/local", json!({"rules": {"budget": 1}})).await;
    assert_eq!((status, &answer["code"]), (400, &json!("key_invalid")));
}

#[tokio::test]
async fn rules_that_cannot_be_read_close_a_key_and_not_the_house() {
    let house = house().await;
    let (mut row, key) = crate::new_local_key(house.gateway.safe.keyring(), 0).unwrap();
    (row.id, row.name, row.rules) = ("odd".into(), "odd".into(), json!({"unknown": true}));
    house.gateway.core.add_local_key(row).await.unwrap();
    let gateway = &house.gateway;
    let none = crate::LocalKeys::default();
    let keys =
        crate::LocalKeys::load(&gateway.core, &gateway.logs, None, &*gateway.clock, &none).await.unwrap();
    let odd = keys.find(key.expose()).unwrap();
    assert_eq!(odd.rules.expires_ms, Some(1));
    assert!(keys.get("local").unwrap().rules.expires_ms.is_none());
}
