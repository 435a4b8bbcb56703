//! Notifications, each by what its system has for them. A click on one opens the window.

use std::sync::atomic::Ordering;
use std::thread;

use tauri::AppHandle;

use crate::desktop::DesktopExt;
use crate::window;

const TITLE: &str = "Switchboard";

/// Notes whose click is waited for at once.
const WAITED_FOR: usize = 8;

/// Shows a text outside the window. Never waits; a desktop without notifications is no failure.
pub(crate) fn show(app: &AppHandle, text: &str) {
    let (app, text) = (app.clone(), text.to_owned());
    let showing = move || {
        let waiting = &app.desktop().notes;
        // Desktops that keep notes for days would keep a thread for each.
        let patient = waiting.fetch_add(1, Ordering::Relaxed) < WAITED_FOR;
        match system::is_clicked(&app, &text, patient) {
            Ok(true) => window::open(&app, None),
            Ok(false) => {}
            Err(error) => tracing::info!(%error, "a notification could not be shown"),
        }
        waiting.fetch_sub(1, Ordering::Relaxed);
    };
    if let Err(error) = thread::Builder::new().name("notification".to_owned()).spawn(showing) {
        tracing::info!(%error, "a notification could not be shown");
    }
}

#[cfg(target_os = "linux")]
mod system {
    use std::collections::HashMap;

    use tauri::AppHandle;
    use zbus::blocking::{Connection, Proxy};
    use zbus::zvariant::Value;

    use super::TITLE;

    const NAME: &str = "org.freedesktop.Notifications";

    /// Shows `text`; waits until it is clicked or gone when `patient`.
    pub(super) fn is_clicked(_: &AppHandle, text: &str, patient: bool) -> zbus::Result<bool> {
        let connection = Connection::session()?;
        let server = Proxy::new(&connection, NAME, "/org/freedesktop/Notifications", NAME)?;
        // Before it is shown: a quick click is not to be missed.
        let signals = server.receive_all_signals()?;
        let able: Vec<String> = server.call("GetCapabilities", &())?;
        let text = if able.iter().any(|one| one == "body-markup") { escaped(text) } else { text.to_owned() };
        let hints = HashMap::from([("desktop-entry", Value::from("switchboard"))]);
        let actions: &[&str] = &["default", ""];
        let shown: u32 =
            server.call("Notify", &(TITLE, 0_u32, "switchboard", TITLE, text, actions, hints, -1_i32))?;
        if !patient {
            return Ok(false);
        }
        for signal in signals {
            let name = signal.header().member().map(ToString::to_string);
            match name.as_deref() {
                Some("ActionInvoked") => {
                    let (id, _): (u32, String) = signal.body().deserialize()?;
                    if id == shown {
                        return Ok(true);
                    }
                }
                Some("NotificationClosed") => {
                    let (id, _): (u32, u32) = signal.body().deserialize()?;
                    if id == shown {
                        return Ok(false);
                    }
                }
                _ => {}
            }
        }
        Ok(false)
    }

    fn escaped(text: &str) -> String {
        text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
    }

    #[cfg(test)]
    mod tests {
        #[test]
        fn names_are_no_markup() {
            assert_eq!(super::escaped("<b>R&D</b>"), "&lt;b&gt;R&amp;D&lt;/b&gt;");
        }
    }
}

#[cfg(windows)]
mod system {
    use std::path::Path;

    use tauri::AppHandle;
    use tauri_winrt_notification::Toast;

    use super::TITLE;
    use crate::window;

    /// Shows `text`; a click opens the window by itself, whenever it comes.
    pub(super) fn is_clicked(app: &AppHandle, text: &str, _: bool) -> tauri_winrt_notification::Result<bool> {
        let identifier = &app.config().identifier;
        // Only what was installed is known to the system by its name.
        let installed = std::env::current_exe().is_ok_and(|program| !is_built_here(&program));
        let opened = app.clone();
        Toast::new(if installed { identifier } else { Toast::POWERSHELL_APP_ID })
            .title(TITLE)
            .text1(text)
            .on_activated(move |_| {
                window::open(&opened, None);
                Ok(())
            })
            .show()?;
        Ok(false)
    }

    fn is_built_here(program: &Path) -> bool {
        program
            .parent()
            .is_some_and(|folder| folder.ends_with("target/debug") || folder.ends_with("target/release"))
    }
}

#[cfg(target_os = "macos")]
mod system {
    use std::time::Duration;

    use mac_usernotifications::{Error, Notification, block_on, check_bundle, request_auth};
    use tauri::AppHandle;

    use super::TITLE;

    /// After this nobody clicks it any more, and the system does not always say that it is gone.
    const GONE: Duration = Duration::from_secs(3600);

    /// Shows `text`; waits until it is clicked or gone when `patient`. Only a program in a bundle may.
    pub(super) fn is_clicked(_: &AppHandle, text: &str, patient: bool) -> Result<bool, Error> {
        check_bundle()?;
        block_on(async {
            if !request_auth().await? {
                return Ok(false);
            }
            let shown = Notification::new().title(TITLE).message(text).timeout(GONE).send().await?;
            Ok(patient && shown.response().await?.is_default_action())
        })
    }
}
