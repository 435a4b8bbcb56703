//! One instance: opened on a data folder, then listening, then stopped.

use std::sync::Arc;
use std::time::Duration;

use accounts::{Accounts, Clock, SystemClock, milliseconds};
use anyhow::{Context, Result};
use arc_swap::ArcSwap;
use emulator::Emulator;
use gateway::listener::Loops;
use gateway::{
    Doors, Fittings, Gateway, Headless, LocalKeys, Office, Passwords, Safe, Settings, Shell, Visitors,
    fingerprint,
};
use llm::Secret;
use providers::{Http, HttpOptions, Registry};
use secrets::{Keychain, Keyring, OsKeychain, Patient, Tools};
use store::{Core, Logs, Retention};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::assets::PAGES;
use crate::config::{Config, KeychainUse};
use crate::running::Running;
use crate::settle::Household;
use crate::{beside, paths};

/// How long the end may take: the grace of live answers, and some more.
const ENDING: Duration = Duration::from_secs(8);

/// Between two cleanings of the log.
const CLEANING: Duration = Duration::from_secs(3600);

/// From the start to serving with what is open by then.
const FIRST_LOOK: Duration = Duration::from_millis(400);

/// How long a keychain may take before it counts as one that asks the person.
const PATIENCE: Duration = Duration::from_secs(2);

/// From the start to the first cleaning: the start belongs to the person's first request.
const FIRST_CLEANING: Duration = Duration::from_secs(60);

/// An opened data folder with everything that works on it, not listening yet.
#[derive(Debug)]
pub struct App {
    pub(crate) gateway: Arc<Gateway>,
    household: Arc<Household>,
    /// What commands of the same person show to this instance.
    pass: Secret,
    sandbox: Emulator,
    loops: Arc<Loops>,
    pub(crate) tasks: TaskTracker,
    pub(crate) quit: CancellationToken,
}

impl App {
    /// Opens the data folder, listens, and learns in the background what the active account can do: all that a host has to
    /// do to run. With [`Config::admin_port`] a taken proxy port is no error: the window says so, and it is tried again.
    ///
    /// # Errors
    /// As [`App::open`] and [`App::listen`].
    pub async fn start(config: &Config, shell: impl Shell + 'static) -> Result<Running> {
        let app = Self::open_for(config, Arc::new(shell)).await?.with_loops(loops_beside())?;
        let gateway = Arc::clone(&app.gateway);
        let first = app.tasks.spawn(async move { gateway.open_safe().await });
        match config.keychain {
            // A keychain that asks the person something must not hold up the start.
            KeychainUse::System => drop(tokio::time::timeout(FIRST_LOOK, first).await),
            KeychainUse::Off => drop(first.await),
        }
        let running = app.listen(config).await?;
        running.keep_models_listed();
        let App { gateway, tasks, quit, .. } = &running.app;
        tasks.spawn(gateway::keep_informed(Arc::clone(gateway), quit.clone()));
        Ok(running)
    }

    /// Opens the data folder, making it when there is none.
    ///
    /// # Errors
    /// When the folder cannot be used or its database belongs to a newer version.
    pub async fn open(config: &Config) -> Result<Self> {
        let app = Self::open_for(config, Arc::new(Headless)).await?;
        app.gateway.open_safe().await;
        Ok(app)
    }

