//! `switchboard clients ...`, `run` and `statusline`, on a machine with a home of its own.

use std::fs;

use emulator::Emulator;
use serde_json::Value;

use super::Machine;

const SETTINGS: &str = "{\n  // mine\n  \"env\": {\"FOO\": \"bar\"},\n  \"model\": \"opus\"\n}\n";

fn put(machine: &Machine, file: &str, text: &str) {
    let path = machine.home().join(file);
    fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
    fs::write(path, text).expect("written");
}

fn text(machine: &Machine, file: &str) -> Option<String> {
    fs::read_to_string(machine.home().join(file)).ok()
}

async fn client(machine: &Machine, id: &str) -> Value {
    let list = machine.run(&["clients", "list", "--json"]).await.good();
    let list: Value = serde_json::from_str(&list).expect("JSON");
    let clients = list["clients"].as_array().expect("clients");
    clients.iter().find(|client| client["id"] == id).expect("the client").clone()
}

/// The journey from nothing to connected and back, whoever answers.
async fn there_and_back(machine: &Machine) {
    put(machine, ".claude/settings.json", SETTINGS);
    assert_eq!(client(machine, "claude_code").await["state"], "not_connected");
    assert_eq!(client(machine, "zed").await["state"], "not_found");
    let shown = machine.run(&["clients", "diff", "claude_code"]).await.good();
    assert!(
        shown.contains("~/.claude/settings.json")
            && shown.contains("\"FOO\": \"bar\", \"ANTHROPIC_BASE_URL\""),
        "{shown}"
    );
    assert_eq!(text(machine, ".claude/settings.json").as_deref(), Some(SETTINGS), "a look writes nothing");
    let refused = machine.run(&["clients", "connect", "claude_code"]).await.bad();
    assert!(refused.contains("--yes"), "{refused}");
    assert_eq!(text(machine, ".claude/settings.json").as_deref(), Some(SETTINGS));
    let keys = machine.run(&["keys", "list"]).await.good();
    assert!(!keys.contains("Claude Code"), "{keys}");

    let said = machine.run(&["clients", "connect", "claude_code", "--yes"]).await.good();
    assert!(said.contains("Claude Code is connected") && said.contains("sk-switchboard-••••"), "{said}");
    let written = text(machine, ".claude/settings.json").expect("written");
    let key = written.split("sk-switchboard-").nth(1).expect("a key").split('"').next().expect("its end");
    assert!(key.len() == 64 && !said.contains(key), "{said}");
    assert!(written.contains("// mine") && written.contains("\"FOO\": \"bar\""), "{written}");
    assert_eq!(client(machine, "claude_code").await["state"], "connected");
    assert!(machine.run(&["keys", "list"]).await.good().contains("Claude Code"));
    let again = machine.run(&["clients", "connect", "claude_code", "--yes"]).await.good();
    assert!(again.contains("Nothing would change."), "{again}");
    assert_eq!(text(machine, ".claude/settings.json"), Some(written));

    let said = machine.run(&["clients", "undo", "claude_code", "-y"]).await.good();
    assert!(said.contains("its local key is gone"), "{said}");
    assert_eq!(text(machine, ".claude/settings.json").as_deref(), Some(SETTINGS));
    assert!(!machine.run(&["keys", "list"]).await.good().contains("Claude Code"));
    let never = machine.run(&["clients", "undo", "claude_code", "-y"]).await.bad();
    assert!(never.contains("nothing to take back"), "{never}");
    let by_hand = machine.run(&["clients", "connect", "cursor", "-y"]).await.bad();
    assert!(by_hand.contains("follow its steps"), "{by_hand}");
    let unknown = machine.run(&["clients", "connect", "../claude", "-y"]).await.bad();
    assert!(unknown.contains("no such client"), "{unknown}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_is_connected_and_put_back() {
    let machine = Machine::new();
    there_and_back(&machine).await;
    let serving = machine.serve().await;
    there_and_back(&machine).await;

    // The person's key and the client's are two: what came with the client's own proves it.
    machine.run(&["clients", "connect", "claude_code", "--yes"]).await.good();
    serving.caller.served_by("hello").await;
    assert_eq!(client(&machine, "claude_code").await["proof"], Value::Null);
    serving.terminate().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_is_put_back_without_the_rest_of_the_program() {
    let machine = Machine::new();
    put(&machine, ".claude/settings.json", SETTINGS);
    put(&machine, ".codex/config.toml", "# mine\nmodel = \"gpt\"\n");
    for id in ["claude_code", "codex", "opencode"] {
        machine.run(&["clients", "connect", id, "--yes"]).await.good();
    }
    assert!(text(&machine, ".config/opencode/opencode.json").is_some());
    // Its database is gone, and nothing runs.
    for file in ["core.db", "core.db-wal", "core.db-shm"] {
        let _ = fs::remove_file(machine.data().join(file));
    }
    let said = machine.run(&["clients", "restore"]).await.good();
    assert_eq!(said.matches("is as it was").count(), 3, "{said}");
    assert!(!machine.data().join("core.db").exists(), "nothing else was touched");
    assert_eq!(text(&machine, ".claude/settings.json").as_deref(), Some(SETTINGS));
    assert_eq!(text(&machine, ".codex/config.toml").as_deref(), Some("# mine\nmodel = \"gpt\"\n"));
    assert_eq!(text(&machine, ".config/opencode/opencode.json"), None);
    let said = machine.run(&["clients", "restore"]).await.good();
    assert!(said.contains("No file was changed"), "{said}");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_is_started_with_what_it_needs_and_no_file() {
    use std::os::unix::fs::PermissionsExt;
    let machine = Machine::new();
    let claude = machine.home().join("claude");
    let script = "#!/bin/sh\necho \"$ANTHROPIC_BASE_URL $ANTHROPIC_AUTH_TOKEN [$ANTHROPIC_API_KEY] $*\"\n[ \"$1\" = die ] && kill -TERM $$\nexit 7\n";
    fs::write(&claude, script).expect("a program");
    fs::set_permissions(&claude, fs::Permissions::from_mode(0o755)).expect("set");
    let program = claude.display().to_string();
    let machine = machine.with("ANTHROPIC_API_KEY", "sk-ant-other");
    let stopped = machine.run(&["run", "--", &program]).await.bad();
    assert!(stopped.contains("does not run"), "{stopped}");

    let serving = machine.serve().await;
    let ended = machine.run(&["run", "--", &program, "-p", "hi there"]).await;
    assert_eq!(ended.status.code(), Some(7), "{ended:?}");
    let words: Vec<_> = ended.stdout.split_whitespace().collect();
    assert!(
        words[0].starts_with("http://127.0.0.1:") && words[1].starts_with("sk-switchboard-"),
        "{ended:?}"
    );
    assert_eq!(words[2..], ["[]", "-p", "hi", "there"]);
    assert!(!machine.home().join(".claude").exists());
    assert!(machine.run(&["keys", "list"]).await.good().contains("Claude Code"), "a key of its own");
    // The same key the second time.
    let again = machine.run(&["run", "--", &program, "die"]).await;
    assert!(again.stdout.contains(words[1]), "{again:?}");
    let signal = std::os::unix::process::ExitStatusExt::signal(&again.status);
    assert_eq!(signal, Some(15), "it ends as the client does: {again:?}");
    let missing = machine.run(&["run", "--", "no-such-program-here"]).await.bad();
    assert!(missing.contains("cannot start no-such-program-here"), "{missing}");
    serving.terminate().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_status_line_never_fails() {
    let emulator = Emulator::start(emulator::Config::default()).expect("emulator");
    let machine = Machine::new().with("AWS_ENDPOINT_URL", emulator.url());
    let session = r#"{"model": {"id": "m", "display_name": "Opus"}, "session_id": "1"}"#;
    let said = machine.run_with(session, &["statusline"]).await.good();
    assert_eq!(said, "Opus · Switchboard does not run\n");
    let serving = machine.serve().await;
    let said = machine.run_with(session, &["statusline"]).await.good();
    assert_eq!(said, "Opus · Sandbox · today $0.00\n");
    assert_eq!(machine.run_with("no JSON", &["statusline"]).await.good(), "Sandbox · today $0.00\n");
    machine.run(&["pause"]).await.good();
    assert_eq!(machine.run(&["statusline"]).await.good(), "Switchboard is paused\n");
    let other = Machine::new().with("SWITCHBOARD_KEYCHAIN", "nonsense");
    assert_eq!(other.run(&["statusline"]).await.good(), "Switchboard does not run\n");
    serving.terminate().await;
}
