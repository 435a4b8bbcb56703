//! Care for the data: backups by the clock, a backup in its place, and what the person is told of it at the start.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use store::{BackupKind, Condition, Core, Restored};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{Door, Gateway, Settings, passwords, visitors};

/// Settings that a restore leaves as they are, where there are any: an old password must not come back to life, nor an
/// address get in that was blocked since.
pub const KEPT_SETTINGS: &[&str] = &[passwords::ROW, visitors::ROW];

/// Name of the row that says which version wrote the data last.
const VERSION: &str = "data.version";

/// From the start to the first backup by the clock: the start belongs to the person's first request.
const FIRST: Duration = Duration::from_secs(60);
/// The longest wait before the clock is looked at again; it may be set, and the machine may sleep.
const LOOK: Duration = Duration::from_secs(600);
/// Between two looks whether a full disk has room again.
const ROOM: Duration = Duration::from_secs(10);
const HOUR_MS: i64 = 3_600_000;

/// Writes into the data which version it belongs to, so that an older one can say so.
///
/// # Errors
/// When the store cannot be read or written.
pub async fn sign_data(core: &Core, version: &str) -> Result<(), store::Error> {
    let mine = Value::from(version);
    let unsigned = !matches!(core.condition(), Condition::ReadOnly { .. })
        && core.settings().await?.get(VERSION) != Some(&mine);
    if unsigned {
        core.put_settings(vec![(VERSION.to_owned(), Some(mine))]).await?;
    }
    Ok(())
}

/// The version that wrote the data last, where it says so.
pub(crate) async fn written_by(core: &Core) -> Option<String> {
    core.settings().await.ok()?.get(VERSION)?.as_str().map(str::to_owned)
}

/// Who wrote data that is newer than we are.
pub(crate) fn newer(by: Option<&str>) -> String {
    by.map_or_else(|| "A newer version of Switchboard".to_owned(), |version| format!("Switchboard {version}"))
}

impl Gateway {
    /// Whether something could not be written because the disk is full.
    #[must_use]
    pub fn disk_full(&self) -> bool {
        let core = self.core.fullness().is_some_and(|full| *full.borrow());
        core || *self.logs.fullness().borrow()
    }

    /// What a person must know of the data before anything else, in English; `None` when all is well.
    #[must_use]
    pub fn word_of_data(&self) -> Option<String> {
        if let Door::Newer { found, known, by } = self.safe.door() {
            return Some(format!(
                "{} wrote this data (format {found}); this is {} and knows format {known}. Nothing is changed and \
                 nothing is served. Update Switchboard, or go back to an older backup with `switchboard restore`.",
                newer(by.as_deref()),
                self.version,
            ));
        }
        let Condition::Restored { aside, backup } = self.core.condition() else { return None };
        let what = if aside.is_some() { "was damaged" } else { "was gone" };
        let mut said = match backup {
            Some(backup) => format!(
                "The database of accounts and settings {what}. The newest good backup, {} of {}, took its place; \
                 what was changed after it is missing.",
                backup.name,
                backup.time(),
            ),
            None => format!(
                "The database of accounts and settings {what}, and there is no good backup. Switchboard began \
                 without accounts.",
            ),
        };
        if let Some(aside) = aside {
            said.push_str(&format!(" The damaged file is kept: {}.", aside.display()));
        }
        Some(said)
    }

    /// Puts a backup in the place of accounts, settings and keys, and goes on with it at once. Where the proxy listens
    /// stays as it is until the next start.
    ///
    /// # Errors
    /// When nothing was changed, see [`store::Core::restore`].
    pub async fn restore(&self, name: &str) -> Result<Restored, store::Error> {
        let restored = self.core.restore(name, KEPT_SETTINGS).await?;
        tracing::warn!(backup = name, carried = restored.carried, "a backup took the place of the data");
        if let Err(error) = self.read_anew().await {
            tracing::error!(%error, "what was restored could not be read; it is read at the next start");
        }
        Ok(restored)
    }

    async fn read_anew(&self) -> Result<(), accounts::Error> {
        // It may be an older version's, in our format now.
        sign_data(&self.core, self.version).await?;
        self.office.passwords.reload(&self.core).await?;
        self.office.visitors.reload(&self.core).await?;
        let settings = Settings::load(&self.core).await?;
        if let Err(problem) = self.go_out_by(&settings) {
            tracing::warn!(%problem, "upstreams are reached as before");
        }
        self.apply(settings);
        self.reopen_safe().await;
        // Settling reads the accounts only when the safe opens.
        self.accounts.reload().await?;
        self.office.changed();
        Ok(())
    }

    /// When the next backup by the clock is due, milliseconds since 1970; `None` when there is to be none. Blocks for as
    /// long as it takes to list a folder.
    pub(crate) fn backup_due_ms(&self) -> Option<i64> {
        let hours = self.settings.load().backups.every_hours;
        if hours == 0 || matches!(self.core.condition(), Condition::ReadOnly { .. }) {
            return None;
        }
        let now = self.now_ms();
        // One from the future was made before the clock was set.
        let made = |backup: &store::Backup| backup.kind == BackupKind::Schedule && backup.made_ms <= now;
        let last = self.core.backups().into_iter().find(made);
        Some(last.map_or(now, |last| last.made_ms.saturating_add(i64::from(hours) * HOUR_MS)))
    }
}

/// Makes backups as the settings say, keeps some room on the disk, and says when there is none, until `quit`.
pub async fn take_care(gateway: Arc<Gateway>, quit: CancellationToken) {
    let mut settings = gateway.settings_changes.subscribe();
    let (mut core, mut logs) = (gateway.core.fullness(), gateway.logs.fullness());
    let mut wait = FIRST;
    // The disk may be full at any moment.
    keep_room(&gateway).await;
    loop {
        let full = gateway.disk_full();
        tokio::select! {
            () = quit.cancelled() => return,
            () = tokio::time::sleep(if full { ROOM } else { wait }) => {
                // The room may have been used, and there may be some again.
                keep_room(&gateway).await;
                if !full {
                    wait = back_up_if_due(&gateway).await;
                }
            }
            () = changed(core.as_mut()) => gateway.office.changed(),
            () = changed(Some(&mut logs)) => gateway.office.changed(),
            // Another schedule.
            changed = settings.changed() => match changed {
                Ok(()) => {}
                Err(_) => return,
            },
        }
    }
}

async fn keep_room(gateway: &Gateway) {
    let core = Arc::clone(&gateway.core);
    // Without it everything works as long as there is room.
    let _ = tokio::task::spawn_blocking(move || core.keep_room()).await;
}

/// Never when nothing will be told any more.
async fn changed(told: Option<&mut watch::Receiver<bool>>) {
    let alive = match told {
        Some(told) => told.changed().await.is_ok(),
        None => false,
    };
    if !alive {
        std::future::pending().await
    }
}

/// How long to wait before it is looked at again.
pub(crate) async fn back_up_if_due(gateway: &Arc<Gateway>) -> Duration {
    let asked = Arc::clone(gateway);
    let Ok(Some(due)) = tokio::task::spawn_blocking(move || asked.backup_due_ms()).await else { return LOOK };
    let now = gateway.now_ms();
    if due <= now {
        let keep = gateway.settings.load().backups.keep as usize;
        match gateway.core.back_up_scheduled(keep, now).await {
            Ok(made) => {
                tracing::info!(backup = %made.name, bytes = made.bytes, "accounts and settings were backed up")
            }
            Err(error) => tracing::warn!(%error, "accounts and settings could not be backed up"),
        }
        return LOOK;
    }
    Duration::from_millis(due.abs_diff(now)).min(LOOK)
}
