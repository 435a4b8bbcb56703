//! The window that says why there is no other.

use tauri::http::HeaderValue;
use tauri::http::header::CONTENT_TYPE;
use tauri::{AppHandle, WebviewUrl, WebviewWindowBuilder, WindowEvent};
use url::Url;

use crate::desktop::DesktopExt;
use crate::engine::Order;
use crate::window;

/// The window, and the scheme of its page.
pub(crate) const LABEL: &str = "failure";

/// Says why the core cannot start, to somebody who sees no terminal. Closing it ends the program.
pub(crate) fn open(app: &AppHandle, reason: &str) {
    let text = app.desktop().words().say("tray.failure", &[("reason", reason)]);
    // Said once: the core starts once.
    let _ = app.desktop().failure.set(text);
    let handle = app.clone();
    let begun = window::on_own_thread(move || {
        if let Err(error) = build(&handle) {
            tracing::error!(%error, "there is no window to say why");
            handle.desktop().engine.send(Order::Quit);
        }
    });
    if !begun {
        app.desktop().engine.send(Order::Quit);
    }
}

/// The only page that does not come from the core: what the window [`LABEL`] shows.
pub(crate) fn page(reason: &str) -> tauri::http::Response<Vec<u8>> {
    let text = reason.replace('&', "&amp;").replace('<', "&lt;");
    let page = format!(
        "<!doctype html><meta charset=utf-8><title>Switchboard</title>\
         <body style=\"font: 15px/1.5 sans-serif; margin: 24px; white-space: pre-wrap; overflow-wrap: anywhere\">{text}"
    );
    let mut answer = tauri::http::Response::new(page.into_bytes());
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    answer
}

fn build(app: &AppHandle) -> tauri::Result<()> {
    let page =
        Url::parse(&format!("{LABEL}://localhost/")).map_err(|error| tauri::Error::Anyhow(error.into()))?;
    let window = WebviewWindowBuilder::new(app, LABEL, WebviewUrl::CustomProtocol(page))
        .title("Switchboard")
        .inner_size(560.0, 240.0)
        .on_navigation(|url| url.scheme() == LABEL || url.host_str() == Some("failure.localhost"))
        .build()?;
    let handle = app.clone();
    window.on_window_event(move |event| {
        if let WindowEvent::CloseRequested { .. } = event {
            handle.desktop().engine.send(Order::Quit);
        }
    });
    Ok(())
}
