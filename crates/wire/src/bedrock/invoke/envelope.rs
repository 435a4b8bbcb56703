//! `{"bytes":"<base64>","p":"<padding>"}`: the JSON around one event.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use llm::{Category, Error};
use memchr::memchr2;
use serde::Deserialize;

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    bytes: Option<Cow<'a, str>>,
}

/// The event in an envelope; `None` when there is none.
pub(super) fn open(payload: &[u8]) -> Result<Option<Bytes>, Error> {
    // Bedrock writes the bytes first, and base64 has nothing to escape.
    if let Some(rest) = payload.strip_prefix(br#"{"bytes":""#)
        && let Some(end) = memchr2(b'"', b'\\', rest)
        && rest[end] == b'"'
    {
        return decode(&rest[..end]).map(Some);
    }
    let envelope: Envelope<'_> = serde_json::from_slice(payload).map_err(unreadable)?;
    envelope.bytes.map(|text| decode(text.as_bytes())).transpose()
}

/// Decodes into a buffer of exactly the right size: the one allocation of a delta on its way through.
fn decode(text: &[u8]) -> Result<Bytes, Error> {
    let padding = text.iter().rev().take(2).take_while(|byte| **byte == b'=').count();
    let mut buffer = vec![0; (text.len() / 4 * 3).saturating_sub(padding)];
    let length = STANDARD.decode_slice(text, &mut buffer).map_err(unreadable)?;
    buffer.truncate(length);
    Ok(buffer.into())
}

fn unreadable(error: impl std::fmt::Display) -> Error {
    Error::new(Category::Upstream, format!("Bedrock sent a chunk we cannot read: {error}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn members_may_stand_in_any_order() {
        for payload in [
            r#"{"bytes":"e30=","p":"ab"}"#,
            r#"{ "p":"\"bytes\":\"x\"" , "bytes" : "e30=" }"#,
            r#"{"p":1,"new":{"bytes":"x"},"bytes":"e30="}"#,
            r#"{"bytes":"e\u00330="}"#,
        ] {
            assert_eq!(
                open(payload.as_bytes()).expect("readable"),
                Some(Bytes::from_static(b"{}")),
                "{payload}"
            );
        }
        assert_eq!(open(br#"{"p":"ab"}"#).expect("readable"), None);
    }

    #[test]
    fn what_is_not_an_envelope_is_refused() {
        for payload in
            ["", "[]", r#"{"bytes":"e30"#, r#"{"bytes":"e3=0"}"#, r#"{"bytes":"e"}"#, r#"{"bytes":3}"#]
        {
            assert_eq!(open(payload.as_bytes()).expect_err(payload).category, Category::Upstream);
        }
    }

    proptest! {
        #[test]
        fn any_event_comes_out(event in prop::collection::vec(any::<u8>(), 0..200), padding in "[a-zA-Z0-9]{0,40}") {
            let payload = serde_json::json!({"bytes": STANDARD.encode(&event), "p": padding}).to_string();
            prop_assert_eq!(open(payload.as_bytes()).expect("readable").expect("an event"), event);
        }
    }
}
