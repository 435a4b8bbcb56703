//! The tray's icon and its menu, as the core says that they are.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::PoisonError;

use switchboard::tray::{Action, Choice, Copied, Locale, Menu, Mood, Place, Words};
use tauri::image::Image;
use tauri::menu::{CheckMenuItem, MenuItem, PredefinedMenuItem, Submenu};
use tauri::tray::{MouseButton, MouseButtonState, TrayIcon, TrayIconBuilder, TrayIconEvent};
use tauri::{AppHandle, Wry};

use crate::desktop::DesktopExt;
use crate::engine::Order;
use crate::{autostart, notification, window};

/// What is drawn.
#[derive(Default)]
pub(crate) struct Slot {
    icon: Option<TrayIcon>,
    drawn: Option<Drawn>,
    /// What the menu says, or will say once there is an icon.
    menu: Option<Menu>,
    /// What the icon shows.
    face: Option<(Mood, bool)>,
    /// Dark icons for a light taskbar.
    light: bool,
}

/// A menu and its lines, so that they can change while it is open.
struct Drawn {
    root: tauri::menu::Menu<Wry>,
    says: Menu,
    locale: Locale,
    status: MenuItem<Wry>,
    today: MenuItem<Wry>,
    automatic: CheckMenuItem<Wry>,
    accounts: Vec<CheckMenuItem<Wry>>,
    pause: MenuItem<Wry>,
    autostart: CheckMenuItem<Wry>,
}

/// Puts the icon into the tray, waiting for a tray where it may start later than we do.
pub(crate) fn begin(app: &AppHandle) {
    #[cfg(not(target_os = "linux"))]
    create(app, true);
    #[cfg(target_os = "linux")]
    {
        let app = app.clone();
        if let Err(error) = std::thread::Builder::new().name("tray".to_owned()).spawn(move || wait(&app)) {
            tracing::error!(%error, "there is no tray icon");
        }
    }
}

/// Tries for half a minute. Without a tray the window opens and says so; the icon is made nevertheless, because the
/// library shows it as soon as there is a place for it.
#[cfg(target_os = "linux")]
fn wait(app: &AppHandle) {
    // Nothing is ever sent: this is a pause between two looks.
    let (_keep, pause) = std::sync::mpsc::channel::<()>();
    for _ in 0..30 {
        if crate::linux::has_tray_host() {
            return create(app, true);
        }
        let _ = pause.recv_timeout(std::time::Duration::from_secs(1));
    }
    create(app, false);
    notification::show(app, &app.desktop().words().say("tray.missing", &[]));
    window::open(app, Place::Diagnostics.route());
}

fn create(app: &AppHandle, seen: bool) {
    let handle = app.clone();
    let creating = move || {
        // The library that draws the icon is loaded when first used and panics when it is not there.
        let built = catch_unwind(AssertUnwindSafe(|| build(&handle)));
        let built =
            built.unwrap_or_else(|_| Err(tauri::Error::Anyhow(anyhow::anyhow!("its library is missing"))));
        let made = built.is_ok();
        if let Err(error) = built {
            tracing::error!(%error, "there is no tray icon");
        }
        let _ = handle.desktop().tray_seen.set(seen && made);
    };
    if let Err(error) = app.run_on_main_thread(creating) {
        tracing::error!(%error, "there is no tray icon");
    }
}

fn build(app: &AppHandle) -> tauri::Result<()> {
    let mut slot = app.desktop().tray.lock().unwrap_or_else(PoisonError::into_inner);
    let words = app.desktop().words();
    let says = slot
        .menu
        .clone()
        .unwrap_or_else(|| Menu { status: words.say("tray.starting", &[]), ..Menu::stopped("", &words) });
    let drawn = Drawn::new(app, says, &words)?;
    let icon = TrayIconBuilder::with_id("switchboard")
        .tooltip("Switchboard")
        .icon(image(drawn.says.mood, slot.light))
        .icon_as_template(cfg!(target_os = "macos"))
        .menu(&drawn.root)
        .show_menu_on_left_click(!cfg!(windows))
        .on_menu_event(|app, event| clicked(app, event.id().as_ref()))
        .on_tray_icon_event(|icon, event| {
            let left = matches!(
                event,
                TrayIconEvent::Click { button: MouseButton::Left, button_state: MouseButtonState::Up, .. }
            );
            if left && cfg!(windows) {
                window::open(icon.app_handle(), None);
            }
        })
        .build(app)?;
    slot.icon = Some(icon);
    slot.drawn = Some(drawn);
    Ok(())
}

