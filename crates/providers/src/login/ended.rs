//! What it means for an account when a token endpoint refuses to renew its sign-in. Only what the person can mend asks
//! them to sign in; everything else may work later.

use llm::{Category, Error, Upstream};

use super::Complaint;

/// Reads a refusal. `fix` says what the person can do. `wordless` is a service that names no OAuth word when a sign-in
/// has ended.
pub(crate) fn ended(status: u16, complaint: Complaint, wordless: Option<&str>, fix: &str) -> Error {
    let Complaint { code, said, is_json, is_oauth, elsewhere } = complaint;
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
        _ => match (status, wordless) {
            (429, _) => (Category::RateLimited, "The sign-in service asks to slow down.".to_owned()),
            // A web page comes from something in between.
            (400 | 401 | 403, Some(words)) if is_json && !is_oauth => {
                (Category::NoCredentials, words.to_owned())
            }
            (401, _) if is_json => {
                (Category::NoCredentials, "The sign-in service no longer accepts this sign-in.".to_owned())
            }
            (503, _) => (Category::Overloaded, "The sign-in service is not available.".to_owned()),
            _ => (Category::Upstream, format!("The sign-in service failed with status {status}.")),
        },
    };
    let words = match category {
        Category::NoCredentials if elsewhere.is_none() => format!("{words} {fix}"),
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
