//! Every kind of secret that the product knows, planted, used, made to fail, exported and backed up: found nowhere.

use emulator::{AccessKey, Config, Emulator, Fault, KiroAccount, KiroConfig, KiroKind};
use serde_json::{Value, json};

use super::scan::{Canary, tree};
use super::secrets::absent;
use super::{Caller, Machine, Serving, account, ask};
use crate::harness::Sent;

const BUILDER: &str = "builder-id";
const KEYED: &str = "api-key";

/// What is planted. What the product makes itself is added as it comes.
struct Planted(Vec<Canary>);

impl Planted {
    fn new() -> Self {
        let kinds = [
            "access key secret",
            "session token",
            "Bedrock API key",
            "Kiro refresh token",
            "Kiro API key",
            "client secret",
            "admin password",
            "wrong admin password",
            "passphrase",
            "wrong passphrase",
            "password of the network's proxy",
            "password of another proxy",
        ];
        Self(kinds.into_iter().map(Canary::new).collect())
    }

    fn of(&self, what: &str) -> &str {
        let found = self.0.iter().find(|canary| canary.what == what);
        &found.unwrap_or_else(|| panic!("no {what}")).word
    }

    fn add(&mut self, what: &'static str, word: impl Into<String>) {
        let word = word.into();
        assert!(word.len() >= 16, "{what}: {word:?} may be found by chance");
        self.0.push(Canary { what, word });
    }
}

fn own_key(planted: &Planted) -> AccessKey {
    let secret = format!("{}/+=", planted.of("access key secret"));
    AccessKey::new("AKIACANARY0000000000", secret).with_token(format!("{}/+=", planted.of("session token")))
}

fn emulator(planted: &Planted) -> Emulator {
    let builder = KiroAccount {
        secret: planted.of("Kiro refresh token").to_owned(),
        client_secret: planted.of("client secret").to_owned(),
        ..KiroAccount::new(KiroKind::BuilderId, BUILDER)
    };
    let keyed = KiroAccount {
        secret: format!("ksk_{}", planted.of("Kiro API key")),
        ..KiroAccount::new(KiroKind::ApiKey, KEYED)
    };
    let config = Config {
        record: true,
        access_keys: vec![own_key(planted)],
        bearer_keys: vec![planted.of("Bedrock API key").to_owned()],
        kiro: KiroConfig { accounts: vec![builder, keyed], ..KiroConfig::default() },
        ..Config::default()
    };
    Emulator::start(config).expect("emulator")
}

/// The accounts, each in its own way.
fn accounts(planted: &Planted, emulator: &Emulator) -> Vec<Value> {
    let kiro = |name: &str, credential: Value| {
        json!({"name": name, "provider": "amazon_q", "endpoint_url": emulator.url(), "policy_accepted": true,
               "credential": credential})
    };
    vec![
        account("own", emulator, &own_key(planted)),
        json!({"name": "keyed", "provider": "bedrock", "region": "us-east-1", "endpoint_url": emulator.url(),
               "credential": {"kind": "bedrock_api_key", "api_key": planted.of("Bedrock API key")}}),
        kiro(KEYED, json!({"kind": "kiro_api_key", "api_key": emulator.kiro().refresh_token(KEYED)})),
        kiro(
            BUILDER,
            json!({"kind": "oidc_refresh_token", "refresh_token": planted.of("Kiro refresh token"),
                   "client_id": format!("client-{BUILDER}"), "client_secret": planted.of("client secret")}),
        ),
    ]
}

/// Answers that may hold nothing.
struct Answers(Vec<(String, String)>);

impl Answers {
    async fn of(&mut self, caller: &Caller, method: &str, path: &str, body: Value) -> Value {
        let answer = caller.send(method, path, &body).await;
        self.0.push((format!("{method} {path}"), answer.text()));
        serde_json::from_str(&answer.text()).unwrap_or_default()
    }
}

