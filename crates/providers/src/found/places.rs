//! Where other programs keep things, told by the environment.

use std::path::PathBuf;

use serde_json::Value;

use super::FoundKind;

/// The folders and files of one person.
#[derive(Clone, Debug)]
pub struct Places {
    pub home: PathBuf,
    /// `~/.local/share`, `~/Library/Application Support`, `%LOCALAPPDATA%`.
    pub local_data: PathBuf,
    /// `~/.config`, `~/Library/Application Support`, `%APPDATA%`.
    pub settings: PathBuf,
    pub aws_config: PathBuf,
    pub aws_credentials: PathBuf,
    /// Credentials in variables.
    pub environment: Vec<Variables>,
}

/// A credential that variables of the environment hold.
#[derive(Clone, Debug)]
pub struct Variables {
    pub provider: &'static str,
    pub kind: FoundKind,
    pub name: String,
    pub names: Vec<&'static str>,
    /// The account that was made of it.
    pub account: Option<String>,
    /// What it becomes when the person takes it into use. It refers to the environment and holds no secret.
    pub credential: Option<Value>,
}

impl Places {
    /// The places of this system, by its variables. `None` when they do not say where home is.
    #[must_use]
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let path = |name: &str| get(name).filter(|path| !path.is_empty()).map(PathBuf::from);
        let home = path(if cfg!(windows) { "USERPROFILE" } else { "HOME" })?;
        let (local_data, settings) = if cfg!(windows) {
            (
                path("LOCALAPPDATA").unwrap_or_else(|| home.join("AppData").join("Local")),
                path("APPDATA").unwrap_or_else(|| home.join("AppData").join("Roaming")),
            )
        } else if cfg!(target_os = "macos") {
            let support = home.join("Library").join("Application Support");
            (support.clone(), support)
        } else {
            (
                path("XDG_DATA_HOME").unwrap_or_else(|| home.join(".local").join("share")),
                path("XDG_CONFIG_HOME").unwrap_or_else(|| home.join(".config")),
            )
        };
        let aws = home.join(".aws");
        Some(Self {
            local_data,
            settings,
            aws_config: path("AWS_CONFIG_FILE").unwrap_or_else(|| aws.join("config")),
            aws_credentials: path("AWS_SHARED_CREDENTIALS_FILE").unwrap_or_else(|| aws.join("credentials")),
            home,
            environment: Vec::new(),
        })
    }

    /// Where AWS's tools, and Kiro's editor, keep the tokens of their sign-ins.
    pub(crate) fn sso_cache(&self) -> PathBuf {
        self.home.join(".aws").join("sso").join("cache")
    }
}
