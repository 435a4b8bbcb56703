//! What the providers may look at of other programs on this machine.

use std::io;
use std::path::Path;
use std::sync::Arc;

use providers::{Databases, Elsewhere};

use crate::config::Config;

/// The places that the environment tells of, and somebody who reads SQLite.
pub(crate) fn elsewhere(config: &Config) -> Elsewhere {
    Elsewhere { places: config.environment.places.clone().map(Arc::new), databases: Some(Arc::new(Sqlite)) }
}

/// Reads databases for the providers, which cannot.
#[derive(Debug)]
struct Sqlite;

impl Databases for Sqlite {
    fn texts(&self, file: &Path, table: &'static str, keys: &[&str]) -> io::Result<Vec<Option<String>>> {
        store::foreign_texts(file, table, keys).map_err(io::Error::other)
    }
}
