//! The real binary as a process: what it says, how it ends, and a client of its own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::{Child, Command, ExitStatus};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::exchange::{Answer, Question};

/// Nothing that is waited for takes longer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// The model that cases ask for.
pub(crate) const MODEL: &str = "claude-sonnet-4-5";

/// What a program said and how it ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    pub(crate) fn all(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }
}

/// A program under way; dropping it kills it.
pub(crate) struct Run {
    child: Child,
    /// Its lines as they come; closed when it has ended.
    lines: mpsc::UnboundedReceiver<String>,
    stdout: Arc<Mutex<String>>,
    stderr: Option<std::thread::JoinHandle<String>>,
}

impl Run {
    pub(crate) fn spawn(mut command: Command, input: &str) -> Result<Self> {
        let mut child = command.spawn().with_context(|| format!("{:?}", command.get_program()))?;
        if let Some(mut stdin) = child.stdin.take() {
            // A command that reads nothing may be gone already.
            let _ = stdin.write_all(input.as_bytes());
        }
        let (sender, lines) = mpsc::unbounded_channel();
        let stdout = Arc::new(Mutex::new(String::new()));
        let said = Arc::clone(&stdout);
        let mut reader = BufReader::new(child.stdout.take().context("stdout")?);
        std::thread::spawn(move || {
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).unwrap_or(0) == 0 {
                    return;
                }
                said.lock().unwrap_or_else(PoisonError::into_inner).push_str(&line);
                let _ = sender.send(line);
            }
        });
        let mut errors = child.stderr.take().context("stderr")?;
        let stderr = std::thread::spawn(move || {
            let mut text = Vec::new();
            let _ = errors.read_to_end(&mut text);
            String::from_utf8_lossy(&text).into_owned()
        });
        Ok(Self { child, lines, stdout, stderr: Some(stderr) })
    }

    fn said(&self) -> String {
        self.stdout.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits for a line that contains `text`; `None` when the program ended without it.
    async fn line(&mut self, text: &str) -> Result<Option<String>> {
        let wanted = async {
            loop {
                match self.lines.recv().await {
                    Some(line) if line.contains(text) => return Some(line),
                    Some(_) => {}
                    None => return None,
                }
            }
        };
        tokio::time::timeout(PATIENCE, wanted).await.with_context(|| format!("waits for a line with {text}"))
    }

    pub(crate) async fn ended(mut self) -> Result<Ended> {
        let silence = async { while self.lines.recv().await.is_some() {} };
        tokio::time::timeout(PATIENCE, silence).await.context("the program does not end")?;
        let status = self.child.wait()?;
        let stderr = self.stderr.take().context("stderr")?;
        let stderr = stderr.join().map_err(|_| anyhow!("the reader of stderr"))?;
        Ok(Ended { status, stdout: self.said(), stderr })
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A listening proxy, and a client that has its key.
pub(crate) struct Serving {
    run: Run,
    /// Everything it printed up to the moment it listened.
    pub(crate) welcome: String,
    pub(crate) port: u16,
    pub(crate) key: String,
}

impl Serving {
    pub(crate) async fn begin(command: Command) -> Result<Self> {
        let mut run = Run::spawn(command, "")?;
        if run.line("/v1/completions -H").await?.is_none() {
            bail!("did not start: {:?}", run.ended().await?);
        }
        let welcome = run.said();
        let field = |name: &str| {
            let found = welcome.lines().find_map(|line| line.trim().strip_prefix(name));
            found.map(|text| text.trim().to_owned()).with_context(|| format!("no {name} in {welcome}"))
        };
        let url = field("Anthropic base URL")?;
        let port = url.rsplit_once(':').context("a port")?.1.parse()?;
        let key = field("Local key")?;
        Ok(Self { run, welcome, port, key })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.run.child.id()
    }

    pub(crate) fn address(&self) -> SocketAddr {
        SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), self.port)
    }

    /// The token of the address that it printed.
    pub(crate) fn token(&self) -> Result<String> {
        let (_, rest) = self.welcome.split_once("#token=").context("no address with a token")?;
        Ok(rest.split_whitespace().next().unwrap_or_default().to_owned())
    }

    /// Ends it as a crash would.
    pub(crate) async fn kill(mut self) -> Result<Ended> {
        self.run.child.kill()?;
        self.run.ended().await
    }

    /// Waits until it has ended by itself.
    pub(crate) async fn ended(self) -> Result<Ended> {
        self.run.ended().await
    }

    /// Ends it as a service manager would.
    pub(crate) async fn terminate(self) -> Result<Ended> {
        let told = Command::new("kill").args(["-TERM", &self.pid().to_string()]).status()?;
        anyhow::ensure!(told.success(), "kill -TERM");
        self.run.ended().await
    }

    /// A question with the local key.
    pub(crate) fn ask(&self, method: &'static str, path: &str) -> Question {
        Question::new(method, path).header("x-api-key", &self.key)
    }

    pub(crate) async fn send(&self, question: Question) -> Result<Answer> {
        question.send(self.address()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Answer> {
        self.send(self.ask("GET", path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Answer> {
        self.send(self.ask("POST", path).json(body)).await
    }

    /// A Messages request.
    pub(crate) async fn message(&self, text: &str) -> Result<Answer> {
        self.post("/v1/messages", &message(text)).await
    }

    /// Adds an account; its id.
    pub(crate) async fn add_account(&self, account: &Value) -> Result<String> {
        let added = self.post("/api/accounts", account).await?;
        anyhow::ensure!(added.status == 201, "the account was not added: {added:?}");
        added.json()["id"].as_str().map(str::to_owned).context("an id")
    }

    /// Adds an account and makes it the active one; its id.
    pub(crate) async fn use_account(&self, account: &Value) -> Result<String> {
        let id = self.add_account(account).await?;
        let used = self.post(&format!("/api/accounts/{id}/activate"), &json!({})).await?;
        anyhow::ensure!(used.status == 200, "the account was not activated: {used:?}");
        Ok(id)
    }

    /// All accounts as the window shows them.
    pub(crate) async fn accounts(&self) -> Result<Vec<Value>> {
        let mut all = self.get("/api/accounts").await?.json();
        match all["accounts"].take() {
            Value::Array(accounts) => Ok(accounts),
            _ => bail!("no accounts"),
        }
    }

    /// How one account is.
    pub(crate) async fn state(&self, id: &str) -> Result<Value> {
        let accounts = self.accounts().await?;
        let account = accounts.into_iter().find(|account| account["id"] == id).context("no such account")?;
        Ok(account["state"].clone())
    }
}

/// A Messages request that says `text`.
pub(crate) fn message(text: &str) -> Value {
    json!({"model": MODEL, "max_tokens": 64, "messages": [{"role": "user", "content": text}]})
}

/// Until something is so that nobody tells of.
pub(crate) async fn until(what: &str, so: impl Fn() -> bool) -> Result<()> {
    let wait = async {
        while !so() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.with_context(|| format!("waits until {what}"))
}