    async fn open_for(config: &Config, shell: Arc<dyn Shell>) -> Result<Self> {
        let folder = &config.data_dir;
        paths::make_private(folder)
            .with_context(|| format!("cannot use the data folder {}", folder.display()))?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let started = clock.now();
        let now_ms = milliseconds(started);
        let core = Arc::new(Core::open(folder)?);
        gateway::sign_data(&core, env!("CARGO_PKG_VERSION")).await?;
        let logs = Arc::new(Logs::open(folder, now_ms)?);
        let settings = Settings::load(&core).await?;
        let passwords = Passwords::load(&core).await?;
        let visitors = Visitors::load(&core).await?;

        let sandbox = Emulator::start(emulator::Config::default()).context("cannot start the Sandbox")?;
        let http = Http::new(HttpOptions {
            connect_timeout: settings.timeouts.connect(),
            patience: settings.timeouts.patience(),
            ca_file: config.environment.ca_bundle.clone(),
        })?;
        let registry: Arc<Registry> = Arc::new(providers::registry(
            &http,
            config.environment.endpoints.clone(),
            sandbox.url(),
            &beside::elsewhere(config),
        ));

        let tasks = TaskTracker::new();
        let quit = CancellationToken::new();
        let keyring = Arc::new(Keyring::default());
        let accounts = Accounts::load(
            Arc::clone(&core),
            Arc::clone(&keyring),
            Arc::clone(&registry),
            Arc::clone(&clock),
            tasks.clone(),
        )
        .await?;
        let pass = secrets::token()?;
        let sink = logs.sink();
        let none = LocalKeys::default();
        let local_keys = LocalKeys::load(&core, &logs, config.local_key.as_ref(), &*clock, &none).await?;
        let gateway = Arc::new(Gateway {
            accounts,
            keys: ArcSwap::from_pointee(local_keys),
            safe: Safe::new(Arc::clone(&core), keyring, tools(config)),
            core,
            logs,
            sink,
            registry,
            settings: ArcSwap::default(),
            limits: gateway::Limits::default(),
            quotas: gateway::Quotas::default(),
            addresses: ArcSwap::default(),
            clock,
            started,
            version: env!("CARGO_PKG_VERSION"),
            settings_changes: watch::Sender::new(()),
            office: Office::new(Fittings {
                pages: PAGES,
                shell,
                folder: folder.clone(),
                pass: fingerprint(pass.expose()),
                http,
                ca_file: config.environment.ca_bundle.clone(),
                passwords,
                visitors,
                clients: config.environment.clients(folder),
                quit: quit.clone(),
            }),
        });
        if let Err(problem) = gateway.go_out_by(&settings) {
            tracing::warn!(%problem, "upstreams are reached as the system does it");
        }
        gateway.apply(settings);
        let environment = config.environment.accounts.clone();
        let household = Arc::new(Household::new(config.local_key.clone(), environment));
        household.attend(&gateway);
        Ok(Self { gateway, household, pass, sandbox, loops: Arc::default(), tasks, quit })
    }

