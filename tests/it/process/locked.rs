//! Stored secrets whose key is away: nothing is lost, everybody is told, and it is all there again afterwards.

use emulator::{AccessKey, Emulator};
use serde_json::{Value, json};

use super::{Machine, Serving, account, ask};

/// A machine with three accounts, the last of which is active.
async fn furnished(machine: &Machine, emulator: &Emulator) -> Serving {
    let serving = machine.serve().await;
    for name in ["one", "two", "main"] {
        serving.caller.use_account(&account(name, emulator, &AccessKey::sandbox())).await;
    }
    serving
}

fn key_file(machine: &Machine) -> std::path::PathBuf {
    let folder = machine.home().join(".config/switchboard/keys");
    let mut files = std::fs::read_dir(folder).expect("keys").flatten().map(|entry| entry.path());
    let file = files.next().expect("a key file");
    assert_eq!(files.next(), None, "one key");
    file
}

/// What `core.db` has of encrypted secrets, byte for byte.
pub(super) fn sealed(machine: &Machine) -> Vec<(String, String)> {
    let core = rusqlite::Connection::open(machine.data().join("core.db")).expect("core.db");
    let mut rows = core
        .prepare("SELECT id, credential FROM accounts UNION ALL SELECT id, key FROM local_keys ORDER BY 1")
        .expect("a statement");
    let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect("rows");
    rows.map(|row| row.expect("a row")).collect()
}

/// What a client of each dialect is told.
pub(super) async fn all_refused(serving: &Serving) {
    let caller = &serving.caller;
    let messages = caller.post("/v1/messages", &ask("hello")).await;
    assert_eq!(messages.status, 503, "{}", messages.text());
    assert_eq!(messages.json()["type"], "error", "{}", messages.text());
    assert!(messages.text().contains("stored secrets are locked"), "{}", messages.text());
    assert!(messages.header("retry-after").is_some());
    let mut streamed = ask("hello");
    streamed["stream"] = json!(true);
    assert_eq!(caller.post("/v1/messages", &streamed).await.status, 503);
    let chat = json!({"model": "claude-sonnet-4-5", "messages": [{"role": "user", "content": "hello"}]});
    let chat = caller.post("/v1/chat/completions", &chat).await;
    assert_eq!(chat.status, 503, "{}", chat.text());
    assert!(
        chat.json()["error"]["message"].as_str().is_some_and(|said| said.contains("locked")),
        "{}",
        chat.text()
    );
}

