//! Starting at login, verified: a system that says yes and does nothing is worse than one that says no.

use tauri::AppHandle;
use tauri_plugin_autostart::ManagerExt;

/// Whether we start at login; `wish` changes that first.
///
/// # Errors
/// In words for the person.
pub(crate) fn switch(app: &AppHandle, wish: Option<bool>) -> Result<bool, String> {
    let manager = app.autolaunch();
    match wish {
        Some(true) => manager.enable().map_err(|error| error.to_string())?,
        Some(false) => manager.disable().map_err(|error| error.to_string())?,
        None => {}
    }
    let on = manager.is_enabled().map_err(|error| error.to_string())?;
    if let Some(wish) = wish.filter(|wish| *wish != on) {
        let words =
            if wish { "did not take us into what starts at login" } else { "still starts us at login" };
        return Err(format!("The system {words}."));
    }
    #[cfg(target_os = "linux")]
    if wish == Some(true) {
        checked(app)?;
    }
    Ok(on)
}

/// The entry starts this very program. A path with a space in it is split by the desktop, so that nothing starts.
#[cfg(target_os = "linux")]
fn checked(app: &AppHandle) -> Result<(), String> {
    use tauri::Manager;

    let home = app.path().home_dir().map_err(|error| error.to_string())?;
    let entry = home.join(".config/autostart/switchboard.desktop");
    let text = std::fs::read_to_string(&entry).map_err(|error| format!("{}: {error}", entry.display()))?;
    let program =
        text.lines().find_map(|line| line.strip_prefix("Exec=")).and_then(|line| line.split(' ').next());
    let starts = program.is_some_and(|program| std::path::Path::new(program).is_file());
    if !starts {
        // Left as it is, it would look switched on.
        let _ = app.autolaunch().disable();
        return Err("This program lies in a folder with a space in its name, from where it cannot be started at login.".to_owned());
    }
    Ok(())
}
