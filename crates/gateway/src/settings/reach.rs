//! Settings about who reaches the proxy from elsewhere.

use serde::{Deserialize, Serialize};

/// Where a reverse proxy says for whom it asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub enum ForwardedBy {
    #[default]
    #[serde(rename = "x-forwarded-for")]
    XForwardedFor,
    /// RFC 7239.
    #[serde(rename = "forwarded")]
    Forwarded,
}

/// How many requests an address of another machine may send in a window of time. An IPv6 address stands for its /64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct IpLimit {
    /// 0 means no limit.
    pub requests: u32,
    /// Seconds.
    pub window_s: u32,
}

impl Default for IpLimit {
    fn default() -> Self {
        Self { requests: 600, window_s: 60 }
    }
}
