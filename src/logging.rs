//! The process's own log: for people on the terminal, as JSON lines in rotating files.

use std::path::Path;
use std::sync::Mutex;

use file_rotate::compression::Compression;
use file_rotate::suffix::AppendCount;
use file_rotate::{ContentLimit, FileRotate};
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
        if let Ok(filter) = filter(directives) {
            // The subscriber lives as long as the process, so the handle is good.
            let _ = self.handle.reload(filter);
        }
    }
}

const INFO: &str = "info";
const DEBUG: &str =
    "info,switchboard=debug,gateway=debug,accounts=debug,providers=debug,store=debug,wire=debug";

/// Libraries that put requests, headers or keys into their own detail; whatever is asked for, they stay at `info`.
const CAPPED: [&str; 8] = [
    "aws_sigv4",
    "aws_config",
    "aws_smithy_runtime",
    "aws_smithy_runtime_api",
    "hyper",
    "hyper_util",
    "reqwest",
    "rustls",
];

/// The filter of `directives`, with the cap on what could give a secret away.
fn filter(directives: &str) -> anyhow::Result<EnvFilter> {
    let mut filter = EnvFilter::try_new(directives)?;
    for library in CAPPED {
        filter = filter.add_directive(format!("{library}=info").parse()?);
    }
    Ok(filter)
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

/// Starts logging. `directives` is `SWITCHBOARD_LOG`, e.g. `debug` or `gateway=trace`. Secrets never get here: the
/// type that holds them cannot be printed, and control characters are escaped by both formats.
///
/// # Errors
/// When a subscriber is set already.
pub(crate) fn start(folder: &Path, directives: Option<&str>) -> anyhow::Result<Detail> {
    let base = directives.filter(|text| filter(text).is_ok()).unwrap_or(INFO).to_owned();
    let (filter, handle) = reload::Layer::new(filter(&base)?);
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
    tracing_subscriber::registry().with(filter).with(people).with(files.boxed()).try_init()?;
    Ok(Detail { handle, base })
}
