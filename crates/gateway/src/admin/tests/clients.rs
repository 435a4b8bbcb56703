//! Clients connected through the admin API: a key of their own, the file that was shown, the way back.

use std::fs;

use serde_json::{Value, json};
use store::LogRow;

use super::{call, logged};
use crate::house::House;

async fn house() -> House {
    let house = House::new().await;
    let (row, _) = crate::new_local_key(house.gateway.safe.keyring(), 0).unwrap();
    house.gateway.core.add_local_key(row).await.unwrap();
    house
}

async fn client(house: &House, id: &str) -> Value {
    let (status, list) = call(house, "GET", "/api/clients", Value::Null).await;
    assert_eq!(status, 200, "{list}");
    list["clients"].as_array().unwrap().iter().find(|client| client["id"] == id).unwrap().clone()
}

async fn own_keys(house: &House) -> Vec<String> {
    let (_, keys) = call(house, "GET", "/api/keys", Value::Null).await;
    let all = keys["keys"].as_array().unwrap().iter();
    all.filter(|key| key["owner"] == false).map(|key| key["name"].as_str().unwrap().to_owned()).collect()
}

async fn preview(house: &House, path: &str) -> Value {
    let (status, preview) = call(house, "GET", path, Value::Null).await;
    assert_eq!(status, 200, "{preview}");
    preview
}

async fn connect(house: &House, id: &str) -> Value {
    let path = format!("/api/clients/{id}/connect");
    let shown = preview(house, &path).await;
    let (status, done) = call(house, "POST", &path, json!({"fingerprint": shown["fingerprint"]})).await;
    assert_eq!(status, 200, "{done}");
    done
}

fn settings(house: &House) -> std::path::PathBuf {
    house.folder().join("home/.claude/settings.json")
}

#[tokio::test]
async fn only_a_request_with_its_own_key_proves_a_client() {
    let house = house().await;
    connect(&house, "claude_code").await;
    assert_eq!(own_keys(&house).await, ["Claude Code"]);
    let row = |key_id: &str, dialect: &str| LogRow {
        time_ms: house.gateway.now_ms(),
        client: "Claude Code".to_owned(),
        user_agent: "claude-cli/2.1.329 (external)".to_owned(),
        dialect: dialect.to_owned(),
        key_id: Some(key_id.to_owned()),
        status: 200,
        ..LogRow::default()
    };
    logged(&house.gateway, row("local", "openai_chat")).await;
    let shown = client(&house, "claude_code").await;
    assert_eq!((&shown["state"], &shown["proof"]), (&json!("connected"), &Value::Null));
    assert_eq!(shown["last_seen_ms"], house.gateway.now_ms(), "it was seen, though");
    let keys = house.gateway.core.local_keys().await.unwrap();
    let own = keys.iter().find(|key| key.name == "Claude Code").unwrap();
    logged(&house.gateway, row(&own.id, "anthropic_messages")).await;
    let proof = &client(&house, "claude_code").await["proof"];
    assert_eq!(
        proof,
        &json!({"time_ms": house.gateway.now_ms(), "version": "2.1.329", "dialect": "anthropic_messages"})
    );

    // What another key of the same client proved is worth nothing for the next one.
    let path = "/api/clients/claude_code/undo";
    let shown = preview(&house, path).await;
    let (status, undone) = call(&house, "POST", path, json!({"fingerprint": shown["fingerprint"]})).await;
    assert_eq!((status, &undone["state"]), (200, &json!("not_connected")));
    assert!(own_keys(&house).await.is_empty() && !settings(&house).exists());
    connect(&house, "claude_code").await;
    assert_eq!(client(&house, "claude_code").await["proof"], Value::Null);
}

