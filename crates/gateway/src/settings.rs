//! What the person may set, in one typed value.

mod reach;
mod rules;
mod stored;
#[cfg(test)]
mod tests;

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

use llm::{CacheMark, CacheTtl};
use providers::{Patience, Preferences};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use accounts::Failover;
pub use reach::{ForwardedBy, IpLimit};

use crate::{ModelRule, Network};

/// Name of the row in `core.db` that holds the settings.
pub const SETTINGS_KEY: &str = "gateway";

/// The default bind address. It stands for both loopback addresses, 127.0.0.1 and ::1.
pub const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// The settings. Everything takes effect at once, for requests that come in from then on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Settings {
    /// TCP port of the proxy; 0 lets the system choose.
    pub port: u16,
    /// Address to listen on; a loopback address means both 127.0.0.1 and ::1.
    pub bind: IpAddr,
    /// The person confirmed that other machines may reach the proxy. Without it only loopback may be bound.
    pub allow_lan: bool,
    /// Clients must show the local key. Counts as on while anything but loopback is listened on.
    pub require_key: bool,
    /// Kept by the accounts, shown here.
    pub failover: Failover,
    /// Log rows older than this go; 0 keeps them for ever.
    pub retention_days: u32,
    /// Oldest log rows go when the log is larger than this; 0 means no limit.
    pub retention_mb: u32,
    /// Answers to clients of OpenAI's Responses that want them kept stay so many days; 0 keeps none.
    pub responses_days: u32,
    pub backups: Backups,
    pub timeouts: Timeouts,
    /// Further names a `Host` header may carry: `name` (with our port or none) or `name:port`.
    pub extra_hosts: Vec<String>,
    /// Web origins that may call us, e.g. `https://app.example.com`.
    pub allowed_origins: Vec<String>,
    /// Reverse proxies that are believed when they say for whom they ask: addresses, or ranges like `10.0.0.0/8`. The local
    /// key is demanded while there are any.
    #[cfg_attr(feature = "types", ts(type = "Array<string>"))]
    pub trusted_proxies: Vec<Network>,
    /// The header in which they say it. The other one is not looked at: it may come from anybody.
    pub forwarded_by: ForwardedBy,
    /// How often another machine may ask.
    pub ip_limit: IpLimit,
    /// `GET /metrics` tells figures for Prometheus.
    pub metrics: bool,
    /// Detailed process log.
    pub debug_log: bool,
    /// Thinking goes to OpenAI clients as `reasoning_content`.
    pub reasoning_content: bool,
    /// Prompt-cache markers for clients whose dialect has none: agents send the whole conversation every time, and
    /// what is read from a cache costs a tenth.
    pub auto_cache: AutoCache,
    /// What names of models mean, in this order; the first that fits is followed.
    pub model_rules: Vec<ModelRule>,
    /// Answers where a name means no model of any account; without one that is an error.
    pub default_model: Option<String>,
    /// Global inference profiles first, where a model has one.
    pub prefer_global: bool,
    /// Never global inference profiles.
    pub forbid_global: bool,
    /// Keeps the wire of every request.
    pub capture: Capture,
    pub language: Language,
    pub theme: Theme,
    /// Proxy for everything that goes to an upstream, `http://host:port`; without one the system's is used.
    pub upstream_proxy: Option<String>,
    /// PEM file with certificate authorities to trust beside the system's.
    pub ca_file: Option<PathBuf>,
    pub notifications: Notifications,
    /// The window has led the person through the first start.
    pub first_run_done: bool,
}

/// When accounts, settings and keys are copied to the folder of backups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "types", derive(ts_rs::TS), ts(rename = "BackupSettings"))]
pub struct Backups {
    /// Between two of them; 0 makes none by the clock.
    pub every_hours: u32,
    /// The newest so many stay. Those that the person made stay anyway.
    pub keep: u32,
}

/// What is kept of requests' bodies. Off unless the person turns it on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "types", derive(ts_rs::TS), ts(rename = "CaptureSettings"))]
pub struct Capture {
    pub enabled: bool,
    /// Of each body, and of each answer's events together.
    pub max_kb: u32,
    /// Of all requests together; the oldest go first.
    pub keep_mb: u32,
}

/// The language of window and tray.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub enum Language {
    #[default]
    #[serde(rename = "system")]
    System,
    #[serde(rename = "en")]
    English,
    #[serde(rename = "zh-CN")]
    SimplifiedChinese,
}

impl Language {
    /// As it is written in the settings.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::English => "en",
            Self::SimplifiedChinese => "zh-CN",
        }
    }
}

/// The window's colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub enum Theme {
    #[default]
    System,
    Light,
    Dark,
}

impl Theme {
    /// As it is written in the settings.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// What the person wants to be told while they look elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Notifications {
    /// An account must be signed in to again.
    pub sign_in: bool,
    /// Another account answered than the one that was asked first.
    pub failover: bool,
    pub suspended: bool,
    /// An allowance is nearly used up.
    pub quota: bool,
    /// The proxy's port is taken.
    pub port: bool,
    /// The proxy stopped.
    pub stopped: bool,
}

