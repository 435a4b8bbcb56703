//! The keychain of a Linux desktop, the real one, on a bus of its own: empty, locked, with another key, late.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use emulator::{AccessKey, Emulator};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::locked::{all_refused, sealed, with_key};
use super::{Machine, Serving, account};
use crate::harness::in_time;

const ACCOUNTS: usize = 100;
const PASSWORD: &str = "the password of the person's session";

/// A bus that starts nothing by itself: who is on it is the test's to say.
const BUS: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:dir=FOLDER</listen><policy context="default">
<allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>"#;

/// Ends with the test.
struct Kept(Child);

impl Drop for Kept {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A person's session: a bus, and the folders of its keychains.
struct Session {
    folder: TempDir,
    address: String,
    _bus: Kept,
}

fn spawn(mut command: Command) -> Child {
    let program = command.get_program().to_owned();
    command.spawn().unwrap_or_else(|error| {
        panic!(
            "{program:?}: {error}; `cargo xtask test` installs gnome-keyring, libsecret-tools and dbus-daemon"
        )
    })
}

impl Session {
    fn begin() -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let config = folder.path().join("bus.conf");
        let place = folder.path().to_str().expect("UTF-8");
        std::fs::write(&config, BUS.replace("FOLDER", place)).expect("written");
        let mut command = Command::new("dbus-daemon");
        command.arg(format!("--config-file={}", config.display())).args(["--nofork", "--print-address=1"]);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut bus = spawn(command);
        let mut address = String::new();
        BufReader::new(bus.stdout.take().expect("stdout")).read_line(&mut address).expect("an address");
        Self { folder, address: address.trim().to_owned(), _bus: Kept(bus) }
    }

