//! What nobody gets to see, however much they want to see the wire.

use http::HeaderMap;
use url::Url;

const HIDDEN: &str = "<redacted>";

/// Headers whose values are secrets, or prove who we are.
const SECRET: [&str; 9] = [
    "authorization",
    "proxy-authorization",
    "cookie",
    "set-cookie",
    "x-api-key",
    "x-amz-security-token",
    "x-switchboard-csrf",
    "x-amz-bearer-token",
    "api-key",
];

/// Name and value of every header, in order.
pub(super) fn headers(headers: &HeaderMap) -> Vec<(String, String)> {
    headers
        .iter()
        .map(|(name, value)| {
            let shown = if is_secret(name.as_str()) {
                HIDDEN.to_owned()
            } else {
                String::from_utf8_lossy(value.as_bytes()).into_owned()
            };
            (name.as_str().to_owned(), shown)
        })
        .collect()
}

/// A header that nobody listed, but whose name says what it is.
fn is_secret(name: &str) -> bool {
    SECRET.contains(&name)
        || ["secret", "password", "credential", "session-token", "access-token", "refresh-token"]
            .iter()
            .any(|word| name.contains(word))
}

/// An address without what may be a secret in it: a user, and values of its query.
pub(super) fn url(url: &Url) -> String {
    let mut url = url.clone();
    // Fails only where there can be none.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    let names: Vec<String> = url.query_pairs().map(|(name, _)| name.into_owned()).collect();
    let values: Vec<String> = url.query_pairs().map(|(_, value)| value.into_owned()).collect();
    if !names.is_empty() {
        let mut pairs = url.query_pairs_mut();
        pairs.clear();
        for (name, value) in names.iter().zip(&values) {
            let lower = name.to_ascii_lowercase();
            let secret = ["token", "signature", "credential", "secret", "key", "password"];
            let hide = secret.iter().any(|word| lower.contains(word));
            pairs.append_pair(name, if hide { HIDDEN } else { value });
        }
    }
    url.into()
}

/// Members of JSON bodies that are secrets: requests for models carry none, requests for tokens do.
const MEMBERS: [&str; 12] = [
    "accesstoken",
    "refreshtoken",
    "idtoken",
    "clientsecret",
    "access_token",
    "refresh_token",
    "id_token",
    "client_secret",
    "secretaccesskey",
    "sessiontoken",
    "api_key",
    "apikey",
];

/// A body as text, with the values of [`MEMBERS`] at its top taken out; `None` when it is no text.
pub(super) fn body(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?;
    let lower = text.to_ascii_lowercase();
    if !MEMBERS.iter().any(|member| lower.contains(member)) {
        return Some(text.to_owned());
    }
    // A conversation may speak of such names; only members of the document itself are taken out.
    let Ok(serde_json::Value::Object(mut members)) = serde_json::from_str(text) else {
        return Some(text.to_owned());
    };
    let mut found = false;
    for (name, value) in &mut members {
        if MEMBERS.contains(&name.to_ascii_lowercase().as_str()) {
            *value = HIDDEN.into();
            found = true;
        }
    }
    Some(if found { serde_json::Value::Object(members).to_string() } else { text.to_owned() })
}