/// The key as clients have it; a locked instance does not show it.
pub(super) fn with_key(mut serving: Serving, key: &str) -> Serving {
    assert!(serving.welcome.contains("(locked)"), "{}", serving.welcome);
    serving.caller = super::Caller::new(&serving.caller.url, key);
    serving
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_is_away_locks_and_loses_nothing() {
    let emulator = Emulator::start(emulator::Config::default()).expect("emulator");
    let machine = Machine::new();
    let serving = furnished(&machine, &emulator).await;
    let key = serving.caller.key.clone();
    serving.terminate().await;
    let before = sealed(&machine);
    assert_eq!(before.len(), 4);
    assert!(before.iter().all(|(_, text)| text.starts_with("v1|")), "{before:?}");
    let file = key_file(&machine);
    let text = std::fs::read(&file).expect("the key");

    type Harm = fn(&std::path::Path);
    let harms: [(&str, Harm); 3] = [
        ("missing", |file| std::fs::rename(file, file.with_extension("away")).expect("renamed")),
        ("wrong_key", |file| std::fs::write(file, "00".repeat(32)).expect("written")),
        ("malformed", |file| std::fs::write(file, "what is this").expect("written")),
    ];
    for (trouble, harm) in harms {
        harm(&file);
        let serving = with_key(machine.serve().await, &key);
        all_refused(&serving).await;
        let status = serving.caller.get("/api/secrets").await.json();
        let slots = json!([{"slot": "key_file", "trouble": trouble}]);
        assert_eq!(
            (&status["door"]["kind"], &status["door"]["slots"]),
            (&json!("locked"), &slots),
            "{status}"
        );
        let said = machine.run(&["secrets", "status"]).await;
        assert_eq!(said.status.code(), Some(1));
        assert!(said.stdout.contains("locked. Nothing is lost."), "{said:?}");
        let listed = machine.run(&["accounts", "list"]).await.good();
        assert!(listed.contains("one") && listed.contains("main"), "{listed}");
        let said = machine.run(&["key"]).await.bad();
        assert!(said.contains("locked"), "{said}");
        let added =
            serving.caller.post("/api/accounts", &account("new", &emulator, &AccessKey::sandbox())).await;
        assert_eq!((added.status.as_u16(), &added.json()["code"]), (503, &json!("secrets_locked")));

        // The key comes back while it runs: nobody has to start anything.
        std::fs::write(&file, &text).expect("written");
        let retried = serving.caller.post("/api/secrets/retry", &json!({})).await.json();
        assert_eq!(retried["door"], json!({"kind": "open", "by": "key_file"}), "{retried}");
        assert_eq!(serving.caller.served_by(trouble).await, "main");
        let _ = std::fs::remove_file(file.with_extension("away"));
        serving.terminate().await;
        assert_eq!(sealed(&machine), before, "{trouble}");
    }
    assert_eq!(machine.run(&["key"]).await.good().trim(), key);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_appears_later_opens_without_a_word() {
    let emulator = Emulator::start(emulator::Config::default()).expect("emulator");
    let machine = Machine::new();
    let serving = furnished(&machine, &emulator).await;
    let key = serving.caller.key.clone();
    serving.terminate().await;
    let file = key_file(&machine);
    let away = file.with_extension("away");
    std::fs::rename(&file, &away).expect("renamed");
    let serving = with_key(machine.serve().await, &key);
    all_refused(&serving).await;
    std::fs::rename(&away, &file).expect("renamed");
    let open = async { while serving.caller.get("/api/secrets").await.json()["door"]["kind"] != "open" {} };
    crate::harness::in_time(open).await;
    assert_eq!(serving.caller.served_by("hello").await, "main");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_passphrase_and_a_recovery_key_open_from_the_command_line() {
    let emulator = Emulator::start(emulator::Config::default()).expect("emulator");
    let machine = Machine::new();
    let serving = furnished(&machine, &emulator).await;
    let key = serving.caller.key.clone();
    let recovery = machine.run(&["secrets", "recovery-key"]).await.good().trim().to_owned();
    let short = machine.run_with("short", &["secrets", "protect", "passphrase"]).await.bad();
    assert!(short.contains("at least 10"), "{short}");
    machine.run_with("a long passphrase\n", &["secrets", "protect", "passphrase"]).await.good();
    assert_eq!(std::fs::read_dir(machine.home().join(".config/switchboard/keys")).expect("keys").count(), 0);
    serving.terminate().await;
    // Without an instance there is nobody to ask.
    let said = machine.run(&["accounts", "list"]).await.bad();
    assert!(said.contains("locked"), "{said}");

    for entered in ["a long passphrase\n", &format!(" {}\n", recovery.to_lowercase())] {
        let serving = with_key(machine.serve().await, &key);
        all_refused(&serving).await;
        let said = machine.run_with("not that\n", &["secrets", "unlock"]).await.bad();
        assert!(said.contains("neither the passphrase nor the recovery key"), "{said}");
        machine.run_with(entered, &["secrets", "unlock"]).await.good();
        assert_eq!(serving.caller.served_by("hello").await, "main");
        serving.terminate().await;
    }
    let serving = with_key(machine.serve().await, &key);
    machine.run_with(&recovery, &["secrets", "unlock"]).await.good();
    let moved = machine.run(&["secrets", "protect", "key-file"]).await.good();
    assert!(moved.contains("Reduced protection"), "{moved}");
    machine.run(&["secrets", "recovery-key", "--forget"]).await.good();
    serving.terminate().await;
    assert_eq!(machine.serve().await.caller.served_by("hello").await, "main");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_the_environment_names_keeps_the_key() {
    let emulator = Emulator::start(emulator::Config::default()).expect("emulator");
    let folder = tempfile::tempdir().expect("folder");
    let file = folder.path().join("master");
    std::fs::write(&file, "5b".repeat(32)).expect("written");
    let machine = Machine::new().with("SWITCHBOARD_MASTER_KEY_FILE", file.to_str().expect("a path"));
    let serving = furnished(&machine, &emulator).await;
    let status = serving.caller.get("/api/secrets").await.json();
    assert_eq!(
        (&status["door"]["by"], &status["reduced"]),
        (&json!("master_key_file"), &json!(false)),
        "{status}"
    );
    serving.terminate().await;
    assert!(!machine.home().join(".config").exists(), "no key of ours beside it");
    std::fs::write(&file, "5c".repeat(32)).expect("written");
    let said = machine.run(&["secrets", "status"]).await.stdout;
    assert!(said.contains("holds another key"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beginning_anew_keeps_what_is_locked() {
    let emulator = Emulator::start(emulator::Config::default()).expect("emulator");
    let machine = Machine::new();
    let serving = furnished(&machine, &emulator).await;
    let refused = serving.caller.post("/api/secrets/start-over", &json!({"confirm": true})).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["code"]), (409, &json!("secrets_open")));
    serving.terminate().await;
    let before = sealed(&machine);
    let file = key_file(&machine);
    std::fs::rename(&file, file.with_extension("away")).expect("renamed");
    let said = machine.run(&["secrets", "start-over"]).await.bad();
    assert!(said.contains("--yes"), "{said}");
    let said = machine.run(&["secrets", "start-over", "--yes"]).await.good();
    let kept = machine.data().join("core.db.given-up-1");
    assert!(said.contains(kept.to_str().expect("a path")), "{said}");
    let serving = machine.serve().await;
    assert_eq!(serving.caller.served_by("hello").await, "Sandbox");
    let listed = serving.caller.get("/api/accounts").await.json();
    assert_eq!(listed["accounts"].as_array().map(Vec::len), Some(1), "{listed}");
    serving.terminate().await;
    // With its key the file that was kept is as good as ever.
    std::fs::rename(file.with_extension("away"), &file).expect("renamed");
    std::fs::rename(&kept, machine.data().join("core.db")).expect("renamed");
    for rest in ["core.db-wal", "core.db-shm"] {
        let _ = std::fs::remove_file(machine.data().join(rest));
    }
    assert_eq!(sealed(&machine), before);
    assert_eq!(machine.serve().await.caller.served_by("hello").await, "main");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn secrets_of_an_older_version_are_encrypted_at_the_first_start() {
    let emulator = Emulator::start(emulator::Config::default()).expect("emulator");
    let machine = Machine::new();
    let serving = furnished(&machine, &emulator).await;
    let key = serving.caller.key.clone();
    serving.terminate().await;
    // As that version stored it: no key, everything as it is.
    let plain = AccessKey::sandbox().secret;
    let credential =
        json!({"kind": "access_key", "access_key_id": AccessKey::sandbox().id, "secret_access_key": plain});
    let core = rusqlite::Connection::open(machine.data().join("core.db")).expect("core.db");
    core.execute("UPDATE accounts SET credential = ?1", [credential.to_string()]).expect("updated");
    core.execute("UPDATE local_keys SET key = ?1", [&key]).expect("updated");
    core.execute_batch(
        "ALTER TABLE accounts DROP COLUMN tags; ALTER TABLE accounts DROP COLUMN note;
         ALTER TABLE removed_accounts DROP COLUMN tags; ALTER TABLE removed_accounts DROP COLUMN note;
         DROP INDEX local_keys_name; ALTER TABLE local_keys DROP COLUMN hint;
         ALTER TABLE local_keys DROP COLUMN rules; DROP TABLE secret_key; DROP TABLE secret_slots;
         PRAGMA user_version = 3; PRAGMA wal_checkpoint(TRUNCATE);",
    )
    .expect("taken back");
    drop(core);
    std::fs::remove_dir_all(machine.data().join("backups")).expect("removed");

    let serving = machine.serve().await;
    assert_eq!(serving.caller.key, key);
    assert_eq!(serving.caller.served_by("hello").await, "main");
    let holds = |word: &str| {
        let files = super::scan::tree(&machine.data());
        let files = files.into_iter().filter(|path| path.is_file());
        let inside = |path: &std::path::PathBuf| {
            let bytes = std::fs::read(path).expect("readable");
            bytes.windows(word.len()).any(|part| part == word.as_bytes())
        };
        files.filter(inside).collect::<Vec<_>>()
    };
    // While it runs, -wal and all.
    assert_eq!(holds(&plain), [] as [std::path::PathBuf; 0]);
    assert_eq!(holds(&key), [] as [std::path::PathBuf; 0]);
    serving.terminate().await;
    assert_eq!(holds(&plain), [] as [std::path::PathBuf; 0]);
    let said: Value =
        serde_json::from_str(&machine.run(&["secrets", "status", "--json"]).await.good()).expect("JSON");
    assert_eq!(said["door"]["kind"], "open", "{said}");
}
