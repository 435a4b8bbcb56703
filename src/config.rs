//! What the person or the environment decided before the start.

use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use llm::Secret;

use crate::environment::{self, Environment};
use crate::paths;

/// The port editors are pointed at unless someone says otherwise.
pub const DEFAULT_PORT: u16 = 4880;

/// How to start. Environment variables and flags are read once, at the rim, and end here.
#[derive(Clone, Debug)]
pub struct Config {
    pub data_dir: PathBuf,
    /// Where a key file of ours goes; not within the data folder.
    pub config_dir: PathBuf,
    /// Whether the system's keychain keeps the key of stored secrets.
    pub keychain: KeychainUse,
    /// `SWITCHBOARD_MASTER_KEY_FILE`: keeps the key of stored secrets instead.
    pub master_key_file: Option<PathBuf>,
    /// `None`: what the settings say, at first [`DEFAULT_PORT`]. 0 takes any free port.
    pub port: Option<u16>,
    /// `None`: what the settings say, at first `127.0.0.1` (and `::1` beside it).
    pub bind: Option<IpAddr>,
    /// The person said that other machines may reach the proxy, as the setting `allow_lan` does.
    pub allow_lan: bool,
    /// A listener of its own for window and admin API, on loopback; 0 takes any free port. `None`: they share the
    /// proxy's port.
    pub admin_port: Option<u16>,
    /// `SWITCHBOARD_LOCAL_KEY`: is good beside the stored local key while this process runs.
    pub local_key: Option<Secret>,
    /// The AWS and Kiro variables of the process.
    pub environment: Environment,
}

impl Config {
    /// What the variables of the process say, on `data_dir` and `config_dir` or else the platform's folders.
    ///
    /// # Errors
    /// When the system does not say where the home folder is, or a variable cannot be understood.
    pub fn of_the_process(data_dir: Option<&Path>, config_dir: Option<&Path>) -> io::Result<Self> {
        Ok(Self {
            data_dir: paths::data_dir(data_dir)?,
            config_dir: paths::config_dir(config_dir)?,
            keychain: KeychainUse::of_the_process()?,
            master_key_file: std::env::var_os("SWITCHBOARD_MASTER_KEY_FILE")
                .filter(|path| !path.is_empty())
                .map(Into::into),
            port: None,
            bind: None,
            allow_lan: false,
            admin_port: None,
            local_key: std::env::var("SWITCHBOARD_LOCAL_KEY")
                .ok()
                .filter(|key| !key.is_empty())
                .map(Secret::new),
            environment: environment::read(|name| std::env::var(name).ok()),
        })
    }
}

/// Whether there is a keychain to use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeychainUse {
    /// The system's, where it has one.
    #[default]
    System,
    /// `SWITCHBOARD_KEYCHAIN=off`: as if there were none.
    Off,
}

impl KeychainUse {
    /// `SWITCHBOARD_KEYCHAIN`. A word that we do not know must not end in a prompt that somebody wanted to avoid.
    fn of_the_process() -> io::Result<Self> {
        match std::env::var("SWITCHBOARD_KEYCHAIN").unwrap_or_default().as_str() {
            "" | "system" => Ok(Self::System),
            "off" => Ok(Self::Off),
            other => Err(io::Error::other(format!(
                "SWITCHBOARD_KEYCHAIN is {other:?}; it can be `system` or `off`"
            ))),
        }
    }
}
