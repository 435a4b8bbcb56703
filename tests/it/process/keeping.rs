//! Tokens that a vendor replaces with every use: whatever ends the process, the last one is on disk before it is used.

use std::time::Duration;

use emulator::{Config, Emulator, Event, Fault, Operation, When};
use serde_json::{Value, json};

use super::{Machine, Serving, ask};
use crate::kiro::{account, check_rules};

/// Longer than any test waits.
const HELD: Fault = Fault::Delay(Duration::from_secs(600));

/// The sign-ins whose tokens are refreshed.
const REFRESHED: [&str; 4] = ["builder-id", "identity-center", "social", "external"];

fn emulator() -> Emulator {
    Emulator::start(Config { record: true, ..Config::default() }).expect("emulator")
}

/// Adds an account, asks, and ends the process as soon as the emulator has received a request of `operation`, which it
/// holds.
async fn kill_within(serving: Serving, emulator: &Emulator, operation: Operation, added: Option<&Value>) {
    let mut events = emulator.journal().follow();
    let held = async {
        loop {
            match events.recv().await.expect("an event") {
                Event::Judged { request, .. } if request.operation == Some(operation) => return,
                _ => {}
            }
        }
    };
    if let Some(account) = added {
        serving.caller.use_account(account).await;
    }
    let body = ask("hello");
    tokio::select! {
        answer = serving.caller.attempt("POST", "/v1/messages", &body) => panic!("answered: {answer:?}"),
        () = held => {}
    }
    serving.kill().await;
}

/// The account answers after a restart, and its next refresh is taken too.
async fn works(machine: &Machine, emulator: &Emulator, kind: &str, name: &str, refreshes: usize) {
    let serving = machine.serve().await;
    assert_eq!(serving.caller.served_by("hello").await, name, "{kind}");
    assert_eq!(emulator.kiro().refreshes(kind), refreshes, "{kind}: the token that was kept is still good");
    emulator.kiro().expire(kind);
    assert_eq!(serving.caller.served_by("hello").await, name, "{kind}");
    assert_eq!(emulator.kiro().refreshes(kind), refreshes + 1, "{kind}");
    let accounts = serving.caller.get("/api/accounts").await.json();
    let mut accounts = accounts["accounts"].as_array().expect("accounts").iter();
    let state = accounts.find(|account| account["name"] == name).map(|account| &account["state"]["kind"]);
    assert_eq!(state, Some(&json!("ready")));
    serving.terminate().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_after_the_first_refresh_loses_no_token() {
    for kind in REFRESHED {
        let emulator = emulator();
        let machine = Machine::new();
        let serving = machine.serve().await;
        let first = emulator.kiro().refresh_token(kind);
        emulator.script().push_when(When::key(kind), HELD);
        let added = account(&emulator, kind);
        kill_within(serving, &emulator, Operation::GenerateAssistantResponse, Some(&added)).await;
        assert_ne!(emulator.kiro().refresh_token(kind), first, "{kind}: the first one is void");
        works(&machine, &emulator, kind, kind, 1).await;
        check_rules(&emulator);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_after_a_rejected_token_was_replaced_loses_none() {
    for kind in REFRESHED {
        let emulator = emulator();
        let machine = Machine::new();
        let serving = machine.serve().await;
        serving.caller.use_account(&account(&emulator, kind)).await;
        serving.caller.served_by("hello").await;
        emulator.kiro().expire(kind);
        // The refused request goes as it is, the one after the refresh is held.
        emulator.script().push_when(When::key(kind), Fault::Delay(Duration::ZERO));
        emulator.script().push_when(When::key(kind), HELD);
        let asked = emulator.journal().count();
        let body = ask("hello");
        let journal = emulator.journal();
        tokio::select! {
            answer = serving.caller.attempt("POST", "/v1/messages", &body) => panic!("answered: {answer:?}"),
            () = journal.wait_for(asked + 2) => {}
        }
        serving.kill().await;
        works(&machine, &emulator, kind, kind, 2).await;
        check_rules(&emulator);
    }
}

/// The profile is looked up with the new token, which may take its time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_while_the_profile_is_searched_loses_no_token() {
    for kind in ["builder-id", "identity-center", "external"] {
        let emulator = emulator();
        let machine = Machine::new();
        let serving = machine.serve().await;
        emulator.script().push_when(When::operation(Operation::ListAvailableProfiles), HELD);
        let added = account(&emulator, kind);
        kill_within(serving, &emulator, Operation::ListAvailableProfiles, Some(&added)).await;
        assert_eq!(emulator.kiro().refreshes(kind), 1, "{kind}");
        works(&machine, &emulator, kind, kind, 1).await;
        check_rules(&emulator);
    }
}

/// What the environment's token became is kept as well: the environment itself still has the first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_loses_no_token_of_the_environment() {
    let emulator = emulator();
    let machine = Machine::new()
        .with("AMAZONQ_ENDPOINT_URL", emulator.url())
        .with("AMAZONQ_REFRESH_TOKEN", emulator.kiro().refresh_token("social"));
    let serving = machine.serve().await;
    emulator.script().push_when(When::key("social"), HELD);
    kill_within(serving, &emulator, Operation::GenerateAssistantResponse, None).await;
    works(&machine, &emulator, "social", "Environment (Kiro)", 1).await;
    check_rules(&emulator);
}

/// Every sign-in that variables can spell.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_sign_in_of_the_environment_makes_an_account() {
    for kind in ["builder-id", "identity-center", "social", "api-key"] {
        let emulator = emulator();
        let token = emulator.kiro().refresh_token(kind);
        let machine = Machine::new().with("AMAZONQ_ENDPOINT_URL", emulator.url());
        let (machine, name) = match kind {
            "api-key" => (machine.with("KIRO_API_KEY", token), "Environment (Kiro API key)"),
            _ => (machine.with("AMAZONQ_REFRESH_TOKEN", token), "Environment (Kiro)"),
        };
        let machine = match kind {
            "builder-id" | "identity-center" => machine
                .with("AMAZONQ_CLIENT_ID", format!("client-{kind}"))
                .with("AMAZONQ_CLIENT_SECRET", format!("secret-{kind}")),
            _ => machine,
        };
        let machine = match kind {
            "identity-center" => machine.with("AMAZONQ_PROFILE_ARN", emulator::KIRO_PROFILE),
            _ => machine,
        };
        let serving = machine.serve().await;
        assert_eq!(serving.caller.served_by("hello").await, name, "{kind}");
        let mut streamed = ask("hello");
        streamed["stream"] = json!(true);
        let answer = serving.caller.post("/v1/messages", &streamed).await;
        assert!(answer.text().contains("message_stop"), "{}", answer.text());
        let rows = serving.caller.all_rows(2).await;
        let kinds = rows.iter().map(|row| (&row["provider"], &row["account_name"]));
        kinds.for_each(|told| assert_eq!(told, (&json!("amazon_q"), &json!(name))));
        let lists = emulator.journal().requests();
        let searched = lists.iter().any(|row| row.operation == Some(Operation::ListAvailableProfiles));
        // Who tells the profile, or has none to tell, is not asked for it.
        assert_eq!(searched, kind == "builder-id", "{kind}");
        serving.terminate().await;
        check_rules(&emulator);
    }
}
