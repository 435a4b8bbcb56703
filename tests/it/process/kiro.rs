//! Kiro accounts of a person's own: consent on the command line and by the environment, tokens that change.

use std::time::Duration;

use emulator::{Config, Emulator, KiroConfig};
use serde_json::{Value, json};

use super::{Machine, Serving, ask};
use crate::kiro::check_rules;

/// Words of the policy note.
const NOTE: &str = "does not permit use through third-party harnesses";

fn emulator() -> Emulator {
    Emulator::start(Config { record: true, ..Config::default() }).expect("emulator")
}

/// An emulator whose tokens are over as soon as they are given out.
fn forgetful() -> Emulator {
    let kiro = KiroConfig { token_life: Duration::from_secs(100), ..KiroConfig::default() };
    Emulator::start(Config { record: true, kiro, ..Config::default() }).expect("emulator")
}

/// A machine whose environment has the token of `account`.
fn with_token(emulator: &Emulator, account: &str) -> Machine {
    Machine::new()
        .with("AMAZONQ_ENDPOINT_URL", emulator.url())
        .with("AMAZONQ_REFRESH_TOKEN", emulator.kiro().refresh_token(account))
}

async fn add_kiro(machine: &Machine, name: &str, emulator: &Emulator, flags: &[&str]) -> super::Ended {
    let endpoint = emulator.url();
    let add = ["accounts", "add", name, "--endpoint-url", &endpoint];
    machine.run_with("ksk_api-key\n", &[&add[..], flags].concat()).await
}

/// What adding an account looks like, whoever answers.
async fn add_with_consent(machine: &Machine, emulator: &Emulator) {
    let kiro = ["--provider", "kiro", "--kiro-api-key"];
    let said = add_kiro(machine, "key", emulator, &kiro).await.bad();
    assert!(said.contains(NOTE) && said.contains("--accept-policy"), "{said}");
    let list = machine.run(&["accounts", "list"]).await.good();
    assert!(!list.contains("amazon_q"), "{list}");

    let added = add_kiro(machine, "key", emulator, &["--kiro-api-key", "--accept-policy"]).await;
    assert!(added.stderr.contains(NOTE), "{added:?}");
    assert!(added.good().starts_with("Added key ("));
    let providers = machine_get(machine, "/api/providers").await;
    let offers = providers["providers"].as_array().expect("providers");
    let kiro = offers.iter().find(|offer| offer["id"] == "amazon_q").expect("Kiro");
    assert_eq!(kiro["consented_by"], "command_line", "{kiro}");
    assert!(kiro["consented_ms"].is_i64(), "{kiro}");

    let again = add_kiro(machine, "again", emulator, &["--kiro-api-key"]).await;
    assert!(!again.stderr.contains(NOTE), "once is enough: {again:?}");
    again.good();
    let list = machine.run(&["accounts", "list"]).await.good();
    assert!(list.contains("amazon_q") && !list.contains("ksk_api-key"), "{list}");
    machine.run(&["accounts", "test", "key"]).await.good();
    let said = machine.run(&["accounts", "quota", "KEY"]).await.good();
    assert!(said.starts_with("KEY: ") && said.contains(" credits used, "), "{said}");
    let said = machine.run(&["accounts", "quota", "Sandbox"]).await.good();
    assert_eq!(said.trim(), "Sandbox: its vendor tells no allowance");
    machine.run(&["accounts", "quota", "nobody"]).await.bad();
    let said = machine.run(&["doctor"]).await.good();
    assert!(said.contains("ok    account key: answers") && !said.contains("signatures"), "{said}");
    replace_credential(machine, emulator).await;
}

