//! What the person or the environment decided before the start.

use std::net::IpAddr;
use std::path::PathBuf;

use llm::Secret;

use crate::environment::Environment;

/// The port editors are pointed at unless someone says otherwise.
pub const DEFAULT_PORT: u16 = 4880;

/// How to start. Environment variables and flags are read once, at the rim, and end here.
#[derive(Clone, Debug)]
pub struct Config {
    pub data_dir: PathBuf,
    /// `None`: what the settings say, at first [`DEFAULT_PORT`]. 0 takes any free port.
    pub port: Option<u16>,
    /// `None`: what the settings say, at first `127.0.0.1` (and `::1` beside it).
    pub bind: Option<IpAddr>,
    /// A listener of its own for window and admin API, on loopback; 0 takes any free port. `None`: they share the
    /// proxy's port.
    pub admin_port: Option<u16>,
    /// `SWITCHBOARD_LOCAL_KEY`: is good beside the stored local key while this process runs.
    pub local_key: Option<Secret>,
    /// The AWS and Kiro variables of the process.
    pub environment: Environment,
}
