//! The window: a web view on our own pages, with no way to us but HTTP.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::thread;

use tauri::webview::{Color, NewWindowResponse, PermissionResponse};
use tauri::{AppHandle, Manager, Theme, WebviewUrl, WebviewWindow, WebviewWindowBuilder, WindowEvent};
use tauri_plugin_window_state::{AppHandleExt, StateFlags};
use url::Url;

use crate::desktop::DesktopExt;
use crate::engine::Order;
use crate::{download, failure, notification, tray};

const LABEL: &str = "main";

/// What is kept of the window from one start to the next.
pub(crate) const PLACE: StateFlags =
    StateFlags::SIZE.union(StateFlags::POSITION).union(StateFlags::MAXIMIZED);

/// Shows the window, making it when there is none; at a route of its own when one is given. Before the core runs that is
/// only noted.
pub(crate) fn open(app: &AppHandle, route: Option<&str>) {
    let (handle, route) = (app.clone(), route.map(str::to_owned));
    let _ = on_own_thread(move || {
        if let Err(error) = show(&handle, route.as_deref()) {
            tracing::error!(%error, "the window cannot be opened");
        }
    });
}

/// A window that is made on the main thread while that handles an event never appears on Windows.
pub(crate) fn on_own_thread(opening: impl FnOnce() + Send + 'static) -> bool {
    let begun = thread::Builder::new().name("window".to_owned()).spawn(opening);
    if let Err(error) = &begun {
        tracing::error!(%error, "the window cannot be opened");
    }
    begun.is_ok()
}

fn show(app: &AppHandle, route: Option<&str>) -> tauri::Result<()> {
    let desktop = app.desktop();
    // Two clicks at once make one window.
    let _one = desktop.opening.lock().unwrap_or_else(PoisonError::into_inner);
    if desktop.gateway.get().is_none() {
        desktop.window_wanted.store(true, Ordering::Relaxed);
    }
    // Looked at again: the core may have come up since, without seeing the wish.
    let Some(gateway) = desktop.gateway.get().filter(|_| !desktop.ending.load(Ordering::Relaxed)) else {
        // Where the core cannot start, a window says why.
        return app.get_webview_window(failure::LABEL).map_or(Ok(()), |window| raise(&window));
    };
    desktop.engine.send(Order::Shown);
    let Some(url) = gateway.invitation() else {
        tracing::error!("the system gives no randomness, so that the window gets no session");
        return Ok(());
    };
    if let Some(window) = app.get_webview_window(LABEL) {
        if let Some(route) = route {
            window.eval(format!("location.hash = '{route}'"))?;
        }
        // Its session may have run out since.
        if let Some((_, token)) = url.split_once("#token=") {
            window.eval(format!("dispatchEvent(new CustomEvent('invited', {{ detail: '{token}' }}))"))?;
        }
        return raise(&window);
    }
    let at = route.map_or_else(String::new, |route| format!("&at={route}"));
    let Ok(url) = Url::parse(&format!("{url}{at}")) else { return Ok(()) };
    build(app, url)
}

fn raise(window: &WebviewWindow) -> tauri::Result<()> {
    window.unminimize()?;
    window.show()?;
    window.set_focus()
}

fn build(app: &AppHandle, url: Url) -> tauri::Result<()> {
    let home = url.clone();
    let window = WebviewWindowBuilder::new(app, LABEL, WebviewUrl::External(url))
        .title("Switchboard")
        .inner_size(1040.0, 700.0)
        .min_inner_size(820.0, 560.0)
        .background_color(background(app))
        .data_directory(app.desktop().folder.join("webview"))
        .on_navigation(move |url| {
            let ours = is_ours(&home, url);
            if !ours {
                open_outside(url);
            }
            ours
        })
        .on_new_window(|url, _| {
            open_outside(&url);
            NewWindowResponse::Deny
        })
        .on_download(|window, event| {
            download::follow(window.app_handle(), event);
            true
        })
        .on_permission_request(|_, _| PermissionResponse::Deny)
        .build()?;
    let handle = app.clone();
    window.on_window_event(move |event| match event {
        WindowEvent::CloseRequested { api, .. } => {
            api.prevent_close();
            hide(&handle);
        }
        WindowEvent::ThemeChanged(theme) => tray::follow_theme(&handle, *theme),
        _ => {}
    });
    tray::follow_theme(app, window.theme()?);
    Ok(())
}

