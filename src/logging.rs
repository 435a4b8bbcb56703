//! The process's own log: for people on the terminal, as JSON lines in rotating files.

use std::path::Path;
use std::sync::Mutex;

use file_rotate::compression::Compression;
use file_rotate::suffix::AppendCount;
use file_rotate::{ContentLimit, FileRotate};
use tracing::{Level, Metadata};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, reload};

/// Size of one log file in bytes.
const FILE_BYTES: usize = 20 * 1024 * 1024;

/// Rotated files kept beside the current one; five files in all.
const OLD_FILES: usize = 4;

/// Changes the detail while the process runs (the debug setting).
#[derive(Clone, Debug)]
pub(crate) struct Detail {
    handle: reload::Handle<EnvFilter, tracing_subscriber::Registry>,
    base: String,
}

impl Detail {
    /// Debug detail of our own crates on or off.
    pub(crate) fn set_debug(&self, on: bool) {
        let directives = if on { DEBUG } else { &self.base };
        if let Ok(filter) = EnvFilter::try_new(directives) {
            // The subscriber lives as long as the process, so the handle is good.
            let _ = self.handle.reload(filter);
        }
    }
}

const INFO: &str = "info";
const DEBUG: &str =
    "info,switchboard=debug,gateway=debug,accounts=debug,providers=debug,store=debug,wire=debug";

/// The crates that may say more than `info`. Others know nothing of our secrets: the AWS signer, for one, traces
/// whole requests, and what it leaves out of them is not ours to decide.
const OURS: [&str; 8] =
    ["accounts", "emulator", "gateway", "llm", "providers", "store", "switchboard", "wire"];

/// Whether what is said here cannot give a secret away, whatever detail is asked for.
fn is_discreet(event: &Metadata<'_>) -> bool {
    let source = event.target().split("::").next().unwrap_or_default();
    *event.level() <= Level::INFO || OURS.contains(&source)
}

/// How log files are opened: for appending, and for nobody else to read.
fn private() -> std::fs::OpenOptions {
    let mut options = std::fs::OpenOptions::new();
    options.read(true).write(true).create(true).append(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options
}

/// Starts logging. `directives` is `SWITCHBOARD_LOG`, e.g. `debug` or `gateway=trace`; of libraries
/// nothing below `info` is heard. Secrets never get here: the type that holds them cannot be printed, and control
/// characters are escaped by both formats.
///
/// # Errors
/// When a subscriber is set already.
pub(crate) fn start(folder: &Path, directives: Option<&str>) -> anyhow::Result<Detail> {
    let good = directives.filter(|text| EnvFilter::try_new(text).is_ok());
    let base = good.unwrap_or(INFO).to_owned();
    let (filter, handle) = reload::Layer::new(EnvFilter::try_new(&base)?);
    let people = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .with_target(false);
    let files = FileRotate::new(
        folder.join("switchboard.log"),
        AppendCount::new(OLD_FILES),
        ContentLimit::BytesSurpassed(FILE_BYTES),
        Compression::None,
        Some(private()),
    );
    let files = tracing_subscriber::fmt::layer().json().with_writer(Mutex::new(files));
    let discreet = filter_fn(is_discreet);
    tracing_subscriber::registry().with(filter).with(discreet).with(people).with(files.boxed()).try_init()?;
    if good.is_none() && directives.is_some() {
        tracing::warn!("SWITCHBOARD_LOG cannot be read; `info` is used");
    }
    Ok(Detail { handle, base })
}