/// What stops an account says how to go on, and that works.
async fn replace_credential(machine: &Machine, emulator: &Emulator) {
    emulator.kiro().revoke("api-key");
    let said = machine.run(&["accounts", "test", "key"]).await.bad();
    assert!(said.contains("`switchboard accounts credential NAME --kiro-api-key`"), "{said}");
    let wrong = machine.run_with("ABSK", &["accounts", "credential", "key", "--api-key"]).await.bad();
    assert!(wrong.contains("credential.kind"), "{wrong}");
    machine.run(&["accounts", "credential", "key"]).await.bad();
    let social = json!({"kind": "kiro_social", "refresh_token": emulator.kiro().refresh_token("social")});
    let replace = ["accounts", "credential", "KEY", "--credential-json"];
    let said = machine.run_with(&social.to_string(), &replace).await.good();
    assert_eq!(said.trim(), "key has another credential from the next request on.");
    machine.run(&["accounts", "test", "key"]).await.good();
    emulator.kiro().restore("api-key");
}

/// Asks the admin API of an instance on the machine's data folder.
async fn machine_get(machine: &Machine, path: &str) -> Value {
    let holder = std::fs::read_to_string(machine.data().join("app.json")).unwrap_or_default();
    let running: Option<Value> = serde_json::from_str(&holder).ok();
    let key = machine.run(&["key"]).await.good();
    match running {
        Some(holder) => {
            let url = holder["url"].as_str().expect("url").to_owned();
            super::Caller::new(&url, key.trim()).get(path).await.json()
        }
        None => machine.serve().await.caller.get(path).await.json(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_note_is_shown_before_the_first_account() {
    let emulator = emulator();
    add_with_consent(&Machine::new(), &emulator).await;
    let machine = Machine::new();
    let _serving = machine.serve().await;
    add_with_consent(&machine, &emulator).await;
    check_rules(&emulator);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_environment_is_consent_and_its_note_is_shown_once() {
    let emulator = emulator();
    let machine = with_token(&emulator, "social").with("KIRO_API_KEY", "ksk_api-key");
    let serving = machine.serve().await;
    assert_eq!(serving.caller.served_by("hello").await, "Environment (Kiro)");
    let providers = serving.caller.get("/api/providers").await.json();
    let consent = &providers["providers"].as_array().expect("providers")[0];
    assert_eq!((&consent["id"], &consent["consented_by"]), (&json!("amazon_q"), &json!("environment")));
    let stderr = serving.terminate().await.stderr;
    assert_eq!(stderr.matches(NOTE).count(), 1, "{stderr}");

    let serving = machine.serve().await;
    machine.run(&["accounts", "use", "Environment (Kiro API key)"]).await.good();
    assert_eq!(serving.caller.served_by("hello").await, "Environment (Kiro API key)");
    let stderr = serving.terminate().await.stderr;
    assert!(!stderr.contains(NOTE), "{stderr}");
    assert_eq!(emulator.kiro().refreshes("social"), 1, "a token that is still good outlives the restart");
    check_rules(&emulator);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accounts_of_bedrock_come_first() {
    let emulator = emulator();
    let key = emulator::AccessKey::sandbox();
    let machine = with_token(&emulator, "social")
        .with("AWS_ENDPOINT_URL", emulator.url())
        .with("AWS_ACCESS_KEY_ID", key.id)
        .with("AWS_SECRET_ACCESS_KEY", key.secret);
    let serving = machine.serve().await;
    assert_eq!(serving.caller.served_by("hello").await, "Environment (access key)");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_changed_is_found_again_after_a_kill() {
    let emulator = forgetful();
    let machine = with_token(&emulator, "social");
    for round in 1..=3 {
        let serving = machine.serve().await;
        assert_eq!(serving.caller.served_by("hello").await, "Environment (Kiro)");
        assert!(emulator.kiro().refreshes("social") >= round);
        serving.kill().await;
    }
    assert_ne!(emulator.kiro().refresh_token("social"), "aor-social", "the environment's is void");

    // Another token in the environment is the person's word.
    let client = |machine: Machine| {
        machine
            .with("AMAZONQ_ENDPOINT_URL", emulator.url())
            .with("AMAZONQ_REFRESH_TOKEN", "aor-builder-id")
            .with("AMAZONQ_CLIENT_ID", "client-builder-id")
            .with("AMAZONQ_CLIENT_SECRET", "secret-builder-id")
    };
    let machine = client(Machine { home: machine.home, variables: Vec::new() });
    let serving = machine.serve().await;
    assert_eq!(serving.caller.served_by("hello").await, "Environment (Kiro)");
    assert!(emulator.kiro().refreshes("builder-id") >= 1);
    check_rules(&emulator);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_stops_an_account_is_known_after_a_restart() {
    for (kind, status) in [("suspended", 403), ("needs_sign_in", 401)] {
        let emulator = forgetful();
        let machine = Machine::new();
        let serving = machine.serve().await;
        serving.caller.use_account(&social(&emulator)).await;
        serving.caller.served_by("hello").await;
        match kind {
            "suspended" => emulator.kiro().suspend("social"),
            _ => emulator.kiro().revoke("social"),
        }
        let answer = serving.caller.post("/v1/messages", &ask("hello")).await;
        assert_eq!(answer.status, status, "{kind}: {}", answer.text());
        assert_eq!(state(&serving).await, kind);
        serving.terminate().await;
        let serving = machine.serve().await;
        assert_eq!(state(&serving).await, kind);
        check_rules(&emulator);
    }
}

fn social(emulator: &Emulator) -> Value {
    json!({
        "name": "work", "provider": "amazon_q", "endpoint_url": emulator.url(), "policy_accepted": true,
        "credential": {"kind": "kiro_social", "refresh_token": emulator.kiro().refresh_token("social")},
    })
}

async fn state(serving: &Serving) -> Value {
    serving.caller.get("/api/accounts").await.json()["accounts"][0]["state"]["kind"].clone()
}

/// The person says yes to the next device that shows a code.
async fn confirm_next(emulator: &Emulator) {
    let code = crate::harness::in_time(emulator.kiro().next_code()).await;
    assert!(emulator.kiro().enter(&code));
}

async fn sign_in(machine: &Machine, emulator: &Emulator) {
    let endpoint = emulator.url();
    let add = ["accounts", "sign-in", "mine", "--provider", "kiro", "--endpoint-url", &endpoint];
    let said = machine.run(&add).await.bad();
    assert!(said.contains("--way") && said.contains("identity-center"), "{said}");
    let whole = [&add[..], &["--way", "builder-id", "--accept-policy"]].concat();
    let (ended, ()) = tokio::join!(machine.run(&whole), confirm_next(emulator));
    assert!(ended.stderr.contains(NOTE) && ended.stderr.contains("/device?user_code="), "{ended:?}");
    assert_eq!(ended.good(), "mine is signed in.\n");
    machine.run(&["accounts", "test", "mine"]).await.good();
    // Again, and the account knows how.
    emulator.kiro().revoke("builder-id");
    machine.run(&["accounts", "test", "mine"]).await.bad();
    let (ended, ()) = tokio::join!(machine.run(&["accounts", "sign-in", "Mine"]), confirm_next(emulator));
    ended.good();
    machine.run(&["accounts", "test", "mine"]).await.good();
    emulator.kiro().browser(None);
    let (ended, ()) = tokio::join!(machine.run(&["accounts", "sign-in", "mine"]), confirm_next(emulator));
    assert!(ended.bad().contains("declined"));
}

#[tokio::test]
async fn signing_in_on_the_command_line() {
    let emulator = emulator();
    let machine = Machine::new();
    sign_in(&machine, &emulator).await;
    emulator.shutdown().await;
}

#[tokio::test]
async fn signing_in_through_the_running_instance() {
    let emulator = self::emulator();
    let machine = Machine::new();
    let serving = machine.serve().await;
    sign_in(&machine, &emulator).await;
    serving.terminate().await;
    emulator.shutdown().await;
}
