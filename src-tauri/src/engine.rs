//! The core on a thread of its own, with its own event loops: nothing the desktop does holds up a request.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::Result;
use gateway::Gateway;
use switchboard::claim::{Claim, Claimed};
use switchboard::signals::stop_requested;
use switchboard::tray::{Action, Menu, Watch};
use switchboard::{App, Config, Running};
use tauri::AppHandle;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::Instant;

use crate::desktop::{DesktopExt, DesktopShell, take_wish};
use crate::{failure, notification, tray, window};

/// A window that stays hidden for so long gives its memory back.
const FREE_AFTER: Duration = Duration::from_secs(60);

/// How long threads that look for names may hold up the end.
const ENDING: Duration = Duration::from_secs(1);

/// Remembers that the person was told what closing the window does.
const CLOSING_TOLD: &str = "desktop.closing_told";

/// What the desktop tells the core's thread.
#[derive(Debug)]
pub(crate) enum Order {
    Act(Action),
    /// The window was closed, which hides it.
    Hidden,
    Shown,
    Quit,
}

/// The way to the core's thread.
pub(crate) struct Engine {
    orders: UnboundedSender<Order>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// The other end of an [`Engine`], until it is started.
pub(crate) struct Start {
    orders: UnboundedReceiver<Order>,
}

/// How the core ended.
enum Ending {
    Quit,
    /// Another instance has the data folder.
    Second,
}

impl Engine {
    pub(crate) fn new() -> (Self, Start) {
        let (sender, orders) = unbounded_channel();
        (Self { orders: sender, thread: Mutex::default() }, Start { orders })
    }

    /// Never waits. What is sent after the end is lost, as it should be.
    pub(crate) fn send(&self, order: Order) {
        let _ = self.orders.send(order);
    }

    /// Waits until the core has ended, which it is told to if nobody did before.
    pub(crate) fn finish(&self) {
        self.send(Order::Quit);
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the core ended in a panic");
        }
    }
}

impl Start {
    /// Starts the core. The application ends when it does.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(crate) fn run(self, config: Config, app: AppHandle) -> std::io::Result<()> {
        let handle = app.clone();
        let mut orders = self.orders;
        let core = move || {
            let code = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => {
                    let code = runtime.block_on(to_the_end(&config, &app, &mut orders));
                    // A name that the system looks for since long is not waited for.
                    runtime.shutdown_timeout(ENDING);
                    code
                }
                Err(error) => {
                    eprintln!("switchboard-desktop: {error}");
                    1
                }
            };
            app.exit(code);
        };
        let thread = thread::Builder::new().name("core".to_owned()).spawn(core)?;
        let engine = &handle.desktop().engine;
        *engine.thread.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread);
        Ok(())
    }
}

/// The exit code.
async fn to_the_end(config: &Config, app: &AppHandle, orders: &mut UnboundedReceiver<Order>) -> i32 {
    match live(config, app, orders).await {
        Ok(Ending::Quit) => 0,
        Ok(Ending::Second) => i32::from(Claimed::EXIT),
        Err(error) => {
            let said = format!("{error:#}");
            eprintln!("switchboard-desktop: {said}");
            // Whoever started us by a click sees no terminal.
            failure::open(app, &said);
            let closed = async { while !matches!(orders.recv().await, None | Some(Order::Quit)) {} };
            match stop_requested() {
                Ok(stop) => tokio::select! { () = closed => {}, _ = stop => {} },
                Err(_) => closed.await,
            }
            1
        }
    }
}

