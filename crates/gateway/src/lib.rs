//! The door of the house: proxy routes, the request pipeline, the boundary rules and the admin API.
//!
//! Nothing here knows a desktop; nothing below this crate knows axum.

pub mod admin;
mod admission;
mod assets;
mod body;
mod capture;
mod care;
mod client;
mod conversation;
mod counting;
mod dialect;
mod dispatch;
mod doors;
mod embeddings;
mod entrance;
mod errand;
pub mod guard;
#[cfg(test)]
mod house;
mod keepalive;
mod kept;
mod keys;
mod last_call;
mod limits;
pub mod listener;
mod listing;
mod live;
mod metrics;
mod model_rules;
mod models;
mod network;
mod notices;
mod office;
mod passwords;
mod pattern;
mod pipeline;
mod proxy;
mod quotas;
mod record;
mod reply;
mod route;
mod safe;
mod sessions;
mod settings;
mod shell;
mod state;
mod upstream;
mod visitors;

pub use admin::keys::new_local_key;
pub use admin::router as admin_router;
pub use assets::Asset;
pub use axum;
pub use capture::{Capture as CapturedWire, Captures};
pub use care::{KEPT_SETTINGS, sign_data, take_care};
pub use doors::{Doors, Taken, owner_of, preferred};
pub use keys::{KeyRules, LOCAL, LocalKey, LocalKeys, Meter, ServiceTier, fingerprint};
pub use limits::Limits;
pub use listing::keep_models_listed;
pub use metrics::{Metrics, keep_counting};
pub use model_rules::ModelRule;
pub use network::{Network, NoNetwork};
pub use notices::keep_informed;
pub use office::{Fittings, Office, PortProblem};
pub use passwords::Passwords;
pub use proxy::{Route, route};
pub use quotas::Quotas;
pub use reply::ReplyBody;
pub use safe::{Door, Refused, Safe, Settle, Shut, keep_opening};
pub use sessions::Sessions;
pub use settings::{
    AutoCache, Failover, ForwardedBy, IpLimit, LOOPBACK, Language, SETTINGS_KEY, Settings, SettingsError,
    Theme, Timeouts,
};
pub use shell::{Capabilities, Headless, Notice, Shell};
pub use state::{Gateway, TooWide, url_of};
pub use visitors::{Block, Visitors};
