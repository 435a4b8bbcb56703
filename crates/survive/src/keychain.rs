//! A keychain of a machine's own: gnome-keyring in a private D-Bus session.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::checks::Checks;
use crate::machine::{Machine, Stage};
use crate::process::until;

const PASSWORD: &str = "the login password";

/// A bus that starts no program by itself: the usual one would start a keychain as soon as it is asked for.
const CONFIGURATION: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:tmpdir=/tmp</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#;

/// A bus, and on it a keychain or none.
pub(crate) struct Bus {
    home: PathBuf,
    address: String,
    daemon: Child,
    keyring: Option<Child>,
}

/// A machine whose person has a keychain, unlocked. `None` when this system has no programs for that: then none of `names`
/// can be tried.
pub(crate) async fn machine(
    stage: &Stage,
    names: &[&'static str],
    checks: &Checks,
) -> Result<Option<(Machine, Bus)>> {
    if let Some(program) = missing() {
        names.iter().for_each(|name| checks.untried(name, &format!("there is no {program}")));
        return Ok(None);
    }
    let machine = stage.machine()?;
    let mut bus = Bus::start(machine.home())?;
    bus.open(true).await?;
    let address = bus.address.clone();
    let machine = machine.with("SWITCHBOARD_KEYCHAIN", "system").with("DBUS_SESSION_BUS_ADDRESS", address);
    Ok(Some((machine, bus)))
}

fn missing() -> Option<&'static str> {
    ["dbus-daemon", "gnome-keyring-daemon", "secret-tool", "dbus-send"].into_iter().find(|program| {
        let found = Command::new("sh").args(["-c", &format!("command -v {program}")]).output();
        !found.is_ok_and(|found| found.status.success())
    })
}

impl Bus {
    /// A bus without a keychain, for who lives in `home`.
    pub(crate) fn start(home: &Path) -> Result<Self> {
        std::fs::create_dir_all(home.join("run"))?;
        let configuration = home.join("run/bus.conf");
        std::fs::write(&configuration, CONFIGURATION)?;
        let mut daemon = Command::new("dbus-daemon")
            .arg(format!("--config-file={}", configuration.display()))
            .args(["--nofork", "--print-address"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("dbus-daemon")?;
        let mut address = String::new();
        BufReader::new(daemon.stdout.take().context("stdout")?).read_line(&mut address)?;
        ensure!(!address.trim().is_empty(), "the bus tells no address");
        Ok(Self { home: home.to_owned(), address: address.trim().to_owned(), daemon, keyring: None })
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("HOME", &self.home).env("DBUS_SESSION_BUS_ADDRESS", &self.address);
        command.env("XDG_RUNTIME_DIR", self.home.join("run"));
        for own in ["XDG_DATA_HOME", "XDG_CONFIG_HOME", "GNOME_KEYRING_CONTROL", "DISPLAY", "WAYLAND_DISPLAY"]
        {
            command.env_remove(own);
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    /// Where the keychain keeps what it has.
    pub(crate) fn files(&self) -> PathBuf {
        self.home.join(".local/share/keyrings")
    }

    /// Starts the keychain: with its person signed in, or waiting for a password that nobody enters.
    pub(crate) async fn open(&mut self, signed_in: bool) -> Result<()> {
        let mut command = self.command("gnome-keyring-daemon");
        command.args(["--foreground", "--components=secrets"]).stdin(Stdio::piped());
        if signed_in {
            command.arg("--unlock");
        }
        let mut keyring = command.spawn().context("gnome-keyring-daemon")?;
        keyring.stdin.take().context("stdin")?.write_all(PASSWORD.as_bytes())?;
        self.keyring = Some(keyring);
        until("the keychain is on the bus", || self.is_there()).await
    }

    /// Ends the keychain; what it keeps stays.
    pub(crate) async fn close(&mut self) -> Result<()> {
        if let Some(mut keyring) = self.keyring.take() {
            keyring.kill()?;
            keyring.wait()?;
        }
        until("the keychain is gone from the bus", || !self.is_there()).await
    }

    fn is_there(&self) -> bool {
        let mut ask = self.command("dbus-send");
        ask.args(["--session", "--print-reply", "--dest=org.freedesktop.DBus", "/org/freedesktop/DBus"]);
        ask.args(["org.freedesktop.DBus.NameHasOwner", "string:org.freedesktop.secrets"])
            .stdout(Stdio::piped());
        let said = ask.output().map(|output| output.stdout).unwrap_or_default();
        String::from_utf8_lossy(&said).contains("boolean true")
    }

    /// The names of the items that are ours.
    pub(crate) fn items(&self) -> Result<Vec<String>> {
        let mut search = self.command("secret-tool");
        search
            .args(["search", "--all", "service", "Switchboard"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let found = search.output()?;
        // Attributes go to one of the two, secrets to the other.
        let said = [found.stdout, found.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        let name = |line: &str| line.strip_prefix("attribute.username = ").map(str::to_owned);
        Ok(said.lines().filter_map(name).collect())
    }

    /// Puts another secret where ours was.
    pub(crate) fn replace(&self, item: &str, secret: &str) -> Result<()> {
        let mut store = self.command("secret-tool");
        store.args(["store", "--label=Switchboard", "service", "Switchboard", "username", item]);
        let mut store = store.stdin(Stdio::piped()).spawn()?;
        store.stdin.take().context("stdin")?.write_all(secret.as_bytes())?;
        ensure!(store.wait()?.success(), "secret-tool store");
        Ok(())
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        for child in self.keyring.iter_mut().chain([&mut self.daemon]) {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
