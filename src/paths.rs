//! Where data lives: one folder a person, private to them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use etcetera::{BaseStrategy, choose_base_strategy};

/// The data folder: `given`, else the platform's place for application data (`~/.local/share/switchboard`,
/// `~/Library/Application Support/switchboard`, `%APPDATA%\switchboard`).
///
/// # Errors
/// When the system does not say where the home folder is.
pub(crate) fn data_dir(given: Option<&Path>) -> io::Result<PathBuf> {
    if let Some(dir) = given {
        return std::path::absolute(dir);
    }
    let base = choose_base_strategy()
        .map_err(|_| io::Error::other("the home folder is unknown; name a data folder with --data-dir"))?;
    Ok(base.data_dir().join("switchboard"))
}

/// The folder for configuration: `given`, else the platform's place (`~/.config/switchboard`, `%APPDATA%\\switchboard`).
///
/// # Errors
/// When the system does not say where the home folder is.
pub(crate) fn config_dir(given: Option<&Path>) -> io::Result<PathBuf> {
    if let Some(dir) = given {
        return std::path::absolute(dir);
    }
    let base = choose_base_strategy().map_err(|_| {
        io::Error::other("the home folder is unknown; name a configuration folder with --config-dir")
    })?;
    Ok(base.config_dir().join("switchboard"))
}

/// Makes the folder, readable by its owner alone whatever the umask says.
///
/// # Errors
/// Whatever the file system says.
pub(crate) fn make_private(dir: &Path) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mut permissions = fs::metadata(dir)?.permissions();
        if permissions.mode() & 0o777 != 0o700 {
            permissions.set_mode(0o700);
            fs::set_permissions(dir, permissions)?;
        }
    }
    Ok(())
}
