//! Accounts that the environment brings, with every request sent to the emulator.

use emulator::{AccessKey, Config, Emulator};
use serde_json::Value;

use super::Machine;

/// Keys of our own, so that nothing but the environment can have brought them.
const BEARER: &str = "bedrock-key-of-the-environment";

fn temporary() -> AccessKey {
    AccessKey::new("ASIAENVIRONMENT00000", "secret/of+the/environment").with_token("token+of/the=environment")
}

fn of_profile() -> AccessKey {
    AccessKey::new("AKIAPROFILE000000000", "secret/of+the/profile")
}

fn emulator() -> Emulator {
    let config = Config {
        record: true,
        access_keys: vec![temporary(), of_profile()],
        bearer_keys: vec![BEARER.to_owned()],
        ..Config::default()
    };
    Emulator::start(config).expect("emulator")
}

fn machine(emulator: &Emulator) -> Machine {
    Machine::new().with("AWS_ENDPOINT_URL", emulator.url())
}

fn with_key(machine: Machine) -> Machine {
    let key = temporary();
    machine
        .with("AWS_ACCESS_KEY_ID", key.id)
        .with("AWS_SECRET_ACCESS_KEY", key.secret)
        .with("AWS_SESSION_TOKEN", key.token.expect("a token"))
}

fn with_profile(machine: Machine) -> Machine {
    let folder = machine.home().join(".aws");
    std::fs::create_dir(&folder).expect("~/.aws");
    std::fs::write(folder.join("config"), "[profile work]\nregion = eu-west-1\n").expect("config");
    let key = of_profile();
    let credentials =
        format!("[work]\naws_access_key_id = {}\naws_secret_access_key = {}\n", key.id, key.secret);
    std::fs::write(folder.join("credentials"), credentials).expect("credentials");
    machine.with("AWS_PROFILE", "work")
}

/// The key that the emulator accepted last.
fn last_key(emulator: &Emulator) -> String {
    emulator.journal().requests().last().and_then(|request| request.key.clone()).expect("an accepted request")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_way_to_sign_in_makes_an_account_that_is_asked_first() {
    let emulator = emulator();
    for (machine, key) in [
        (with_key(machine(&emulator)), temporary().id),
        (machine(&emulator).with("AWS_BEARER_TOKEN_BEDROCK", BEARER), BEARER.to_owned()),
        (with_profile(machine(&emulator)), of_profile().id),
    ] {
        let serving = machine.serve().await;
        let name = serving.caller.served_by("hello").await;
        assert_ne!(name, "Sandbox");
        assert!(serving.welcome.contains(&format!("Active account       {name}\n")), "{}", serving.welcome);
        assert_eq!(last_key(&emulator), key);
        serving.terminate().await;
        // It came with the environment and goes with it.
        let bare = Machine { home: machine.home, variables: Vec::new() };
        let list = bare.run(&["accounts", "list"]).await.good();
        assert_eq!(list.lines().count(), 1, "{list}");
        assert!(list.starts_with("* Sandbox"), "{list}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_of_them_at_once_can_be_switched_and_are_never_stored() {
    let emulator = emulator();
    let machine = with_profile(with_key(machine(&emulator)).with("AWS_BEARER_TOKEN_BEDROCK", BEARER));
    let serving = machine.serve().await;
    let list: Value =
        serde_json::from_str(&machine.run(&["accounts", "list", "--json"]).await.good()).expect("JSON");
    let accounts = list["accounts"].as_array().expect("accounts");
    assert_eq!(accounts.len(), 4, "{list}");
    for (account, key) in accounts.iter().zip([BEARER.to_owned(), temporary().id, of_profile().id]) {
        assert_eq!(account["ephemeral"], true, "{account}");
        let name = account["name"].as_str().expect("name");
        machine.run(&["accounts", "use", name]).await.good();
        assert_eq!(serving.caller.served_by("hello").await, name);
        assert_eq!(last_key(&emulator), key);
    }
    let doctor = machine.run(&["doctor"]).await.good();
    assert_eq!(doctor.matches("ok    account").count(), 4, "{doctor}");
    serving.terminate().await;
    for entry in std::fs::read_dir(machine.data()).expect("data").flatten() {
        let bytes = std::fs::read(entry.path()).unwrap_or_default();
        for secret in [temporary().secret, of_profile().secret, BEARER.to_owned()] {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{}", entry.path().display());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_of_the_default_chain_follows_the_environment() {
    let emulator = emulator();
    let machine = with_key(machine(&emulator));
    let serving = machine.serve().await;
    let add = ["accounts", "add", "chain", "--region", "us-east-1", "--aws-default"];
    machine.run(&add).await.good();
    machine.run(&["accounts", "use", "chain"]).await.good();
    assert_eq!(serving.caller.served_by("hello").await, "chain");
    assert_eq!(last_key(&emulator), temporary().id);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_profile_that_is_not_there_is_said_and_stops_nothing() {
    let emulator = emulator();
    let machine = with_profile(machine(&emulator)).with("AWS_PROFILE", "wrokk");
    let serving = machine.serve().await;
    let list = machine.run(&["accounts", "list"]).await.good();
    assert!(list.contains("Profile wrokk"), "{list}");
    let said = machine.run(&["accounts", "test", "Profile wrokk"]).await.bad();
    assert!(said.contains("wrokk") && said.contains("~/.aws/config"), "{said}");
    machine.run(&["accounts", "use", "Sandbox"]).await.good();
    assert_eq!(serving.caller.served_by("hello").await, "Sandbox");
}
