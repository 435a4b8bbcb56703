//! `switchboard accounts found`, and a profile of `~/.aws` from there to its first answer.

use emulator::{AccessKey, Config, Emulator};

use super::Machine;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_profile_is_found_taken_and_answers() {
    let key = AccessKey::new("AKIAFOUND00000000000", "secret/of+the/profile");
    let config = Config { record: true, access_keys: vec![key.clone()], ..Config::default() };
    let emulator = Emulator::start(config).expect("emulator");
    let machine = Machine::new().with("AWS_ENDPOINT_URL", emulator.url());
    let none = machine.run(&["accounts", "found"]).await.good();
    assert!(none.contains("Nothing was found"), "{none}");
    let folder = machine.home().join(".aws");
    std::fs::create_dir(&folder).expect("~/.aws");
    let credentials =
        format!("[work]\naws_access_key_id = {}\naws_secret_access_key = {}\n", key.id, key.secret);
    std::fs::write(folder.join("credentials"), credentials).expect("credentials");
    std::fs::write(folder.join("config"), "[profile work]\nregion = eu-west-1\n").expect("config");

    let serving = machine.serve().await;
    let list = machine.run(&["accounts", "found"]).await.good();
    assert!(list.contains("aws_profile:work") && list.contains("access key · eu-west-1"), "{list}");
    assert!(!list.contains(&key.id) && !list.contains(&key.secret), "{list}");
    let unknown = machine.run(&["accounts", "found", "--import", "wrokk"]).await.bad();
    assert!(unknown.contains("wrokk"), "{unknown}");
    let added = machine.run(&["accounts", "found", "--import", "work"]).await.good();
    assert!(added.starts_with("Added work ("), "{added}");
    let taken = machine.run(&["accounts", "found"]).await.good();
    assert!(taken.contains("in use by work"), "{taken}");
    let again = machine.run(&["accounts", "found", "--import", "aws_profile:work"]).await.bad();
    assert!(again.contains("uses this already"), "{again}");
    machine.run(&["accounts", "use", "work"]).await.good();
    assert_eq!(serving.caller.served_by("hello").await, "work");
    let last = emulator.journal().requests().last().and_then(|request| request.key.clone());
    assert_eq!(last.as_deref(), Some(key.id.as_str()));
    serving.terminate().await;
}
