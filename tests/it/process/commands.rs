//! The commands, against a running instance and against the bare data folder: they say the same.

use emulator::{AccessKey, Emulator};
use serde_json::Value;

use super::{Ended, Machine};

/// What the journey must find, whoever answers.
async fn manage_accounts(machine: &Machine, emulator: &Emulator) {
    let key = AccessKey::sandbox();
    let endpoint = emulator.url();
    let with_key = |name: &'static str| {
        vec!["accounts", "add", name, "--region", "us-east-1", "--endpoint-url", &endpoint, "--access-key-id"]
            .into_iter()
            .chain([key.id.as_str()])
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let add = |name: &'static str, secret: String| {
        let arguments = with_key(name);
        async move {
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            machine.run_with(&secret, &arguments).await
        }
    };

    // With the line end that `echo` and a keyboard leave.
    let said = add("work", format!("{}\n", key.secret)).await.good();
    assert!(said.starts_with("Added work ("), "{said}");
    add("broken", "not+the+secret".to_owned()).await.good();
    let said = add("work", key.secret.clone()).await.bad();
    assert!(said.contains("name") && !said.contains(&key.secret), "{said}");
    let said = add("empty", "\n".to_owned()).await.bad();
    assert!(said.contains("nothing was given"), "{said}");

    let arguments = ["accounts", "add", "keyed", "--region", "us-east-1", "--endpoint-url", &endpoint];
    let keyed = [&arguments[..], &["--api-key"]].concat();
    machine.run_with(emulator::SANDBOX_BEARER_KEY, &keyed).await.good();
    let said = machine.run(&arguments).await.bad();
    assert!(said.contains("--access-key-id"), "{said}");
    let elsewhere = ["accounts", "add", "moon", "--region", "moon-1", "--aws-default"];
    let said = machine.run(&elsewhere).await.bad();
    assert!(said.contains("not an AWS region"), "{said}");

    let list = machine.run(&["accounts", "list"]).await.good();
    let of = |name: &str| {
        let line = list.lines().find(|line| line[1..].trim_start().starts_with(&format!("{name} ")));
        line.unwrap_or_else(|| panic!("no {name} in\n{list}")).to_owned()
    };
    for name in ["work", "broken", "keyed", "Sandbox"] {
        assert!(of(name).trim_end().ends_with("ready"), "{list}");
    }
    // Nobody chose the Sandbox: the first account of one's own takes its place.
    assert!(of("work").starts_with('*') && of("Sandbox").starts_with(' '), "{list}");
    let all = json(machine.run(&["accounts", "list", "--json"]).await);
    assert_eq!(all["accounts"].as_array().map(Vec::len), Some(4), "{all}");
    assert!(!list.contains(&key.secret) && !all.to_string().contains(&key.secret));

    let said = machine.run(&["accounts", "test", "work"]).await.good();
    assert!(said.starts_with("work works: "), "{said}");
    machine.run(&["accounts", "test", "keyed"]).await.good();
    let said = machine.run(&["accounts", "test", "broken"]).await.bad();
    assert!(said.starts_with("broken does not work: ") && said.contains("signature"), "{said}");

    machine.run(&["accounts", "use", "sandbox"]).await.good();
    let list = machine.run(&["accounts", "list"]).await.good();
    assert!(list.contains("* Sandbox") && list.contains("  work"), "{list}");
    let said = machine.run(&["accounts", "use", "WORK"]).await.good();
    assert_eq!(said.trim(), "work answers from the next request on.");
    let said = machine.run(&["accounts", "use", "nobody"]).await.bad();
    assert!(said.contains("there is no account \"nobody\""), "{said}");
    machine.run(&["accounts", "remove", "keyed"]).await.good();
    machine.run(&["accounts", "remove", "keyed"]).await.bad();
    let list = machine.run(&["accounts", "list"]).await.good();
    assert!(list.contains("* work") && !list.contains("keyed"), "{list}");

    let role = ["accounts", "add", "role", "--region", "us-east-1", "--instance-metadata"];
    assert_eq!(machine.run(&role).await.status.code(), Some(2), "a flag that would do nothing");
    machine.run(&[&role[..], &["--aws-default"]].concat()).await.good();
    let all = json(machine.run(&["accounts", "list", "--json"]).await);
    let role = all["accounts"].as_array().and_then(|all| all.iter().find(|one| one["name"] == "role"));
    assert_eq!(role.expect("the account")["options"], serde_json::json!({"instance_metadata": true}));
    machine.run(&["accounts", "remove", "role"]).await.good();
}

