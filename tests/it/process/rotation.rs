//! `kill -9` at every step in which a sign-in's tokens change hands: what the service gave is there after the restart, or
//! the one before it still counts.

use std::time::Duration;

use emulator::{Config, Emulator, Fault, KiroConfig, Operation, When};
use rusqlite::Connection;
use serde_json::{Value, json};

use super::{Machine, Serving, ask};
use crate::harness::in_time;
use crate::kiro;

/// Longer than any test waits.
const LONG: Duration = Duration::from_secs(600);

/// The sign-ins whose tokens are refreshed, and where.
const SIGN_INS: [(&str, Operation); 5] = [
    ("builder-id", Operation::CreateToken),
    ("identity-center", Operation::CreateToken),
    ("social", Operation::SocialRefresh),
    ("external", Operation::ExternalToken),
    ("workforce", Operation::CreateToken),
];

/// Where the process is when it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// It has asked for a token, and nobody has looked at that.
    Asked,
    /// The old token is spent, the new one on its way.
    Answered,
    /// The new token is here, and the disk is busy.
    Storing,
    /// The new token is on the disk, just now.
    Stored,
    /// A request with the new token is under way.
    Used,
}

const STEPS: [Step; 5] = [Step::Asked, Step::Answered, Step::Storing, Step::Stored, Step::Used];

impl Step {
    /// Nobody but the service has the new token: whether the one before it still counts is for the service to say.
    fn is_the_services(self) -> bool {
        matches!(self, Self::Answered | Self::Storing)
    }
}

fn emulator(forgiving: bool) -> Emulator {
    let kiro = KiroConfig { forgiving, ..KiroConfig::default() };
    Emulator::start(Config { record: true, kiro, ..Config::default() }).expect("emulator")
}

fn account(emulator: &Emulator, kind: &str) -> Value {
    if kind != "workforce" {
        return kiro::account(emulator, kind);
    }
    json!({
        "name": kind, "provider": "bedrock", "region": "us-east-1", "endpoint_url": emulator.url(),
        "credential": {
            "kind": "identity_center", "start_url": "https://d-0000000000.awsapps.com/start",
            "oidc_region": "eu-central-1", "client_id": "client-workforce", "client_secret": "secret-workforce",
            "refresh_token": emulator.kiro().refresh_token(kind),
            "access_token": emulator.kiro().access_token(kind), "expires_at": "2100-01-01T00:00:00Z",
            "account_id": "111122223333", "role_name": "Developer",
        },
    })
}

/// The token, and what it opened, are over.
fn expire(emulator: &Emulator, kind: &str) {
    emulator.kiro().expire(kind);
    if kind == "workforce" {
        emulator.kiro().expire_roles();
    }
}

/// Until something is so that nobody tells us of.
async fn until(so: impl Fn() -> bool) {
    in_time(async {
        while !so() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
}

fn stored(database: &Connection, name: &str) -> String {
    let query = "SELECT credential FROM accounts WHERE name = ?1";
    database.query_row(query, [name], |row| row.get(0)).expect("a credential")
}

/// Lets the token run out, asks, and ends the process at the step.
async fn kill_at(
    step: Step,
    machine: &Machine,
    serving: Serving,
    emulator: &Emulator,
    of: (&str, Operation),
) {
    let (kind, endpoint) = of;
    let script = emulator.script();
    let database = Connection::open(machine.data().join("core.db")).expect("core.db");
    let before = stored(&database, kind);
    let refreshes = emulator.kiro().refreshes(kind);
    expire(emulator, kind);
    match step {
        Step::Asked => script.push_when(When::operation(endpoint), Fault::Hold(LONG)),
        Step::Answered => script.push_when(When::operation(endpoint), Fault::Delay(LONG)),
        Step::Storing => database.execute_batch("BEGIN IMMEDIATE").expect("the disk"),
        Step::Stored => {}
        Step::Used => {
            // The refused request goes as it is, the one after the refresh is held.
            script.push_when(When::default(), Fault::Delay(Duration::ZERO));
            script.push_when(When::default(), Fault::Delay(LONG));
        }
    }
    let reached = async {
        match step {
            Step::Asked | Step::Answered | Step::Used => until(|| script.pending() == 0).await,
            Step::Storing => {
                until(|| emulator.kiro().refreshes(kind) > refreshes).await;
                emulator.journal().wait_idle().await;
            }
            Step::Stored => until(|| stored(&database, kind) != before).await,
        }
    };
    let body = ask("hello");
    tokio::select! {
        biased;
        () = reached => {}
        answer = serving.caller.attempt("POST", "/v1/messages", &body) => panic!("{step:?}: answered: {answer:?}"),
    }
    serving.kill().await;
    let spent = usize::from(step != Step::Asked);
    assert_eq!(
        emulator.kiro().refreshes(kind),
        refreshes + spent,
        "{kind} {step:?}: the step that was meant"
    );
}

async fn state(serving: &Serving) -> Value {
    serving.caller.get("/api/accounts").await.json()["accounts"][0]["state"]["kind"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_at_any_step_of_a_refresh_costs_no_sign_in() {
    for of in SIGN_INS {
        let kind = of.0;
        let emulator = emulator(true);
        let machine = Machine::new();
        let mut serving = machine.serve().await;
        serving.caller.use_account(&account(&emulator, kind)).await;
        assert_eq!(serving.caller.served_by("hello").await, kind);
        for step in STEPS {
            kill_at(step, &machine, serving, &emulator, of).await;
            serving = machine.serve().await;
            assert_eq!(serving.caller.served_by("hello").await, kind, "{step:?}");
            assert_eq!(state(&serving).await, "ready", "{kind} {step:?}");
        }
        serving.terminate().await;
    }
}

/// A service that forgives nothing: whatever is in our hands is kept all the same, and what is not is said.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_was_lost_on_its_way_is_asked_for_once_more_and_said_to_be_lost() {
    let of = ("social", Operation::SocialRefresh);
    for step in STEPS {
        let emulator = emulator(false);
        let machine = Machine::new();
        let serving = machine.serve().await;
        serving.caller.use_account(&account(&emulator, of.0)).await;
        serving.caller.served_by("hello").await;
        kill_at(step, &machine, serving, &emulator, of).await;
        let serving = machine.serve().await;
        if !step.is_the_services() {
            assert_eq!(serving.caller.served_by("hello").await, of.0, "{step:?}");
            continue;
        }
        let answer = serving.caller.post("/v1/messages", &ask("hello")).await;
        assert_eq!(answer.status, 401, "{step:?}: {}", answer.text());
        assert!(answer.text().contains("ign in again"), "{step:?}: {}", answer.text());
        assert_eq!(state(&serving).await, "needs_sign_in", "{step:?}");
        // Nothing else is the worse for it: the person enters what their vendor gives them, and goes on.
        let accounts = serving.caller.get("/api/accounts").await.json();
        let path = format!("/api/accounts/{}", accounts["accounts"][0]["id"].as_str().expect("an id"));
        let fresh = json!({"credential": account(&emulator, of.0)["credential"]});
        assert_eq!(serving.caller.send("PATCH", &path, &fresh).await.status, 200);
        assert_eq!(serving.caller.served_by("hello").await, of.0, "{step:?}");
    }
}
