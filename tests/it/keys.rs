//! Local keys with limits: what each dialect is told when one is reached, and what is remembered.

use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use serde_json::{Value, json};
use switchboard::App;

use crate::client::{CLAUDE, DIALECTS, Dialect, NOVA};
use crate::harness::{Answer, Sent, TestApp, access_key, config};

/// A key besides that of the person.
struct Key {
    id: String,
    text: String,
}

impl TestApp {
    async fn key(&self, name: &str, rules: Value) -> Key {
        let made = self.post("/api/keys", &json!({"name": name, "rules": rules})).await;
        assert_eq!(made.status, 201, "{}", made.text());
        let made = made.json();
        let text = |member: &str| made[member].as_str().expect(member).to_owned();
        Key { id: text("id"), text: text("key") }
    }

    /// Asks with a key, as the clients of the dialect show it.
    async fn ask_with(&self, key: &Key, dialect: Dialect, body: &Value) -> Answer {
        self.send(
            self.showing(key, "POST", dialect.path()).body(Full::from(body.to_string())).expect("request"),
        )
        .await
    }

    fn showing(&self, key: &Key, method: &str, path: &str) -> hyper::http::request::Builder {
        let request = Request::builder().method(method).uri(self.url(path));
        let request = request.header("content-type", "application/json");
        match path {
            "/v1/messages" => request.header("x-api-key", &key.text),
            _ => request.header("authorization", format!("Bearer {}", key.text)),
        }
    }

    async fn change(&self, key: &Key, rules: Value) {
        let request = self.request("PATCH", &format!("/api/keys/{}", key.id));
        let body = json!({"rules": rules}).to_string();
        let changed = self.send(request.body(Full::from(body)).expect("request")).await;
        assert_eq!(changed.status, 200, "{}", changed.text());
    }

    async fn shown(&self, key: &Key) -> Value {
        let all = self.get("/api/keys").await.json();
        let keys = all["keys"].as_array().expect("keys");
        keys.iter().find(|shown| shown["id"] == key.id.as_str()).expect("the key").clone()
    }
}

/// Status, type and code of a refusal, after a look at what every refusal must have.
fn refused(dialect: Dialect, answer: &Answer, says: &str) -> (u16, String, String) {
    let (kind, code, message) = dialect.error(&answer.json());
    assert!(message.contains(says), "{dialect:?}: {message}");
    assert!(answer.header("request-id").is_some());
    (answer.status.as_u16(), kind, code)
}

fn told(status: u16, kind: &str, code: &str) -> (u16, String, String) {
    (status, kind.to_owned(), code.to_owned())
}

#[tokio::test]
async fn a_key_asks_the_models_of_its_list_by_whatever_name() {
    let app = TestApp::start().await;
    app.set(&json!({"model_rules": [{"name": "house-special", "model": NOVA}, {"name": "fast", "model": CLAUDE}]})).await;
    let key = app.key("sonnet", json!({"models": ["claude-sonnet-*", "house-*"]})).await;
    let before = app.emulator.journal().count();
    for dialect in DIALECTS {
        for stream in [false, true] {
            let asking = |model: &str| dialect.asking(model, "hello", stream);
            for denied in [NOVA, "claude-opus-4-5", "us.anthropic.claude-opus-4-5-20251101-v1:0"] {
                let answer = app.ask_with(&key, dialect, &asking(denied)).await;
                let expected = match dialect {
                    Dialect::Messages => told(403, "permission_error", ""),
                    _ => told(403, "permission_error", "forbidden"),
                };
                assert_eq!(refused(dialect, &answer, "sonnet may not use"), expected, "{denied}");
                let row = app.row(&answer).await;
                assert_eq!(
                    (&row["key_name"], &row["error_category"]),
                    (&json!("sonnet"), &json!("forbidden"))
                );
            }
        }
    }
    assert_eq!(app.emulator.journal().count(), before, "nothing went out");
    for allowed in [CLAUDE, "anthropic/claude-sonnet-4-5", "fast", "house-special", "CLAUDE-SONNET-4-5"] {
        let answer = app.ask_with(&key, Dialect::Chat, &Dialect::Chat.asking(allowed, "hello", false)).await;
        assert_eq!(answer.status, 200, "{allowed}: {}", answer.text());
    }
    let request = app.showing(&key, "GET", "/v1/models").body(Full::<Bytes>::default()).expect("request");
    let list = app.send(request).await.json();
    let names: Vec<_> =
        list["data"].as_array().expect("models").iter().map(|model| model["id"].clone()).collect();
    assert!(names.contains(&json!(CLAUDE)), "{names:?}");
    assert!(names.iter().all(|name| name.as_str().expect("id").starts_with("claude-sonnet-")), "{names:?}");
    app.stop().await;
}