    fn command(&self, program: &str, keychain: &str) -> Command {
        let home = self.folder.path().join(keychain);
        std::fs::create_dir_all(&home).expect("a home");
        let mut command = Command::new(program);
        command.env_clear().env("HOME", &home).env("XDG_DATA_HOME", &home).env("XDG_RUNTIME_DIR", &home);
        command.env("DBUS_SESSION_BUS_ADDRESS", &self.address);
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    /// Starts the keychain of that name and waits until it answers. Without a password it stays locked.
    async fn keychain(&self, name: &str, password: Option<&str>) -> Kept {
        let mut command = self.command("gnome-keyring-daemon", name);
        command.args(["--foreground", "--components=secrets"]);
        if password.is_some() {
            command.arg("--unlock");
        }
        let mut daemon = spawn(command);
        let mut stdin = daemon.stdin.take().expect("stdin");
        stdin.write_all(password.unwrap_or_default().as_bytes()).expect("the password");
        drop(stdin);
        let daemon = Kept(daemon);
        let answers =
            async { while !self.secret_tool(&["search", "--all", "nobody", "has"], "").stderr.is_empty() {} };
        in_time(answers).await;
        daemon
    }

    fn secret_tool(&self, arguments: &[&str], input: &str) -> Output {
        let mut command = self.command("secret-tool", "tool");
        command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut tool = spawn(command);
        let mut stdin = tool.stdin.take().expect("stdin");
        // A search reads nothing.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        tool.wait_with_output().expect("an end")
    }

    /// How many keys of ours the keychain has.
    fn keys(&self) -> usize {
        let found = self.secret_tool(&["search", "--all", "service", "Switchboard"], "");
        String::from_utf8_lossy(&found.stdout).matches("label = ").count()
    }

    fn files(&self, keychain: &str) -> PathBuf {
        self.folder.path().join(keychain).join("keyrings")
    }
}

fn copied(from: &Path, to: &Path) {
    let _ = std::fs::remove_dir_all(to);
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("keyrings").flatten() {
        std::fs::copy(entry.path(), to.join(entry.file_name())).expect("copied");
    }
}

async fn door(serving: &Serving) -> Value {
    serving.caller.get("/api/secrets").await.json()["door"].take()
}

/// It opens without a word from anybody, and every account can be used.
async fn opens(serving: &Serving, what: &str) {
    in_time(async { while door(serving).await["kind"] != "open" {} }).await;
    assert_eq!(door(serving).await, json!({"kind": "open", "by": "keychain"}), "{what}");
    let listed = serving.caller.get("/api/accounts").await.json();
    let listed = listed["accounts"].as_array().expect("accounts");
    let good = |account: &&Value| account["state"]["kind"] == "ready" && account["last_error"].is_null();
    assert_eq!(listed.iter().filter(good).count(), ACCOUNTS + 1, "{what}: with the Sandbox");
    assert_eq!(serving.caller.served_by(what).await, format!("account-{}", ACCOUNTS - 1), "{what}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_keychain_in_trouble_locks_and_loses_nothing() {
    let emulator = Emulator::start(emulator::Config::default()).expect("emulator");
    let session = Session::begin();
    let machine = Machine::new()
        .with("SWITCHBOARD_KEYCHAIN", "system")
        .with("DBUS_SESSION_BUS_ADDRESS", session.address.as_str());
    let mut keychain = session.keychain("person", Some(PASSWORD)).await;
    let serving = machine.serve().await;
    assert_eq!(door(&serving).await, json!({"kind": "open", "by": "keychain"}));
    for number in 0..ACCOUNTS {
        let body = account(&format!("account-{number}"), &emulator, &AccessKey::sandbox());
        if number + 1 < ACCOUNTS {
            assert_eq!(serving.caller.post("/api/accounts", &body).await.status, 201);
        } else {
            serving.caller.use_account(&body).await;
        }
    }
    opens(&serving, "at first").await;
    let key = serving.caller.key.clone();
    serving.terminate().await;
    let before = sealed(&machine);
    assert_eq!((before.len(), session.keys()), (ACCOUNTS + 1, 1));
    let status: Value =
        serde_json::from_str(&machine.run(&["secrets", "status", "--json"]).await.good()).expect("JSON");
    let slots: Vec<_> = status["slots"].as_array().expect("slots").iter().map(|slot| &slot["slot"]).collect();
    assert_eq!(slots, ["keychain"], "{status}");
    let found = session.secret_tool(&["search", "--all", "service", "Switchboard"], "");
    let told = [found.stdout, found.stderr].concat();
    let told = String::from_utf8_lossy(&told).into_owned();
    let name =
        told.lines().find_map(|line| line.strip_prefix("attribute.username = ")).expect("a name").to_owned();
    drop(keychain);
    copied(&session.files("person"), &session.files("kept"));

    for (what, troubles) in [
        ("nobody on the bus", &["unavailable"][..]),
        ("empty", &["missing"][..]),
        ("locked", &["refused", "waits", "unavailable"][..]),
        ("another key", &["wrong_key"][..]),
    ] {
        let other = match what {
            "empty" => Some(session.keychain("stranger", Some(PASSWORD)).await),
            "locked" => Some(session.keychain("person", None).await),
            "another key" => {
                let keychain = session.keychain("person", Some(PASSWORD)).await;
                let attributes = ["service", "Switchboard", "username", &name];
                let store = [&["store", "--label=Switchboard"][..], &attributes].concat();
                let stored = session.secret_tool(&store, &"5a".repeat(32));
                assert!(stored.status.success(), "{stored:?}");
                Some(keychain)
            }
            _ => None,
        };
        let serving = with_key(machine.serve().await, &key);
        let door = door(&serving).await;
        assert_eq!(door["kind"], "locked", "{what}: {door}");
        assert_eq!(door["slots"].as_array().map(Vec::len), Some(1), "{what}: {door}");
        assert_eq!(door["slots"][0]["slot"], "keychain", "{what}: {door}");
        let trouble = door["slots"][0]["trouble"].as_str().expect("a word");
        assert!(troubles.contains(&trouble), "{what}: {door}");
        all_refused(&serving).await;
        let listed = serving.caller.get("/api/accounts").await.json();
        assert_eq!(listed["accounts"].as_array().map(Vec::len), Some(ACCOUNTS), "{what}");
        if what == "empty" {
            assert_eq!(session.keys(), 0, "no new key is made");
        }
        // The fix, while it runs.
        drop(other);
        copied(&session.files("kept"), &session.files("person"));
        keychain = session.keychain("person", Some(PASSWORD)).await;
        opens(&serving, what).await;
        assert_eq!(session.keys(), 1, "{what}: no new key is made");
        serving.terminate().await;
        assert_eq!(sealed(&machine), before, "{what}");
        drop(keychain);
    }
    assert!(!machine.home().join(".config/switchboard/keys").exists(), "no key file instead");
}
