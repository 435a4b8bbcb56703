//! Backups as the window uses them.

use super::*;

async fn names(house: &House) -> Vec<String> {
    let (_, list) = call(house, "GET", "/api/accounts", Value::Null).await;
    let accounts = list["accounts"].as_array().unwrap().iter();
    accounts.map(|account| account["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_backup_brings_back_accounts_and_settings_at_once() {
    let house = House::new().await;
    let kept = added(&house, "Kept").await;
    let set = |value: Value| call(&house, "PUT", "/api/settings", value);
    set(json!({"retention_days": 7})).await;
    let (status, answer) = call(&house, "POST", "/api/backups", Value::Null).await;
    assert_eq!((status, answer["made"].as_array().map(Vec::len)), (201, Some(1)), "{answer}");
    let name = answer["made"][0]["name"].as_str().unwrap().to_owned();
    assert_eq!(answer["made"][0]["kind"], "person");

    call(&house, "DELETE", &format!("/api/accounts/{kept}"), Value::Null).await;
    added(&house, "Later").await;
    set(json!({"retention_days": 9, "port": 4990})).await;
    // As after `switchboard password set`: what is set now is not taken back.
    let (status, _) = call(&house, "PUT", "/api/password", json!({"password": "long enough"})).await;
    assert_eq!(status, 200);
    let block = json!({"address": "192.0.2.7"});
    assert!(call(&house, "POST", "/api/ips/block", block).await.0 < 300);

    let route = format!("/api/backups/{name}/restore");
    let (status, refused) = call(&house, "POST", &route, json!({"confirm": false})).await;
    assert_eq!((status, &refused["code"]), (400, &json!("invalid_request")));
    assert_eq!(names(&house).await, ["Later"]);
    let before = house.gateway.settings_changes.subscribe();
    let (status, answer) = call(&house, "POST", &route, json!({"confirm": true})).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!((&answer["moves"], &answer["carried"]), (&json!(true), &json!(0)), "{answer}");
    assert!(std::path::Path::new(answer["kept_at"].as_str().unwrap()).is_file(), "{answer}");
    assert_eq!(names(&house).await, ["Kept"]);
    assert!(before.has_changed().unwrap());
    let settings = house.gateway.settings.load();
    assert_eq!((settings.retention_days, settings.port), (7, 4880));
    assert!(house.gateway.office.passwords.is_set());
    let (_, blocked) = call(&house, "GET", "/api/ips/blocked", Value::Null).await;
    assert_eq!(blocked["blocked"][0]["address"], "192.0.2.7", "{blocked}");

    let (status, _) = call(&house, "DELETE", &format!("/api/backups/{name}"), Value::Null).await;
    assert_eq!(status, 204);
    for (method, path) in [("POST", route), ("DELETE", format!("/api/backups/{name}"))] {
        let (status, refused) = call(&house, method, &path, json!({"confirm": true})).await;
        assert_eq!((status, &refused["code"]), (404, &json!("backup_not_found")), "{method}");
    }
}

#[tokio::test]
async fn what_cannot_be_restored_says_why() {
    let house = House::new().await;
    added(&house, "Kept").await;
    let (_, answer) = call(&house, "POST", "/api/backups", json!({"logs": true})).await;
    let folder = house.folder().join("backups");
    let good = folder.join(answer["made"][0]["name"].as_str().unwrap());
    let put = |name: &str, bytes: Vec<u8>| std::fs::write(folder.join(name), bytes).unwrap();
    let mut bytes = std::fs::read(&good).unwrap();
    // Where SQLite keeps the number of the format.
    bytes[63] = 99;
    put("manual-20260101-000000-001.db", bytes.clone());
    bytes[63] = 1;
    bytes[4096..].fill(7);
    put("manual-20260101-000000-002.db", bytes);
    for (name, code) in [
        ("manual-20260101-000000-001.db", "backup_newer"),
        ("manual-20260101-000000-002.db", "backup_damaged"),
        (answer["made"][1]["name"].as_str().unwrap(), "backup_not_ours"),
    ] {
        let route = format!("/api/backups/{name}/restore");
        let (status, refused) = call(&house, "POST", &route, json!({"confirm": true})).await;
        assert_eq!((status, &refused["code"]), (409, &json!(code)), "{refused}");
    }
    assert_eq!(names(&house).await, ["Kept"]);
}

#[tokio::test]
async fn the_clock_makes_backups_and_drops_the_oldest() {
    let house = House::new().await;
    let gateway = &house.gateway;
    let now = gateway.now_ms();
    assert_eq!(gateway.backup_due_ms(), Some(now), "there is none yet");
    crate::care::back_up_if_due(gateway).await;
    assert_eq!(gateway.backup_due_ms(), Some(now + 24 * 3_600_000));
    let scheduled = || {
        let of_the_clock = |backup: &store::Backup| backup.kind == store::BackupKind::Schedule;
        gateway.core.backups().into_iter().filter(of_the_clock).count()
    };
    crate::care::back_up_if_due(gateway).await;
    assert_eq!(scheduled(), 1, "not due");
    call(&house, "PUT", "/api/settings", json!({"backups": {"every_hours": 1, "keep": 2}})).await;
    for expected in [2, 2] {
        house.clock.pass(3600);
        crate::care::back_up_if_due(gateway).await;
        assert_eq!(scheduled(), expected);
    }
    let (_, listed) = call(&house, "GET", "/api/backups", Value::Null).await;
    assert_eq!(listed["next_ms"], json!(gateway.now_ms() + 3_600_000));
    call(&house, "PUT", "/api/settings", json!({"backups": {"every_hours": 0}})).await;
    house.clock.pass(7200);
    crate::care::back_up_if_due(gateway).await;
    assert_eq!((gateway.backup_due_ms(), scheduled()), (None, 2));
}
