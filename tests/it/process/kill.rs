//! `kill -9` under load: what was acknowledged is there after the restart.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use emulator::{AccessKey, Emulator};
use serde_json::{Value, json};
use store::{Condition, Core};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::{Caller, Machine, account, ask};
use crate::harness::Answer;

const ROUNDS: usize = 4;
const CLIENTS: usize = 6;

/// Rows are promised within 250 ms; the rest is for the way of the answer to the client.
const PROMISE: Duration = Duration::from_millis(300);

/// More answers than ever come: the round is over.
const OVER: usize = usize::MAX / 2;

/// What the product acknowledged, over all rounds.
#[derive(Default)]
struct Told {
    /// Requests whose rows must be there.
    rows: BTreeSet<String>,
    /// Accounts that were added.
    accounts: BTreeSet<String>,
}

/// What it acknowledged in the round under way.
#[derive(Default)]
struct Round {
    answered: Mutex<Vec<(String, Instant)>>,
    accounts: Mutex<Vec<String>>,
    count: watch::Sender<usize>,
    /// How late timers of this process rang: what the machine, not the product, adds to a promise in time.
    lateness: Mutex<Duration>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_under_load_loses_nothing_that_was_acknowledged() {
    let emulator = Emulator::start(emulator::Config::default()).expect("emulator");
    let machine = Machine::new();
    let mut told = Told::default();
    for number in 0..ROUNDS {
        let serving = machine.serve().await;
        check(&serving.caller, &told).await;
        if number == 0 {
            let main = account("main", &emulator, &AccessKey::sandbox());
            serving.caller.use_account(&main).await;
            told.accounts.insert("main".to_owned());
        }
        let round = Arc::new(Round::default());
        let mut load = JoinSet::new();
        for client in 0..CLIENTS {
            load.spawn(converse(serving.caller.clone(), Arc::clone(&round), format!("{number}-{client}")));
        }
        load.spawn(add_accounts(serving.caller.clone(), Arc::clone(&round), number, emulator.url()));
        let lateness = load.spawn(measure_lateness(Arc::clone(&round)));
        // Long enough for several commits, and another phase of them each time.
        let pause = Duration::from_millis(900 + 77 * number as u64);
        round.count.subscribe().wait_for(|count| *count >= 50).await.expect("load");
        tokio::time::sleep(pause).await;

        let killed = Instant::now();
        serving.kill().await;
        lateness.abort();
        // Wakes whoever waits for the next answer.
        round.count.send_modify(|count| *count = OVER);
        while let Some(ended) = load.join_next().await {
            assert!(!ended.is_err_and(|error| error.is_panic()), "a client was not content");
        }
        let due = PROMISE + *round.lateness.lock().expect("lateness");
        let answered = std::mem::take(&mut *round.answered.lock().expect("answered"));
        let before = told.rows.len();
        told.rows.extend(
            answered.iter().filter(|(_, at)| killed.duration_since(*at) > due).map(|(id, _)| id.clone()),
        );
        assert!(told.rows.len() > before + 20, "{} of {} answers count", told.rows.len(), answered.len());
        told.accounts.append(&mut round.accounts.lock().expect("accounts").drain(..).collect());
        inspect(&machine.data());
    }
    let serving = machine.serve().await;
    check(&serving.caller, &told).await;
    assert!(told.accounts.len() > ROUNDS, "{:?}", told.accounts);
}

/// Asks without end, in three ways in turn, and notes every answer that came to its end.
async fn converse(caller: Caller, round: Arc<Round>, name: String) {
    for number in 0.. {
        let text = format!("{name}-{number}");
        let (path, body) = match number % 3 {
            0 => ("/v1/messages", ask(&text)),
            1 => {
                let mut body = ask(&text);
                body["stream"] = json!(true);
                ("/v1/messages", body)
            }
            _ => ("/v1/chat/completions", ask(&text)),
        };
        let Some(answer) = caller.attempt("POST", path, &body).await else { return };
        let now = Instant::now();
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(said(&answer), format!("echo: {text}"), "{}", answer.text());
        let id = answer.header("request-id").expect("an id").to_owned();
        round.answered.lock().expect("answered").push((id, now));
        round.count.send_modify(|count| *count += 1);
    }
}

/// The text of an answer in either dialect, streamed or not.
fn said(answer: &Answer) -> String {
    if answer.header("content-type") == Some("application/json") {
        let answer = answer.json();
        let text =
            answer["content"][0]["text"].as_str().or(answer["choices"][0]["message"]["content"].as_str());
        return text.unwrap_or_default().to_owned();
    }
    let events = answer.events();
    assert_eq!(events.last().map(|(name, _)| name.as_str()), Some("message_stop"), "{}", answer.text());
    let delta = |data: &str| -> Option<String> {
        let event: Value = serde_json::from_str(data).expect("JSON");
        event["delta"]["text"].as_str().map(str::to_owned)
    };
    events.iter().filter_map(|(_, data)| delta(data)).collect()
}

/// Adds accounts without end and notes those that were acknowledged.
async fn add_accounts(caller: Caller, round: Arc<Round>, number: usize, endpoint: String) {
    for count in 0.. {
        let name = format!("account-{number}-{count}");
        let body = json!({
            "name": name, "provider": "bedrock", "region": "us-east-1", "endpoint_url": endpoint,
            "credential": {"kind": "bedrock_api_key", "api_key": emulator::SANDBOX_BEARER_KEY},
        });
        let Some(answer) = caller.attempt("POST", "/api/accounts", &body).await else { return };
        assert_eq!(answer.status, 201, "{}", answer.text());
        round.accounts.lock().expect("accounts").push(name);
        // A handful over the whole round: the kill shall find requests and additions under way.
        let answers = *round.count.borrow() + 10;
        if answers > OVER {
            return;
        }
        let _ = round.count.subscribe().wait_for(|count| *count >= answers).await;
    }
}

async fn measure_lateness(round: Arc<Round>) {
    const STEP: Duration = Duration::from_millis(10);
    loop {
        let due = Instant::now() + STEP;
        tokio::time::sleep_until(due.into()).await;
        let late = due.elapsed();
        let mut latest = round.lateness.lock().expect("lateness");
        *latest = late.max(*latest);
    }
}

/// Everything that was acknowledged is there, whole, and works.
async fn check(caller: &Caller, told: &Told) {
    let rows = caller.rows().await;
    let mut found: BTreeMap<&str, &Value> = BTreeMap::new();
    for row in &rows {
        let id = row["request_id"].as_str().expect("id");
        assert!(found.insert(id, row).is_none(), "{id} is there twice");
    }
    for id in &told.rows {
        let row = found.get(id.as_str()).unwrap_or_else(|| panic!("{id} is lost"));
        assert_eq!(row["status"], 200, "{row}");
        assert_eq!(row["account_name"], "main", "{row}");
        assert!(row["output_tokens"].as_u64().is_some_and(|tokens| tokens > 0), "{row}");
    }
    let stats = caller.get("/api/logs/stats").await.json();
    assert_eq!(stats["totals"]["requests"], rows.len(), "{stats}");

    let accounts = caller.get("/api/accounts").await.json();
    let accounts = accounts["accounts"].as_array().expect("accounts");
    let names: BTreeSet<&str> = accounts.iter().filter_map(|account| account["name"].as_str()).collect();
    for name in &told.accounts {
        assert!(names.contains(name.as_str()), "{name} is lost");
    }
    if let Some(last) = told.accounts.iter().next_back() {
        let active = accounts.iter().find(|account| account["active"] == true).expect("an active account");
        assert_eq!(active["name"], "main");
        let one = accounts.iter().find(|account| account["name"] == **last).expect("the last one");
        let id = one["id"].as_str().expect("id");
        let verdict = caller.post(&format!("/api/accounts/{id}/test"), &json!({})).await.json();
        assert_eq!(verdict["ok"], true, "{last}: {verdict}");
    }
}

/// The files as the kill left them are whole. Looks at copies: opening them repairs what there is to repair.
fn inspect(data: &Path) {
    let copy = tempfile::tempdir().expect("copy");
    for file in ["core.db", "core.db-wal", "logs.db", "logs.db-wal"] {
        if data.join(file).exists() {
            std::fs::copy(data.join(file), copy.path().join(file)).expect(file);
        }
    }
    for file in ["core.db", "logs.db"] {
        let database = rusqlite::Connection::open(copy.path().join(file)).expect(file);
        let said: String =
            database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("a verdict");
        assert_eq!(said, "ok", "{file}");
    }
    let core = Core::open(copy.path()).expect("core.db");
    assert_eq!(*core.condition(), Condition::Good);
    let names = std::fs::read_dir(data).expect("data").flatten().map(|entry| entry.file_name());
    let damaged: Vec<_> = names.filter(|name| name.to_string_lossy().contains("damaged")).collect();
    assert!(damaged.is_empty(), "{damaged:?}");
}