#[tokio::test]
async fn a_key_that_has_spent_its_money_stops_in_every_dialect() {
    let app = TestApp::start().await;
    let key = app.key("team", json!({"usd_per_month": 0.000_001})).await;
    let first = app.ask_with(&key, Dialect::Messages, &Dialect::Messages.asking(CLAUDE, "hello", true)).await;
    assert_eq!(first.status, 200, "{}", first.text());
    let row = app.row(&first).await;
    assert_eq!(row["key_id"], key.id.as_str());
    let shown = app.shown(&key).await;
    let (cost, spent) =
        (row["cost_usd"].as_f64().expect("a cost"), shown["usd_this_month"].as_f64().expect("a sum"));
    assert!((cost - spent).abs() < 1e-9 && cost > 0.0, "{cost} {spent}");
    assert_eq!(shown["last_used_ms"], row["time_ms"]);

    let before = app.emulator.journal().count();
    for dialect in DIALECTS {
        for stream in [false, true] {
            let answer = app.ask_with(&key, dialect, &dialect.asking(CLAUDE, "hello", stream)).await;
            let expected = match dialect {
                Dialect::Messages => told(402, "billing_error", ""),
                _ => told(429, "insufficient_quota", "insufficient_quota"),
            };
            assert_eq!(refused(dialect, &answer, "has spent its"), expected);
            let wait: u64 = answer.header("retry-after").and_then(|wait| wait.parse().ok()).expect("a time");
            assert!((1..=31 * 86_400).contains(&wait), "{wait}");
            assert_eq!(
                answer.header("x-should-retry"),
                Some("false"),
                "a try a second later changes nothing"
            );
        }
    }
    assert_eq!(app.emulator.journal().count(), before);
    // The person's own key and a raised limit go on.
    assert_eq!(app.ask(Dialect::Chat, &Dialect::Chat.asking(CLAUDE, "hello", false)).await.status, 200);
    app.change(&key, json!({"usd_per_month": 5})).await;
    let answer = app.ask_with(&key, Dialect::Chat, &Dialect::Chat.asking(CLAUDE, "hello", false)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    app.stop().await;
}

#[tokio::test]
async fn a_key_that_has_used_its_tokens_waits_for_tomorrow() {
    let app = TestApp::start().await;
    let key = app.key("day", json!({"tokens_per_day": 1})).await;
    let first = app.ask_with(&key, Dialect::Chat, &Dialect::Chat.asking(NOVA, "hello", false)).await;
    let row = app.row(&first).await;
    let used = row["input_tokens"].as_u64().expect("in") + row["output_tokens"].as_u64().expect("out");
    assert_eq!(app.shown(&key).await["tokens_today"], used);
    for dialect in DIALECTS {
        let answer = app.ask_with(&key, dialect, &dialect.asking(NOVA, "hello", false)).await;
        let expected = match dialect {
            Dialect::Messages => told(429, "rate_limit_error", ""),
            _ => told(429, "insufficient_quota", "insufficient_quota"),
        };
        assert_eq!(refused(dialect, &answer, "tokens of today"), expected);
        let wait: u64 = answer.header("retry-after").and_then(|wait| wait.parse().ok()).expect("a time");
        assert!((1..=86_400).contains(&wait), "{wait}");
        assert_eq!(answer.header("x-should-retry"), Some("false"));
    }
    app.stop().await;
}

#[tokio::test]
async fn a_key_that_asks_too_often_is_told_when_to_come_back() {
    let app = TestApp::start().await;
    let key = app.key("slow", json!({"requests_per_minute": 2})).await;
    // Whoever counts does not ask.
    let counting = json!({"model": CLAUDE, "messages": [{"role": "user", "content": "hello"}]});
    for _ in 0..5 {
        let request = app.showing(&key, "POST", "/v1/messages/count_tokens");
        let answer = app.send(request.body(Full::from(counting.to_string())).expect("request")).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    for _ in 0..2 {
        let answer = app.ask_with(&key, Dialect::Chat, &Dialect::Chat.asking(CLAUDE, "hello", true)).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    for dialect in DIALECTS {
        let answer = app.ask_with(&key, dialect, &dialect.asking(CLAUDE, "hello", true)).await;
        let expected = match dialect {
            Dialect::Messages => told(429, "rate_limit_error", ""),
            _ => told(429, "rate_limit_error", "rate_limit_exceeded"),
        };
        assert_eq!(refused(dialect, &answer, "2 times a minute"), expected);
        let wait: u64 = answer.header("retry-after").and_then(|wait| wait.parse().ok()).expect("a time");
        assert!((1..=30).contains(&wait), "{wait}");
        assert_eq!(answer.header("x-should-retry"), None, "waiting helps");
    }
    app.stop().await;
}

#[tokio::test]
async fn an_expired_or_removed_key_is_a_wrong_one() {
    let app = TestApp::start().await;
    let key = app.key("guest", json!({"expires_ms": 1})).await;
    for dialect in DIALECTS {
        let answer = app.ask_with(&key, dialect, &dialect.asking(CLAUDE, "hello", false)).await;
        let expected = match dialect {
            Dialect::Messages => told(401, "authentication_error", ""),
            _ => told(401, "invalid_request_error", "invalid_api_key"),
        };
        assert_eq!(refused(dialect, &answer, "guest expired on 1970-01-01"), expected);
    }
    app.change(&key, json!({"expires_ms": null})).await;
    let asking = Dialect::Chat.asking(CLAUDE, "hello", false);
    assert_eq!(app.ask_with(&key, Dialect::Chat, &asking).await.status, 200);
    let path = format!("/api/keys/{}", key.id);
    let removed = app.send(app.request("DELETE", &path).body(Full::default()).expect("request")).await;
    assert_eq!(removed.status, 204);
    assert_eq!(app.ask_with(&key, Dialect::Chat, &asking).await.status, 401);
    app.stop().await;
}

#[tokio::test]
async fn a_key_is_answered_by_its_accounts_alone() {
    let app = TestApp::start().await;
    let a = app.add_account_with("a", &app.emulator.url(), &access_key("a")).await;
    let b = app.add_account_with("b", &app.emulator.url(), &access_key("b")).await;
    let key = app.key("pinned", json!({"accounts": [b, a]})).await;
    let ask = async |prompt: &str| {
        app.ask_with(&key, Dialect::Messages, &Dialect::Messages.asking(CLAUDE, prompt, false)).await
    };
    let answer = ask("hello").await;
    assert_eq!(answer.header("x-proxy-account"), Some("b"), "and not by the active one");
    app.activate(&a).await;
    assert_eq!(ask("hello").await.header("x-proxy-account"), Some("a"), "unless that is among them");
    // Failover stays among them, too.
    let answer = ask("[[fault:denied]] hello").await;
    assert_ne!(answer.status, 200);
    let request = app.showing(&key, "POST", "/v1/messages").header("x-switchboard-account", &a);
    let body = Dialect::Messages.asking(CLAUDE, "hello", false).to_string();
    let answer = app.send(request.body(Full::from(body)).expect("request")).await;
    assert_eq!(answer.status, 403, "only the person's own key chooses: {}", answer.text());
    for id in [&a, &b] {
        let request = app.request("DELETE", &format!("/api/accounts/{id}"));
        assert_eq!(app.send(request.body(Full::default()).expect("request")).await.status, 204);
    }
    let answer = ask("hello").await;
    assert_eq!(answer.status, 401, "{}", answer.text());
    app.stop().await;
}

#[tokio::test]
async fn a_key_is_answered_by_the_accounts_with_its_tag() {
    let app = TestApp::start().await;
    let b = app.add_account_with("b", &app.emulator.url(), &access_key("b")).await;
    let key = app.key("tagged", json!({"accounts": ["#team work"]})).await;
    let ask = async || {
        app.ask_with(&key, Dialect::Messages, &Dialect::Messages.asking(CLAUDE, "hello", false)).await
    };
    let answer = ask().await;
    assert_eq!(answer.status, 401, "nobody has the tag: {}", answer.text());
    let request = app.request("PATCH", &format!("/api/accounts/{b}"));
    let body = json!({"tags": ["team work", "other"]}).to_string();
    assert_eq!(app.send(request.body(Full::from(body)).expect("request")).await.status, 200);
    assert_eq!(ask().await.header("x-proxy-account"), Some("b"), "as soon as one has it");
    let models =
        app.send(app.showing(&key, "GET", "/v1/models").body(Full::default()).expect("request")).await;
    assert!(models.json()["data"].as_array().is_some_and(|models| !models.is_empty()), "{}", models.text());
    app.stop().await;
}

#[tokio::test]
async fn a_keys_tier_is_asked_for_where_the_client_asks_for_none() {
    let app = TestApp::start().await;
    let key = app.key("cheap", json!({"tier": "flex"})).await;
    let last = || app.emulator.journal().requests().pop().expect("a request");
    let ask = async |dialect: Dialect, body: &Value| {
        let answer = app.ask_with(&key, dialect, body).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.header("x-proxy-adjusted").unwrap_or_default().to_owned()
    };
    for dialect in DIALECTS {
        assert_eq!(ask(dialect, &dialect.asking(NOVA, "hello", true)).await, "", "{dialect:?}");
        assert_eq!(last().json()["serviceTier"], json!({"type": "flex"}), "{dialect:?}");
    }
    // Whoever says what they want gets it.
    for (dialect, word, sent) in [
        (Dialect::Chat, "priority", json!({"type": "priority"})),
        (Dialect::Chat, "default", Value::Null),
        (Dialect::Chat, "auto", json!({"type": "flex"})),
        (Dialect::Messages, "standard_only", Value::Null),
        (Dialect::Messages, "auto", json!({"type": "flex"})),
    ] {
        let mut body = dialect.asking(NOVA, "hello", false);
        body["service_tier"] = json!(word);
        ask(dialect, &body).await;
        assert_eq!(last().json()["serviceTier"], sent, "{dialect:?} {word}");
    }
    // Sold without it: told, and answered all the same.
    for dialect in DIALECTS {
        assert_eq!(ask(dialect, &dialect.asking(CLAUDE, "hello", false)).await, "service_tier:dropped");
        assert!(last().headers.get("x-amzn-bedrock-service-tier").is_none());
    }
    assert_eq!(
        ask(Dialect::Chat, &Dialect::Chat.asking("nova-lite", "hello", false)).await,
        "service_tier:refused"
    );
    app.change(&key, json!({"tier": "reserved"})).await;
    for dialect in DIALECTS {
        assert_eq!(ask(dialect, &dialect.asking(CLAUDE, "hello", false)).await, "");
        assert_eq!(last().headers.get("x-amzn-bedrock-service-tier").expect("a tier"), "reserved");
        assert_eq!(ask(dialect, &dialect.asking("nova-lite", "hello", false)).await, "service_tier:refused");
    }
    app.stop().await;
}

#[tokio::test]
async fn what_a_key_spent_outlives_a_restart_and_is_shown_by_key() {
    let app = TestApp::start().await;
    let (key, other) = (app.key("one", json!({})).await, app.key("two", json!({})).await);
    for key in [&key, &key, &other] {
        let answer =
            app.ask_with(key, Dialect::Messages, &Dialect::Messages.asking(CLAUDE, "hello", false)).await;
        app.row(&answer).await;
    }
    let usage = app.get("/api/usage?group=key&step=hour").await.json();
    let groups: Vec<_> = usage["buckets"]
        .as_array()
        .expect("buckets")
        .iter()
        .flat_map(|bucket| bucket["groups"].as_array().expect("groups"))
        .collect();
    let of = |name: &str| {
        let found = groups.iter().filter(|group| group["label"] == name);
        found.map(|group| group["requests"].as_u64().expect("a count")).sum::<u64>()
    };
    assert_eq!((of("one"), of("two")), (2, 1), "{usage}");
    let before = app.shown(&key).await;
    app.change(&key, json!({"tokens_per_day": before["tokens_today"]})).await;
    app.running.stop().await;

    let config = config(app.folder.path());
    let running = App::open(&config).await.expect("open").listen(&config).await.expect("listen");
    let keys = running.gateway().keys.load_full();
    let again = keys.find(&key.text).expect("the key");
    let now = running.gateway().now_ms();
    assert_eq!(json!(again.meter.tokens_today(now)), before["tokens_today"]);
    assert!(
        (again.meter.usd_this_month(now) - before["usd_this_month"].as_f64().expect("a sum")).abs() < 1e-9
    );
    assert_eq!(json!(again.meter.last_ms()), before["last_used_ms"]);
    running.stop().await;
    app.emulator.shutdown().await;
}

#[tokio::test]
async fn a_keys_wire_is_kept_or_not_as_it_says() {
    let app = TestApp::start().await;
    let (kept, not) =
        (app.key("kept", json!({"capture": true})).await, app.key("not", json!({"capture": false})).await);
    let captured = async |key: &Key| {
        let answer =
            app.ask_with(key, Dialect::Messages, &Dialect::Messages.asking(CLAUDE, "hello", false)).await;
        app.row(&answer).await;
        app.running.gateway().logs.flush().await.expect("flush");
        let id = answer.header("request-id").expect("an id").to_owned();
        app.get(&format!("/api/logs/capture/{id}")).await.status.as_u16()
    };
    assert_eq!(captured(&kept).await, 200);
    app.set(&json!({"capture": {"enabled": true}})).await;
    assert_eq!(captured(&not).await, 404);
    app.stop().await;
}
