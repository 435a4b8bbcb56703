//! What only a desktop can do, as the core sees it.

use std::fmt;
use std::path::Path;

use serde::Serialize;

/// The host that started us. The core asks for these things and knows nothing else of a desktop.
pub trait Shell: Send + Sync + fmt::Debug {
    /// Which of the others work here.
    fn capabilities(&self) -> Capabilities;

    /// Whether we start when the person signs in to the machine; `wish` changes that first and reports what the
    /// system made of it.
    ///
    /// # Errors
    /// In words for the person.
    fn autostart(&self, wish: Option<bool>) -> Result<bool, String>;

    /// Shows a file or folder of ours in the system's file manager.
    ///
    /// # Errors
    /// In words for the person.
    fn reveal(&self, path: &Path) -> Result<(), String>;

    /// Shows a notification, in the person's language. Not being able to is no failure of what it tells.
    fn notify(&self, notice: &Notice);

    /// Ends the program, as its menu would.
    fn quit(&self);

    /// Whether the person can see our icon in the tray; `None` for a host that has none.
    fn tray(&self) -> Option<bool> {
        None
    }
}

/// Something worth telling a person who looks elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Names the sentence in the window's dictionary.
    pub code: &'static str,
    /// What completes it.
    pub params: Vec<(&'static str, String)>,
    /// The sentence in English.
    pub message: String,
}

/// What a host can do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Capabilities {
    pub autostart: bool,
    pub reveal: bool,
    pub notify: bool,
    pub quit: bool,
}

/// A host without a desktop.
#[derive(Clone, Copy, Debug, Default)]
pub struct Headless;

impl Shell for Headless {
    fn capabilities(&self) -> Capabilities {
        Capabilities::default()
    }

    fn autostart(&self, _: Option<bool>) -> Result<bool, String> {
        Err("There is no desktop here. Let a service manager start `switchboard serve`.".to_owned())
    }

    fn reveal(&self, _: &Path) -> Result<(), String> {
        Err("There is no desktop here.".to_owned())
    }

    fn notify(&self, _: &Notice) {}

    fn quit(&self) {}
}
