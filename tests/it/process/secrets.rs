//! Secrets and conversations stay where they belong, also when the log says all it can.

use std::path::Path;

use bytes::Bytes;
use emulator::{AccessKey, Config, Emulator, Fault};
use http_body_util::Full;
use hyper::Request;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

use super::caller::MODEL;
use super::scan::{Canary, tree};
use super::{Machine, Serving, account};

/// Everything nobody else may see.
struct Canaries {
    /// Are kept, but encrypted.
    stored: Vec<Canary>,
    /// Belong nowhere at all.
    passing: Vec<Canary>,
}

impl Canaries {
    fn new() -> Self {
        let stored = ["access key secret", "session token", "Bedrock API key", "replaced API key"];
        let passing = [
            "environment's secret key",
            "environment's session token",
            "environment's API key",
            "profile's secret key",
            "local key of the environment",
            "somebody else's key",
            "key in a query",
            "key in the wrong place",
            "prompt",
            "system prompt",
            "tool input",
            "tool result",
            "user id",
        ];
        Self {
            stored: stored.into_iter().map(Canary::new).collect(),
            passing: passing.into_iter().map(Canary::new).collect(),
        }
    }

    /// The canary word of `what`, in characters that every encoder has an opinion on.
    fn of(&self, what: &str) -> String {
        let all = self.stored.iter().chain(&self.passing);
        let found = all.into_iter().find(|canary| canary.what == what);
        format!("{}/+=\"%", found.unwrap_or_else(|| panic!("no {what}")).word)
    }

    fn all(&self) -> impl Iterator<Item = &Canary> {
        self.stored.iter().chain(&self.passing)
    }
}

/// Fails when one of `canaries` is in `bytes`.
pub(super) fn absent<'a>(canaries: impl IntoIterator<Item = &'a Canary>, place: &str, bytes: &[u8]) {
    for canary in canaries {
        if let Some(form) = canary.find(bytes) {
            let text = String::from_utf8_lossy(bytes);
            let at = text.find(&form).unwrap_or_default();
            let around: String = text[..at].chars().rev().take(300).collect();
            let around: String = around.chars().rev().collect();
            panic!("{} is in {place} after {around}", canary.what);
        }
    }
}

fn own_key(canaries: &Canaries) -> AccessKey {
    AccessKey::new("AKIASTORED0000000000", canaries.of("access key secret"))
        .with_token(canaries.of("session token"))
}

fn emulator(canaries: &Canaries) -> Emulator {
    let environment = AccessKey::new("ASIAENVIRONMENT00000", canaries.of("environment's secret key"))
        .with_token(canaries.of("environment's session token"));
    let profile = AccessKey::new("AKIAPROFILE000000000", canaries.of("profile's secret key"));
    let config = Config {
        access_keys: vec![own_key(canaries), environment, profile],
        bearer_keys: vec![
            canaries.of("Bedrock API key"),
            canaries.of("replaced API key"),
            canaries.of("environment's API key"),
        ],
        ..Config::default()
    };
    Emulator::start(config).expect("emulator")
}

fn machine(canaries: &Canaries, emulator: &Emulator) -> Machine {
    let machine = Machine::new();
    let folder = machine.home().join(".aws");
    std::fs::create_dir(&folder).expect("~/.aws");
    let credentials = format!(
        "[work]\nregion = us-east-1\naws_access_key_id = AKIAPROFILE000000000\naws_secret_access_key = {}\n",
        canaries.of("profile's secret key")
    );
    std::fs::write(folder.join("credentials"), credentials).expect("credentials");
    machine
        .with("SWITCHBOARD_LOG", "trace")
        .with("SWITCHBOARD_LOCAL_KEY", canaries.of("local key of the environment"))
        .with("AWS_ENDPOINT_URL", emulator.url())
        .with("AWS_ACCESS_KEY_ID", "ASIAENVIRONMENT00000")
        .with("AWS_SECRET_ACCESS_KEY", canaries.of("environment's secret key"))
        .with("AWS_SESSION_TOKEN", canaries.of("environment's session token"))
        .with("AWS_BEARER_TOKEN_BEDROCK", canaries.of("environment's API key"))
        .with("AWS_PROFILE", "work")
}

