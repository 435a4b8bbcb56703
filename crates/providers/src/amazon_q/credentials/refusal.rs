//! What a token endpoint means when it says no. Only what the person can mend asks them to sign in; everything else
//! may work later.

use llm::{Category, Error, Upstream};
use serde::Deserialize;
use wire::amazon_q::ENTER_AGAIN;

use super::stored::Way;

/// The longest upstream text we keep, in characters.
const LONGEST: usize = 300;

/// Bodies of all three: OAuth's, and AWS's when a front end refuses.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Body {
    error: Option<String>,
    error_description: Option<String>,
    #[serde(rename = "__type")]
    kind: Option<String>,
    #[serde(alias = "Message")]
    message: Option<String>,
    /// Where the token belongs, when it belongs elsewhere.
    region: Option<String>,
}

/// Reads a refusal. The word in the body decides, not the status: one and the same word came with several.
pub(super) fn read(way: &Way, status: u16, error_type: Option<&str>, body: &[u8]) -> Error {
    let parsed: Option<Body> = serde_json::from_slice(body).ok();
    let is_json = parsed.is_some();
    let Body { error, error_description, kind, message, region } = parsed.unwrap_or_default();
    let name = error_type.map(str::to_owned).or(kind).unwrap_or_default();
    let name = name.split(':').next().unwrap_or_default().rsplit('#').next().unwrap_or_default();
    let code = error.as_deref().map_or_else(|| word(name), str::to_owned);
    let said: String = error_description.or(message).unwrap_or_default().chars().take(LONGEST).collect();
    let elsewhere =
        name.starts_with("InvalidRequestRegion") || (code == "invalid_request" && region.is_some());
    let (category, words) = match code.as_str() {
        _ if elsewhere => (Category::NoCredentials, wrong_region(region.as_deref())),
        "invalid_grant" | "expired_token" | "access_denied" => {
            (Category::NoCredentials, "The sign-in of this account has ended.".to_owned())
        }
        "invalid_client" | "unauthorized_client" => (
            Category::NoCredentials,
            "The registration that this sign-in was made with has expired or is wrong.".to_owned(),
        ),
        "slow_down" => (Category::RateLimited, "The sign-in service asks to slow down.".to_owned()),
        _ => match status {
            429 => (Category::RateLimited, "The sign-in service asks to slow down.".to_owned()),
            // Kiro's own sign-in names no code; a web page comes from something in between.
            400 | 401 | 403 if is_json && error.is_none() && matches!(way, Way::Social { .. }) => {
                (Category::NoCredentials, "Kiro no longer accepts this sign-in.".to_owned())
            }
            401 if is_json => {
                (Category::NoCredentials, "The sign-in service no longer accepts this sign-in.".to_owned())
            }
            503 => (Category::Overloaded, "The sign-in service is not available.".to_owned()),
            _ => (Category::Upstream, format!("The sign-in service failed with status {status}.")),
        },
    };
    let words = match category {
        Category::NoCredentials if !elsewhere => format!("{words} {ENTER_AGAIN}"),
        _ => words,
    };
    let words = if said.is_empty() { words } else { format!("{words} It said: {said}") };
    let code = if code.is_empty() { name.to_owned() } else { code };
    Error::new(category, words).with_upstream(Upstream {
        status,
        code: code.chars().take(LONGEST).collect(),
        message: said,
        ..Upstream::default()
    })
}

fn wrong_region(region: Option<&str>) -> String {
    let hint: String = region.unwrap_or_default().chars().take(LONGEST).collect();
    if hint.is_empty() {
        "This sign-in belongs to another region. Set the credential's oidc_region to it.".to_owned()
    } else {
        format!("This sign-in belongs to the region {hint}. Set the credential's oidc_region to it.")
    }
}

/// `InvalidGrantException` is `invalid_grant`.
fn word(name: &str) -> String {
    let mut word = String::new();
    for (at, letter) in name.strip_suffix("Exception").unwrap_or(name).char_indices() {
        if at > 0 && letter.is_ascii_uppercase() {
            word.push('_');
        }
        word.push(letter.to_ascii_lowercase());
    }
    word
}
