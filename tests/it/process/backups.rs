//! Backups from the command line, with and without an instance; data that was damaged, lost, or written by a newer version.

use std::path::{Path, PathBuf};

use emulator::{AccessKey, Emulator};
use serde_json::{Value, json};

use super::{Machine, Serving, account, ask};

async fn furnished(machine: &Machine, emulator: &Emulator) -> Serving {
    let serving = machine.serve().await;
    serving.caller.use_account(&account("main", emulator, &AccessKey::sandbox())).await;
    serving
}

async fn remove_all(serving: &Serving) {
    let listed = serving.caller.get("/api/accounts").await.json();
    for account in listed["accounts"].as_array().expect("accounts") {
        if account["ephemeral"] == false {
            let path = format!("/api/accounts/{}", account["id"].as_str().expect("id"));
            assert_eq!(serving.caller.send("DELETE", &path, &Value::Null).await.status, 204);
        }
    }
}

#[cfg(unix)]
fn is_private(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().expect("there").permissions().mode() & 0o777 == 0o600
}

#[cfg(not(unix))]
fn is_private(_: &Path) -> bool {
    true
}

/// The file that `backup` named.
fn named(said: &str) -> PathBuf {
    PathBuf::from(said.lines().next().expect("a path"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_is_restored_with_and_without_an_instance() {
    let emulator = Emulator::start(emulator::Config::default()).expect("emulator");
    let machine = Machine::new();
    let serving = furnished(&machine, &emulator).await;
    let kept = named(&machine.run(&["backup", "--logs"]).await.good());
    assert!(is_private(&kept), "{kept:?}");
    let listed = machine.run(&["backup", "--list"]).await.good();
    let name = kept.file_name().expect("a name").to_str().expect("UTF-8");
    assert!(
        listed.contains(name) && listed.contains("made by you") && listed.contains("of the log"),
        "{listed}"
    );
    remove_all(&serving).await;
    assert_eq!(serving.caller.served_by("hello").await, "Sandbox");
    let said = machine.run(&["restore", name]).await.good();
    assert!(said.contains("core.db.replaced-1"), "{said}");
    // The same process, the same address, the same key.
    assert_eq!(serving.caller.served_by("hello").await, "main");

    // A file elsewhere, made while it runs, leaves nothing behind.
    let elsewhere = machine.home().join("mine.db");
    let file = elsewhere.to_str().expect("UTF-8").to_owned();
    assert_eq!(named(&machine.run(&["backup", &file]).await.good()), elsewhere);
    assert!(is_private(&elsewhere));
    let said = machine.run(&["backup", &file]).await.bad();
    assert!(said.contains("is there already"), "{said}");
    let count = |listed: &str| listed.matches("made by you").count();
    assert_eq!(count(&machine.run(&["backup", "--list"]).await.good()), 1);
    remove_all(&serving).await;
    machine.run(&["restore", &file]).await.good();
    assert_eq!(serving.caller.served_by("hello").await, "main");
    remove_all(&serving).await;
    serving.terminate().await;

    let said = machine.run(&["restore", &file]).await.good();
    assert!(said.contains("core.db.replaced-3") && !said.contains("locked"), "{said}");
    let offline = named(&machine.run(&["backup"]).await.good());
    assert!(offline.is_file(), "{offline:?}");
    let serving = machine.serve().await;
    assert_eq!(serving.caller.served_by("hello").await, "main");
    for wrong in ["nothing.db", "../core.db", "/etc/hostname", name.trim_start_matches('m')] {
        let said = machine.run(&["restore", wrong]).await.bad();
        assert!(
            said.contains("there is no backup") || said.contains("nothing was changed"),
            "{wrong}: {said}"
        );
    }
    assert_eq!(serving.caller.served_by("hello").await, "main");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_machine_needs_the_recovery_key() {
    let emulator = Emulator::start(emulator::Config::default()).expect("emulator");
    let machine = Machine::new();
    let serving = furnished(&machine, &emulator).await;
    let key = serving.caller.key.clone();
    let recovery = machine.run(&["secrets", "recovery-key"]).await.good().trim().to_owned();
    let file = machine.home().join("mine.db");
    let path = file.to_str().expect("UTF-8");
    machine.run(&["backup", path]).await.good();
    serving.terminate().await;

    let other = Machine::new();
    let said = other.run(&["restore", path]).await.good();
    assert!(said.contains("unlock"), "{said}");
    let mut serving = other.serve().await;
    assert!(serving.welcome.contains("(locked)"), "{}", serving.welcome);
    serving.caller = super::Caller::new(&serving.caller.url, &key);
    assert_eq!(serving.caller.post("/v1/messages", &ask("hello")).await.status, 503);
    other.run_with(&recovery, &["secrets", "unlock"]).await.good();
    assert_eq!(serving.caller.served_by("hello").await, "main");
    // From here on this machine keeps the key by itself.
    other.run(&["secrets", "protect", "key-file"]).await.good();
    serving.terminate().await;
    assert_eq!(other.serve().await.caller.served_by("hello").await, "main");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damaged_accounts_come_back_and_the_person_is_told() {
    let emulator = Emulator::start(emulator::Config::default()).expect("emulator");
    let machine = Machine::new();
    furnished(&machine, &emulator).await.terminate().await;
    let file = machine.data().join("core.db");
    type Harm = fn(&Path);
    let harms: [(&str, Harm, &str); 3] = [
        (
            "torn pages",
            |file| {
                let mut bytes = std::fs::read(file).expect("core.db");
                bytes[4096..].fill(0xA5);
                std::fs::write(file, bytes).expect("written");
            },
            "was damaged",
        ),
        (
            "cut off",
            |file| std::fs::write(file, &std::fs::read(file).expect("core.db")[..5000]).expect("cut"),
            "was damaged",
        ),
        ("gone", |file| std::fs::remove_file(file).expect("removed"), "was gone"),
    ];
    for (what, harm, said) in harms {
        harm(&file);
        for rest in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(machine.data().join(format!("core.db{rest}")));
        }
        let serving = machine.serve().await;
        assert_eq!(serving.caller.served_by(what).await, "main", "{what}");
        let status = serving.caller.get("/api/status").await.json();
        assert_eq!(status["recovered"]["backup"]["kind"], "change", "{what}: {status}");
        let aside = status["recovered"]["kept_at"].as_str();
        assert_eq!(
            aside.is_some_and(|aside| Path::new(aside).is_file()),
            said == "was damaged",
            "{what}: {status}"
        );
        let ended = serving.terminate().await;
        assert!(
            ended.stderr.contains(said) && ended.stderr.contains("took its place"),
            "{what}: {}",
            ended.stderr
        );
    }
    let serving = machine.serve().await;
    assert_eq!(serving.caller.get("/api/status").await.json()["recovered"], Value::Null, "said once");
}

/// Changes are in the -wal until they are folded back; one that is lost takes them along, and nothing else.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_wal_loses_no_account_that_was_there_before() {
    let emulator = Emulator::start(emulator::Config::default()).expect("emulator");
    let machine = Machine::new();
    furnished(&machine, &emulator).await.terminate().await;
    machine.serve().await.kill().await;
    for rest in ["core.db-wal", "core.db-shm", "logs.db-wal", "logs.db-shm"] {
        let _ = std::fs::remove_file(machine.data().join(rest));
    }
    assert_eq!(machine.serve().await.caller.served_by("hello").await, "main");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn data_of_a_newer_version_is_named_and_left_alone() {
    let emulator = Emulator::start(emulator::Config::default()).expect("emulator");
    let machine = Machine::new();
    let serving = furnished(&machine, &emulator).await;
    let key = serving.caller.key.clone();
    let backup = named(&machine.run(&["backup"]).await.good());
    serving.terminate().await;
    let file = machine.data().join("core.db");
    let core = rusqlite::Connection::open(&file).expect("core.db");
    core.execute_batch(
        "UPDATE settings SET value = '\"9.8.7\"' WHERE key = 'data.version'; PRAGMA user_version = 99;
         PRAGMA wal_checkpoint(TRUNCATE);",
    )
    .expect("as a newer version would");
    drop(core);
    let bytes = std::fs::read(&file).expect("core.db");

    let mut serving = machine.serve().await;
    serving.caller = super::Caller::new(&serving.caller.url, &key);
    let refused = serving.caller.post("/v1/messages", &ask("hello")).await;
    assert_eq!(refused.status, 503, "{}", refused.text());
    assert!(refused.text().contains("Switchboard 9.8.7 wrote this data"), "{}", refused.text());
    let status: Value = serde_json::from_str(&machine.run(&["status", "--json"]).await.good()).expect("JSON");
    let known = &status["safe"]["known"];
    assert_eq!(status["safe"], json!({"kind": "newer", "found": 99, "known": known, "by": "9.8.7"}));
    let said = machine.run(&["restore", backup.to_str().expect("UTF-8")]).await.bad();
    assert!(said.contains("newer version") && said.contains("nothing was changed"), "{said}");
    let ended = serving.terminate().await;
    assert!(ended.stderr.contains("Switchboard 9.8.7 wrote this data (format 99)"), "{}", ended.stderr);
    let said = machine.run(&["accounts", "list"]).await.bad();
    assert!(said.contains("Switchboard 9.8.7 wrote this data"), "{said}");
    assert_eq!(std::fs::read(&file).expect("core.db"), bytes, "left alone");

    // The way back, for who does not want to update.
    machine.run(&["restore", backup.to_str().expect("UTF-8")]).await.good();
    assert_eq!(std::fs::read(machine.data().join("core.db.replaced-1")).expect("kept"), bytes);
    assert_eq!(machine.serve().await.caller.served_by("hello").await, "main");
}
