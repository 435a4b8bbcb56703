//! Why a client's file is left alone.

use std::io;
use std::path::PathBuf;

/// Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{} cannot be understood ({what}); mend it, or follow the steps by hand", path.display())]
    Unreadable { path: PathBuf, what: String },
    #[error("{} has something else at {at} than this client reads there; follow the steps by hand", path.display())]
    Shape { path: PathBuf, at: String },
    #[error("{} may not be written: it is kept read-only, maybe by a program that makes it", path.display())]
    ReadOnly { path: PathBuf },
    #[error("{} is of an older format, and a new file beside it would hide it; follow the steps by hand", path.display())]
    OldFormat { path: PathBuf },
    #[error("{} was changed in the meantime; look at the difference again", path.display())]
    Changed { path: PathBuf },
    #[error("Switchboard did not connect this client, so there is nothing to take back")]
    NotConnected,
    #[error("There is no such home folder on this machine now; a Linux within Windows must run")]
    NoHome,
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
}

impl Error {
    /// Stable, for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "client_file_unreadable",
            Self::Shape { .. } => "client_file_shape",
            Self::ReadOnly { .. } => "client_file_read_only",
            Self::OldFormat { .. } => "client_file_old",
            Self::Changed { .. } => "client_file_changed",
            Self::NotConnected => "client_not_connected",
            Self::NoHome => "client_no_home",
            Self::Io { .. } => "client_file_io",
        }
    }

    /// The file, where it is about one.
    #[must_use]
    pub fn path(&self) -> Option<&std::path::Path> {
        match self {
            Self::Unreadable { path, .. }
            | Self::Shape { path, .. }
            | Self::ReadOnly { path }
            | Self::OldFormat { path }
            | Self::Changed { path }
            | Self::Io { path, .. } => Some(path),
            Self::NotConnected | Self::NoHome => None,
        }
    }
}
