//! AWS profiles and sessions of IAM Identity Center in `~/.aws`.

mod sections;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::SystemTime;

use serde::Deserialize;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::logins::KIND as IDENTITY_CENTER;
use crate::address::check_region;
use crate::found::{Found, FoundKind, OwnSignIn, Places, Program, read, shown, variables};
use sections::{Section, Sort, sections};

/// More than anybody can tick.
const MOST: usize = 500;

/// More tokens than anybody has.
const MOST_TOKENS: usize = 200;

type Keys = BTreeMap<String, String>;

/// A token of the cache that AWS's tools share.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Cached {
    start_url: String,
    expires_at: String,
    #[serde(rename = "accessToken")]
    _token: serde::de::IgnoredAny,
}

/// What is there. Blocks.
pub(super) fn look(places: &Places) -> Vec<Found> {
    let (mut profiles, mut sessions) = (BTreeMap::<String, Keys>::new(), BTreeMap::<String, Keys>::new());
    let mut from = BTreeMap::new();
    for (path, bare) in [(&places.aws_config, false), (&places.aws_credentials, true)] {
        for Section { sort, name, keys } in sections(&text(path, &places.home), bare) {
            match sort {
                Sort::Profile => {
                    // Keys of the credentials file win, and are named as the place.
                    if bare || !from.contains_key(&name) {
                        from.insert(name.clone(), path);
                    }
                    profiles.entry(name).or_default().extend(keys);
                }
                Sort::Session => sessions.entry(name).or_default().extend(keys),
            }
        }
    }
    let ends = tokens(places);
    let until = |start_url: Option<&String>| start_url.and_then(|url| ends.get(plain(url)).copied());
    let mut found = Vec::new();
    for (name, keys) in &profiles {
        let Some(kind) = kind(keys) else { continue };
        let session = keys.get("sso_session").and_then(|session| sessions.get(session));
        let start_url =
            keys.get("sso_start_url").or_else(|| session.and_then(|session| session.get("sso_start_url")));
        let Some(label) = shown(name) else { continue };
        found.push(Found {
            id: format!("aws_profile:{name}"),
            provider: "bedrock",
            program: Program::Aws,
            kind,
            name: label,
            place: from.get(name).map_or_else(String::new, |path| path.display().to_string()),
            region: keys.get("region").filter(|region| check_region(region).is_ok()).cloned(),
            start_url: start_url.filter(|_| kind == FoundKind::Sso).and_then(|url| shown(url)),
            expires_ms: until(start_url.filter(|_| kind == FoundKind::Sso)),
            sign_in: None,
            credential: usable(kind, keys).then(|| json!({"kind": "aws_profile", "profile": name})),
            brought: None,
        });
    }
    for (name, keys) in &sessions {
        let (Some(start_url), Some(region)) = (keys.get("sso_start_url"), keys.get("sso_region")) else {
            continue;
        };
        let (Some(label), Some(address)) = (shown(name), shown(start_url)) else { continue };
        let fields = Map::from_iter([
            ("start_url".to_owned(), Value::from(address.clone())),
            ("oidc_region".to_owned(), Value::from(region.as_str())),
        ]);
        found.push(Found {
            id: format!("sso_session:{name}"),
            provider: "bedrock",
            program: Program::Aws,
            kind: FoundKind::SsoSession,
            name: label,
            place: places.aws_config.display().to_string(),
            region: shown(region),
            start_url: Some(address),
            expires_ms: until(Some(start_url)),
            sign_in: Some(OwnSignIn { login: IDENTITY_CENTER.to_owned(), fields }),
            credential: None,
            brought: None,
        });
    }
    found.truncate(MOST);
    found.extend(variables(places, "bedrock"));
    found
}

/// The text of a file; empty when there is none that may be read.
fn text(path: &Path, root: &Path) -> String {
    match read(path, path.parent().filter(|parent| !parent.starts_with(root)).unwrap_or(root)) {
        Ok(content) => String::from_utf8_lossy(&content.unwrap_or_default()).into_owned(),
        Err(error) => {
            tracing::info!(path = %path.display(), %error, "a file of AWS's tools is not read");
            String::new()
        }
    }
}

/// How a profile proves who one is; in the order in which AWS's library looks. `None` when it says nothing of that.
fn kind(keys: &Keys) -> Option<FoundKind> {
    let has = |name: &str| keys.get(name).is_some_and(|value| !value.is_empty());
    Some(if has("role_arn") && has("web_identity_token_file") {
        FoundKind::WebIdentity
    } else if has("role_arn") {
        FoundKind::Role
    } else if has("sso_session") || has("sso_start_url") {
        FoundKind::Sso
    } else if has("aws_access_key_id") {
        FoundKind::AccessKey
    } else if has("credential_process") {
        FoundKind::Process
    } else if has("login_session") {
        FoundKind::Console
    } else {
        return None;
    })
}

/// What AWS's library can do here: it asks nobody for a code, and console sign-ins are not built in.
fn usable(kind: FoundKind, keys: &Keys) -> bool {
    let complete = kind != FoundKind::Sso
        || ["sso_account_id", "sso_role_name"].iter().all(|name| keys.contains_key(*name));
    complete && kind != FoundKind::Console && !keys.contains_key("mfa_serial")
}

/// When the newest token of each start page ends.
fn tokens(places: &Places) -> BTreeMap<String, i64> {
    let mut ends = BTreeMap::new();
    let Ok(folder) = fs::read_dir(places.sso_cache()) else { return ends };
    for entry in folder.flatten().take(MOST_TOKENS) {
        let path = entry.path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let Ok(Some(content)) = read(&path, &places.home) else { continue };
        let Ok(token) = serde_json::from_slice::<Cached>(&content) else { continue };
        // Older tools write `UTC` in place of `Z`.
        let Ok(end) = OffsetDateTime::parse(&token.expires_at.replace("UTC", "Z"), &Rfc3339) else {
            continue;
        };
        let end = milliseconds(end.into());
        let known = ends.entry(plain(&token.start_url).to_owned()).or_insert(end);
        *known = end.max(*known);
    }
    ends
}

/// A start page in one spelling.
fn plain(url: &str) -> &str {
    url.trim().trim_end_matches(['/', '#'])
}

fn milliseconds(time: SystemTime) -> i64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
