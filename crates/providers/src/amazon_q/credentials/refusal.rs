//! What a token endpoint means when it says no. Only what the person can mend asks them to sign in; everything else
//! may work later.

use llm::{Category, Error, Upstream};
use wire::amazon_q::ENTER_AGAIN;

use super::stored::Way;
use crate::login::Complaint;

/// Reads a refusal. The word in the body decides, not the status: one and the same word came with several.
pub(super) fn read(way: &Way, status: u16, error_type: Option<&str>, body: &[u8]) -> Error {
    let Complaint { code, said, is_json, is_oauth, elsewhere } = Complaint::read(error_type, body);
    let (category, words) = match code.as_str() {
        _ if elsewhere.is_some() => {
            (Category::NoCredentials, wrong_region(elsewhere.as_ref().and_then(Option::as_deref)))
        }
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
            400 | 401 | 403 if is_json && !is_oauth && matches!(way, Way::Social { .. }) => {
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
        Category::NoCredentials if elsewhere.is_none() => format!("{words} {ENTER_AGAIN}"),
        _ => words,
    };
    let words = if said.is_empty() { words } else { format!("{words} It said: {said}") };
    Error::new(category, words).with_upstream(Upstream { status, code, message: said, ..Upstream::default() })
}

fn wrong_region(region: Option<&str>) -> String {
    match region {
        None => "This sign-in belongs to another region. Set the credential's oidc_region to it.".to_owned(),
        Some(region) => {
            format!("This sign-in belongs to the region {region}. Set the credential's oidc_region to it.")
        }
    }
}
