//! Secrets of every kind: planted, used, made to fail, exported, backed up, crashed with, shown in a window. Found nowhere.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use emulator::{AccessKey, Config, Emulator, Fault, KiroAccount, KiroConfig, KiroKind};
use serde_json::{Value, json};

use super::Case;
use crate::canary::{Canary, files, found};
use crate::checks::Checks;
use crate::machine::{Machine, Stage};
use crate::process::{Serving, message};

const USED: &str = "12 secrets of 12 kinds are planted, and every account answers with its own";
const HTTP: &str = "none is in an answer, whatever fails and whatever is asked for";
const SAID: &str =
    "none is in what the program and its commands say, at trace level, to the crash and after it";
const FILES: &str = "none is in a file: databases and their -wal, log, backups, encrypted export";
const WINDOW: &str = "none is in what a window shows, has in its fields or keeps";

pub(super) const CASE: Case = Case {
    id: "E1",
    fault: "12 canary secrets at trace level, a crash, failing upstreams, export",
    checks: &[USED, HTTP, SAID, FILES, WINDOW],
    run: |stage, checks| Box::pin(run(stage, checks)),
};

const BUILDER: &str = "builder-id";
const KEYED: &str = "api-key";
const KINDS: [&str; 12] = [
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

struct Planted(Vec<Canary>);

impl Planted {
    fn of(&self, what: &str) -> Result<&str> {
        let found = self.0.iter().find(|canary| canary.what == what);
        Ok(&found.with_context(|| format!("no {what}"))?.word)
    }

    fn own_key(&self) -> Result<AccessKey> {
        let nasty = |what| Ok::<_, anyhow::Error>(format!("{}/+=", self.of(what)?));
        Ok(AccessKey::new("AKIACANARY0000000000", nasty("access key secret")?)
            .with_token(nasty("session token")?))
    }

    fn emulator(&self) -> Result<Emulator> {
        let builder = KiroAccount {
            secret: self.of("Kiro refresh token")?.to_owned(),
            client_secret: self.of("client secret")?.to_owned(),
            ..KiroAccount::new(KiroKind::BuilderId, BUILDER)
        };
        let keyed = KiroAccount {
            secret: format!("ksk_{}", self.of("Kiro API key")?),
            ..KiroAccount::new(KiroKind::ApiKey, KEYED)
        };
        let config = Config {
            record: true,
            access_keys: vec![self.own_key()?],
            bearer_keys: vec![self.of("Bedrock API key")?.to_owned()],
            kiro: KiroConfig { accounts: vec![builder, keyed], ..KiroConfig::default() },
            ..Config::default()
        };
        Emulator::start(config).context("the emulator")
    }

    fn accounts(&self, emulator: &Emulator) -> Result<Vec<Value>> {
        let bedrock = |name: &str, credential: Value| {
            json!({"name": name, "provider": "bedrock", "region": "us-east-1", "endpoint_url": emulator.url(),
                   "credential": credential})
        };
        let kiro = |name: &str, credential: Value| {
            json!({"name": name, "provider": "amazon_q", "endpoint_url": emulator.url(), "policy_accepted": true,
                   "credential": credential})
        };
        let own = self.own_key()?;
        Ok(vec![
            bedrock(
                "own",
                json!({"kind": "access_key", "access_key_id": own.id, "secret_access_key": own.secret,
                       "session_token": own.token}),
            ),
            bedrock("keyed", json!({"kind": "bedrock_api_key", "api_key": self.of("Bedrock API key")?})),
            kiro(KEYED, json!({"kind": "kiro_api_key", "api_key": emulator.kiro().refresh_token(KEYED)})),
            kiro(
                BUILDER,
                json!({"kind": "oidc_refresh_token", "refresh_token": self.of("Kiro refresh token")?,
                       "client_id": format!("client-{BUILDER}"), "client_secret": self.of("client secret")?}),
            ),
        ])
    }
}

/// Everything that came over HTTP: where from, and what.
#[derive(Default)]
struct Answers(Vec<(String, Vec<u8>)>);

impl Answers {
    async fn of(
        &mut self,
        serving: &Serving,
        method: &'static str,
        path: &str,
        body: &Value,
    ) -> Result<Value> {
        let question = serving.ask(method, path);
        let answer = serving.send(if method == "GET" { question } else { question.json(body) }).await?;
        let said = answer.json();
        self.0.push((format!("{method} {path}"), [answer.head.into_bytes(), answer.body].concat()));
        Ok(said)
    }
}

/// Uses every account and lets every upstream fail in every way.
async fn use_all(
    serving: &Serving,
    planted: &Planted,
    emulator: &Emulator,
    answers: &mut Answers,
    checks: &Checks,
) -> Result<()> {
    for account in planted.accounts(emulator)? {
        let added = answers.of(serving, "POST", "/api/accounts", &account).await?;
        let id = added["id"].as_str().with_context(|| format!("not added: {added}"))?;
        let activate = format!("/api/accounts/{id}/activate");
        answers.of(serving, "POST", &format!("/api/accounts/{id}/test"), &json!({})).await?;
        for fault in [None, Some(Fault::Html), Some(Fault::CutAfter(200)), Some(Fault::Garbage(2))] {
            answers.of(serving, "POST", &activate, &json!({})).await?;
            let whole = fault.is_none();
            if let Some(fault) = fault {
                // It strikes the refresh first.
                emulator.kiro().expire(BUILDER);
                emulator.script().push(fault);
            }
            for stream in [false, true] {
                let mut asked = message("hello");
                asked["stream"] = json!(stream);
                let said = answers.of(serving, "POST", "/v1/messages", &asked).await?;
                let name = &account["name"];
                checks.that(USED, !whole || stream || said["type"] == "message", format!("{name}: {said}"));
            }
            emulator.script().clear();
        }
    }
    Ok(())
}

/// Asks for all there is to see.
async fn look(serving: &Serving, planted: &Planted, answers: &mut Answers) -> Result<()> {
    let proxy = format!("http://somebody:{}@127.0.0.1:9", planted.of("password of another proxy")?);
    answers.of(serving, "PUT", "/api/settings", &json!({"upstream_proxy": proxy})).await?;
    answers.of(serving, "PUT", "/api/settings", &json!({"debug_log": true, "first_run_done": true})).await?;
    for word in ["wrong admin password", "admin password"] {
        answers.of(serving, "POST", "/api/session", &json!({"password": planted.of(word)?})).await?;
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
        "/api/clients",
        "/api/keys",
        "/metrics",
    ] {
        answers.of(serving, "GET", path, &Value::Null).await?;
    }
    answers.of(serving, "POST", "/api/backups", &json!({"logs": true})).await?;
    Ok(())
}

/// All that a window shows on its way through every screen.
fn window(stage: &Stage, url: &str) -> Result<Option<Vec<u8>>> {
    let Some((node, script)) = stage.window() else { return Ok(None) };
    let seen = Command::new(node).arg(script).arg(url).output()?;
    ensure!(seen.status.success(), "the window: {}", String::from_utf8_lossy(&seen.stderr));
    ensure!(String::from_utf8_lossy(&seen.stdout).contains("AKIA"), "the window shows the accounts");
    Ok(Some(seen.stdout))
}

fn in_files(machine: &Machine, planted: &Planted, checks: &Checks, parts: &[&str]) -> Result<()> {
    let all = files(machine.home())?;
    for part in parts {
        ensure!(all.iter().any(|path| path.to_string_lossy().contains(part)), "{part} in {all:?}");
    }
    for path in all {
        // A file of a moment may be gone by now.
        let Ok(bytes) = std::fs::read(&path) else { continue };
        let what = found(&planted.0, &bytes);
        checks.that(FILES, what.is_empty(), format!("{what:?} in {}", path.display()));
    }
    Ok(())
}

async fn run(stage: &Stage, checks: &Checks) -> Result<()> {
    let planted = Planted(KINDS.map(Canary::new).into());
    let emulator = planted.emulator()?;
    let proxy = format!("http://us:{}@127.0.0.1:9", planted.of("password of the network's proxy")?);
    let machine = stage.machine()?.with("SWITCHBOARD_LOG", "trace").with("HTTPS_PROXY", proxy);
    let mut said = Vec::new();
    said.push(machine.run(&format!("{}\n", planted.of("admin password")?), &["password", "set"]).await?);
    let serving = machine.serve(&[]).await?;
    let mut answers = Answers::default();
    use_all(&serving, &planted, &emulator, &mut answers, checks).await?;
    look(&serving, &planted, &mut answers).await?;

    let passphrase = planted.of("passphrase")?;
    let export = machine.home().join("export.age").display().to_string();
    let copy = machine.home().join("copy.db").display().to_string();
    said.push(machine.run(&format!("{passphrase}\n"), &["export", &export]).await?);
    said.push(machine.run(&format!("{passphrase}\n"), &["secrets", "protect", "passphrase"]).await?);
    let wrong = format!("{}\n", planted.of("wrong passphrase")?);
    said.push(machine.run(&wrong, &["secrets", "unlock"]).await?);
    for command in [
        &["backup", &copy][..],
        &["status"],
        &["accounts", "list"],
        &["secrets", "status"],
        &["backup", "--list"],
        &["doctor"],
    ] {
        said.push(machine.run("", command).await?);
    }
    let invited = serving.post("/api/session/invite", &json!({})).await?.json();
    match window(stage, invited["url"].as_str().context("an invitation")?)? {
        Some(seen) => {
            let what = found(&planted.0, &seen);
            checks.that(WINDOW, what.is_empty(), format!("{what:?}"));
        }
        None => checks.untried(WINDOW, "no browser was given"),
    }
    let parts = ["core.db", "core.db-wal", "logs.db", "backups/manual-", "backups/logs-", "copy.db"];
    in_files(&machine, &planted, checks, &[&parts[..], &["export.age", "logs/switchboard.log"]].concat())?;

    // Nothing from outside makes it panic; an abort is what a panic in a panic comes to.
    let told = Command::new("kill").args(["-ABRT", &serving.pid().to_string()]).status()?;
    ensure!(told.success(), "kill -ABRT");
    let key = serving.key.clone();
    said.push(serving.ended().await?);
    let mut locked = machine.serve(&[]).await?;
    locked.key = key;
    said.push(machine.run(&wrong, &["secrets", "unlock"]).await?);
    said.push(machine.run(&format!("{passphrase}\n"), &["secrets", "unlock"]).await?);
    let door = answers.of(&locked, "GET", "/api/secrets", &Value::Null).await?["door"].clone();
    said.push(locked.terminate().await?);
    ensure!(door["kind"] == "open", "unlocked again: {door}");
    in_files(&machine, &planted, checks, &parts[..1])?;

    for (place, bytes) in &answers.0 {
        let what = found(&planted.0, bytes);
        checks.that(HTTP, what.is_empty(), format!("{what:?} in {place}"));
    }
    for ended in &said {
        let what = found(&planted.0, ended.all().as_bytes());
        checks.that(SAID, what.is_empty(), format!("{what:?}"));
    }
    Ok(())
}
