//! What a Linux desktop needs before anything is drawn, and what it may lack.

use std::env;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use x11rb::protocol::xproto::ConnectionExt;

/// Turns off a way of drawing that shows white windows with some drivers.
const RENDERER: &str = "WEBKIT_DISABLE_DMABUF_RENDERER";

/// Makes sure there is a display, and starts the program anew where WebKit needs other variables: they are read when
/// the process starts.
///
/// # Errors
/// In words for the person.
pub(crate) fn prepare() -> Result<(), String> {
    let set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
    if !set("WAYLAND_DISPLAY") {
        if !set("DISPLAY") {
            return Err(
                "there is no display here; use `switchboard serve`, its window opens in a browser".to_owned()
            );
        }
        if let Err(error) = x11rb::connect(None) {
            return Err(format!(
                "the display {} does not answer ({error}); use `switchboard serve`, its window opens in a browser",
                env::var("DISPLAY").unwrap_or_default()
            ));
        }
    }
    if !set(RENDERER) && shows_white_windows() {
        let program = env::current_exe().map_err(|error| error.to_string())?;
        let error = Command::new(program).args(env::args_os().skip(1)).env(RENDERER, "1").exec();
        return Err(format!("cannot start anew: {error}"));
    }
    Ok(())
}

/// NVIDIA's own driver, and machines without a graphics device of their own.
fn shows_white_windows() -> bool {
    let renders = |name: &str| name.starts_with("renderD");
    let has_device = std::fs::read_dir("/dev/dri")
        .is_ok_and(|entries| entries.flatten().any(|entry| entry.file_name().to_str().is_some_and(renders)));
    Path::new("/sys/module/nvidia").exists() || !has_device
}

/// Whether something shows tray icons now: either kind of host.
pub(crate) fn has_tray_host() -> bool {
    has_notifier_watcher().unwrap_or(false) || has_system_tray().unwrap_or(false)
}

fn has_notifier_watcher() -> zbus::Result<bool> {
    let connection = zbus::blocking::Connection::session()?;
    let bus = zbus::blocking::fdo::DBusProxy::new(&connection)?;
    let name = zbus::names::BusName::try_from("org.kde.StatusNotifierWatcher")?;
    Ok(bus.name_has_owner(name)?)
}

/// The older kind, to which the tray library falls back.
fn has_system_tray() -> Result<bool, Box<dyn std::error::Error>> {
    let (connection, screen) = x11rb::connect(None)?;
    let name = format!("_NET_SYSTEM_TRAY_S{screen}");
    let atom = connection.intern_atom(false, name.as_bytes())?.reply()?.atom;
    let owner = connection.get_selection_owner(atom)?.reply()?.owner;
    Ok(owner != x11rb::NONE)
}
