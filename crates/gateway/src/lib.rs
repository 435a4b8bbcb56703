//! The door of the house: proxy routes, the request pipeline, the boundary rules and the admin API.
//!
//! Nothing here knows a desktop; nothing below this crate knows axum.

mod keys;
mod settings;
mod state;

pub use keys::{LocalKey, LocalKeys, fingerprint};
pub use settings::{AutoCache, Failover, LOOPBACK, Settings, SettingsError, Timeouts};
pub use state::{Clock, Gateway};