/// A conversation that is secret in all its parts.
fn conversation(canaries: &Canaries, stream: bool) -> Value {
    json!({
        "model": MODEL, "max_tokens": 64, "stream": stream,
        "system": canaries.of("system prompt"),
        "metadata": {"user_id": canaries.of("user id")},
        "tools": [{"name": "look", "input_schema": {"type": "object", "properties": {"at": {"type": "string"}}}}],
        "messages": [
            {"role": "user", "content": canaries.of("prompt")},
            {"role": "assistant", "content": [
                {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {"at": canaries.of("tool input")}},
            ]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "toolu_1", "content": canaries.of("tool result")},
            ]},
        ],
    })
}

/// Uses everything that has a secret; returns every answer of the admin API.
async fn use_it_all(serving: &Serving, canaries: &Canaries, emulator: &Emulator) -> Vec<String> {
    let caller = &serving.caller;
    let mut answers = Vec::new();
    let keyed = |key: &str| json!({"kind": "bedrock_api_key", "api_key": canaries.of(key)});
    let bearer = json!({
        "name": "keyed", "provider": "bedrock", "region": "us-east-1", "credential": keyed("Bedrock API key"),
    });
    let mut ids = Vec::new();
    for body in [account("own", emulator, &own_key(canaries)), bearer] {
        let added = caller.post("/api/accounts", &body).await;
        assert_eq!(added.status, 201, "{}", added.text());
        ids.push(added.json()["id"].as_str().expect("id").to_owned());
        answers.push(added.text());
    }
    let replaced = json!({"credential": keyed("replaced API key")});
    let patched = caller.send("PATCH", &format!("/api/accounts/{}", ids[1]), &replaced).await;
    assert_eq!(patched.status, 200, "{}", patched.text());
    answers.push(patched.text());

    let listed = caller.get("/api/accounts").await.json();
    let listed = listed["accounts"].as_array().expect("accounts");
    assert_eq!(listed.len(), 6, "{listed:?}");
    for id in listed.iter().filter_map(|account| account["id"].as_str()) {
        answers.push(caller.post(&format!("/api/accounts/{id}/activate"), &json!({})).await.text());
        answers.push(caller.post(&format!("/api/accounts/{id}/test"), &json!({})).await.text());
        for stream in [false, true] {
            let answer = caller.post("/v1/messages", &conversation(canaries, stream)).await;
            assert_eq!(answer.status, 200, "{}", answer.text());
            assert!(answer.text().contains("tool said: "), "{}", answer.text());
        }
    }
    // Failures talk more than successes do.
    for fault in [
        Fault::Refuse(emulator::Refusal::named("ThrottlingException").expect("known")),
        Fault::Refuse(emulator::Refusal::named("ExpiredTokenException").expect("known")),
        Fault::Html,
        Fault::CutAfter(300),
        Fault::Garbage(2),
    ] {
        // Chosen anew, so that no failure before keeps it from being asked.
        let chosen = caller.post(&format!("/api/accounts/{}/activate", ids[0]), &json!({})).await;
        assert_eq!(chosen.status, 200, "{}", chosen.text());
        emulator.script().push(fault);
        caller.post("/v1/messages", &conversation(canaries, true)).await;
        assert_eq!(emulator.script().pending(), 0, "the fault struck");
    }
    let mut broken = conversation(canaries, false);
    broken["messages"][0]["role"] = json!("robot");
    caller.post("/v1/messages", &broken).await;
    broken["messages"][0] = json!({"role": "user", "content": {"text": canaries.of("prompt")}});
    caller.post("/v1/messages", &broken).await;
    caller.post("/v1/chat/completions", &broken).await;
    broken["messages"] = json!(canaries.of("prompt"));
    caller.post("/v1/messages", &broken).await;
    caller.post("/v1/chat/completions", &broken).await;

    let misplaced = canaries.of("key in the wrong place");
    for credential in [
        json!(misplaced),
        json!({"kind": misplaced}),
        json!({"kind": "bedrock_api_key", "api_key": [misplaced]}),
        json!({"kind": "bedrock_api_key", "api_key": {"key": misplaced}}),
        json!({"kind": "bedrock_api_key", "key": misplaced}),
        json!({"kind": "access_key", "access_key_id": "AKIA0", "secret_access_key": misplaced, "x": 1}),
        json!({"kind": "bedrock_api_key", "api_key": format!("line\nend {misplaced}")}),
    ] {
        let body =
            json!({"name": "odd", "provider": "bedrock", "region": "us-east-1", "credential": credential});
        let answer = caller.post("/api/accounts", &body).await;
        assert_eq!(answer.status.as_u16() / 100, 4, "{credential}: {}", answer.text());
        answers.push(answer.text());
    }
    let mut body = account("odd", emulator, &AccessKey::sandbox());
    body["endpoint_url"] = json!(format!("https://user:{misplaced}@example.com"));
    answers.push(caller.post("/api/accounts", &body).await.text());
    answers.push(caller.post("/api/accounts", &json!(misplaced)).await.text());

    foreign_keys(serving, canaries).await;
    // Each account twice, the faults, the broken ones, the foreign keys.
    caller.all_rows(2 * listed.len() + 5 + 5 + 3).await;
    for path in
        ["accounts", "providers", "settings", "status", "models", "logs?limit=1000", "logs/stats", "no"]
    {
        answers.push(caller.get(&format!("/api/{path}")).await.text());
    }
    answers
}