    /// Serves connections on so many event loops beside the runtime that this runs on.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn with_loops(mut self, beside: usize) -> Result<Self> {
        self.loops = Arc::new(Loops::start(beside).context("cannot start an event loop")?);
        Ok(self)
    }

    /// The local key editors must send; `None` while stored secrets are locked.
    #[must_use]
    pub fn key(&self) -> Option<Secret> {
        self.household.key()
    }

    /// What commands of the same person show to this instance, whatever is locked.
    pub(crate) const fn pass(&self) -> &Secret {
        &self.pass
    }

    /// What the host must show the person now, once: what became of damaged data, that a newer version wrote it, the
    /// policy notes of accounts that the environment brought.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        let mut notes = self.gateway.word_of_data().into_iter().collect::<Vec<_>>();
        notes.extend(self.household.notes());
        notes
    }

    /// What handlers share.
    #[must_use]
    pub const fn gateway(&self) -> &Arc<Gateway> {
        &self.gateway
    }

    /// The admin API.
    pub fn router(&self) -> gateway::axum::Router {
        gateway::admin_router(&self.gateway)
    }

    /// Binds the port and serves. With [`Config::admin_port`] the window gets a listener of its own, and a taken proxy port
    /// is told in the status instead of being an error.
    ///
    /// # Errors
    /// When the port is taken or the address may not be bound.
    pub async fn listen(self, config: &Config) -> Result<Running> {
        let settings = self.gateway.settings.load_full();
        let port = config.port.unwrap_or(settings.port);
        let mut address = config.bind.unwrap_or(settings.bind);
        if let Err(missing) = self.gateway.may_listen(address, config.allow_lan) {
            // Behind a window the person can be told and asked; without one, less than was asked for must not go unseen.
            if config.admin_port.is_none() {
                anyhow::bail!("cannot listen on {address}: {missing}");
            }
            tracing::warn!(%address, %missing, "the proxy listens on this machine alone");
            address = gateway::LOOPBACK;
        }
        let doors = Doors::new(&self.gateway, self.router(), &self.loops, &self.quit, &self.tasks);
        if let Some(admin) = config.admin_port {
            doors.open_admin(admin).await.context("cannot listen for the window")?;
            doors.insist(address, port).await;
        } else {
            doors.open_proxy(address, port).await.map_err(|taken| {
                let plain = if taken.is_taken() {
                    format!(
                        "port {port} is taken by {}; stop it, or choose another port with --port",
                        taken.owner.as_deref().unwrap_or("another program")
                    )
                } else {
                    taken.to_string()
                };
                anyhow::Error::new(taken.error).context(plain)
            })?;
        }
        self.keep_logs_small();
        self.tasks.spawn(gateway::keep_counting(Arc::clone(&self.gateway), self.quit.clone()));
        self.tasks.spawn(gateway::take_care(Arc::clone(&self.gateway), self.quit.clone()));
        self.tasks.spawn(gateway::keep_opening(Arc::clone(&self.gateway), self.quit.clone()));
        Ok(Running { app: self, doors })
    }

    /// Cleans the log by the person's limits, soon after the start and then every hour.
    fn keep_logs_small(&self) {
        let gateway = Arc::clone(&self.gateway);
        let quit = self.quit.clone();
        self.tasks.spawn(async move {
            let mut pause = FIRST_CLEANING;
            loop {
                tokio::select! {
                    () = quit.cancelled() => return,
                    () = tokio::time::sleep(pause) => {}
                }
                pause = CLEANING;
                let settings = gateway.settings.load_full();
                let keep = Retention {
                    days: Some(settings.retention_days).filter(|days| *days > 0),
                    megabytes: Some(u64::from(settings.retention_mb)).filter(|megabytes| *megabytes > 0),
                };
                if let Err(error) = gateway.accounts.forget_old().await {
                    tracing::warn!(%error, "removed accounts could not be forgotten");
                }
                if let Err(error) = gateway.logs.cleanup(keep, gateway.now_ms()).await {
                    tracing::warn!(%error, "the log could not be cleaned");
                }
            }
        });
    }

    /// Ends everything that runs in the background and writes what is still in memory.
    pub async fn close(self) {
        self.quit.cancel();
        self.gateway.accounts.stop();
        self.tasks.close();
        // A refresh under way is waited for, a system that finds no name for minutes is not.
        if tokio::time::timeout(ENDING, self.tasks.wait()).await.is_err() {
            tracing::warn!("what ran in the background did not end in time");
        }
        self.sandbox.shutdown().await;
        // Blocks for a commit at most; nothing else runs any more.
        self.gateway.logs.close();
        self.gateway.office.chats.close();
    }
}

/// Where the key of stored secrets may be.
fn tools(config: &Config) -> Tools {
    let keychain = match config.keychain {
        KeychainUse::System => {
            Some(Arc::new(Patient::new(Arc::new(OsKeychain), PATIENCE)) as Arc<dyn Keychain>)
        }
        KeychainUse::Off => None,
    };
    Tools {
        keychain,
        master_key_file: config.master_key_file.clone(),
        key_folder: config.config_dir.join("keys"),
    }
}

/// Event loops beside the first one. Two serve more requests a second than one person's editors will ever send; on a
/// machine with one core a second would only take turns with the first.
fn loops_beside() -> usize {
    std::thread::available_parallelism().map_or(0, |cores| cores.get() - 1).min(1)
}
