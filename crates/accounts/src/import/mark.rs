//! What tells whether two credentials are of one account.

use serde_json::Value;
use sha2::{Digest, Sha256};

/// A digest, so that no further copy of a secret stays in memory.
pub(super) type Mark = [u8; 32];

/// Members that nobody shares with another account.
const OWN: [&str; 3] = ["access_key_id", "api_key", "refresh_token"];

/// Members that together belong to one account: a role of IAM Identity Center, or a client registration and the profile
/// it was used for, which stay while refresh tokens change.
const TOGETHER: [&[&str]; 3] =
    [&["start_url", "account_id", "role_name"], &["client_id", "profile_arn"], &["profile"]];

/// The marks of an account; two that share one are the same.
pub(super) fn marks(id: Option<&str>, region: &str, credential: &Value) -> Vec<Mark> {
    let text = |name: &str| credential.get(name).and_then(Value::as_str).map(str::trim);
    let digest = |parts: &[&str]| -> Mark { Sha256::digest(parts.join("\0")).into() };
    let mut marks: Vec<Mark> = id.map(|id| digest(&["id", id])).into_iter().collect();
    marks.extend(OWN.into_iter().filter_map(|name| Some(digest(&[name, text(name)?]))));
    for names in TOGETHER {
        let values: Option<Vec<&str>> = names.iter().map(|name| text(name)).collect();
        if let Some(values) = values {
            marks.push(digest(&[&[names[0], region][..], values.as_slice()].concat()));
        }
    }
    if credential["kind"] == "aws_default" {
        marks.push(digest(&["aws_default", region]));
    }
    marks
}
