//! Whose files: a home folder, and the variables that move what is in it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Every variable that is looked at.
pub const VARIABLES: &[&str] = &[
    "HOME",
    "USERPROFILE",
    "APPDATA",
    "LOCALAPPDATA",
    "XDG_CONFIG_HOME",
    "PATH",
    "CLAUDE_CONFIG_DIR",
    "CODEX_HOME",
    "OPENCODE_CONFIG",
    "CONTINUE_GLOBAL_DIR",
    "CRUSH_GLOBAL_CONFIG",
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum System {
    Linux,
    MacOs,
    Windows,
}

impl System {
    /// The one that this was built for.
    #[must_use]
    pub const fn own() -> Self {
        if cfg!(windows) {
            Self::Windows
        } else if cfg!(target_os = "macos") {
            Self::MacOs
        } else {
            Self::Linux
        }
    }
}

/// A person's machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    pub(crate) home: PathBuf,
    pub(crate) system: System,
    variables: BTreeMap<&'static str, String>,
}

impl Machine {
    /// The one whose variables `get` tells. `None` when they do not say where home is.
    #[must_use]
    pub fn read(system: System, get: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let told = |name: &&'static str| Some((*name, get(name).filter(|value| !value.is_empty())?));
        let variables: BTreeMap<_, _> = VARIABLES.iter().filter_map(told).collect();
        let home = if system == System::Windows { "USERPROFILE" } else { "HOME" };
        Some(Self { home: variables.get(home)?.into(), system, variables })
    }

    /// Another home that this machine sees: one of a Linux within Windows (`\\wsl.localhost\Ubuntu\home\me`), or of the
    /// Windows around a Linux (`/mnt/c/Users/me`). Its variables are not known.
    #[must_use]
    pub fn elsewhere(home: PathBuf) -> Self {
        let windows = home.join("AppData").is_dir();
        let system = if windows { System::Windows } else { System::Linux };
        Self { home, system, variables: BTreeMap::new() }
    }

    pub(crate) fn told(&self, name: &str) -> Option<PathBuf> {
        self.variables.get(name).map(PathBuf::from)
    }

    /// The folder that `variable` names, else one in the home folder.
    pub(crate) fn folder(&self, variable: &str, usual: &str) -> PathBuf {
        self.told(variable).unwrap_or_else(|| self.home.join(usual))
    }

    /// `~/.config`, or where the person has it. Tools that are made for every system have it on Windows, too.
    pub(crate) fn config(&self) -> PathBuf {
        self.folder("XDG_CONFIG_HOME", ".config")
    }

    /// Where programs with windows keep what the person set: `%APPDATA%`, `~/Library/Application Support`, `~/.config`.
    pub(crate) fn settings(&self) -> PathBuf {
        match self.system {
            System::Windows => self.folder("APPDATA", "AppData/Roaming"),
            System::MacOs => self.home.join("Library/Application Support"),
            System::Linux => self.config(),
        }
    }

    pub(crate) fn local_data(&self) -> PathBuf {
        self.folder("LOCALAPPDATA", "AppData/Local")
    }

    /// Where a program of this name is. A desktop starts its programs with a short `PATH`, so the usual folders count too.
    pub(crate) fn program(&self, name: &str) -> Option<PathBuf> {
        let path = self.variables.get("PATH").map(String::as_str).unwrap_or_default();
        let told = std::env::split_paths(path).filter(|folder| folder.is_absolute());
        let own =
            [".local/bin", ".npm-global/bin", ".bun/bin", ".opencode/bin", ".claude/local", ".cargo/bin"];
        let own = own.iter().map(|folder| self.home.join(folder));
        let shared = match self.system {
            System::Windows => vec![self.settings().join("npm")],
            System::MacOs => vec![PathBuf::from("/opt/homebrew/bin"), PathBuf::from("/usr/local/bin")],
            System::Linux => Vec::new(),
        };
        let endings: &[&str] = match self.system {
            System::Windows => &[".exe", ".cmd", ".bat"],
            System::MacOs | System::Linux => &[""],
        };
        let within = |folder: PathBuf| {
            endings
                .iter()
                .map(move |ending| folder.join(format!("{name}{ending}")))
                .find(|file| file.is_file())
        };
        told.chain(own).chain(shared).find_map(within)
    }

    /// A path as people write it.
    pub(crate) fn shown(&self, path: &Path) -> String {
        match path.strip_prefix(&self.home) {
            Ok(rest) if self.system != System::Windows => format!("~/{}", rest.display()),
            _ => path.display().to_string(),
        }
    }
}
