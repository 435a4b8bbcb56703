//! A person's machine: an empty home, and an environment without anything of ours.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use emulator::{AccessKey, Config, Emulator, KiroAccount, KiroConfig, KiroKind};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::process::{Ended, Run, Serving};

/// Where cases are played: the binary under test, and what looks into its window.
pub(crate) struct Stage {
    program: PathBuf,
    window: Vec<PathBuf>,
}

impl Stage {
    pub(crate) const fn new(program: PathBuf, window: Vec<PathBuf>) -> Self {
        Self { program, window }
    }

    /// Node, and a script for it that prints what a window has at an address.
    pub(crate) fn window(&self) -> Option<(&Path, &Path)> {
        let [node, script] = &self.window[..] else { return None };
        Some((node, script))
    }

    pub(crate) fn machine(&self) -> Result<Machine> {
        let home = tempfile::tempdir().context("a home")?;
        Ok(Machine { program: self.program.clone(), home, variables: Vec::new() })
    }

    /// A machine with a running proxy, whose active account reaches an emulator.
    pub(crate) async fn house(&self) -> Result<House> {
        let emulator = emulator(KiroConfig::default())?;
        let machine = self.machine()?;
        let serving = machine.serve(&[]).await?;
        let id = serving.use_account(&bedrock("main", &emulator)).await?;
        Ok(House { emulator, machine, serving, id })
    }

    /// The same with a Kiro account, and an emulator that plays Kiro so.
    pub(crate) async fn kiro_house(&self, kiro: KiroConfig) -> Result<House> {
        let emulator = emulator(kiro)?;
        let machine = self.machine()?;
        let serving = machine.serve(&[]).await?;
        let id = serving.use_account(&social("social", &emulator)).await?;
        Ok(House { emulator, machine, serving, id })
    }
}

/// A running proxy and what is around it.
pub(crate) struct House {
    pub(crate) emulator: Emulator,
    pub(crate) machine: Machine,
    pub(crate) serving: Serving,
    /// Of the active account.
    pub(crate) id: String,
}

pub(crate) struct Machine {
    program: PathBuf,
    home: TempDir,
    variables: Vec<(String, String)>,
}

impl Machine {
    /// With one more environment variable.
    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.home().join("data")
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.env_clear().env("HOME", self.home()).env("SWITCHBOARD_DATA_DIR", self.data());
        // The keychain of whoever runs this is none of our business.
        command.env("SWITCHBOARD_KEYCHAIN", "off");
        for kept in ["PATH", "SystemRoot", "TEMP", "TMPDIR"] {
            if let Some(value) = std::env::var_os(kept) {
                command.env(kept, value);
            }
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value))).args(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs a command of the product to its end; it reads `input`.
    pub(crate) async fn run(&self, input: &str, arguments: &[&str]) -> Result<Ended> {
        Run::spawn(self.command(arguments), input)?.ended().await
    }

    /// Starts the proxy on a free port and waits until it listens.
    pub(crate) async fn serve(&self, flags: &[&str]) -> Result<Serving> {
        Serving::begin(self.command(&[&["serve", "--port", "0"][..], flags].concat())).await
    }
}

/// An emulator that keeps what it was sent.
pub(crate) fn emulator(kiro: KiroConfig) -> Result<Emulator> {
    Emulator::start(Config { record: true, kiro, ..Config::default() }).context("the emulator")
}

/// A Bedrock account that reaches the emulator.
pub(crate) fn bedrock(name: &str, emulator: &Emulator) -> Value {
    let key = AccessKey::sandbox();
    json!({
        "name": name, "provider": "bedrock", "region": "us-east-1", "endpoint_url": emulator.url(),
        "credential": {"kind": "access_key", "access_key_id": key.id, "secret_access_key": key.secret},
    })
}

/// A Kiro account that reaches the emulator, where `name` is known as one of the social kind.
pub(crate) fn social(name: &str, emulator: &Emulator) -> Value {
    json!({
        "name": name, "provider": "amazon_q", "endpoint_url": emulator.url(), "policy_accepted": true,
        "credential": {"kind": "kiro_social", "refresh_token": emulator.kiro().refresh_token(name)},
    })
}

/// An emulator's Kiro with so many accounts of the social kind, named by [`numbered`].
pub(crate) fn many_social(count: usize) -> KiroConfig {
    let accounts = (0..count).map(|number| KiroAccount::new(KiroKind::Social, numbered(number))).collect();
    KiroConfig { accounts, ..KiroConfig::default() }
}

pub(crate) fn numbered(number: usize) -> String {
    format!("account-{number}")
}
