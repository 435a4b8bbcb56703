//! The window: a web view on our own pages, with no way to us but HTTP.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::thread;

use tauri::http::HeaderValue;
use tauri::http::header::CONTENT_TYPE;
use tauri::webview::{Color, DownloadEvent, NewWindowResponse, PermissionResponse};
use tauri::{AppHandle, Manager, Theme, WebviewUrl, WebviewWindow, WebviewWindowBuilder, WindowEvent};
use tauri_plugin_window_state::{AppHandleExt, StateFlags};
use url::Url;

use crate::desktop::DesktopExt;
use crate::engine::Order;
use crate::{notification, tray};

const LABEL: &str = "main";

/// The window that says why there is no other, and the scheme of its page.
pub(crate) const FAILURE: &str = "failure";

/// What is kept of the window from one start to the next.
pub(crate) const PLACE: StateFlags =
    StateFlags::SIZE.union(StateFlags::POSITION).union(StateFlags::MAXIMIZED);

/// Shows the window, making it when there is none; at a route of its own when one is given. Before the core runs that is
/// only noted.
pub(crate) fn open(app: &AppHandle, route: Option<&'static str>) {
    let app = app.clone();
    // A window that is made on the main thread while that handles an event never appears on Windows.
    let opening = move || {
        if let Err(error) = show(&app, route) {
            tracing::error!(%error, "the window cannot be opened");
        }
    };
    if let Err(error) = thread::Builder::new().name("window".to_owned()).spawn(opening) {
        tracing::error!(%error, "the window cannot be opened");
    }
}

fn show(app: &AppHandle, route: Option<&'static str>) -> tauri::Result<()> {
    let desktop = app.desktop();
    // Two clicks at once make one window.
    let _one = desktop.opening.lock().unwrap_or_else(PoisonError::into_inner);
    if desktop.gateway.get().is_none() {
        desktop.window_wanted.store(true, Ordering::Relaxed);
    }
    // Looked at again: the core may have come up since, without seeing the wish.
    let Some(gateway) = desktop.gateway.get().filter(|_| !desktop.ending.load(Ordering::Relaxed)) else {
        // Where the core cannot start, a window says why.
        return app.get_webview_window(FAILURE).map_or(Ok(()), |window| raise(&window));
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
            export(window.app_handle(), event);
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

/// Exports, which the page makes: into the folder for downloads, or the home folder. Web views say nothing about it, so
/// we do.
fn export(app: &AppHandle, event: DownloadEvent<'_>) {
    match event {
        DownloadEvent::Requested { destination, .. } => {
            let name = destination.file_name().map(OsStr::to_owned).unwrap_or_else(|| "export".into());
            let paths = app.path();
            if let Some(folder) =
                paths.download_dir().ok().filter(|dir| dir.is_dir()).or(paths.home_dir().ok())
            {
                *destination = free_name(&folder, Path::new(&name));
            }
        }
        DownloadEvent::Finished { path: Some(path), success: true, .. } => {
            if let Err(error) = make_private(&path) {
                tracing::warn!(%error, "an export may be readable for others");
            }
            let path = path.display().to_string();
            notification::show(app, &app.desktop().words().say("tray.saved", &[("path", &path)]));
        }
        _ => {}
    }
}

/// `name` in `folder`, numbered where that is taken.
fn free_name(folder: &Path, name: &Path) -> PathBuf {
    let stem = name.file_stem().unwrap_or_default().to_string_lossy();
    let ending = name.extension().map(|ending| format!(".{}", ending.to_string_lossy())).unwrap_or_default();
    let numbered = (1..1000).map(|number| folder.join(format!("{stem} ({number}){ending}")));
    std::iter::once(folder.join(name))
        .chain(numbered)
        .find(|path| !path.exists())
        .unwrap_or_else(|| folder.join(name))
}

/// Logs name models and clients: for this person alone.
fn make_private(path: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

/// Says why the core cannot start, to somebody who sees no terminal. Closing it ends the program.
pub(crate) fn open_failure(app: &AppHandle, reason: &str) {
    let text = app.desktop().words().say("tray.failure", &[("reason", reason)]);
    // Said once: the core starts once.
    let _ = app.desktop().failure.set(text);
    let handle = app.clone();
    let opening = move || {
        if let Err(error) = build_failure(&handle) {
            tracing::error!(%error, "there is no window to say why");
            handle.desktop().engine.send(Order::Quit);
        }
    };
    if let Err(error) = thread::Builder::new().name("window".to_owned()).spawn(opening) {
        tracing::error!(%error, "there is no window to say why");
        app.desktop().engine.send(Order::Quit);
    }
}

/// The only page that does not come from the core: what [`FAILURE`] shows.
pub(crate) fn failure_page(reason: &str) -> tauri::http::Response<Vec<u8>> {
    let text = reason.replace('&', "&amp;").replace('<', "&lt;");
    let page = format!(
        "<!doctype html><meta charset=utf-8><title>Switchboard</title>\
         <body style=\"font: 15px/1.5 sans-serif; margin: 24px; white-space: pre-wrap; overflow-wrap: anywhere\">{text}"
    );
    let mut answer = tauri::http::Response::new(page.into_bytes());
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    answer
}

fn build_failure(app: &AppHandle) -> tauri::Result<()> {
    let page =
        Url::parse(&format!("{FAILURE}://localhost/")).map_err(|error| tauri::Error::Anyhow(error.into()))?;
    let window = WebviewWindowBuilder::new(app, FAILURE, WebviewUrl::CustomProtocol(page))
        .title("Switchboard")
        .inner_size(560.0, 240.0)
        .on_navigation(|url| url.scheme() == FAILURE || url.host_str() == Some("failure.localhost"))
        .build()?;
    let handle = app.clone();
    window.on_window_event(move |event| {
        if let WindowEvent::CloseRequested { .. } = event {
            handle.desktop().engine.send(Order::Quit);
        }
    });
    Ok(())
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