async fn live(config: &Config, app: &AppHandle, orders: &mut UnboundedReceiver<Order>) -> Result<Ending> {
    let mut stop = std::pin::pin!(stop_requested()?);
    let mut claim = match Claim::take(&config.data_dir)? {
        Claimed::Ours(claim) => claim,
        Claimed::Theirs(holder) => {
            // A second start of the desktop has raised the first by now: this is `switchboard serve`.
            eprintln!("Switchboard already runs on {}", config.data_dir.display());
            // Who is started at login opens nothing by itself.
            if take_wish(app.desktop()) {
                let invited = switchboard::invitation(config).await.map(|url| url.parse());
                // Without one the person signs in at its gate.
                let gate = holder.and_then(|holder| holder.url.parse().ok());
                if let Some(url) = invited.ok().and_then(Result::ok).or(gate) {
                    window::open_outside(&url);
                }
            }
            return Ok(Ending::Second);
        }
    };
    let running = App::start(config, DesktopShell { app: app.clone() }).await?;
    if let Err(error) = claim.hand_over(&running) {
        running.stop().await;
        return Err(error.into());
    }
    let desktop = app.desktop();
    // Set once, here.
    let _ = desktop.gateway.set(Arc::clone(running.gateway()));
    if take_wish(desktop) {
        window::open(app, None);
    }
    tray::begin(app);
    for note in running.notes() {
        notification::show(app, &note);
    }

    let mut watch = Watch::new(running.gateway());
    let mut freeing: Option<Instant> = None;
    let mut theme = None;
    let mut menu: Option<Menu> = None;
    loop {
        tokio::select! {
            glance = watch.next() => {
                // The title bar goes with the page. Not on Windows, where the tray's icon follows what the window's theme is.
                if !cfg!(windows) && desktop.chosen_theme() != theme {
                    theme = desktop.chosen_theme();
                    app.set_theme(theme);
                }
                let fresh = Menu::of(&glance, &desktop.words());
                tray::show(app, fresh.clone());
                menu = Some(fresh);
            }
            order = orders.recv() => match order {
                None | Some(Order::Quit) => break,
                Some(Order::Shown) => freeing = None,
                Some(Order::Hidden) => {
                    freeing = Some(Instant::now() + FREE_AFTER);
                    if is_told_first(running.gateway()).await {
                        window::say_closed(app);
                    }
                }
                Some(Order::Act(action)) => {
                    act(app, &running, &action).await;
                    // A click changes the mark of its line by itself, which may not be what became of it.
                    if let Some(menu) = &menu {
                        tray::show(app, menu.clone());
                    }
                }
            },
            () = until(freeing) => {
                window::free(app);
                freeing = None;
            }
            _ = &mut stop => break,
            Err(error) = claim.follow(&running) => tracing::warn!(%error, "nobody is told where we listen"),
        }
    }
    // From here on a new start is one of its own: it waits for the data folder.
    desktop.ending.store(true, Ordering::Relaxed);
    tauri_plugin_single_instance::destroy(app);
    if let Err(error) = claim.leave() {
        tracing::warn!(%error, "the next start may take us for running");
    }
    window::destroy(app);
    running.stop().await;
    Ok(Ending::Quit)
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

async fn act(app: &AppHandle, running: &Running, action: &Action) {
    let gateway = running.gateway();
    let done = match action {
        Action::Copy(what) => match running.local_key().await {
            Ok(key) => {
                let text = what.text(&gateway.base_url(), &key);
                let app = app.clone();
                let copied = tokio::task::spawn_blocking(move || app.desktop().copy(text)).await;
                match copied {
                    Ok(copied) => copied.map(|()| None).map_err(|error| error.to_string()),
                    Err(error) => Err(error.to_string()),
                }
            }
            Err(error) => Err(format!("{error:#}")),
        },
        _ => action.take(gateway).await,
    };
    match done {
        Ok(None) => {}
        Ok(Some(route)) => window::open(app, Some(&route)),
        Err(said) => {
            tracing::warn!(%said, "a click in the tray did nothing");
            notification::show(app, &app.desktop().words().say("tray.failed", &[("reason", &said)]));
        }
    }
}

/// Whether the person was never told; from now on they were.
async fn is_told_first(gateway: &Gateway) -> bool {
    let told = gateway.core.settings().await.is_ok_and(|settings| settings.contains_key(CLOSING_TOLD));
    if !told {
        let _ = gateway.core.put_settings(vec![(CLOSING_TOLD.to_owned(), Some(true.into()))]).await;
    }
    !told
}
