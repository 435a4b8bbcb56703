//! Folders and files only their owner may read, whatever the umask.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::Error;

/// What a damaged file is called beside the one in its place.
pub(crate) const DAMAGED: &str = "damaged";

/// Makes `folder` and its parents when missing, and closes it to others (mode 0700).
pub(crate) fn private_folder(folder: &Path) -> Result<(), Error> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(Error::files(folder))?;
    restrict(folder, 0o700).map_err(Error::files(folder))
}

/// Makes `file` empty with mode 0600 when missing, else closes it to others. True when it was made or was empty.
///
/// SQLite gives `-wal` and `-shm` the mode of the file they belong to, so this must come before it opens the file.
pub(crate) fn private_file(file: &Path) -> Result<bool, Error> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let fresh = match options.open(file) {
        Ok(_) => true,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            fs::metadata(file).map_err(Error::files(file))?.len() == 0
        }
        Err(error) => return Err(Error::files(file)(error)),
    };
    for part in [file.to_owned(), with_suffix(file, "-wal"), with_suffix(file, "-shm")] {
        match restrict(&part, 0o600) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(Error::files(part)(error)),
            _ => {}
        }
    }
    Ok(fresh)
}

#[cfg(unix)]
fn restrict(path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mut permissions = fs::metadata(path)?.permissions();
    if permissions.mode() & 0o777 == mode {
        return Ok(());
    }
    permissions.set_mode(mode);
    fs::set_permissions(path, permissions)
}

#[cfg(not(unix))]
fn restrict(_path: &Path, _mode: u32) -> io::Result<()> {
    // The profile folder's access list already keeps other people out.
    Ok(())
}

/// `core.db` and `-wal` make `core.db-wal`.
pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

/// Brings the file and the fact that it exists to the disk.
pub(crate) fn sync(file: &Path) -> io::Result<()> {
    // Windows flushes only through a handle that may write.
    OpenOptions::new().write(true).open(file)?.sync_all()?;
    match file.parent() {
        #[cfg(unix)]
        Some(folder) => fs::File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}

/// A name like `core.db.damaged-3` that is not taken; `why` is the word in it.
pub(crate) fn aside_name(file: &Path, why: &str) -> PathBuf {
    let mut number = 1;
    loop {
        let name = with_suffix(file, &format!(".{why}-{number}"));
        if !name.exists() {
            return name;
        }
        number += 1;
    }
}

/// Renames a database file with its `-wal` and `-shm`; the main file last, so that a crash in between leaves it to
/// be found damaged again.
pub(crate) fn move_aside(file: &Path, why: &str) -> Result<PathBuf, Error> {
    let aside = aside_name(file, why);
    for suffix in ["-wal", "-shm", ""] {
        match fs::rename(with_suffix(file, suffix), with_suffix(&aside, suffix)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(Error::files(file)(error)),
            _ => {}
        }
    }
    Ok(aside)
}

/// Overwrites a file, as far as the disk plays along, and removes it.
pub(crate) fn wipe(file: &Path) -> Result<(), Error> {
    let overwrite = || {
        let mut left = fs::metadata(file)?.len();
        let mut open = OpenOptions::new().write(true).open(file)?;
        let zeros = [0; 64 * 1024];
        while left > 0 {
            let piece = usize::try_from(left).unwrap_or(zeros.len()).min(zeros.len());
            io::Write::write_all(&mut open, &zeros[..piece])?;
            left -= piece as u64;
        }
        open.sync_all()
    };
    overwrite().map_err(Error::files(file))?;
    remove(file);
    Ok(())
}

/// Removes a database file with its `-wal` and `-shm`, as far as they are there.
pub(crate) fn remove(file: &Path) {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let part = with_suffix(file, suffix);
        if let Err(error) = fs::remove_file(&part)
            && error.kind() != ErrorKind::NotFound
        {
            tracing::warn!(path = %part.display(), %error, "cannot remove a file");
        }
    }
}
