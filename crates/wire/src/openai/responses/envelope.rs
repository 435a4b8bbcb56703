//! What rides in `encrypted_content`: thoughts with the signature that their model wants back, and summaries of
//! conversations. Clients hand it back as it is, so nothing is lost on the way through a dialect that has no words for it.
//!
//! It is not secret, only opaque: base64url of `{"v":1,"p":"switchboard",…}`.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use llm::Content;
use serde::{Deserialize, Serialize};

const VERSION: u8 = 1;
const OURS: &str = "switchboard";

#[derive(Serialize, Deserialize)]
struct Envelope {
    v: u8,
    p: String,
    /// The model as the client named it.
    m: String,
    #[serde(flatten)]
    inside: Inside,
}

#[derive(Serialize, Deserialize)]
enum Inside {
    /// A thought.
    #[serde(rename = "t")]
    Thinking { text: String, signature: String },
    /// A thought that only its model can read.
    #[serde(rename = "r")]
    Redacted(String),
    /// What a conversation came to.
    #[serde(rename = "s")]
    Summary(String),
}

/// What was found in an envelope of ours.
#[derive(Debug, PartialEq)]
pub(super) enum Opened {
    /// A thought that this model may take back.
    Thought(Content),
    Summary(String),
}

pub(super) fn thinking(model: &str, text: &str, signature: &str) -> String {
    seal(model, Inside::Thinking { text: text.to_owned(), signature: signature.to_owned() })
}

pub(super) fn redacted(model: &str, data: &str) -> String {
    seal(model, Inside::Redacted(data.to_owned()))
}

pub(super) fn summary(model: &str, text: &str) -> String {
    seal(model, Inside::Summary(text.to_owned()))
}

/// What a seal turned out to be, for an upstream that has seals of its own.
#[derive(Debug, PartialEq)]
pub(in crate::openai) enum Sealed {
    /// A thought of a model that was asked in another wire.
    Thought,
    Summary(String),
    Foreign,
}

/// Says whose seal it is.
pub(in crate::openai) fn unsealed(text: &str) -> Sealed {
    let json = URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).unwrap_or_default();
    match serde_json::from_slice::<Envelope>(&json) {
        Ok(Envelope { v: VERSION, p, inside, .. }) if p == OURS => match inside {
            Inside::Summary(text) => Sealed::Summary(text),
            Inside::Thinking { .. } | Inside::Redacted(_) => Sealed::Thought,
        },
        _ => Sealed::Foreign,
    }
}

fn seal(model: &str, inside: Inside) -> String {
    let envelope = Envelope { v: VERSION, p: OURS.to_owned(), m: model.to_owned(), inside };
    // Strings and numbers always serialise.
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(&envelope).unwrap_or_default())
}

/// Opens what a client sent back. `None` for another server's envelopes, and for thoughts of another family of models,
/// whose signature `model` would refuse.
pub(super) fn open(model: &str, text: &str) -> Option<Opened> {
    let json = URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()?;
    let envelope: Envelope = serde_json::from_slice(&json).ok()?;
    if envelope.v != VERSION || envelope.p != OURS {
        return None;
    }
    let thought = |content| (family(&envelope.m) == family(model)).then_some(Opened::Thought(content));
    match envelope.inside {
        Inside::Thinking { text, signature } => {
            thought(Content::Thinking { text, signature: Some(signature) })
        }
        Inside::Redacted(data) => thought(Content::RedactedThinking { data }),
        Inside::Summary(text) => Some(Opened::Summary(text)),
    }
}

/// Claude takes thoughts of Claude; of other names nothing is known.
fn family(model: &str) -> &str {
    const CLAUDE: &str = "claude";
    if model.contains(CLAUDE) { CLAUDE } else { model }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sealed_is_opened_for_its_own_family() {
        let thought = thinking("claude-opus-4-8", "h\u{e4} \"quoted\"\n", "EqkB+/=");
        let content =
            Content::Thinking { text: "h\u{e4} \"quoted\"\n".into(), signature: Some("EqkB+/=".into()) };
        assert_eq!(open("us.anthropic.claude-sonnet-5", &thought), Some(Opened::Thought(content)));
        assert_eq!(open("nova-2-lite", &thought), None);
        let hidden = redacted("nova", "AA==");
        assert_eq!(
            open("nova", &hidden),
            Some(Opened::Thought(Content::RedactedThinking { data: "AA==".into() }))
        );
        assert_eq!(open("other", &summary("nova", "so far")), Some(Opened::Summary("so far".into())));
    }

    #[test]
    fn what_others_sealed_stays_shut() {
        for foreign in ["", "ZW5jcnlwdGVk", "gAAAAABo", "e30", "eyJ2IjoxLCJwIjoib3RoZXIiLCJtIjoiIiwicyI6IiJ9"]
        {
            assert_eq!(open("m", foreign), None, "{foreign}");
        }
    }
}
