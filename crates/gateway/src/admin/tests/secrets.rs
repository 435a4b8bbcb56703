//! `/api/secrets`: what is told of secrets, and what is not.

use serde_json::{Value, json};
use store::LogRow;

use super::{added, call};
use crate::house::House;

#[tokio::test]
async fn every_credential_is_told_with_its_place_and_last_use() {
    let house = House::new().await;
    let (a, gone) = (added(&house, "a").await, added(&house, "gone").await);
    call(&house, "DELETE", &format!("/api/accounts/{gone}"), Value::Null).await;
    let (row, _) = crate::new_local_key(house.gateway.safe.keyring(), 0).unwrap();
    house.gateway.core.add_local_key(row).await.unwrap();
    let used = house.gateway.now_ms() - 5000;
    for (time_ms, account) in [(used - 9000, &a), (used, &a)] {
        house.gateway.sink.record(LogRow { time_ms, account_id: Some(account.clone()), ..LogRow::default() });
    }
    house.gateway.logs.flush().await.unwrap();
    let (status, told) = call(&house, "GET", "/api/secrets", Value::Null).await;
    assert_eq!((status, &told["door"]), (200, &json!({"kind": "open", "by": "key_file"})));
    let credentials = told["credentials"].as_array().unwrap();
    let short: Vec<_> = credentials
        .iter()
        .map(|one| (one["of"].as_str().unwrap(), one["place"].as_str().unwrap(), &one["last_used_ms"]))
        .collect();
    let expected = [
        ("account", "encrypted", &json!(used)),
        ("local_key", "encrypted", &Value::Null),
        ("removed_account", "encrypted", &Value::Null),
    ];
    assert_eq!(short, expected, "{told}");
    assert!(!told.to_string().contains("canary-secret"));
}

#[tokio::test]
async fn what_cannot_be_done_is_refused_by_name() {
    let house = House::new().await;
    let put = |body: Value| call(&house, "PUT", "/api/secrets/protection", body);
    for (body, status, code) in [
        (json!({"slot": "passphrase"}), 400, "invalid_request"),
        (json!({"slot": "recovery_key"}), 400, "invalid_request"),
        (json!({"slot": "nowhere"}), 400, "invalid_request"),
        (json!({"slot": "passphrase", "passphrase": "short"}), 400, "secrets_passphrase_short"),
        (json!({"slot": "keychain"}), 409, "secrets_slot_failed"),
        // The house's key is none that is stored.
        (json!({"slot": "key_file"}), 409, "secrets_other_key"),
    ] {
        let (found, answer) = put(body.clone()).await;
        assert_eq!((found, answer["code"].as_str().unwrap()), (status, code), "{body}: {answer}");
    }
    let (status, answer) = call(&house, "POST", "/api/secrets/start-over", json!({"confirm": true})).await;
    assert_eq!((status, &answer["code"]), (409, &json!("secrets_open")));
    let (status, answer) = call(&house, "POST", "/api/secrets/start-over", json!({"confirm": false})).await;
    assert_eq!((status, &answer["code"]), (400, &json!("invalid_request")));
    let (status, answer) = call(&house, "DELETE", "/api/secrets/recovery-key", Value::Null).await;
    assert_eq!((status, &answer["code"]), (409, &json!("secrets_last_slot")));
}