/// Uses every account, lets every upstream fail in every way, and asks for all there is to see.
async fn use_it_all(serving: &Serving, planted: &mut Planted, emulator: &Emulator) -> Answers {
    let caller = &serving.caller;
    let mut answers = Answers(Vec::new());
    for body in accounts(planted, emulator) {
        let added = answers.of(caller, "POST", "/api/accounts", body).await;
        let id = added["id"].as_str().unwrap_or_else(|| panic!("{added}"));
        let activate = format!("/api/accounts/{id}/activate");
        answers.of(caller, "POST", &activate, json!({})).await;
        answers.of(caller, "POST", &format!("/api/accounts/{id}/test"), json!({})).await;
        for fault in [None, Some(Fault::Html), Some(Fault::CutAfter(200)), Some(Fault::Garbage(2))] {
            if let Some(fault) = fault {
                // It strikes the refresh first.
                emulator.kiro().expire(BUILDER);
                emulator.script().push(fault);
            }
            answers.of(caller, "POST", &activate, json!({})).await;
            for stream in [false, true] {
                let mut body = ask("hello");
                body["stream"] = json!(stream);
                answers.of(caller, "POST", "/v1/messages", body).await;
            }
            emulator.script().clear();
        }
    }
    planted.add("renewed refresh token", emulator.kiro().refresh_token(BUILDER));
    assert_ne!(emulator.kiro().refresh_token(BUILDER), planted.of("Kiro refresh token"), "it was renewed");
    let sent = emulator.journal().requests();
    let shown = |request: &emulator::Recorded| {
        let shown =
            request.headers.get("authorization")?.to_str().ok()?.strip_prefix("Bearer aoa")?.to_owned();
        Some(format!("aoa{shown}"))
    };
    let mut access: Vec<_> = sent.iter().filter_map(shown).collect();
    access.dedup();
    assert!(!access.is_empty(), "{:?}", sent.iter().map(Sent::text).collect::<Vec<_>>());
    access.into_iter().for_each(|token| planted.add("Kiro access token", token));

    let proxy = format!("http://somebody:{}@127.0.0.1:9", planted.of("password of another proxy"));
    answers.of(caller, "PUT", "/api/settings", json!({"upstream_proxy": proxy})).await;
    answers.of(caller, "PUT", "/api/settings", json!({"debug_log": true})).await;
    for word in ["wrong admin password", "admin password"] {
        answers.of(caller, "POST", "/api/session", json!({"password": planted.of(word)})).await;
    }
    for path in [
        "/api/accounts",
        "/api/status",
        "/api/settings",
        "/api/secrets",
        "/api/providers",
        "/api/models?refresh=true",
        "/api/logs?limit=1000",
        "/api/logs/stats",
        "/api/logs/export?format=csv",
        "/api/logs/export?format=json",
        "/api/diagnostics?test=true",
        "/api/diagnostics/bundle?download=1",
        "/api/backups",
        "/api/password",
        "/api/clients",
    ] {
        answers.of(caller, "GET", path, Value::Null).await;
    }
    answers.of(caller, "POST", "/api/backups", json!({"logs": true})).await;
    answers
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_of_any_kind_is_found_anywhere() {
    let mut planted = Planted::new();
    let emulator = emulator(&planted);
    let machine = Machine::new().with("SWITCHBOARD_LOG", "trace").with(
        "HTTPS_PROXY",
        format!("http://us:{}@127.0.0.1:9", planted.of("password of the network's proxy")),
    );
    let told = machine.run_with(&format!("{}\n", planted.of("admin password")), &["password", "set"]).await;
    let mut said = vec![told];
    let serving = machine.serve().await;
    planted.add("local key", serving.caller.key.clone());
    let token = serving.welcome.split_once("#token=").expect("an address").1;
    planted.add("one-time token", token.split_whitespace().next().expect("a token"));
    let answers = use_it_all(&serving, &mut planted, &emulator).await;

    // These two commands are there to show what they show, once.
    let recovery = machine.run(&["secrets", "recovery-key"]).await.good().trim().to_owned();
    planted.add("recovery key", recovery.clone());
    let window = machine.run(&["window"]).await.good();
    let token = window.split_once("#token=").expect("an address").1.trim().to_owned();
    let opened = serving.caller.post("/api/session", &json!({"token": token})).await;
    assert_eq!(opened.status, 200, "{}", opened.text());
    planted.add("second one-time token", token);
    let passphrase = planted.of("passphrase").to_owned();
    said.push(machine.run_with(&passphrase, &["secrets", "protect", "passphrase"]).await);
    let file = machine.home().join("copy.db");
    said.push(machine.run(&["backup", file.to_str().expect("UTF-8")]).await);
    for command in
        [&["status"][..], &["accounts", "list"], &["secrets", "status"], &["backup", "--list"], &["doctor"]]
    {
        said.push(machine.run(command).await);
    }
    let welcome = serving.welcome.clone();
    let mut ended = serving.terminate().await;
    // The welcome shows local key and window.
    ended.stdout = ended.stdout.strip_prefix(&welcome).expect("the welcome comes first").to_owned();
    said.push(ended);

    // Locked, and opened in every way.
    let key = planted.of("local key").to_owned();
    for entered in [passphrase, recovery] {
        let mut serving = machine.serve().await;
        serving.caller = Caller::new(&serving.caller.url, &key);
        said.push(machine.run_with(planted.of("wrong passphrase"), &["secrets", "unlock"]).await);
        said.push(machine.run_with(&entered, &["secrets", "unlock"]).await);
        let listed = serving.caller.get("/api/secrets").await.json();
        assert_eq!(listed["door"]["kind"], "open", "{listed}");
        let mut ended = serving.terminate().await;
        // Its welcome shows another token, which nobody used.
        ended.stdout.clear();
        said.push(ended);
    }

    let twelve = 12;
    assert!(planted.0.len() > twelve, "{}", planted.0.len());
    for (place, text) in &answers.0 {
        // The window shows what to paste into an editor: with the local key, which is all that it is for.
        let meant = |canary: &&Canary| place == "GET /api/clients" && canary.what == "local key";
        absent(planted.0.iter().filter(|canary| !meant(canary)), place, text.as_bytes());
    }
    for ended in &said {
        absent(&planted.0, "what a command said", format!("{}{}", ended.stdout, ended.stderr).as_bytes());
    }
    let files: Vec<_> = tree(machine.home()).into_iter().filter(|path| path.is_file()).collect();
    let has = |part: &str| files.iter().any(|path| path.to_string_lossy().contains(part));
    for part in ["core.db", "logs.db", "backups/manual-", "backups/logs-", "copy.db", "logs/switchboard.log"]
    {
        assert!(has(part), "{part} in {files:?}");
    }
    for path in files {
        absent(&planted.0, &path.display().to_string(), &std::fs::read(&path).expect("readable"));
    }
}
