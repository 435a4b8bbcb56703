//! Files of people, connected and put back.

mod files;
mod formats;
mod random;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use llm::Secret;
use tempfile::TempDir;

use crate::{Client, Connections, Error, Home, Machine, Model, System, Words, find};

pub(super) const ROOT: &str = "http://127.0.0.1:4880";
pub(super) const KEY: &str = "sk-switchboard-0123456789abcdef";

pub(super) struct Person {
    pub(super) home: TempDir,
    pub(super) connections: Connections,
}

pub(super) fn words() -> Words {
    let model = |name: &str| Model { name: name.to_owned(), context: 200_000, output: 32_000, images: true };
    Words {
        root: ROOT.to_owned(),
        key: Secret::new(KEY),
        models: vec![model("claude-sonnet-4-5"), model("claude-haiku-4-5")],
        is_named: false,
        now: "2026-11-22T00:00:00Z".to_owned(),
    }
}

impl Person {
    pub(super) fn new() -> Self {
        Self::with(&[])
    }

    pub(super) fn with(variables: &[(&str, &str)]) -> Self {
        let home = tempfile::tempdir().expect("home");
        let mut told: BTreeMap<String, String> = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.replace('~', &home.path().display().to_string())))
            .collect();
        told.insert("HOME".to_owned(), home.path().display().to_string());
        let machine = Machine::read(System::Linux, |name| told.get(name).cloned()).expect("a machine");
        let connections =
            Connections::new(machine, &home.path().join("data/clients")).at_root(home.path().join("system"));
        Self { home, connections }
    }

    pub(super) fn at(&self, file: &str) -> PathBuf {
        self.home.path().join(file)
    }

    pub(super) fn has(&self, file: &str, text: &str) {
        let path = self.at(file);
        fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        fs::write(path, text).expect("written");
    }

    pub(super) fn own(&self) -> Home {
        self.connections.home(None).expect("the own one")
    }

    pub(super) fn text(&self, file: &str) -> Option<String> {
        fs::read_to_string(self.at(file)).ok()
    }

    pub(super) fn connect(&self, id: &str) -> Result<String, Error> {
        self.connect_with(id, &words())
    }

    pub(super) fn connect_with(&self, id: &str, words: &Words) -> Result<String, Error> {
        let plan = self.connections.connect(client(id), &self.own(), words, 1)?;
        let (shown, fingerprint) = (plan.diff(), plan.fingerprint());
        self.connections.carry_out(plan, &fingerprint)?;
        Ok(shown)
    }

    pub(super) fn undo(&self, id: &str) -> Result<String, Error> {
        let plan = self.connections.undo(client(id), "")?;
        let (shown, fingerprint) = (plan.diff(), plan.fingerprint());
        self.connections.carry_out(plan, &fingerprint)?;
        Ok(shown)
    }

    pub(super) fn standing(&self, id: &str) -> crate::Standing {
        self.connections.look(client(id), &self.own(), ROOT).expect("a look").standing
    }
}

pub(super) fn client(id: &str) -> &'static Client {
    find(id).expect("a client")
}

/// Everything below a folder.
pub(super) fn tree(folder: &Path) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                found.insert(path.clone(), None);
                open.push(path);
            } else {
                let bytes = fs::read(&path).ok();
                found.insert(path, bytes);
            }
        }
    }
    found
}