/// Shows what `menu` says.
pub(crate) fn show(app: &AppHandle, menu: Menu) {
    let handle = app.clone();
    let showing = move || {
        let mut slot = handle.desktop().tray.lock().unwrap_or_else(PoisonError::into_inner);
        slot.menu = Some(menu.clone());
        if let Err(error) = slot.update(&handle, menu) {
            tracing::warn!(%error, "the tray shows what was");
        }
    };
    if let Err(error) = app.run_on_main_thread(showing) {
        tracing::warn!(%error, "the tray shows what was");
    }
}

/// Takes the icon away. Windows leaves one behind that nobody took away.
pub(crate) fn remove(app: &AppHandle) {
    app.desktop().tray.lock().unwrap_or_else(PoisonError::into_inner).icon = None;
}

/// Marks or unmarks the line that starts us at login.
pub(crate) fn mark_autostart(app: &AppHandle, on: bool) {
    let handle = app.clone();
    let marking = move || {
        let slot = handle.desktop().tray.lock().unwrap_or_else(PoisonError::into_inner);
        slot.drawn.as_ref().map_or(Ok(()), |drawn| drawn.autostart.set_checked(on))
    };
    let _ = app.run_on_main_thread(move || {
        if let Err(error) = marking() {
            tracing::warn!(%error, "the tray shows what was");
        }
    });
}

impl Slot {
    fn update(&mut self, app: &AppHandle, menu: Menu) -> tauri::Result<()> {
        let (Some(icon), Some(drawn)) = (&self.icon, &mut self.drawn) else { return Ok(()) };
        let words = app.desktop().words();
        // The heading of a submenu cannot be changed in place on Linux; nobody changes the language with the menu open.
        if menu.has_lines_of(&drawn.says) && words.locale() == drawn.locale {
            drawn.say(menu)?;
        } else {
            *drawn = Drawn::new(app, menu, &words)?;
            icon.set_menu(Some(drawn.root.clone()))?;
        }
        // Last, and again until it is done: at login the taskbar of Windows may not be there yet.
        let face = (drawn.says.mood, self.light);
        if self.face != Some(face) {
            icon.set_icon_with_as_template(Some(image(face.0, face.1)), cfg!(target_os = "macos"))?;
            self.face = Some(face);
        }
        icon.set_tooltip(Some(&drawn.says.status))
    }
}

impl Drawn {
    fn new(app: &AppHandle, says: Menu, words: &Words) -> tauri::Result<Self> {
        let line = |action: Action, key: &str| {
            MenuItem::with_id(app, action.name(), words.say(key, &[]), true, None::<&str>)
        };
        let anthropic = line(Action::Copy(Copied::AnthropicUrl), "tray.copy.anthropic")?;
        let openai = line(Action::Copy(Copied::OpenAiUrl), "tray.copy.openai")?;
        let key = line(Action::Copy(Copied::LocalKey), "tray.copy.key")?;
        let open = line(Action::Open(Place::Last), "tray.open")?;
        let logs = line(Action::Open(Place::Logs), "tray.logs")?;
        let diagnostics = line(Action::Open(Place::Diagnostics), "tray.diagnostics")?;
        let quit = line(Action::Quit, "tray.quit")?;

        let told = |id: &str, text: &str| MenuItem::with_id(app, id, plain(text), false, None::<&str>);
        let status = told("status", &says.status)?;
        let today = told("today", &says.today)?;
        let choice = |choice: &Choice| {
            let name = choice.action.name();
            CheckMenuItem::with_id(app, name, plain(&choice.text), true, choice.chosen, None::<&str>)
        };
        let automatic = choice(&says.automatic)?;
        let accounts = says.accounts.iter().map(choice).collect::<tauri::Result<Vec<_>>>()?;
        let pause = MenuItem::with_id(app, Action::Pause.name(), plain(&says.pause), true, None::<&str>)?;
        let copy = Submenu::with_items(app, words.say("tray.copy", &[]), true, &[&anthropic, &openai, &key])?;
        let on = autostart::switch(app, None).unwrap_or_default();
        let text = words.say("tray.autostart", &[]);
        let autostart = CheckMenuItem::with_id(app, Action::Autostart.name(), text, true, on, None::<&str>)?;

        let rule = || PredefinedMenuItem::separator(app);
        let root = tauri::menu::Menu::with_items(app, &[&status, &today, &rule()?, &automatic])?;
        for account in &accounts {
            root.append(account)?;
        }
        root.append_items(&[
            &rule()?,
            &pause,
            &copy,
            &open,
            &logs,
            &diagnostics,
            &rule()?,
            &autostart,
            &quit,
        ])?;
        let locale = words.locale();
        Ok(Self { root, says, locale, status, today, automatic, accounts, pause, autostart })
    }

