//! Ranges and shapes of single settings.

use super::{Settings, SettingsError};

/// Ten years of logs; more is a typing error.
const MOST_DAYS: u32 = 3650;
/// A terabyte.
const MOST_MB: u32 = 1 << 20;
/// Clients give up before.
const MOST_WAITING: u32 = 600;
/// An hour.
const MOST_SECONDS: u32 = 3600;
/// A month.
const MOST_HOURS: u32 = 31 * 24;
const MOST_BACKUPS: u32 = 100;
/// What a body may be long, and a capture is kept in memory.
const MOST_CAPTURED_KB: u32 = 32 * 1024;
/// More is no limit.
const MOST_REQUESTS: u32 = 1_000_000;
/// Bounds what one settings row can hold.
const MOST_ENTRIES: usize = 500;

impl Settings {
    /// Checks ranges and what one setting demands of another.
    ///
    /// # Errors
    /// Names the first setting that cannot be taken.
    pub fn check(&self) -> Result<(), SettingsError> {
        if !self.bind.is_loopback() {
            if !self.allow_lan {
                return refuse("bind", "reaches beyond this machine: set allow_lan too");
            }
            if !self.require_key {
                return refuse("require_key", "can be off only while bind is a loopback address");
            }
        }
        if !self.require_key && !self.trusted_proxies.is_empty() {
            return refuse("require_key", "can be off only while there are no trusted_proxies");
        }
        if self.prefer_global && self.forbid_global {
            return refuse("prefer_global", "contradicts forbid_global");
        }
        range("retention_days", self.retention_days, 0, MOST_DAYS)?;
        range("responses_days", self.responses_days, 0, MOST_DAYS)?;
        range("retention_mb", self.retention_mb, 0, MOST_MB)?;
        range("backups.every_hours", self.backups.every_hours, 0, MOST_HOURS)?;
        range("backups.keep", self.backups.keep, 1, MOST_BACKUPS)?;
        range("timeouts.connect_s", self.timeouts.connect_s, 1, MOST_SECONDS)?;
        range("timeouts.first_byte_s", self.timeouts.first_byte_s, 1, MOST_SECONDS)?;
        range("timeouts.idle_s", self.timeouts.idle_s, 1, MOST_SECONDS)?;
        range("timeouts.sign_in_s", self.timeouts.sign_in_s, 0, MOST_WAITING)?;
        range("ip_limit.requests", self.ip_limit.requests, 0, MOST_REQUESTS)?;
        range("ip_limit.window_s", self.ip_limit.window_s, 1, MOST_SECONDS)?;
        range("capture.max_kb", self.capture.max_kb, 1, MOST_CAPTURED_KB)?;
        range("capture.keep_mb", self.capture.keep_mb, 1, MOST_MB)?;
        if self.upstream_proxy.as_deref().is_some_and(|proxy| !is_proxy(proxy)) {
            // Not repeated: there may be a password in it.
            return refuse("upstream_proxy", "is not like http://proxy.example.com:3128");
        }
        if self.ca_file.as_deref().is_some_and(|file| !file.is_absolute()) {
            return refuse("ca_file", "is not a full path");
        }
        let most = self.extra_hosts.len().max(self.allowed_origins.len()).max(self.model_rules.len());
        let most = most.max(self.trusted_proxies.len());
        if most > MOST_ENTRIES {
            return refuse("", &format!("a list has {most} entries, at most {MOST_ENTRIES} are kept"));
        }
        if let Some(host) = self.extra_hosts.iter().find(|host| !is_host(host)) {
            return refuse("extra_hosts", &format!("{host:?} is not a host name, name:port or address"));
        }
        if let Some(origin) = self.allowed_origins.iter().find(|origin| !is_origin(origin)) {
            return refuse("allowed_origins", &format!("{origin:?} is not like https://app.example.com"));
        }
        if let Some(rule) = self.model_rules.iter().find(|rule| !rule.is_sound()) {
            let message = format!("the rule for {:?} needs a name, and a model or an account", rule.name);
            return refuse("model_rules", &message);
        }
        if self.default_model.as_deref().is_some_and(|model| !is_model(model)) {
            return refuse("default_model", "is no name of a model");
        }
        Ok(())
    }
}

fn refuse(field: &str, message: &str) -> Result<(), SettingsError> {
    Err(SettingsError { field: field.to_owned(), message: message.to_owned() })
}

fn range(field: &str, value: u32, least: u32, most: u32) -> Result<(), SettingsError> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    refuse(field, &format!("is {value}, may be {least} to {most}"))
}

/// `name`, `name:port`, an IPv4 address, or an IPv6 address in brackets; lower case, no wildcard.
fn is_host(text: &str) -> bool {
    let (name, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, rest)) => {
            if address.parse::<std::net::Ipv6Addr>().is_err() {
                return false;
            }
            match rest {
                "" => return true,
                _ => match rest.strip_prefix(':') {
                    Some(port) => return is_port(port),
                    None => return false,
                },
            }
        }
        None => match text.split_once(':') {
            Some((name, port)) => (name, Some(port)),
            None => (text, None),
        },
    };
    is_name(name) && port.is_none_or(is_port)
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 253
        && name.split('.').all(|label| {
            !label.is_empty()
                && !label.starts_with('-')
                && label.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'))
        })
}

fn is_port(port: &str) -> bool {
    !port.starts_with('0') && port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok()
}

/// `http://host:port` or `https://host:port`. A name and a password would have to be kept as a secret, which settings are
/// not; the system's own proxy settings may hold them.
fn is_proxy(text: &str) -> bool {
    let Some((scheme, authority)) = text.split_once("://") else { return false };
    matches!(scheme, "http" | "https") && is_host(&authority.trim_end_matches('/').to_ascii_lowercase())
}

/// `scheme://host` as browsers write it in `Origin`: editors and extensions have schemes of their own
/// (`vscode-webview:`, `chrome-extension:`), so any scheme may be listed. `null` and `*` may not.
fn is_origin(text: &str) -> bool {
    let Some((scheme, authority)) = text.split_once("://") else { return false };
    let scheme_ok = scheme.starts_with(|first: char| first.is_ascii_lowercase())
        && scheme.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'+' | b'-' | b'.'));
    scheme_ok && is_host(authority)
}

fn is_model(name: &str) -> bool {
    !name.trim().is_empty() && name.len() <= 256 && !name.chars().any(char::is_control)
}
