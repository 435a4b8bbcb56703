//! Keys in files: ours in the configuration folder, and one that the person names.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::cipher::Bytes;
use crate::{Trouble, key};

/// Longer files are no key files.
const LONGEST: u64 = 4096;

/// Our file for the data key `kid`.
pub(crate) fn path(folder: &Path, kid: &str) -> PathBuf {
    folder.join(format!("{kid}.key"))
}

/// Writes our file, for its owner alone, and on the disk before this returns. Never replaces one.
pub(crate) fn write(file: &Path, own: &Bytes) -> Result<(), Trouble> {
    let folder = file.parent().ok_or(Trouble::Refused)?;
    let refused = |error: std::io::Error| {
        tracing::warn!(path = %file.display(), %error, "a key file cannot be written");
        Trouble::Refused
    };
    private_folder(folder).map_err(refused)?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut open = options.open(file).map_err(refused)?;
    let text = Zeroizing::new(format!("{}\n", Zeroizing::new(hex::encode(**own)).as_str()));
    open.write_all(text.as_bytes()).and_then(|()| open.sync_all()).map_err(refused)?;
    #[cfg(unix)]
    fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(refused)?;
    Ok(())
}

fn private_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// The key in a file.
pub(crate) fn read(file: &Path) -> Result<Bytes, Trouble> {
    let trouble = |error: std::io::Error| {
        tracing::warn!(path = %file.display(), %error, "a key file cannot be read");
        if error.kind() == ErrorKind::NotFound { Trouble::Missing } else { Trouble::Refused }
    };
    let about = fs::metadata(file).map_err(trouble)?;
    if about.len() > LONGEST {
        return Err(Trouble::Malformed);
    }
    let text = Zeroizing::new(fs::read(file).map_err(trouble)?);
    key::read(&text).ok_or(Trouble::Malformed)
}

/// Removes our file, its bytes overwritten first as far as the disk plays along.
pub(crate) fn remove(file: &Path) -> Result<(), Trouble> {
    let wipe = || {
        let length = fs::metadata(file)?.len();
        let mut open = OpenOptions::new().write(true).open(file)?;
        open.write_all(&vec![0; usize::try_from(length.min(LONGEST)).unwrap_or_default()])?;
        open.sync_all()?;
        fs::remove_file(file)
    };
    match wipe() {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            tracing::warn!(path = %file.display(), %error, "a key file cannot be removed");
            Err(Trouble::Refused)
        }
        _ => Ok(()),
    }
}