    /// Says something else on the same lines. Only what differs is touched: an open menu is drawn anew at each touch.
    fn say(&mut self, menu: Menu) -> tauri::Result<()> {
        let says = |item: &MenuItem<Wry>, old: &str, new: &str| {
            if old == new { Ok(()) } else { item.set_text(plain(new)) }
        };
        says(&self.status, &self.says.status, &menu.status)?;
        says(&self.today, &self.says.today, &menu.today)?;
        says(&self.pause, &self.says.pause, &menu.pause)?;
        let old = std::iter::once(&self.says.automatic).chain(&self.says.accounts);
        let new = std::iter::once(&menu.automatic).chain(&menu.accounts);
        let items = std::iter::once(&self.automatic).chain(&self.accounts);
        for ((item, old), new) in items.zip(old).zip(new) {
            if old.text != new.text {
                item.set_text(plain(&new.text))?;
            }
            if item.is_checked()? != new.chosen {
                item.set_checked(new.chosen)?;
            }
        }
        self.says = menu;
        Ok(())
    }
}

fn clicked(app: &AppHandle, name: &str) {
    let Some(action) = Action::of(name) else { return };
    match action {
        Action::Open(place) => window::open(app, place.route()),
        Action::Quit => app.desktop().engine.send(Order::Quit),
        Action::Autostart => toggle_autostart(app),
        action => app.desktop().engine.send(Order::Act(action)),
    }
}

fn toggle_autostart(app: &AppHandle) {
    let before = autostart::switch(app, None).unwrap_or_default();
    let now = autostart::switch(app, Some(!before)).unwrap_or_else(|said| {
        notification::show(app, &app.desktop().words().say("tray.failed", &[("reason", &said)]));
        before
    });
    mark_autostart(app, now);
}

/// An ampersand in a name is no shortcut.
fn plain(text: &str) -> String {
    text.replace('&', "&&")
}

/// The icon of a mood; on macOS a template, which the system colours.
fn image(mood: Mood, light: bool) -> Image<'static> {
    #[cfg(target_os = "macos")]
    {
        let _ = light;
        match mood {
            Mood::Running => tauri::include_image!("../icons/tray/running-template.png"),
            Mood::Paused => tauri::include_image!("../icons/tray/paused-template.png"),
            Mood::Attention => tauri::include_image!("../icons/tray/attention-template.png"),
            Mood::Stopped => tauri::include_image!("../icons/tray/stopped-template.png"),
        }
    }
    #[cfg(not(target_os = "macos"))]
    match (mood, light) {
        (Mood::Running, false) => tauri::include_image!("../icons/tray/running-dark.png"),
        (Mood::Paused, false) => tauri::include_image!("../icons/tray/paused-dark.png"),
        (Mood::Attention, false) => tauri::include_image!("../icons/tray/attention-dark.png"),
        (Mood::Stopped, false) => tauri::include_image!("../icons/tray/stopped-dark.png"),
        (Mood::Running, true) => tauri::include_image!("../icons/tray/running-light.png"),
        (Mood::Paused, true) => tauri::include_image!("../icons/tray/paused-light.png"),
        (Mood::Attention, true) => tauri::include_image!("../icons/tray/attention-light.png"),
        (Mood::Stopped, true) => tauri::include_image!("../icons/tray/stopped-light.png"),
    }
}

/// Follows the taskbar of Windows, which is light or dark; panels of Linux are dark, or show the icon's rim.
pub(crate) fn follow_theme(app: &AppHandle, theme: tauri::Theme) {
    if !cfg!(windows) {
        return;
    }
    let handle = app.clone();
    let _ = app.run_on_main_thread(move || {
        let mut slot = handle.desktop().tray.lock().unwrap_or_else(PoisonError::into_inner);
        slot.light = theme == tauri::Theme::Light;
        if let (Some(icon), Some(drawn)) = (&slot.icon, &slot.drawn) {
            let _ = icon.set_icon(Some(image(drawn.says.mood, slot.light)));
        }
    });
}