/// Writes down where the window is and how large, while there is one to ask: a program that is killed keeps it too.
fn keep_place(app: &AppHandle) {
    if let Err(error) = app.save_window_state(PLACE) {
        tracing::warn!(%error, "the window's place is not kept");
    }
}

/// Takes the window away for good, when the program ends.
pub(crate) fn destroy(app: &AppHandle) {
    let handle = app.clone();
    let destroying = move || {
        keep_place(&handle);
        for window in handle.webview_windows().into_values() {
            let _ = window.destroy();
        }
    };
    // Where the main thread has ended already, the windows have too.
    let _ = app.run_on_main_thread(destroying);
}

/// The page's own ground, so that nothing flashes before it is drawn. Without a choice of the person the page follows the
/// system, which a window cannot be asked for before it is there.
fn background(app: &AppHandle) -> Color {
    match app.desktop().chosen_theme() {
        Some(Theme::Dark) => Color(0x14, 0x16, 0x1c, 0xff),
        _ => Color(0xf6, 0xf7, 0xf9, 0xff),
    }
}

/// Hides the window; the engine frees its memory when it stays so.
fn hide(app: &AppHandle) {
    let Some(window) = app.get_webview_window(LABEL) else { return };
    keep_place(app);
    if let Err(error) = window.hide() {
        tracing::warn!(%error, "the window cannot be hidden");
    }
    app.desktop().engine.send(Order::Hidden);
}

/// Says, the first time, that closing the window ends nothing.
pub(crate) fn say_closed(app: &AppHandle) {
    let desktop = app.desktop();
    let seen = desktop.tray_seen.get().copied().unwrap_or(true);
    notification::show(
        app,
        &desktop.words().say(if seen { "tray.closed" } else { "tray.closed.untrayed" }, &[]),
    );
}

/// Gives the memory of a hidden window back.
pub(crate) fn free(app: &AppHandle) {
    let handle = app.clone();
    let freeing = move || {
        let Some(window) = handle.get_webview_window(LABEL) else { return };
        if !window.is_visible().unwrap_or(true)
            && let Err(error) = window.destroy()
        {
            tracing::warn!(%error, "the window keeps its memory");
        }
    };
    if let Err(error) = app.run_on_main_thread(freeing) {
        tracing::warn!(%error, "the window keeps its memory");
    }
}

/// Whether the window may go there: our own pages, what they make themselves, and nothing else.
fn is_ours(home: &Url, url: &Url) -> bool {
    url.origin() == home.origin() || url.as_str() == "about:blank"
}

/// What leaves the window is opened by the system, if it is of a kind that cannot start anything.
fn may_be_opened(url: &Url) -> bool {
    match url.scheme() {
        "http" | "https" => url.host().is_some(),
        "mailto" => true,
        _ => false,
    }
}

/// Opens a link with the system's program for it.
pub(crate) fn open_outside(url: &Url) {
    if !may_be_opened(url) {
        tracing::warn!(scheme = url.scheme(), "a link of this kind is not opened");
        return;
    }
    if let Err(error) = open::that_detached(url.as_str()) {
        tracing::warn!(%error, "the system opens no links");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn the_window_stays_at_home() {
        let home = url("http://127.0.0.1:4000/#token=x");
        for ours in [
            "http://127.0.0.1:4000/",
            "http://127.0.0.1:4000/#/logs",
            "blob:http://127.0.0.1:4000/1-2",
            "about:blank",
        ] {
            assert!(is_ours(&home, &url(ours)), "{ours}");
        }
        for foreign in [
            "http://127.0.0.1:4001/",
            "https://127.0.0.1:4000/",
            "http://127.0.0.1:4000@example.com/",
            "http://localhost:4000/",
            "blob:https://example.com/1",
            "data:text/html,x",
            "javascript:alert(1)",
            "file:///etc/passwd",
            "tauri://localhost/",
        ] {
            assert!(!is_ours(&home, &url(foreign)), "{foreign}");
        }
    }

    #[test]
    fn only_harmless_links_are_opened() {
        for good in ["https://docs.aws.amazon.com/", "http://example.com", "mailto:a@example.com"] {
            assert!(may_be_opened(&url(good)), "{good}");
        }
        for bad in [
            "file:///bin/sh",
            "ssh://host",
            "javascript:alert(1)",
            "data:text/html,x",
            "vscode://x",
            "ms-msdt:/id",
        ] {
            assert!(!may_be_opened(&url(bad)), "{bad}");
        }
    }
}
