//! `switchboard backup` and `switchboard restore`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use accounts::{Clock, SystemClock, milliseconds};
use anyhow::{Context, Result, bail};
use gateway::KEPT_SETTINGS;
use serde_json::{Value, json};
use store::{Backup, BackupKind};

use super::accounts::{rows, text};
use super::admin::Admin;
use crate::config::Config;
use crate::{lock, paths};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Write the copy to this file, which must not be there yet; without it, into the folder of backups
    #[arg(conflicts_with = "list")]
    file: Option<PathBuf>,
    /// Show the backups there are, newest first
    #[arg(long)]
    list: bool,
    /// Copy the log too, into the folder of backups
    #[arg(long, conflicts_with_all = ["list", "file"])]
    logs: bool,
    #[arg(long)]
    json: bool,
}

/// Makes a backup or lists them.
pub(crate) async fn backup(config: Config, args: Args) -> Result<ExitCode> {
    let admin = Admin::reach_locked(&config).await?;
    let result = if args.list { listed(&admin, args.json).await } else { made(&admin, &args).await };
    admin.done().await;
    result
}

async fn listed(admin: &Admin, json: bool) -> Result<ExitCode> {
    let listed = admin.ask("GET", "/api/backups", None).await?;
    if json {
        println!("{}", serde_json::to_string_pretty(&listed)?);
        return Ok(ExitCode::SUCCESS);
    }
    for row in rows(&listed, "backups") {
        let backup: Backup = serde_json::from_value(row.clone())?;
        println!(
            "{:<36} {}  {:>8} kB  {}",
            backup.name,
            backup.time(),
            backup.bytes.div_ceil(1024),
            why(backup.kind)
        );
    }
    println!("In {}", text(&listed["folder"]));
    Ok(ExitCode::SUCCESS)
}

const fn why(kind: BackupKind) -> &'static str {
    match kind {
        BackupKind::Change => "after a change",
        BackupKind::Schedule => "by the clock",
        BackupKind::Person => "made by you",
        BackupKind::Migration => "before an update changed the format",
        BackupKind::Log => "of the log",
    }
}

async fn made(admin: &Admin, args: &Args) -> Result<ExitCode> {
    let target = args.file.as_deref().map(std::path::absolute).transpose()?;
    if let Some(target) = target.as_deref().filter(|target| target.exists()) {
        bail!("{} is there already; nothing was written", target.display());
    }
    let answer = admin.ask("POST", "/api/backups", Some(&json!({"logs": args.logs}))).await?;
    let listed = admin.ask("GET", "/api/backups", None).await?;
    let folder = PathBuf::from(text(&listed["folder"]));
    let made: Vec<Backup> = serde_json::from_value(answer["made"].clone())?;
    let mut paths: Vec<_> = made.iter().map(|backup| folder.join(&backup.name)).collect();
    if let (Some(target), Some(path), Some(backup)) = (target, paths.first_mut(), made.first()) {
        let copied = copy(path, &target).with_context(|| format!("cannot write {}", target.display()));
        // It was a step on the way; what the person asked for is the file.
        admin.ask("DELETE", &format!("/api/backups/{}", backup.name), None).await?;
        copied?;
        *path = target;
    }
    if args.json {
        println!("{}", json!({"files": paths}));
    } else {
        for path in &paths {
            println!("{}", path.display());
        }
        eprintln!(
            "Secrets in it are encrypted; their key is not in it. To read it on another machine you need the \
             recovery key (`switchboard secrets recovery-key`), or the passphrase or key file in use."
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// A file that was not there before, readable by its owner alone.
fn copy(source: &Path, target: &Path) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut written = options.open(target)?;
    let copied = fs::File::open(source)
        .and_then(|mut source| std::io::copy(&mut source, &mut written))
        .and_then(|_| written.sync_all());
    if copied.is_err() {
        // Half a backup is none.
        let _ = fs::remove_file(target);
    }
    copied
}

/// Puts a backup in the place of the data: through the running instance, which goes on with it, or on the files.
pub(crate) async fn restore(config: Config, file: PathBuf) -> Result<ExitCode> {
    let folder = config.data_dir.join("backups");
    let named = file.file_name().and_then(|name| name.to_str()).map(str::to_owned);
    // A name of the list, or the path of one of them.
    let kept = named.clone().filter(|name| {
        let inside = folder.join(name);
        let meant =
            if file.components().count() == 1 && !file.exists() { inside.clone() } else { file.clone() };
        matches!((inside.canonicalize(), meant.canonicalize()), (Ok(one), Ok(other)) if one == other)
    });
    let path = kept.as_ref().map_or_else(|| file.clone(), |name| folder.join(name));
    if !path.is_file() {
        bail!("there is no backup {}; `switchboard backup --list` shows those there are", file.display());
    }
    let said = if lock::is_held(&config.data_dir) {
        through(&config, &path, kept).await?
    } else {
        on_files(&config, &path)?
    };
    println!("Restored from {}.", path.display());
    if let Some(aside) = said.kept_at {
        println!("What was there before is kept: {aside}. `switchboard restore` takes that file too.");
    }
    if said.carried > 0 {
        println!("{} credentials that were renewed since stay: the backup's are void.", said.carried);
    }
    if said.moves {
        println!("The proxy listens as the backup says from the next start on.");
    }
    locked(&config).await;
    Ok(ExitCode::SUCCESS)
}

struct Said {
    kept_at: Option<String>,
    carried: u64,
    moves: bool,
}

async fn through(config: &Config, path: &Path, kept: Option<String>) -> Result<Said> {
    let admin = Admin::reach_locked(config).await?;
    let name = match kept {
        Some(name) => name,
        None => {
            let now_ms = milliseconds(SystemClock.now());
            store::bring(&config.data_dir, path, now_ms).with_context(|| not_restored(path))?.name
        }
    };
    let route = format!("/api/backups/{name}/restore");
    let answer = admin.ask("POST", &route, Some(&json!({"confirm": true}))).await;
    admin.done().await;
    let answer = answer.with_context(|| not_restored(path))?;
    Ok(Said {
        kept_at: answer["kept_at"].as_str().map(str::to_owned),
        carried: answer["carried"].as_u64().unwrap_or_default(),
        moves: answer["moves"] == true,
    })
}

fn on_files(config: &Config, path: &Path) -> Result<Said> {
    let folder = &config.data_dir;
    paths::make_private(folder)
        .with_context(|| format!("cannot use the data folder {}", folder.display()))?;
    let Some(_lock) = lock::InstanceLock::take(folder)? else {
        bail!("Switchboard is starting or stopping on this data folder; try again in a moment");
    };
    let restored = store::restore(folder, path, KEPT_SETTINGS).with_context(|| not_restored(path))?;
    Ok(Said {
        kept_at: restored.aside.map(|aside| aside.display().to_string()),
        carried: restored.carried as u64,
        moves: false,
    })
}

fn not_restored(path: &Path) -> String {
    format!("{} was not restored; nothing was changed", path.display())
}

/// Says when what was restored cannot be read here.
async fn locked(config: &Config) {
    let Ok(admin) = Admin::reach_locked(config).await else { return };
    let secrets = admin.ask("GET", "/api/secrets", None).await.unwrap_or(Value::Null);
    admin.done().await;
    if secrets["door"]["kind"] == "locked" {
        println!(
            "Its secrets are locked: their key is not on this machine. Start Switchboard and unlock them with the \
             recovery key or the passphrase that were theirs (`switchboard secrets unlock`)."
        );
    }
}
