//! What is known of one client.

use std::path::PathBuf;

use llm::Secret;

use crate::change::Put;
use crate::format::Format;
use crate::machine::Machine;

/// Where the key goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyPlace {
    /// Into the file.
    File,
    /// The client keeps it in the system's keychain and asks the person.
    ByHand,
}

/// A client whose file we may write. All facts of one stand on its page in `book`.
#[derive(Debug)]
pub struct Client {
    pub id: &'static str,
    /// For people, and the name of its local key.
    pub name: &'static str,
    pub key: KeyPlace,
    /// Its programs.
    pub(crate) programs: &'static [&'static str],
    /// Where its configuration may be. The first that exists counts, else the first.
    pub(crate) files: fn(&Machine) -> Vec<PathBuf>,
    /// A file of an older format, which a new one would hide.
    pub(crate) older: Option<fn(&Machine) -> PathBuf>,
    /// Folders that only it makes.
    pub(crate) traces: fn(&Machine) -> Vec<PathBuf>,
    pub(crate) format: Format,
    /// What a new file begins as.
    pub(crate) blank: &'static str,
    /// A comment goes above the first new line that has this; `None` where comments are not understood.
    pub(crate) mark: Option<&'static str>,
    pub(crate) puts: fn(&Words) -> Vec<Put>,
}

impl Client {
    /// Its configuration, which need not exist.
    #[must_use]
    pub fn file(&self, machine: &Machine) -> PathBuf {
        let mut files = (self.files)(machine);
        let there = files.iter().position(|file| file.exists()).unwrap_or(0);
        if files.is_empty() { machine.home.clone() } else { files.swap_remove(there) }
    }

    /// Whether it is on this machine.
    #[must_use]
    pub fn is_found(&self, machine: &Machine) -> bool {
        self.programs.iter().any(|name| machine.program(name).is_some())
            || (self.traces)(machine).iter().any(|trace| trace.exists())
    }

    /// The comment above what is ours.
    pub(crate) fn comment(&self) -> String {
        let sign = match self.format {
            Format::Json => "//",
            Format::Toml | Format::Yaml => "#",
        };
        format!("{sign} Switchboard; take back with: switchboard clients undo {}", self.id)
    }
}

/// A model for a client to list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    pub name: String,
    /// Context window in tokens.
    pub context: u32,
    /// Longest answer in tokens.
    pub output: u32,
    pub images: bool,
}

/// What a configuration needs.
#[derive(Clone, Debug)]
pub struct Words {
    /// Base URL without `/v1`.
    pub root: String,
    pub key: Secret,
    /// The first is the one to ask unless the person says otherwise. Never empty.
    pub models: Vec<Model>,
    /// The person named the model to ask. Otherwise a client that knows one by itself keeps it.
    pub is_named: bool,
    /// RFC 3339, of now.
    pub now: String,
}

impl Words {
    /// The model to ask.
    #[must_use]
    pub fn model(&self) -> &str {
        self.models.first().map_or("claude-sonnet-4-5", |model| &model.name)
    }

    pub(crate) fn v1(&self) -> String {
        format!("{}/v1", self.root)
    }
}