#[tokio::test]
async fn a_file_that_changed_since_it_was_shown_is_left_alone() {
    let house = house().await;
    let path = "/api/clients/claude_code/connect";
    let shown = preview(&house, path).await;
    assert_eq!((&shown["file"], &shown["whole_file"]), (&json!("~/.claude/settings.json"), &json!(true)));
    fs::create_dir_all(settings(&house).parent().unwrap()).unwrap();
    fs::write(settings(&house), "{\"model\": \"opus\"}").unwrap();
    let (status, refused) = call(&house, "POST", path, json!({"fingerprint": shown["fingerprint"]})).await;
    assert_eq!((status, &refused["code"]), (409, &json!("client_file_changed")));
    assert_eq!(fs::read_to_string(settings(&house)).unwrap(), "{\"model\": \"opus\"}");
    assert!(own_keys(&house).await.is_empty(), "a key that nobody has is none");

    connect(&house, "claude_code").await;
    let undo = "/api/clients/claude_code/undo";
    let shown = preview(&house, undo).await;
    assert_eq!(shown["changed_since"], false);
    let written = fs::read_to_string(settings(&house)).unwrap();
    fs::write(settings(&house), written.replacen('{', "{\"later\": 1,", 1)).unwrap();
    let (status, refused) = call(&house, "POST", undo, json!({"fingerprint": shown["fingerprint"]})).await;
    assert_eq!((status, &refused["code"]), (409, &json!("client_file_changed")));
    let shown = preview(&house, undo).await;
    assert_eq!(shown["changed_since"], true);
    let (status, _) = call(&house, "POST", undo, json!({"fingerprint": shown["fingerprint"]})).await;
    assert_eq!(status, 200);
    let left: Value = serde_json::from_str(&fs::read_to_string(settings(&house)).unwrap()).unwrap();
    assert_eq!(left, json!({"later": 1, "model": "opus"}));
}

#[tokio::test]
async fn a_client_is_told_when_its_key_or_address_is_not_good_any_more() {
    let house = house().await;
    connect(&house, "claude_code").await;
    let keys = house.gateway.core.local_keys().await.unwrap();
    let own = keys.iter().find(|key| key.name == "Claude Code").unwrap().id.clone();
    let (status, _) = call(&house, "POST", &format!("/api/keys/{own}/rotate"), Value::Null).await;
    assert_eq!(status, 200);
    assert_eq!(client(&house, "claude_code").await["state"], "outdated");
    connect(&house, "claude_code").await;
    assert_eq!(client(&house, "claude_code").await["state"], "connected");
    assert_eq!(own_keys(&house).await, ["Claude Code"], "it keeps its key's name and sums");
    house.gateway.addresses.store(std::sync::Arc::new(vec!["127.0.0.1:4999".parse().unwrap()]));
    assert_eq!(client(&house, "claude_code").await["state"], "outdated");
    connect(&house, "claude_code").await;
    assert!(fs::read_to_string(settings(&house)).unwrap().contains("http://127.0.0.1:4999\""));
    call(&house, "DELETE", &format!("/api/keys/{own}"), Value::Null).await;
    assert_eq!(client(&house, "claude_code").await["state"], "outdated");
    let written = fs::read_to_string(settings(&house)).unwrap();
    fs::write(settings(&house), written.replace("127.0.0.1:4999", "elsewhere.test")).unwrap();
    assert_eq!(client(&house, "claude_code").await["state"], "changed");
}

#[tokio::test]
async fn keys_are_told_only_where_the_person_enters_them() {
    let house = house().await;
    let (status, _) = call(&house, "POST", "/api/keys", json!({"name": "Zed"})).await;
    assert_eq!(status, 201);
    let zed = connect(&house, "zed").await;
    let key = zed["key"].as_str().unwrap();
    assert!(house.gateway.keys.load().find(key).is_some_and(|key| key.name == "Zed 2" && !key.owner));
    let file = house.folder().join("home/.config/zed/settings.json");
    assert!(!fs::read_to_string(file).unwrap().contains(key));
    let claude = connect(&house, "claude_code").await;
    assert_eq!(claude["key"], Value::Null);
    let shown = preview(&house, "/api/clients/claude_code/connect").await;
    assert_eq!(shown["diff"], "", "connected as it is now");
    let (_, started) = call(&house, "POST", "/api/clients/claude_code/key", Value::Null).await;
    assert!(fs::read_to_string(settings(&house)).unwrap().contains(started["key"].as_str().unwrap()));

    let (status, done) = call(&house, "POST", "/api/clients/restore", Value::Null).await;
    assert_eq!((status, done["restored"].as_array().map(Vec::len)), (200, Some(2)), "{done}");
    assert_eq!(own_keys(&house).await, ["Zed"], "the person's own stays");
    assert!(!settings(&house).exists());
    for (method, path, code) in [
        ("GET", "/api/clients/cursor/connect", "client_by_hand"),
        ("GET", "/api/clients/nobody/connect", "client_unknown"),
        ("GET", "/api/clients/zed/undo", "client_not_connected"),
        ("GET", "/api/clients/codex/connect?model=a%22b", "invalid_request"),
    ] {
        assert_eq!(call(&house, method, path, Value::Null).await.1["code"], code, "{path}");
    }
}

