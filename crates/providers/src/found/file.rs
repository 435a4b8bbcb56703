//! Files of other programs, read with care: what is there may have been put there by somebody else.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

/// Far more than a token or a list of profiles needs, in bytes.
const LONGEST: u64 = 1024 * 1024;

/// The content of a file; `None` when there is none. `root` is the folder that the person owns it through.
///
/// # Errors
/// As [`checked`], and when it is longer than 1 MiB.
pub(crate) fn read(path: &Path, root: &Path) -> io::Result<Option<Vec<u8>>> {
    let Some(real) = checked(path, root)? else { return Ok(None) };
    let mut content = Vec::new();
    File::open(real)?.take(LONGEST + 1).read_to_end(&mut content)?;
    if content.len() as u64 > LONGEST {
        return Err(io::Error::new(ErrorKind::FileTooLarge, "the file is longer than 1 MiB"));
    }
    Ok(Some(content))
}

/// Where a file really is; `None` when there is none. A link may lead elsewhere, but not to where everybody may write:
/// what stands there need not be the person's.
///
/// # Errors
/// When it is no file, or others may change it.
pub(crate) fn checked(path: &Path, root: &Path) -> io::Result<Option<PathBuf>> {
    let real = match fs::canonicalize(path) {
        Ok(real) => real,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    // A pipe would keep its reader waiting.
    if !fs::metadata(&real)?.is_file() {
        return Err(io::Error::new(ErrorKind::InvalidInput, "it is not a file"));
    }
    guard(&real, root)?;
    // Windows' own form of a real path is one that not every program understands.
    Ok(Some(if cfg!(windows) { path.to_owned() } else { real }))
}

/// Refuses a file that anybody may change, itself or through a folder on the way to it. The way to the person's own folder
/// is theirs to answer for.
#[cfg(unix)]
fn guard(real: &Path, root: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    const OTHERS_WRITE: u32 = 0o002;
    let root = fs::canonicalize(root).unwrap_or_else(|_| root.to_owned());
    let own = real.ancestors().take_while(|part| *part != root).count();
    let inside = real.starts_with(&root);
    let parts = real.ancestors().take(if inside { own } else { usize::MAX });
    for part in parts {
        if fs::metadata(part)?.permissions().mode() & OTHERS_WRITE != 0 {
            let words = "it is where every user of this machine may write";
            return Err(io::Error::new(ErrorKind::PermissionDenied, words));
        }
    }
    Ok(())
}

#[cfg(not(unix))]
fn guard(_: &Path, _: &Path) -> io::Result<()> {
    // The profile folder's access list already keeps other people out.
    Ok(())
}
