//! The application: plugins, events, and what the core may ask of a desktop.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use anyhow::Result;
use arboard::Clipboard;
use gateway::{Capabilities, Notice, Shell, Theme};
use switchboard::Config;
use switchboard::tray::{Locale, Words};
use tauri::{AppHandle, Manager, RunEvent};

use crate::engine::{Engine, Order};
use crate::{autostart, failure, notification, tray, window};

/// What all parts of the shell share, as the application's state.
pub(crate) struct Desktop {
    pub(crate) engine: Engine,
    /// The data folder.
    pub(crate) folder: PathBuf,
    /// The core, once it runs.
    pub(crate) gateway: OnceLock<Arc<gateway::Gateway>>,
    pub(crate) tray: Mutex<tray::Slot>,
    /// Where the tray's icon is; `None` until that is known.
    pub(crate) tray_seen: OnceLock<bool>,
    /// On Linux what was copied is handed out by us for as long as this lives.
    clipboard: Mutex<Option<Clipboard>>,
    /// The person asked for the window before there was anything to show.
    pub(crate) window_wanted: AtomicBool,
    /// Why the core cannot start, in words for the person.
    pub(crate) failure: OnceLock<String>,
    /// One window at a time is made.
    pub(crate) opening: Mutex<()>,
    /// The core is about to end, and windows with it.
    pub(crate) ending: AtomicBool,
    /// Notes whose click is waited for.
    pub(crate) notes: AtomicUsize,
}

/// Runs until the person or the system ends it; the exit code.
pub(crate) fn run(config: Config, hidden: bool) -> Result<i32> {
    let (engine, start) = Engine::new();
    let folder = config.data_dir.clone();
    #[expect(
        clippy::disallowed_methods,
        reason = "tauri's macro ends the process where an icon cannot be read"
    )]
    let context = tauri::generate_context!();
    let app = tauri::Builder::default()
        // First: a second start must be noticed before anything is built.
        .plugin(single_instance(&folder))
        .plugin(tauri_plugin_autostart::Builder::new().app_name("switchboard").arg("--hidden").build())
        .plugin(tauri_plugin_window_state::Builder::new().with_state_flags(window::PLACE).build())
        .register_uri_scheme_protocol(failure::LABEL, |context, _| {
            let failure = context.app_handle().desktop().failure.get();
            failure::page(failure.map_or("", String::as_str))
        })
        .manage(Desktop {
            engine,
            folder,
            gateway: OnceLock::new(),
            tray: Mutex::default(),
            tray_seen: OnceLock::new(),
            clipboard: Mutex::new(None),
            window_wanted: AtomicBool::new(!hidden),
            failure: OnceLock::new(),
            opening: Mutex::default(),
            ending: AtomicBool::new(false),
            notes: AtomicUsize::new(0),
        })
        .build(context)?;
    start.run(config, app.handle().clone())?;
    Ok(app.run_return(on_event))
}

/// A second start raises the window of the first. Another data folder is another Switchboard.
fn single_instance(folder: &Path) -> tauri::plugin::TauriPlugin<tauri::Wry> {
    let raised = |app: &AppHandle, args: Vec<String>, _: String| {
        if !args.iter().any(|arg| arg == "--hidden") {
            window::open(app, None);
        }
    };
    let plugin = tauri_plugin_single_instance::Builder::new().callback(raised);
    let usual = Config::of_the_process(None, None).is_ok_and(|config| config.data_dir == folder);
    let usual = usual && std::env::var_os("SWITCHBOARD_DATA_DIR").is_none();
    if usual {
        plugin.build()
    } else {
        plugin.dbus_id(format!("dev.switchboard.desktop.d{:016x}", mark(folder))).build()
    }
}

/// Tells data folders apart (FNV-1a).
fn mark(folder: &Path) -> u64 {
    let bytes = folder.as_os_str().as_encoded_bytes();
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

fn on_event(app: &AppHandle, event: RunEvent) {
    match event {
        // The last window is gone, which is how we give memory back; only a code ends us.
        RunEvent::ExitRequested { code: None, api, .. } => api.prevent_exit(),
        // However we end, the core ends first: what is in memory must be written.
        RunEvent::Exit => {
            app.desktop().engine.finish();
            tray::remove(app);
        }
        #[cfg(target_os = "macos")]
        RunEvent::Reopen { .. } => window::open(app, None),
        _ => {}
    }
}

/// The state of the application, from wherever there is a handle.
pub(crate) trait DesktopExt {
    fn desktop(&self) -> &Desktop;
}

impl<M: Manager<tauri::Wry>> DesktopExt for M {
    fn desktop(&self) -> &Desktop {
        self.state::<Desktop>().inner()
    }
}

impl Desktop {
    /// The tray's texts in the person's language.
    pub(crate) fn words(&self) -> Words {
        let language = self.gateway.get().map(|gateway| gateway.settings.load().language);
        let system: Vec<String> = sys_locale::get_locales().collect();
        Words::new(Locale::choose(language.unwrap_or_default(), system.iter().map(String::as_str)))
    }

    /// The colours the person chose; `None` follows the system.
    pub(crate) fn chosen_theme(&self) -> Option<tauri::Theme> {
        match self.gateway.get()?.settings.load().theme {
            Theme::System => None,
            Theme::Light => Some(tauri::Theme::Light),
            Theme::Dark => Some(tauri::Theme::Dark),
        }
    }

    /// Puts a text on the clipboard.
    pub(crate) fn copy(&self, text: String) -> Result<(), arboard::Error> {
        let mut clipboard = self.clipboard.lock().unwrap_or_else(PoisonError::into_inner);
        let clipboard = match &mut *clipboard {
            Some(clipboard) => clipboard,
            empty => empty.insert(Clipboard::new()?),
        };
        clipboard.set_text(text)
    }
}

/// The core's way to the desktop.
pub(crate) struct DesktopShell {
    pub(crate) app: AppHandle,
}

impl Shell for DesktopShell {
    fn capabilities(&self) -> Capabilities {
        Capabilities { autostart: true, reveal: true, notify: true, quit: true }
    }

    fn autostart(&self, wish: Option<bool>) -> Result<bool, String> {
        let on = autostart::switch(&self.app, wish)?;
        if wish.is_some() {
            tray::mark_autostart(&self.app, on);
        }
        Ok(on)
    }

    fn reveal(&self, path: &Path) -> Result<(), String> {
        // Where file managers are asked differently, at least the folder opens.
        let folder = if path.is_dir() { path } else { path.parent().unwrap_or(path) };
        open::that_detached(folder).map_err(|error| error.to_string())
    }

    fn notify(&self, notice: &Notice) {
        notification::show(&self.app, &self.app.desktop().words().notice(notice));
    }

    fn quit(&self) {
        self.app.desktop().engine.send(Order::Quit);
    }

    fn tray(&self) -> Option<bool> {
        self.app.desktop().tray_seen.get().copied()
    }
}

impl fmt::Debug for DesktopShell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DesktopShell").finish_non_exhaustive()
    }
}

/// Takes the person's wish for a window, made before there was one to show.
pub(crate) fn take_wish(desktop: &Desktop) -> bool {
    desktop.window_wanted.swap(false, Ordering::Relaxed)
}