#[tokio::test]
async fn another_home_has_clients_and_keys_of_its_own() {
    let house = house().await;
    let place = |file: &str| house.folder().join("system").join(file);
    for file in ["proc/sys/fs/binfmt_misc/WSLInterop", "mnt/c/Users/me/AppData/x"] {
        fs::create_dir_all(place(file).parent().unwrap()).unwrap();
        fs::write(place(file), "").unwrap();
    }
    let (_, list) = call(&house, "GET", "/api/clients", Value::Null).await;
    assert_eq!(list["homes"][0]["name"], "Windows (me)");
    let home = list["homes"][0]["id"].as_str().unwrap();
    connect(&house, "claude_code").await;
    let path = "/api/clients/claude_code/connect";
    let shown = preview(&house, &format!("{path}?home={home}")).await;
    assert_eq!(shown["file"], place("mnt/c/Users/me/.claude/settings.json").display().to_string());
    let order = json!({"fingerprint": shown["fingerprint"], "home": home});
    let (status, done) = call(&house, "POST", path, order).await;
    assert_eq!((status, &done["client"]["state"]), (200, &json!("connected")), "{done}");
    assert_eq!(own_keys(&house).await, ["Claude Code", "Claude Code · Windows (me)"]);
    let theirs = fs::read_to_string(place("mnt/c/Users/me/.claude/settings.json")).unwrap();
    assert_ne!(theirs, fs::read_to_string(settings(&house)).unwrap(), "the keys are two");
    // The way back takes one of them.
    let path = "/api/clients/claude_code/undo";
    let shown = preview(&house, &format!("{path}?home={home}")).await;
    let order = json!({"fingerprint": shown["fingerprint"], "home": home});
    let (status, done) = call(&house, "POST", path, order).await;
    assert_eq!((status, &done["state"]), (200, &json!("not_found")), "{done}");
    assert_eq!(own_keys(&house).await, ["Claude Code"]);
    let (status, refused) = call(&house, "GET", "/api/clients?home=nobody", Value::Null).await;
    assert_eq!((status, &refused["code"]), (409, &json!("client_no_home")), "{refused}");
}

#[tokio::test]
async fn diagnostics_say_how_connected_clients_are() {
    let house = house().await;
    let check = || async {
        let (_, report) = call(&house, "GET", "/api/diagnostics", Value::Null).await;
        let checks = report["checks"].as_array().unwrap().clone();
        checks.into_iter().find(|check| check["id"] == "client.claude_code").unwrap_or_default()
    };
    assert_eq!(check().await, Value::Null, "nobody wrote its file");
    connect(&house, "claude_code").await;
    assert_eq!(
        (&check().await["state"], &check().await["title_code"]),
        (&json!("ok"), &json!("check_client_set_up"))
    );
    let written = fs::read_to_string(settings(&house)).unwrap();
    fs::write(settings(&house), written.replace("http://127", "http://128")).unwrap();
    let changed = check().await;
    assert_eq!((&changed["state"], &changed["fix"]["action"]), (&json!("warn"), &json!("open_clients")));
}

#[tokio::test]
async fn a_client_whose_requests_came_is_there() {
    let house = house().await;
    assert_eq!(client(&house, "zed").await["state"], "not_found");
    let time_ms = house.gateway.now_ms();
    let row = LogRow { time_ms, client: "Zed".to_owned(), status: 200, ..LogRow::default() };
    logged(&house.gateway, row).await;
    assert_eq!(client(&house, "zed").await["state"], "not_connected");
}
