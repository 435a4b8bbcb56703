//! Composition: the parts of Switchboard put together, for whichever host starts it.
//!
//! Nothing here knows a desktop. A host opens an [`App`], lets it listen, and stops it.

pub mod claim;
pub mod cli;
pub mod config;
pub mod environment;
pub mod shell;
pub mod signals;
pub mod tray;

mod app;
mod assets;
mod beside;
mod call;
mod keys;
mod lock;
mod logging;
mod paths;
mod running;
mod settle;
mod welcome;

pub use app::App;
pub use cli::invitation;
pub use config::{Config, KeychainUse};
pub use running::Running;
