//! The real binary on a machine of its own: started, asked, stopped, killed.

mod backups;
mod caller;
#[cfg(unix)]
mod canaries;
mod clients;
mod commands;
mod damage;
mod ending;
mod environment;
mod found;
#[cfg(target_os = "linux")]
mod full;
mod keeping;
#[cfg(target_os = "linux")]
mod keychain;
mod kill;
mod kiro;
mod locked;
mod password;
mod profiles;
mod rotation;
mod scan;
mod secrets;
mod start;

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};

use tempfile::TempDir;
use tokio::sync::mpsc;

pub(crate) use self::caller::{Caller, account, ask};
use crate::harness::PATIENCE;

/// A person's machine: an empty home, and an environment without anything of ours.
pub(crate) struct Machine {
    home: TempDir,
    variables: Vec<(String, String)>,
}

impl Machine {
    pub(crate) fn new() -> Self {
        Self { home: tempfile::tempdir().expect("home"), variables: Vec::new() }
    }

    /// With one more environment variable.
    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.home.path().join("data")
    }

    /// `program` in this machine's environment.
    pub(crate) fn program(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("HOME", self.home()).env("SWITCHBOARD_DATA_DIR", self.data());
        // The keychain of whoever runs the tests is none of their business.
        command.env("SWITCHBOARD_KEYCHAIN", "off");
        for kept in ["PATH", "SystemRoot", "TEMP", "TMPDIR"] {
            if let Some(value) = std::env::var_os(kept) {
                command.env(kept, value);
            }
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs a command of the product to its end.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Ended {
        self.run_with("", arguments).await
    }

    /// Runs a command that reads `input`.
    pub(crate) async fn run_with(&self, input: &str, arguments: &[&str]) -> Ended {
        let mut command = self.program(env!("CARGO_BIN_EXE_switchboard"));
        command.args(arguments).stdin(Stdio::piped());
        let mut run = Run::spawn(command);
        let mut stdin = run.child.stdin.take().expect("stdin");
        // A command that reads nothing may be gone already.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        run.ended().await
    }

    /// Starts the proxy on a free port and waits until it listens.
    pub(crate) async fn serve(&self) -> Serving {
        self.serve_with(&[]).await
    }

    /// The same with further flags.
    pub(crate) async fn serve_with(&self, flags: &[&str]) -> Serving {
        let mut command = self.program(env!("CARGO_BIN_EXE_switchboard"));
        command.args(["serve", "--port", "0"]).args(flags);
        Serving::begin(command).await
    }
}

/// What a program said and how it ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    /// The output of a program that must have succeeded.
    pub(crate) fn good(self) -> String {
        assert!(self.status.success(), "{self:?}");
        self.stdout
    }

    /// What a program that must have failed complained about.
    pub(crate) fn bad(self) -> String {
        assert_eq!(self.status.code(), Some(1), "{self:?}");
        format!("{}{}", self.stdout, self.stderr)
    }
}

/// A program under way; dropping it kills it.
struct Run {
    child: Child,
    /// Its lines as they come; closed when it has ended.
    lines: mpsc::UnboundedReceiver<String>,
    stdout: Arc<Mutex<String>>,
    stderr: std::thread::JoinHandle<String>,
}

impl Run {
    fn spawn(mut command: Command) -> Self {
        let mut child = command.spawn().expect("spawn");
        let (sender, lines) = mpsc::unbounded_channel();
        let stdout = Arc::new(Mutex::new(String::new()));
        let said = Arc::clone(&stdout);
        let mut reader = BufReader::new(child.stdout.take().expect("stdout"));
        std::thread::spawn(move || {
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).unwrap_or(0) == 0 {
                    return;
                }
                said.lock().expect("not poisoned").push_str(&line);
                let _ = sender.send(line);
            }
        });
        let mut errors = child.stderr.take().expect("stderr");
        let stderr = std::thread::spawn(move || {
            let mut text = Vec::new();
            let _ = errors.read_to_end(&mut text);
            String::from_utf8_lossy(&text).into_owned()
        });
        Self { child, lines, stdout, stderr }
    }

    /// Waits for a line that contains `text`; `None` when the program ended without it.
    async fn line(&mut self, text: &str) -> Option<String> {
        let wanted = async {
            loop {
                match self.lines.recv().await {
                    Some(line) if line.contains(text) => return Some(line),
                    Some(_) => {}
                    None => return None,
                }
            }
        };
        tokio::time::timeout(PATIENCE, wanted).await.expect("a line in time")
    }

    async fn ended(mut self) -> Ended {
        let silence = async { while self.lines.recv().await.is_some() {} };
        if tokio::time::timeout(PATIENCE, silence).await.is_err() {
            let _ = self.child.kill();
            panic!("did not end: {}", self.stdout.lock().expect("not poisoned"));
        }
        let status = self.child.wait().expect("status");
        let stdout = self.stdout.lock().expect("not poisoned").clone();
        Ended { status, stdout, stderr: self.stderr.join().expect("stderr") }
    }
}

/// A listening proxy.
pub(crate) struct Serving {
    run: Option<Run>,
    /// Everything it printed up to the moment it listened.
    pub(crate) welcome: String,
    pub(crate) caller: Caller,
}

impl Serving {
    pub(crate) async fn begin(command: Command) -> Self {
        let mut run = Run::spawn(command);
        if run.line("/v1/completions -H").await.is_none() {
            panic!("did not start: {:?}", run.ended().await);
        }
        let welcome = run.stdout.lock().expect("not poisoned").clone();
        let field = |name: &str| {
            let line = welcome.lines().find_map(|line| line.trim().strip_prefix(name));
            line.unwrap_or_else(|| panic!("no {name} in {welcome}")).trim().to_owned()
        };
        let caller = Caller::new(&field("Anthropic base URL"), &field("Local key"));
        Self { run: Some(run), welcome, caller }
    }

    fn run(&mut self) -> &mut Run {
        self.run.as_mut().expect("running")
    }

    pub(crate) fn pid(&self) -> u32 {
        self.run.as_ref().expect("running").child.id()
    }

    /// Ends it as a crash or the out-of-memory killer would: at once, without a chance to write anything.
    pub(crate) async fn kill(mut self) -> Ended {
        self.run().child.kill().expect("kill");
        self.run.take().expect("running").ended().await
    }

    /// Ends it as a service manager would.
    #[cfg(unix)]
    pub(crate) async fn terminate(mut self) -> Ended {
        let told = Command::new("kill").args(["-TERM", &self.pid().to_string()]).status().expect("kill");
        assert!(told.success());
        self.run.take().expect("running").ended().await
    }

    #[cfg(not(unix))]
    pub(crate) async fn terminate(self) -> Ended {
        self.kill().await
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        if let Some(run) = &mut self.run {
            let _ = run.child.kill();
            let _ = run.child.wait();
        }
    }
}
