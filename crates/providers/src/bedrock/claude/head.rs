//! What stands in a body beside what the client wrote: the route's own members, and nobody's name.

use std::borrow::Cow;

use llm::RawBody;
use sha2::{Digest, Sha256};

use super::{BETAS, Terms};

/// The body with what the route wants in front.
pub(super) fn with_head(body: RawBody, betas: &[Cow<'_, str>], terms: &Terms<'_>) -> RawBody {
    let mut all = RawBody::empty(body.wire);
    let text = |text: &str| serde_json::Value::from(text).to_string();
    if terms.route.is_native() {
        all.set("model", text(terms.route.id(&terms.target.model)));
        if terms.stream {
            all.set("stream", &b"true"[..]);
        }
    } else {
        all.set("anthropic_version", &br#""bedrock-2023-05-31""#[..]);
    }
    if !betas.is_empty() {
        all.set(BETAS, serde_json::Value::from(betas.to_vec()).to_string());
    }
    for member in body.members() {
        all.set(&member.name, member.json.clone());
    }
    all
}

/// Who the client's user is, as a digest: what clients write there is refused, and is nobody's business.
pub(super) fn hashed_user(body: &RawBody) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Metadata {
        user_id: Option<String>,
    }
    let user = body.read::<Metadata>("metadata").ok().flatten()?.user_id?;
    Some(serde_json::json!({ "user_id": hex::encode(Sha256::digest(user)) }).to_string())
}