async fn look_around(machine: &Machine) {
    let models = machine.run(&["models"]).await.good();
    let sonnet = models.lines().find(|line| line.starts_with("claude-sonnet-4-5 ")).expect("a model");
    assert!(sonnet.contains("work") && sonnet.contains("Sandbox"), "{sonnet}");
    let models = json(machine.run(&["models", "--json"]).await);
    assert!(models["models"].as_array().is_some_and(|models| models.len() > 10), "{models}");

    let doctor = machine.run(&["doctor"]).await;
    let said = doctor.stdout.clone();
    for good in ["data folder: ", "account work: answers", "account Sandbox: answers", "clock: "] {
        assert!(said.contains(&format!("ok    {good}")), "{said}");
    }
    assert!(said.contains("FAIL  account broken: "), "{said}");
    assert_eq!(doctor.status.code(), Some(1), "{said}");
    machine.run(&["accounts", "remove", "broken"]).await.good();
}

fn json(ended: Ended) -> Value {
    serde_json::from_str(&ended.good()).expect("JSON")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_work_on_the_bare_data_folder() {
    let emulator = Emulator::start(emulator::Config::default()).expect("emulator");
    let machine = Machine::new();
    manage_accounts(&machine, &emulator).await;
    look_around(&machine).await;

    let status = machine.run(&["status", "--json"]).await;
    assert_eq!(status.status.code(), Some(1), "nothing runs");
    let status: Value = serde_json::from_str(&status.stdout).expect("JSON");
    assert_eq!(status["running"], false);
    assert_eq!(status["active_account"]["name"], "work");
    assert!(machine.run(&["status"]).await.bad().contains("Not running"));

    // What the commands did is what the next instance finds, under the key that they told.
    let key = machine.run(&["key"]).await.good();
    let serving = machine.serve().await;
    assert_eq!(serving.caller.key, key.trim());
    assert_eq!(serving.caller.served_by("hello").await, "work");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_talk_to_the_running_instance() {
    let emulator = Emulator::start(emulator::Config::default()).expect("emulator");
    let machine = Machine::new();
    let serving = machine.serve().await;
    assert_eq!(serving.caller.served_by("before").await, "Sandbox");
    manage_accounts(&machine, &emulator).await;
    assert_eq!(serving.caller.served_by("after").await, "work");
    look_around(&machine).await;

    let status = json(machine.run(&["status", "--json"]).await);
    assert_eq!(status["running"], true, "{status}");
    assert_eq!(status["pid"], serving.pid(), "{status}");
    assert_eq!(status["active_account"]["name"], "work", "{status}");
    let said = machine.run(&["status"]).await.good();
    assert!(said.contains(&format!("Running at {}", serving.caller.url)), "{said}");
    assert_eq!(machine.run(&["key"]).await.good().trim(), serving.caller.key);
    let doctor = machine.run(&["doctor"]).await.good();
    assert!(doctor.contains(&format!("ok    proxy: runs at {}", serving.caller.url)), "{doctor}");

    // A killed instance leaves its address behind; nobody is sent there.
    serving.kill().await;
    let status = machine.run(&["status"]).await.bad();
    assert!(status.contains("Not running"), "{status}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doctor_sees_a_wrong_clock_and_a_taken_port() {
    let emulator = Emulator::start(emulator::Config::default()).expect("emulator");
    let machine = Machine::new();
    let key = AccessKey::sandbox();
    let endpoint = emulator.url();
    let add = ["accounts", "add", "work", "--region", "us-east-1", "--endpoint-url", &endpoint];
    let add = [&add[..], &["--access-key-id", &key.id]].concat();
    machine.run_with(&key.secret, &add).await.good();
    for _ in 0..2 {
        emulator.script().push(emulator::Fault::Skew(3600));
    }
    let free = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let port = free.local_addr().expect("address").port();
    drop(free);
    {
        let serving = machine.serve().await;
        let changed = serving.caller.send("PUT", "/api/settings", &serde_json::json!({"port": port})).await;
        assert_eq!(changed.status, 200, "{}", changed.text());
        serving.terminate().await;
    }
    let _taken = std::net::TcpListener::bind(("127.0.0.1", port)).expect("the port");
    let said = machine.run(&["doctor"]).await.bad();
    assert!(said.contains("FAIL  clock: differs from AWS by 36"), "{said}");
    assert!(said.contains("ok    account work: answers"), "{said}");
    assert!(said.contains(&format!("FAIL  port: {port} cannot be used")), "{said}");
    let other =
        std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port").local_addr().expect("address").port();
    let said = machine.run(&["doctor", "--port", &other.to_string()]).await.stdout;
    assert!(said.contains(&format!("ok    port: {other} is free")), "{said}");
}

/// Makes, limits, uses and removes keys, whoever answers.
async fn manage_keys(machine: &Machine) {
    let made = machine
        .run(&["keys", "add", "laptop", "--model", "claude-haiku-*", "--requests-per-minute", "9"])
        .await;
    let said = made.stderr.clone();
    let key = made.good();
    assert!(key.starts_with("sk-switchboard-") && key.trim().lines().count() == 1, "fit for $(…): {key}");
    assert!(said.contains("laptop") && !said.contains(key.trim()), "{said}");
    machine.run(&["keys", "add", "Laptop"]).await.bad();
    let bad = machine.run(&["keys", "add", "x", "--usd-per-month", "much"]).await;
    assert_eq!(bad.status.code(), Some(2), "{bad:?}");
    let edit = [
        "keys",
        "edit",
        "LAPTOP",
        "--name",
        "desk",
        "--requests-per-minute",
        "none",
        "--expires",
        "2999-01-31",
    ];
    let edit = [
        &edit[..],
        &["--usd-per-month", "2.5", "--account", "sandbox", "--capture", "off", "--tier", "flex"],
    ]
    .concat();
    let said = machine.run(&edit).await.good();
    let rules = "models claude-haiku-*, accounts sandbox, tier flex, 2.5 USD a month, capture false, until 2999-01-31";
    assert_eq!(said.trim(), format!("desk: {rules}"));
    let list = machine.run(&["keys", "list"]).await.good();
    let line = list.lines().find(|line| line.starts_with("desk ")).unwrap_or_else(|| panic!("{list}"));
    assert!(line.ends_with(rules) && line.contains(&key.trim()[key.trim().len() - 4..]), "{line}");
    assert!(!list.contains(key.trim()), "{list}");
    let fresh = machine.run(&["keys", "rotate", "desk"]).await.good();
    assert_ne!(fresh, key);
    assert!(machine.run(&["keys", "remove", "local"]).await.bad().contains("not removed"));
    machine.run(&["keys", "remove", "desk"]).await.good();
    assert!(machine.run(&["keys", "remove", "desk"]).await.bad().contains("there is no key"));
    let all = json(machine.run(&["keys", "list", "--json"]).await);
    assert_eq!(all["keys"].as_array().map(Vec::len), Some(1), "{all}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_are_managed_by_command() {
    let machine = Machine::new();
    manage_keys(&machine).await;
    let serving = machine.serve().await;
    manage_keys(&machine).await;
    let before = machine.run(&["key"]).await.good();
    let fresh = machine.run(&["keys", "rotate", "local"]).await.good();
    assert_eq!(machine.run(&["key"]).await.good(), fresh);
    assert_ne!(before, fresh);
    assert_eq!(serving.caller.post("/v1/messages", &super::ask("hello")).await.status, 401, "the old key");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accounts_move_in_a_file() {
    let emulator = Emulator::start(emulator::Config::default()).expect("emulator");
    let (old, new) = (Machine::new(), Machine::new());
    let key = AccessKey::sandbox();
    let endpoint = emulator.url();
    let add = ["accounts", "add", "work", "--region", "us-east-1", "--endpoint-url", &endpoint];
    old.run_with(&key.secret, &[&add[..], &["--access-key-id", &key.id]].concat()).await.good();

    let path = old.home().join("moved.age");
    let file = path.to_str().expect("a path");
    let passphrase = "correct horse battery\n";
    let said = old.run_with(passphrase, &["export", file]).await.good();
    assert!(said.starts_with("1 accounts are in "), "{said}");
    let kept = std::fs::read_to_string(&path).expect("the file");
    assert!(kept.starts_with("-----BEGIN AGE") && !kept.contains(&key.secret));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&path).expect("the file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    assert!(old.run_with(passphrase, &["export", file]).await.bad().contains("exists already"));
    assert!(old.run(&["export", "plain.json", "--plain"]).await.bad().contains("--yes"));

    assert!(new.run_with("wrong horse battery", &["import", file]).await.bad().contains("passphrase"));
    let said = new.run_with(passphrase, &["import", file, "--preview"]).await.good();
    assert!(said.contains("work") && said.trim_end().ends_with("new"), "{said}");
    let said = new.run_with(passphrase, &["import", file]).await.good();
    assert!(said.ends_with("Added 1 accounts.\n"), "{said}");
    let said = new.run_with(passphrase, &["import", file]).await.good();
    assert!(said.contains("the same as work") && said.ends_with("Nothing was added.\n"), "{said}");
    new.run(&["accounts", "test", "work"]).await.good();
}
