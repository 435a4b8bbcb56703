//! The door of the house: proxy routes, the request pipeline, the boundary rules and the admin API.
//!
//! Nothing here knows a desktop; nothing below this crate knows axum.

pub mod admin;
mod admission;
mod body;
mod client;
mod counting;
mod dialect;
mod dispatch;
mod door;
mod entrance;
mod errand;
pub mod guard;
#[cfg(test)]
mod house;
mod keepalive;
mod keys;
mod limits;
pub mod listener;
mod listing;
mod live;
mod models;
mod pipeline;
mod proxy;
mod record;
mod reply;
mod route;
mod settings;
mod state;

pub use admin::router as admin_router;
pub use axum;
pub use door::Door;
pub use keys::{LocalKey, LocalKeys, fingerprint};
pub use limits::Limits;
pub use listing::keep_models_listed;
pub use proxy::{Route, route};
pub use reply::ReplyBody;
pub use settings::{AutoCache, Failover, LOOPBACK, SETTINGS_KEY, Settings, SettingsError, Timeouts};
pub use state::Gateway;
