use serde_json::{Map, Value, json};

use super::*;

fn changes(value: Value) -> Map<String, Value> {
    let Value::Object(members) = value else { panic!("an object") };
    members
}

#[test]
fn what_is_not_named_stays() {
    let before = Settings { retention_days: 7, ..Settings::default() };
    let after = before.changed(&changes(json!({"timeouts": {"idle_s": 60}, "auto_cache": "1h"}))).unwrap();
    assert_eq!(after.retention_days, 7);
    assert_eq!(after.timeouts, Timeouts { idle_s: 60, ..Timeouts::default() });
    assert_eq!(after.auto_cache, AutoCache::OneHour);
}

#[test]
fn names_of_ones_own_from_before_are_rules_now() {
    let stored = json!({"model_aliases": {"gpt-4o": "claude-sonnet-4-5"}, "retention_days": 3}).to_string();
    let (settings, problems) = Settings::stored(&stored);
    assert!(problems.is_empty(), "{problems:?}");
    assert_eq!(settings.retention_days, 3);
    assert_eq!(json!(settings.model_rules), json!([{"name": "gpt-4o", "model": "claude-sonnet-4-5"}]));
}

#[test]
fn refusals_name_the_setting() {
    for (change, field) in [
        (json!({"prot": 1}), "prot"),
        (json!({"port": "4880"}), "port"),
        (json!({"port": 70000}), "port"),
        (json!({"timeouts": {"idle_s": 0}}), "timeouts.idle_s"),
        (json!({"timeouts": {"idle": 5}}), "timeouts"),
        (json!({"backups": {"every_hours": 745}}), "backups.every_hours"),
        (json!({"backups": {"keep": 0}}), "backups.keep"),
        (json!({"bind": "0.0.0.0"}), "bind"),
        (json!({"bind": "0.0.0.0", "allow_lan": true, "require_key": false}), "require_key"),
        (json!({"trusted_proxies": ["box.lan"]}), "trusted_proxies"),
        (json!({"trusted_proxies": ["10.0.0.0/33"]}), "trusted_proxies"),
        (json!({"trusted_proxies": ["10.0.0.1"], "require_key": false}), "require_key"),
        (json!({"forwarded_by": "x-real-ip"}), "forwarded_by"),
        (json!({"ip_limit": {"window_s": 0}}), "ip_limit.window_s"),
        (json!({"prefer_global": true, "forbid_global": true}), "prefer_global"),
        (json!({"retention_days": 99999}), "retention_days"),
        (json!({"extra_hosts": ["*.example.com"]}), "extra_hosts"),
        (json!({"extra_hosts": ["EXAMPLE.com"]}), "extra_hosts"),
        (json!({"extra_hosts": ["a/b"]}), "extra_hosts"),
        (json!({"extra_hosts": ["a:0"]}), "extra_hosts"),
        (json!({"extra_hosts": ["[::1"]}), "extra_hosts"),
        (json!({"allowed_origins": ["null"]}), "allowed_origins"),
        (json!({"allowed_origins": ["*"]}), "allowed_origins"),
        (json!({"allowed_origins": ["https://a.example/path"]}), "allowed_origins"),
        (json!({"allowed_origins": ["https://a.example:443:1"]}), "allowed_origins"),
        (json!({"model_rules": [{"name": "", "model": "x"}]}), "model_rules"),
        (json!({"model_rules": [{"name": "x"}]}), "model_rules"),
        (json!({"default_model": " "}), "default_model"),
    ] {
        let error = Settings::default().changed(&changes(change.clone())).unwrap_err();
        assert_eq!(error.field, field, "{change}: {error}");
    }
}

#[test]
fn hosts_and_origins_that_are_good() {
    let settings = Settings::default().changed(&changes(json!({
        "extra_hosts": ["box.lan", "proxy:8080", "192.168.1.7", "[fe80::1]", "[fe80::1]:99"],
        "allowed_origins": ["https://a.example", "http://localhost:3000", "vscode-webview://0abc", "app://obsidian.md"],
        "bind": "0.0.0.0", "allow_lan": true
    })));
    assert!(settings.is_ok(), "{settings:?}");
}

#[test]
fn a_stored_document_is_read_as_far_as_it_goes() {
    let (settings, problems) =
        Settings::stored(r#"{"port": 5000, "from_the_future": 1, "retention_mb": "x", "debug_log": true}"#);
    assert_eq!((settings.port, settings.debug_log, settings.retention_mb), (5000, true, 512));
    assert_eq!(
        problems.iter().map(|p| p.field.as_str()).collect::<Vec<_>>(),
        ["from_the_future", "retention_mb"]
    );
}

#[test]
fn a_stored_document_never_opens_the_door_by_accident() {
    let (settings, problems) = Settings::stored(r#"{"bind": "0.0.0.0", "require_key": false}"#);
    assert_eq!(settings.bind, LOOPBACK);
    assert!(!problems.is_empty());
    let (settings, problems) =
        Settings::stored(r#"{"bind": "0.0.0.0", "allow_lan": true, "require_key": false}"#);
    assert!(settings.require_key);
    assert_eq!(problems.len(), 1);
    assert_eq!(Settings::stored("garbage").0, Settings::default());
}

#[test]
fn settings_survive_their_own_json() {
    let settings = Settings { port: 1, auto_cache: AutoCache::OneHour, ..Settings::default() };
    let stored = settings.storable();
    assert!(stored.get("failover").is_none());
    assert_eq!(Settings::stored(&stored.to_string()), (settings, vec![]));
}