/// Clients that show keys which are none of ours, in every place for keys and in one that is not.
async fn foreign_keys(serving: &Serving, canaries: &Canaries) {
    let client = Client::builder(TokioExecutor::new()).build_http();
    let foreign = canaries.of("somebody else's key");
    let query = canaries.of("key in a query").replace(['"', '%'], "");
    for (header, value) in
        [("x-api-key", foreign.clone()), ("authorization", format!("Bearer {foreign}")), ("cookie", foreign)]
    {
        let request = Request::post(format!("{}/v1/messages?key={query}", serving.caller.url))
            .header("content-type", "application/json")
            .header(header, value)
            .body(Full::new(Bytes::from_static(b"{}")))
            .expect("request");
        let answer: hyper::Response<hyper::body::Incoming> =
            client.request(request).await.expect("an answer");
        assert_eq!(answer.status(), 401);
    }
}

/// Starts the proxy in a shell that would let everybody read everything.
#[cfg(unix)]
async fn serve_openly(machine: &Machine) -> Serving {
    let mut command = machine.program("sh");
    let binary = env!("CARGO_BIN_EXE_switchboard");
    command.args(["-c", "umask 000; exec \"$0\" serve --port 0", binary]);
    Serving::begin(command).await
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn secrets_appear_nowhere_and_files_are_private() {
    let canaries = Canaries::new();
    let emulator = emulator(&canaries);
    let machine = machine(&canaries, &emulator);
    let serving = serve_openly(&machine).await;
    let answers = use_it_all(&serving, &canaries, &emulator).await;
    for answer in &answers {
        absent(canaries.all(), "an answer of the admin API", answer.as_bytes());
    }
    let said = machine.run(&["accounts", "list"]).await;
    absent(canaries.all(), "a list", format!("{said:?}").as_bytes());
    // -wal and -shm are there only while it runs.
    private(&machine.data());

    let welcome = serving.welcome.clone();
    let ended = serving.terminate().await;
    // The welcome shows the local key: that is what it is for. Nothing else does.
    let rest = ended.stdout.strip_prefix(&welcome).expect("the welcome comes first");
    absent(canaries.all(), "stdout", rest.as_bytes());
    let shown = "local key of the environment";
    absent(canaries.all().filter(|canary| canary.what != shown), "the welcome", welcome.as_bytes());
    absent(canaries.all(), "stderr", ended.stderr.as_bytes());
    assert!(ended.stderr.contains("the account rests"), "the log says something: {}", ended.stderr);
    private(&machine.data());
    let mut logs = 0;
    for path in tree(&machine.data()).into_iter().filter(|path| path.is_file()) {
        let name = path.strip_prefix(machine.data()).expect("below").display().to_string();
        let bytes = std::fs::read(&path).expect("readable");
        absent(canaries.all(), &name, &bytes);
        logs += usize::from(name.starts_with("logs/switchboard.log") && !bytes.is_empty());
    }
    assert_eq!(logs, 1, "the log is written");
}

/// Folders are their owner's alone, and so are files.
#[cfg(unix)]
fn private(data: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let all = tree(data);
    for name in ["core.db", "logs.db", "app.lock", "app.json", "logs"] {
        assert!(all.contains(&data.join(name)), "{name} in {all:?}");
    }
    for path in all {
        let found = std::fs::metadata(&path).expect("metadata");
        let expected = if found.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(found.permissions().mode() & 0o777, expected, "{}", path.display());
    }
}