/// Seconds to wait for an upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Timeouts {
    pub connect_s: u32,
    /// From the request to the answer's first byte.
    pub first_byte_s: u32,
    /// Between two pieces of an answer.
    pub idle_s: u32,
    /// Requests wait so long for a person who is signing in again; 0 lets them fail at once.
    pub sign_in_s: u32,
}

/// Prompt-cache markers we add on our own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub enum AutoCache {
    #[serde(rename = "off")]
    Off,
    #[serde(rename = "5m")]
    FiveMinutes,
    #[serde(rename = "1h")]
    OneHour,
}

/// A setting that cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {message}")]
pub struct SettingsError {
    /// Name of the setting, e.g. `timeouts.idle_s`; empty when the whole document is wrong.
    pub field: String,
    pub message: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            port: 4880,
            bind: LOOPBACK,
            allow_lan: false,
            require_key: true,
            failover: Failover::default(),
            retention_days: 30,
            retention_mb: 512,
            responses_days: 30,
            backups: Backups::default(),
            timeouts: Timeouts::default(),
            extra_hosts: Vec::new(),
            allowed_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            forwarded_by: ForwardedBy::default(),
            ip_limit: IpLimit::default(),
            metrics: false,
            debug_log: false,
            reasoning_content: true,
            auto_cache: AutoCache::FiveMinutes,
            model_rules: Vec::new(),
            default_model: None,
            prefer_global: false,
            forbid_global: false,
            capture: Capture::default(),
            language: Language::default(),
            theme: Theme::default(),
            upstream_proxy: None,
            ca_file: None,
            notifications: Notifications::default(),
            first_run_done: false,
        }
    }
}

impl Default for Backups {
    fn default() -> Self {
        Self { every_hours: 24, keep: 7 }
    }
}

impl Default for Capture {
    fn default() -> Self {
        Self { enabled: false, max_kb: 256, keep_mb: 100 }
    }
}

impl Default for Notifications {
    fn default() -> Self {
        Self { sign_in: true, failover: true, suspended: true, quota: true, port: true, stopped: true }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect_s: 10, first_byte_s: 300, idle_s: 300, sign_in_s: 60 }
    }
}

impl Timeouts {
    #[must_use]
    pub const fn connect(self) -> Duration {
        Duration::from_secs(self.connect_s as u64)
    }

    /// How long a request waits for a person who is signing in again.
    #[must_use]
    pub const fn sign_in(self) -> Duration {
        Duration::from_secs(self.sign_in_s as u64)
    }

    /// How long a connected upstream may be silent.
    #[must_use]
    pub const fn patience(self) -> Patience {
        Patience {
            first_byte: Duration::from_secs(self.first_byte_s as u64),
            chunk: Duration::from_secs(self.idle_s as u64),
        }
    }
}

impl Settings {
    /// What providers are told of the settings.
    #[must_use]
    pub fn preferences(&self) -> Preferences {
        Preferences {
            auto_cache: match self.auto_cache {
                AutoCache::Off => None,
                AutoCache::FiveMinutes => Some(CacheMark { ttl: None }),
                AutoCache::OneHour => Some(CacheMark { ttl: Some(CacheTtl::OneHour) }),
            },
            prefer_global: self.prefer_global,
            forbid_global: self.forbid_global,
            patience: self.timeouts.patience(),
        }
    }

    /// The settings with `changes` applied: a JSON object whose members replace ours one by one, also within
    /// `failover`, `timeouts`, `capture`, `backups`, `ip_limit` and `notifications`; what it does not name stays.
    ///
    /// # Errors
    /// Names the member that is unknown, of the wrong type or out of its range.
    pub fn changed(&self, changes: &Map<String, Value>) -> Result<Self, SettingsError> {
        let mut settings = self.clone();
        for (name, value) in changes {
            settings = settings.with(name, value)?;
        }
        settings.check()?;
        Ok(settings)
    }

    /// One member replaced, its type checked, its range not yet.
    fn with(&self, name: &str, value: &Value) -> Result<Self, SettingsError> {
        let wrong =
            |error: serde_json::Error| SettingsError { field: name.to_owned(), message: error.to_string() };
        let Ok(Value::Object(mut members)) = serde_json::to_value(self) else {
            return Err(SettingsError { field: name.to_owned(), message: "cannot be written".to_owned() });
        };
        match (members.get_mut(name), value) {
            (Some(Value::Object(ours)), Value::Object(theirs)) => {
                ours.extend(theirs.iter().map(|(name, value)| (name.clone(), value.clone())));
            }
            (Some(ours), _) => *ours = value.clone(),
            (None, _) => {
                return Err(SettingsError {
                    field: name.to_owned(),
                    message: "there is no such setting".to_owned(),
                });
            }
        }
        serde_json::from_value(Value::Object(members)).map_err(wrong)
    }
}
