//! A file of another program: read whole, and replaced in one step where it really is.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::Error;

/// Longest configuration that is looked at, in bytes.
const LONGEST: u64 = 4 * 1024 * 1024;

/// Links that are followed.
const LINKS: usize = 16;

/// What stands in a place; `None` when there is no file.
pub(crate) fn read(path: &Path) -> Result<Option<String>, Error> {
    let io = |source| Error::Io { path: path.to_owned(), source };
    let length = match fs::metadata(path) {
        Ok(found) if found.is_file() => found.len(),
        Ok(_) => return Err(unreadable(path, "it is no file")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io(error)),
    };
    if length > LONGEST {
        return Err(unreadable(path, "it is larger than 4 MiB"));
    }
    let bytes = fs::read(path).map_err(io)?;
    String::from_utf8(bytes).map(Some).map_err(|_| unreadable(path, "it is not UTF-8"))
}

pub(crate) fn unreadable(path: &Path, what: &str) -> Error {
    Error::Unreadable { path: path.to_owned(), what: what.to_owned() }
}

/// Tells one state of a file from another: SHA-256 of its bytes, or that there is none.
pub(crate) fn fingerprint(text: Option<&str>) -> String {
    text.map_or_else(|| "none".to_owned(), |text| hex::encode(Sha256::digest(text.as_bytes())))
}

/// Whether it may be written.
pub(crate) fn check_writable(path: &Path) -> Result<(), Error> {
    match fs::metadata(target(path)) {
        Ok(found) if found.permissions().readonly() => Err(Error::ReadOnly { path: path.to_owned() }),
        _ => Ok(()),
    }
}

/// Replaces the content. The file keeps its permissions, a new one is for its owner alone; links stay links. Returns the
/// folders that had to be made, outermost first.
pub(crate) fn write(path: &Path, text: &str) -> Result<Vec<PathBuf>, Error> {
    let io = |source| Error::Io { path: path.to_owned(), source };
    check_writable(path)?;
    let place = target(path);
    let folder = place.parent().ok_or_else(|| unreadable(path, "it has no folder"))?;
    let made: Vec<_> = folder.ancestors().take_while(|folder| !folder.exists()).map(Path::to_owned).collect();
    fs::create_dir_all(folder).map_err(io)?;
    let mut fresh = tempfile::Builder::new().prefix(".switchboard-").tempfile_in(folder).map_err(io)?;
    fresh.write_all(text.as_bytes()).map_err(io)?;
    // Private from the start where it is new; else as it was.
    if let Ok(found) = fs::metadata(&place) {
        fresh.as_file().set_permissions(found.permissions()).map_err(io)?;
    }
    fresh.as_file().sync_all().map_err(io)?;
    fresh.persist(&place).map_err(|error| io(error.error))?;
    Ok(made.into_iter().rev().collect())
}

/// Removes the file, and `made` where nothing else came to be in them.
pub(crate) fn remove(path: &Path, made: &[PathBuf]) -> Result<(), Error> {
    match fs::remove_file(target(path)) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(source) => return Err(Error::Io { path: path.to_owned(), source }),
    }
    for folder in made.iter().rev() {
        if fs::remove_dir(folder).is_err() {
            break;
        }
    }
    Ok(())
}

/// Where a link leads in the end, also when nothing is there.
fn target(path: &Path) -> PathBuf {
    let mut place = path.to_owned();
    for _ in 0..LINKS {
        let Ok(next) = fs::read_link(&place) else { break };
        place = place.parent().map_or_else(|| next.clone(), |folder| folder.join(&next));
    }
    place
}
