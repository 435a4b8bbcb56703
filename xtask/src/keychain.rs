//! The keychain of a Linux desktop, which tests use on a bus of its own.

use anyhow::Result;

use crate::desktop::on_path;
use crate::shell::apt;

/// What it needs: a program, and its package.
const PROGRAMS: [(&str, &str); 4] = [
    ("gnome-keyring-daemon", "gnome-keyring"),
    ("secret-tool", "libsecret-tools"),
    ("dbus-daemon", "dbus-daemon"),
    ("dbus-send", "dbus-bin"),
];

/// Installs it where it is missing. Elsewhere those tests are not built.
///
/// # Errors
/// In plain words, when it can be installed by nobody here.
pub(crate) fn need_keychain() -> Result<()> {
    if !cfg!(target_os = "linux") {
        return Ok(());
    }
    let missing: Vec<&str> =
        PROGRAMS.iter().filter(|(program, _)| !on_path(program)).map(|(_, package)| *package).collect();
    if missing.is_empty() { Ok(()) } else { apt(&missing) }
}
